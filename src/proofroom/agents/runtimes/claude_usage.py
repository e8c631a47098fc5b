"""What the model's messages cost, and what an error of the provider means. Nothing here knows the SDK."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from proofroom.agents.runtimes.base import Failed, Usage
from proofroom.agents.runtimes.progress import too_long

Json = Mapping[str, Any]
_COUNTED = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


@dataclass(frozen=True, slots=True)
class Spent:
    """A whole message of the model: its id, what it used, why it stopped."""

    message_id: str
    usage: Usage
    stop_reason: str | None


class Meter:
    """Counts each message of the model once, from the events of its stream.

    The counts of a message come twice: at its beginning, where what is written is not known yet, and at its end, where
    everything is. A message that was broken off has no end (the program makes up the last event of its stream) and is
    not counted: nobody was told what it cost. When the program asks without a stream, whole messages are all there is
    (`whole`), several with one id.
    """

    def __init__(self) -> None:
        self._open: tuple[str, str | None, dict[str, int]] | None = None
        self._stop: str | None = None
        self._told = False
        self._begun: set[str] = set()
        self._counted: set[str] = set()
        self._whole: dict[str, tuple[str | None, dict[str, int], str | None]] = {}

    @property
    def is_open(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._open is not None

    def event(self, event: Json) -> Spent | None:
        """An event of the stream; the message that it ended, if it ended one."""
        kind = event.get("type")
        if kind == "message_start":
            message: Json = cast("Json", event.get("message") or {})
            name = str(message.get("id"))
            self._open, self._stop = (name, message.get("model"), _counts(message.get("usage"))), None
            self._told = False
            self._begun.add(name)
        elif kind == "message_delta" and self._open is not None:
            self._open[2].update(_counts(event.get("usage")))
            self._told = True
            self._stop = cast("Json", event.get("delta") or {}).get("stop_reason") or self._stop
        elif kind == "message_stop" and self._open is not None:
            (name, model, counts), self._open = self._open, None
            return self._close(name, model, counts, self._stop) if self._told else None
        return None

    def whole(self, name: str | None, model: str | None, usage: Json | None, stop: str | None) -> None:
        """A message, or a part of one, as the program hands it on. Counted by `settle` unless its stream ends."""
        counts = _counts(usage)
        if (
            name is not None and name not in self._begun and any(counts.values())
        ):  # its own messages cost nothing
            self._whole[name] = (model, counts, stop)

    def settle(self) -> list[Spent]:
        """The whole messages that came without a stream, now that something else came after them."""
        found = [self._close(name, *rest) for name, rest in list(self._whole.items())]
        return [one for one in found if one is not None]

    def _close(self, name: str, model: str | None, counts: dict[str, int], stop: str | None) -> Spent | None:
        if name in self._counted:
            return None
        self._counted.add(name)
        self._whole.pop(name, None)
        read, written, cached, caching = (counts.get(key, 0) for key in _COUNTED)
        usage = Usage(
            tokens_in=read + cached + caching, tokens_out=written, model=model, cache_read=cached, cache_written=caching
        )  # fmt: skip
        return Spent(name, usage, stop)


def _counts(usage: Json | None) -> dict[str, int]:
    return {key: int(value) for key in _COUNTED if isinstance(value := (usage or {}).get(key), int)}


# ---------------------------------------------------------------- errors

KEY_INVALID = "Anthropic refuses the key. Correct ANTHROPIC_API_KEY, then retry."
_BUSY = (429, 503, 529)
_TOO_LONG = ("prompt is too long", "exceed context limit", "request_too_large")
"""What the Messages API says when a request does not fit: by its tokens, with room for a reply, by its bytes."""


def failure_of(status: int | None, reason: str | None, said: str, *, secret: str) -> Failed:
    """What an error result of the program means: by the HTTP status of the provider, else by why it ended.

    `said` is quoted, shortened and without the key.
    """
    quoted = " ".join(said.replace(secret, "•••").split())[:300] if secret else " ".join(said.split())[:300]
    words = f" It said: {quoted}" if quoted else ""
    if status in (401, 403):
        return Failed("provider_key_invalid", f"{KEY_INVALID}{words}", retryable=True)
    if status in _BUSY:
        return Failed(
            "provider_busy", f"Claude is too busy ({status}). Retry it later.{words}", retryable=True
        )
    if status in (408, 504):
        return Failed("provider_timeout", f"Claude did not answer in time ({status}). Retry it.{words}", True)
    if reason == "prompt_too_long" or any(words in said.lower() for words in _TOO_LONG):
        return too_long("Claude")
    if status is not None and 400 <= status < 500:
        return Failed("provider_error", f"Claude refused the request ({status}).{words}", retryable=False)
    if status is not None:
        return Failed("provider_error", f"Claude failed ({status}). Retry it.{words}", retryable=True)
    why = f" ({reason})" if reason else ""
    return Failed("provider_error", f"Claude could not be asked{why}. Retry it.{words}", retryable=True)


def timed_out(seconds: float) -> Failed:
    return Failed(
        "provider_timeout", f"Claude said nothing for {seconds:g} seconds. Retry it.", retryable=True
    )


TIME_IS_UP = Failed("provider_timeout", "The time that this turn may take is over. Retry it.", retryable=True)
UNREADABLE_REPLY = Failed(
    "provider_error",
    "Claude gave a reply that cannot be read: nested too deep or too large. Retry it.",
    retryable=True,
)
TOKENS_ARE_USED_UP = Failed("budget_exceeded", "The budget in tokens is used up.", retryable=True)
"""For when nobody else keeps the budget: whoever runs the turn stops it after a reply."""
