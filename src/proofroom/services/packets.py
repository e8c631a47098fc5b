"""The packet of a checkpoint: all that a signature covers, built from what stands in the database.

It is built when the checkpoint opens, and again at approval, at resume and at delivery; the digests must agree.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import envelopes as db_envelopes
from proofroom.db import projects
from proofroom.db.models import ArtifactVersion, ContextEnvelope, WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.canonical import digest
from proofroom.domain.checkpoint import PACKET_VERSION, READ_PACKETS, in_version_2
from proofroom.domain.document import from_json
from proofroom.domain.envelope import digest as body_digest
from proofroom.domain.policy import POLICY_VERSION
from proofroom.domain.signing import signing_of
from proofroom.services import artifacts, carrying, context, evidence, obligations, policies


async def build(
    tx: Tx,
    session: WorkSession,
    *,
    checkpoint_id: UUID,
    kind: str,
    reasons: Sequence[str],
    iteration: int | None = None,
    form: dict[str, Any] | None = None,
    sealed: Mapping[str, Any] | None = None,
    version: Any = None,
) -> dict[str, Any]:
    """The packet as JSON. Only a final packet lists effects: a plan or mid-work approval releases none.

    `sealed` is a packet that was signed: which approvals were carried into it does not change any more. `version`
    is that of a packet that is compared with this one: an open review is not shown anew because the program was
    updated.
    """
    version = sealed.get("version") if sealed is not None else version
    version = version if version in READ_PACKETS else PACKET_VERSION
    iteration = iteration or session.iteration
    shown, dropped = await _artifacts(tx, session, iteration)
    noted = await db_artifacts.triggers(tx, session.id)
    triggers = [t for t in noted if t.iteration == iteration and not db_artifacts.was_withdrawn(t)]
    envelope = await db_envelopes.of_iteration(tx, session.id, iteration)
    released = effects(session, shown) if kind == "final" else []
    policy = await policies.packet_part(tx, session, kind, released, shown, len(noted))
    kept = (
        await carrying.packet_part(tx, session, iteration, shown, signing_of(policy))
        if sealed is None
        else carrying.of_packet(sealed, shown)
    )
    packet: dict[str, Any] = {
        "version": version,
        "session_id": str(session.id),
        "checkpoint_id": str(checkpoint_id),
        "kind": kind,
        "iteration": iteration,
        "reasons": list(reasons),
        "title": session.title,
        "task": session.task_description,
        "task_configuration": session.task_configuration,
        "agent_type": session.agent_type,
        "runtime": session.runtime,
        "strategy": session.approval_strategy,
        "policy_version": POLICY_VERSION,
        "plan": session.plan,
        "artifacts": shown,
        "dropped": dropped,
        "envelope": None if envelope is None else _envelope(envelope),
        "reads_digest": await reads_digest(tx, session.id, iteration),
        "triggers": [{"id": str(t.id), "kind": t.kind, "detail": t.detail} for t in triggers],
        "obligations": await obligations.packet_part(tx, session.id, iteration),
        "question": next(
            (t.detail for t in reversed(triggers) if t.kind == "question" and kind == "mid"), None
        ),
        "effects": released,
        **kept,
        **policy,
        **_repair(session, iteration),
        # Sessions of earlier releases have no definition pinned, and their packets no such part.
        **({} if session.definition_digest is None else {"definition_digest": session.definition_digest}),
        "form": form,
        "summary": evidence.summarize([c for a in shown for c in a["claims"]]),
    }  # fmt: skip
    return packet if version == PACKET_VERSION else in_version_2(packet)


def named(
    built: Mapping[str, Any], *, checkpoint_id: UUID, reasons: Sequence[str], form: dict[str, Any] | None
) -> dict[str, Any]:
    """A packet that was just built, as that of this checkpoint: nothing else in it depends on which one it is."""
    return {**built, "checkpoint_id": str(checkpoint_id), "reasons": list(reasons), "form": form}


async def current(tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint) -> dict[str, Any]:
    """The packet of an open checkpoint as it would be built now, in the version that it has."""
    return await build(
        tx, row, checkpoint_id=checkpoint.id, kind=checkpoint.kind, reasons=checkpoint.reasons,
        iteration=checkpoint.iteration, form=checkpoint.form, version=checkpoint.packet.get("version"),
    )  # fmt: skip


async def preview(tx: Tx, session: WorkSession) -> dict[str, Any]:
    """The final packet as it would be built now, for a look: what its checks find is not stored."""
    point = await tx.begin_nested()
    try:
        return await build(tx, session, checkpoint_id=session.id, kind="final", reasons=[])
    finally:
        await point.rollback()


async def _artifacts(
    tx: Tx, session: WorkSession, iteration: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    shown: list[dict[str, Any]] = []
    dropped: list[dict[str, Any]] = []
    current = await db_artifacts.current(tx, session.id)
    titles = await projects.source_titles(
        tx, session.project_id, {s for a, v in current if a.iteration == iteration for s in _sources(v)}
    )
    for artifact, version in current:
        if artifact.iteration != iteration:
            dropped.append({"artifact_id": str(artifact.id), "slot": artifact.slot, "title": artifact.title})
            continue
        claims = await artifacts.recheck(tx, session, artifact, version)
        shown.append(
            {
                "artifact_id": str(artifact.id), "slot": artifact.slot, "type": artifact.artifact_type,
                "title": version.title, "version": version.version,
                # Of the content that stands there, whatever the row beside it says.
                "digest": artifacts.content_digest(artifact.artifact_type, version.title, version.document),
                "author": version.author, "high_impact": version.high_impact,
                "confidence": version.confidence, "claims": claims,
                "summary": evidence.summarize(claims), "sources": _cited(version, titles),
            }
        )  # fmt: skip
    return shown, dropped


def _cited(version: ArtifactVersion, titles: Mapping[str, str]) -> dict[str, str | None]:
    """The titles under which a delivered text names its sources."""
    refs = from_json(version.document).refs.values()
    return {r.source_id: titles.get(r.source_id) for r in refs}


def _sources(version: ArtifactVersion) -> set[str]:
    return {r.source_id for r in from_json(version.document).refs.values()}


def _repair(session: WorkSession, iteration: int) -> dict[str, Any]:
    """What the repair turn came to, in a packet of work that had one; packets of other work have no such part."""
    found = session.repairs.get(str(iteration), {})
    if found.get("state") not in ("ended", "skipped"):
        return {}
    return {"repair": {name: found.get(name) for name in ("state", "before", "after", "outcome", "why")}}


def _envelope(pinned: ContextEnvelope) -> dict[str, Any]:
    """What was sent to the agent, by its own digest, and the receipt of how it came about."""
    return {
        "id": str(pinned.id), "digest": body_digest(pinned.body), "receipt_digest": digest(pinned.receipt),
    }  # fmt: skip


async def reads_digest(tx: Tx, session_id: UUID, iteration: int) -> str:
    """What the agent read beyond its envelope: a digest over each reading call and its answer."""
    return digest(
        [[one["call"], one["tool"], one["digest"]] for one in await context.reads(tx, session_id, iteration)]
    )


def effects(session: WorkSession, shown: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a final approval releases, in plain words."""
    noun = {
        "research": "findings",
        "content": "drafts",
        "reporting": "report",
        "check": "signed draft",
    }.get(session.agent_type, "result")
    found: list[dict[str, Any]] = [
        {"kind": "record", "label": f"Saves the {noun} in this project", "target": None}
    ]
    found.extend(
        {"kind": "folder", "label": f"Writes the {noun} to {target['path']}", "target": target}
        for target in session.deliver_to
        if target["kind"] == "folder"
    )
    found.extend(
        {"kind": "notice", "label": f"{a['title']} is meant for: {a['high_impact']}", "target": None}
        for a in shown
        if a["high_impact"]
    )
    return found
