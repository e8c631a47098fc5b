"""Whether Claude can run here: the extra, the key, and what the provider says of the key.

The provider is asked for its list of models, which costs nothing. That is done in a thread and remembered for some
minutes, so that no page waits for it; until there is an answer the key counts as good.
"""

import functools
import hashlib
import importlib.util
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from proofroom.settings import Settings

PROVIDER = "https://api.anthropic.com"
VERSION = "2023-06-01"
REMEMBERED_SECONDS = 300.0
ASKED_AGAIN_SECONDS = 30.0
"""The same for a bad answer: a key that was refused may be taken by now, and a provider that was away be back."""
PATIENCE_SECONDS = 5.0
NO_EXTRA = (
    "It needs proofroom[claude]: pip install 'proofroom[claude]', or python3 dev.py run with a key set."
)
NO_KEY = "It needs a key: set ANTHROPIC_API_KEY and start again."
REFUSED = "The key is refused: Anthropic does not take ANTHROPIC_API_KEY. Correct it and start again."

State = Literal["good", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class _Answer:
    state: State
    at: float

    def fresh(self) -> bool:
        most = REMEMBERED_SECONDS if self.state == "good" else ASKED_AGAIN_SECONDS
        return time.monotonic() - self.at < most


_answers: dict[str, _Answer] = {}
_asking: set[str] = set()
_lock = threading.Lock()


@functools.cache
def program() -> Path | None:
    """The command line program inside the SDK, None when the extra is not installed."""
    found = importlib.util.find_spec("claude_agent_sdk")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "_bundled" / "claude"
    return path if path.is_file() else None


def why_not(settings: Settings) -> str | None:
    """Why Claude cannot run here, None when nothing speaks against it. Never waits."""
    lacking = missing(settings)
    if lacking is None and known(settings) == "refused":
        return REFUSED
    return lacking


def missing(settings: Settings) -> str | None:
    """What is not there, without asking anybody."""
    if program() is None:
        return NO_EXTRA
    key = settings.anthropic_api_key
    return NO_KEY if key is None or not key.get_secret_value() else None


def known(settings: Settings) -> State:
    """What is known of the key. When that is nothing, or old, the provider is asked meanwhile."""
    name = _name(settings)
    with _lock:
        answer = _answers.get(name)
        if answer is not None and answer.fresh():
            return answer.state
        if name not in _asking:
            _asking.add(name)
            threading.Thread(target=check, args=(settings,), name="claude-key", daemon=True).start()
    return "unknown" if answer is None else answer.state


def check(settings: Settings) -> State:
    """Asks the provider now and remembers the answer."""
    state = _ask(settings)
    learn(settings, state)
    return state


def learn(settings: Settings, state: State) -> None:
    """Remembers what was found out about the key, here or by work that was done with it."""
    name = _name(settings)
    with _lock:
        _answers[name] = _Answer(state, time.monotonic())
        _asking.discard(name)


def _ask(settings: Settings) -> State:
    import httpx

    assert settings.anthropic_api_key is not None
    key = settings.anthropic_api_key.get_secret_value()
    try:
        answer = httpx.get(
            f"{(settings.anthropic_base_url or PROVIDER).rstrip('/')}/v1/models",
            params={"limit": 1},
            headers={"x-api-key": key, "anthropic-version": VERSION},
            timeout=PATIENCE_SECONDS,
        )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):  # ValueError: a key that no header can carry
        return "unknown"
    if answer.status_code in (401, 403):
        return "refused"
    return "good" if answer.is_success else "unknown"


def _name(settings: Settings) -> str:
    """The key and where it is used, as something that may stand in memory beside other things."""
    key = "" if settings.anthropic_api_key is None else settings.anthropic_api_key.get_secret_value()
    return hashlib.sha256(f"{settings.anthropic_base_url}\0{key}".encode("utf-8", "replace")).hexdigest()
