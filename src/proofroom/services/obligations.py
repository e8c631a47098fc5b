"""What reviewers asked for: anchored when it is asked, judged on each new version, and by people themselves."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, work_sessions
from proofroom.db.models import WorkCheckpoint, WorkObligation, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.checkpoint import CheckpointStatus
from proofroom.domain.document import from_json
from proofroom.domain.errors import InvalidInput
from proofroom.domain.obligation_checks import check_to_json, checks_from_json, line_of, read_comment
from proofroom.domain.obligation_text import occurrences
from proofroom.domain.obligations import Obligation, ObligationState, Past, Version, judge
from proofroom.domain.reading import Reading, reading_of
from proofroom.services.said import text_of

MAX_CHECKS_AT_ONCE = 200
"""Each is compared with the whole of each new version."""
JUDGEMENTS = (ObligationState.MET.value, ObligationState.UNMET.value)


@dataclass
class Readings:
    """Versions of artifacts as read, each once."""

    tx: Tx
    held: dict[tuple[str, int], Reading] = field(default_factory=dict[tuple[str, int], Reading])

    async def of(self, artifact: Mapping[str, Any]) -> Reading:
        """`artifact` as a packet shows it."""
        key = (str(artifact["artifact_id"]), int(artifact["version"]))
        if key not in self.held:
            stored = await db_artifacts.version(self.tx, UUID(key[0]), key[1])
            self.held[key] = reading_of(from_json(stored.document))
        return self.held[key]

    async def versions(self, packet: Mapping[str, Any]) -> dict[str, Version]:
        """What a packet shows, by slot."""
        return {a["slot"]: Version(a["claims"], await self.of(a)) for a in packet["artifacts"]}


# Asking


async def anchored(
    tx: Tx, packet: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Each change {comment?, claim_id?, passage?, artifact_id?, checks?} as the columns of an obligation.

    Raises InvalidInput: `unknown_claim`, `unknown_artifact`, `unknown_passage`, `check_invalid`, `text_invalid`,
    `reason_required`.
    """
    readings = Readings(tx)
    wanted = [await _anchored(readings, packet, change, f"changes.{i}") for i, change in enumerate(changes)]
    count = sum(len(one["checks"]) for one in wanted)
    if count > MAX_CHECKS_AT_ONCE:
        raise InvalidInput(
            "check_invalid",
            f"These changes hold {count:,} checks; {MAX_CHECKS_AT_ONCE} can be asked for at once.",
            hint="Ask for the weightiest first and for the rest in the next round.",
            field="changes",
        )
    return wanted


async def _anchored(
    readings: Readings, packet: Mapping[str, Any], change: Mapping[str, Any], where: str
) -> dict[str, Any]:
    given = checks_from_json(change.get("checks") or (), f"{where}.checks")
    said = text_of(change.get("comment"), f"{where}.comment")
    comment = said or "\n".join(map(line_of, given))
    if not comment:
        raise InvalidInput(
            "reason_required",
            f"{where}.comment is empty.",
            hint="Say what should change in a line, or give checks; it is kept in the record.",
            field=f"{where}.comment",
        )
    artifact, claim = _named(packet, change, where)
    passage = text_of(change.get("passage"), f"{where}.passage")
    if passage is not None:
        artifact = await _with_passage(
            readings, packet["artifacts"] if artifact is None else [artifact], passage, where
        )
    if claim is None and passage is None:
        for i, check in enumerate(given):
            if check.kind == "remove":
                raise InvalidInput(
                    "check_invalid",
                    "A check of kind remove needs something to remove.",
                    hint="Give the change a claim_id or a passage.",
                    field=f"{where}.checks.{i}",
                )
    checks = dict.fromkeys((*read_comment(said or "")[0], *given))
    return {
        "comment": comment,
        "artifact_id": None if artifact is None else UUID(artifact["artifact_id"]),
        "artifact_slot": None if artifact is None else artifact["slot"],
        "claim_id": None if claim is None else claim["id"],
        "claim_text": None if claim is None else claim["text"],
        "passage": passage,
        "checks": [check_to_json(c) for c in checks],
    }


