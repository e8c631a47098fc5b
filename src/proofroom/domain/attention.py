"""What of a packet needs a person, weightiest first, each in one sentence with its evidence."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from proofroom.domain.checkpoint import MAY_STAND

Packet = Mapping[str, Any]

_CLAIM_RANK = {"unsupported": 0, "conflict": 1, "partial": 2, "uncited": 3}
_RANK = {"high_impact": 4, "suspicious_source": 5, "obligation": 6, "doubt": 7}
_STATE_RANK = {"regressed": 0, "unmet": 1, "open": 2}
_STATE_WORDS = {
    "regressed": "It was mended before and is not any more",
    "unmet": "It was asked for and is not there",
    "open": "It was asked for; whether it is done is yours to judge",
}
_AUDIENCES = {
    "public": "It is meant for the public.",
    "external_recipient": "It is meant for somebody outside.",
    "legal": "It speaks on a legal matter.",
    "medical": "It speaks on a medical matter.",
    "financial": "It speaks on a financial matter.",
}


def attention(packet: Packet) -> list[dict[str, Any]]:
    """[{kind, sentence, artifact_id, claim_id, obligation_id, n}], in the order in which to look.

    `kind` is a verdict, `high_impact`, `suspicious_source`, `obligation` or another trigger's name. A verdict that
    is not known here stands first: nobody knows how grave it is. Packets of other releases are read as far as they
    can be.
    """
    items = [*_claims(packet), *_impacts(packet), *_triggers(packet), *_obligations(packet)]
    items.sort(key=lambda item: item.pop("rank"))
    return items


def _item(rank: tuple[int, int], kind: str, sentence: str, **where: Any) -> dict[str, Any]:
    return {
        "rank": rank, "kind": kind, "sentence": sentence,
        "artifact_id": where.get("artifact_id"), "claim_id": where.get("claim_id"),
        "obligation_id": where.get("obligation_id"), "n": where.get("n"),
    }  # fmt: skip


def _rows(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list."""
    if isinstance(value, list | tuple):
        for one in cast(list[Any], value):
            if isinstance(one, Mapping):
                yield cast(Mapping[str, Any], one)


def _part(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def _texts(value: Any) -> list[str]:
    return (
        [t for t in cast(list[Any], value) if isinstance(t, str)] if isinstance(value, list | tuple) else []
    )


def _claims(packet: Packet) -> Iterator[dict[str, Any]]:
    for artifact in _rows(packet.get("artifacts")):
        for claim in _rows(artifact.get("claims")):
            verdict = str(claim.get("verdict"))
            if claim.get("needs_you") or verdict not in MAY_STAND:
                yield _item(
                    (_CLAIM_RANK.get(verdict, -1), 0), verdict, _claim_sentence(claim),
                    artifact_id=artifact.get("artifact_id"), claim_id=claim.get("id"), n=claim.get("n"),
                )  # fmt: skip


def _claim_sentence(claim: Mapping[str, Any]) -> str:
    """What the draft says and what the source says, or the check's headline where nothing stands opposite."""
    say = _part(claim.get("say"))
    labels = _texts(say.get("labels"))
    if len(labels) != 2:
        return f"{claim.get('headline') or 'It needs you'}: {claim.get('text')}"
    left, right = labels
    if right == "Source says":  # a title keeps its capital
        right = "source says"
    draft, source = _part(say.get("draft")).get("text"), _part(say.get("source")).get("text")
    return f"{left} “{draft}”; {right} “{source}”"


def _impacts(packet: Packet) -> Iterator[dict[str, Any]]:
    for artifact in _rows(packet.get("artifacts")):
        impact = artifact.get("high_impact")
        if impact:
            said = _AUDIENCES.get(str(impact), f"It is marked {impact}.")
            yield _item(
                (_RANK["high_impact"], 0), "high_impact", f"“{artifact.get('title')}”: {said}",
                artifact_id=artifact.get("artifact_id"),
            )  # fmt: skip


def _triggers(packet: Packet) -> Iterator[dict[str, Any]]:
    for trigger in _rows(packet.get("triggers")):
        kind = str(trigger.get("kind"))
        detail = _part(trigger.get("detail"))
        if kind == "suspicious_source":
            named = ", ".join(f"“{title}”" for title in _texts(detail.get("sources"))) or "A source"
            said = f"{named} reads like an instruction to the agent."
            yield _item((_RANK["suspicious_source"], 0), kind, said, artifact_id=detail.get("artifact_id"))
        elif kind in ("low_confidence", "review_requested"):
            said = " ".join(_texts(detail.get("because"))) or str(
                detail.get("text") or "The agent has doubts."
            )
            yield _item((_RANK["doubt"], 0), kind, said, artifact_id=detail.get("artifact_id"))


def _obligations(packet: Packet) -> Iterator[dict[str, Any]]:
    for one in _rows(packet.get("obligations")):
        state = str(one.get("state"))
        if state != "met":
            said = f"{_STATE_WORDS.get(state, 'It was asked for')}: “{one.get('comment')}”"
            yield _item(
                (_RANK["obligation"], _STATE_RANK.get(state, 0)), "obligation", said,
                claim_id=one.get("claim_id"), obligation_id=one.get("id"),
            )  # fmt: skip
