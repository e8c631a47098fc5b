"""In which order reviews that wait are looked at, and how long each takes.

An order by the time that is left is an order by the latest moment to begin: due time less the time that the work takes.
That moment does not move with the clock, so pages of a list and their cursors stay as they are while time goes by. The
rule is known as least slack time first (Conway, Maxwell and Miller, Theory of Scheduling, 1967).
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from proofroom.domain.attention import attention
from proofroom.domain.reading import count_words
from proofroom.domain.risk import Level

WORDS_A_MINUTE = 238
"""Silent reading of English non-fiction (Brysbaert, How many words do we read per minute?, Journal of Memory and
Language 109, 2019)."""
SECONDS_A_NEED = 20
"""For one thing that needs the reader: the sentence, its source beside it, and a decision. Ours; nobody measured it."""
SECONDS_AT_LEAST = 10
"""To open it, see what it is, and sign."""
PATIENCE = timedelta(hours=72)
"""What has no due time counts as due so long after it opened, so that nothing waits for ever."""
HEAD_START: Mapping[Level, timedelta] = {
    Level.HIGH: timedelta(hours=24),
    Level.MEDIUM: timedelta(hours=4),
    Level.LOW: timedelta(0),
}
"""How much earlier it is begun, so that there is time for a second opinion where much depends on it."""
GRAVEST_FIRST = (Level.HIGH, Level.MEDIUM, Level.LOW)
MAX_FIND = 1000
"""Characters that a list is searched by; titles and headlines are shorter."""

_GRAVE = frozenset({"high_impact"})
_DOUBTS = frozenset({"low_confidence", "review_requested", "conflict", "suspicious_source", "budget"})


@dataclass(frozen=True, slots=True)
class Weight:
    """What a list orders a review by. `effort_seconds`: estimated time to decide."""

    risk: Level
    effort_seconds: int


def weigh(packet: Mapping[str, Any], reasons: Sequence[str]) -> Weight:
    """The weight of a packet. Packets of other releases are weighed as far as they can be read."""
    return Weight(risk_of(packet, reasons), effort_seconds(words_to_read(packet), len(attention(packet))))


def risk_of(packet: Mapping[str, Any], reasons: Sequence[str]) -> Level:
    """What a final packet says of its risk. A plan or a stop in the middle releases nothing: it goes by its reasons."""
    said = _part(packet.get("risk")).get("level")
    if said in tuple(Level):
        return Level(said)
    if _GRAVE & set(reasons):
        return Level.HIGH
    return Level.MEDIUM if _DOUBTS & set(reasons) else Level.LOW


def effort_seconds(words: int, needs: int) -> int:
    """Whole seconds to read `words` and to decide on `needs` things."""
    return SECONDS_AT_LEAST + round(60 * words / WORDS_A_MINUTE) + SECONDS_A_NEED * needs


def words_to_read(packet: Mapping[str, Any]) -> int:
    """Words of all claims, in a later round of those read again; of a plan and a question where one is asked."""
    again = _part(packet.get("reread")).get("words")
    if isinstance(again, int):
        return again
    claims = (
        claim.get("text")
        for artifact in _rows(packet.get("artifacts"))
        for claim in _rows(artifact.get("claims"))
    )
    asked: list[Any] = [_part(packet.get("question")).get("text")]
    if packet.get("kind") == "plan":
        steps = _rows(_part(packet.get("plan")).get("steps"))
        asked += [text for step in steps for text in (step.get("title"), step.get("detail"))]
    return sum(count_words(text) for text in (*claims, *asked) if isinstance(text, str))


def begin_by(due_at: datetime | None, opened_at: datetime, weight: Weight) -> datetime:
    """The latest moment to begin with it: a list shows the earliest first."""
    due = due_at if due_at is not None else opened_at + PATIENCE
    return due - HEAD_START[weight.risk] - timedelta(seconds=weight.effort_seconds)


def folded(text: str) -> str:
    """Text as it is compared when somebody searches: letters alike in case and form, white space as one blank."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def find_text(*parts: str) -> str:
    """What a review is found by."""
    return folded(" ".join(parts))[:MAX_FIND]


def _part(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def _rows(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list | tuple):
        yield from (
            cast(Mapping[str, Any], one) for one in cast(list[Any], value) if isinstance(one, Mapping)
        )