def _named(
    packet: Mapping[str, Any], change: Mapping[str, Any], where: str
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    claim_id, artifact_id = change.get("claim_id"), change.get("artifact_id")
    for artifact in packet["artifacts"]:
        claim = next((c for c in artifact["claims"] if claim_id is not None and c["id"] == claim_id), None)
        if claim is not None or (claim_id is None and artifact["artifact_id"] == str(artifact_id)):
            return artifact, claim
    if claim_id is not None or artifact_id is not None:
        raise InvalidInput(
            "unknown_claim" if claim_id is not None else "unknown_artifact",
            "A change names something that is not in this packet.",
            hint="Anchor changes to claims or artifacts of the packet that you name, or to nothing.",
            field=where,
        )
    return None, None


async def _with_passage(
    readings: Readings, artifacts: Sequence[Mapping[str, Any]], passage: str, where: str
) -> Mapping[str, Any]:
    for artifact in artifacts:
        if occurrences((await readings.of(artifact)).text, passage):
            return artifact
    raise InvalidInput(
        "unknown_passage",
        "A change is about a passage that is not in this packet word for word.",
        hint="Copy the passage from the text as it is shown, without its citations.",
        field=f"{where}.passage",
    )


# Judging


async def judge_now(tx: Tx, row: WorkSession) -> None:
    """Compares what was asked for in earlier iterations with what stands here now, and keeps states and reasons."""
    wanted = [o for o in await db_artifacts.obligations(tx, row.id) if o.iteration < row.iteration]
    if not wanted:
        return
    readings = Readings(tx)
    past = await checkpoints.of_session(tx, row.id)
    seen = {c.id: await readings.versions(c.packet) for c in past}
    now = {
        artifact.slot: Version(version.claims, reading_of(from_json(version.document)))
        for artifact, version in await db_artifacts.current(tx, row.id, row.iteration)
    }
    for one in wanted:
        judged = await asyncio.to_thread(
            judge, _obligation(one), seen[one.checkpoint_id], now, _past(one, past, seen)
        )
        if (judged.state, judged.note) != (one.state, one.note):
            await db_artifacts.judge_obligation(tx, one.id, judged.state.value, judged.note)


def _obligation(row: WorkObligation) -> Obligation:
    return Obligation(
        id=str(row.id), comment=row.comment, artifact_slot=row.artifact_slot, claim_id=row.claim_id,
        claim_text=row.claim_text, passage=row.passage, checks=checks_from_json(row.checks, "checks"),
    )  # fmt: skip


_TOOK_EFFECT = (CheckpointStatus.APPROVED, CheckpointStatus.CHANGES_REQUESTED)
"""What a person said with a decision that was taken back, or that nothing came of, was not said."""


def _past(
    row: WorkObligation, past: Sequence[WorkCheckpoint], seen: Mapping[UUID, Mapping[str, Version]]
) -> Past:
    """States are judged right before a final gate opens, so they belong to what the last of those showed."""
    name = str(row.id)
    shown = [o["state"] for c in past for o in c.packet["obligations"] if o["id"] == name]
    words = [
        (ObligationState(j["state"]), c.id)
        for c in past
        if c.status in _TOOK_EFFECT
        for j in (c.decision or {}).get("judged", ())
        if j["obligation_id"] == name
    ]
    reviewed = next((c.id for c in reversed(past) if c.kind == "final"), None)
    word, word_on = words[-1] if words else (None, None)
    return Past(
        state=ObligationState(row.state),
        versions={} if reviewed is None else seen[reviewed],
        once_met="met" in shown or ObligationState.MET in [state for state, _ in words],
        word=word,
        word_on={} if word_on is None else seen[word_on],
    )


def words_of(
    packet: Mapping[str, Any], judged: Sequence[Mapping[str, Any]], name: str
) -> list[dict[str, str]]:
    """A person's own states of obligations, given as [{obligation_id, state: met|unmet}], as they are recorded.

    Raises InvalidInput (`unknown_obligation`, `judgement_invalid`).
    """
    known = {o["id"] for o in packet["obligations"]}
    taken: list[dict[str, str]] = []
    for i, one in enumerate(judged):
        if str(one.get("obligation_id")) not in known:
            raise InvalidInput(
                "unknown_obligation",
                "A judgement names an obligation that is not in this packet.",
                hint="Judge obligations of the packet that you name.",
                field=f"judged.{i}.obligation_id",
            )
        if one.get("state") not in JUDGEMENTS:
            raise InvalidInput(
                "judgement_invalid",
                f"An obligation is met or unmet, not {str(one.get('state'))[:40]!r}.",
                hint="Say met or unmet, or leave it out.",
                field=f"judged.{i}.state",
            )
        taken.append({"obligation_id": str(one["obligation_id"]), "state": one["state"], "name": name})
    return merged(taken)


def merged(words: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """One word for each obligation: where reviewers differ, it is unmet."""
    said: dict[str, dict[str, str]] = {}
    for word in sorted(words, key=lambda w: w["state"] == ObligationState.UNMET):
        said[word["obligation_id"]] = dict(word)
    return list(said.values())


async def take_words(tx: Tx, words: Sequence[Mapping[str, str]]) -> None:
    """Keeps what people said; it stands over what is compared until what it is about says something else."""
    at = await work_sessions.now(tx)
    for one in words:
        found = "met" if one["state"] == ObligationState.MET else "not met"
        note = f"{one['name']} found it {found} on {at:%Y-%m-%d}."
        await db_artifacts.judge_obligation(tx, UUID(one["obligation_id"]), one["state"], note)


def undone(before: Mapping[str, Any], after: Mapping[str, Any], apart_from: Collection[str]) -> list[str]:
    """Comments of the obligations that were met or open in one packet and fail in another."""
    was = {o["id"]: o["state"] for o in before["obligations"]}
    failing = (ObligationState.UNMET, ObligationState.REGRESSED)
    return [
        o["comment"]
        for o in after["obligations"]
        if o["id"] not in apart_from and o["state"] in failing and was.get(o["id"]) not in failing
    ]


async def packet_part(tx: Tx, session_id: UUID, iteration: int) -> list[dict[str, Any]]:
    """What was asked for before this iteration, as a packet lists it."""
    return [
        {
            "id": str(o.id), "comment": o.comment, "state": o.state, "note": o.note,
            "artifact_slot": o.artifact_slot, "claim_id": o.claim_id, "claim_text": o.claim_text,
            "passage": o.passage, "checks": o.checks, "iteration": o.iteration,
        }
        for o in await db_artifacts.obligations(tx, session_id)
        if o.iteration < iteration
    ]  # fmt: skip
