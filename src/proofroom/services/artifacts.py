"""Artifacts: proposals by slot, each version checked against its sources when it is saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import work_sessions
from proofroom.db.models import ArtifactVersion, WorkArtifact, WorkSession
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record
from proofroom.domain.canonical import digest
from proofroom.domain.document import ArtifactDocument, Ref, from_json, parse_markdown, to_json
from proofroom.domain.errors import Conflict, InvalidInput
from proofroom.services import evidence, ledgers, outside
from proofroom.services.catalog import CHECK
from proofroom.services.ledgers import Ahead
from proofroom.services.outside import Read, Told

NOTHING_AHEAD: Ahead = {}
Refs = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save came to. `changed` is false when the same content stood there already."""

    artifact_id: UUID
    version: int
    slot: str
    title: str
    artifact_type: str
    claims: Sequence[Mapping[str, Any]]
    changed: bool

    @property
    def summary(self) -> dict[str, int]:
        return evidence.summarize(self.claims)


def content_digest(artifact_type: str, title: str, document: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of an artifact version's content."""
    return digest({"type": artifact_type, "title": title, "document": document})


def read_body(body: Any, *, title: str | None, refs: Refs) -> ArtifactDocument:
    """A document from ArtifactDocument JSON or from Markdown. Raises InvalidInput (`document_invalid`)."""
    if isinstance(body, str):
        return parse_markdown(
            body,
            title=title,
            refs={
                alias: Ref(str(r["source_id"]), int(r["version"]), str(r["block_id"]))
                for alias, r in refs.items()
            },
        )
    if isinstance(body, Mapping):
        return from_json(cast(Mapping[str, Any], body))
    raise InvalidInput(
        "document_invalid",
        "A body is Markdown text or an ArtifactDocument object.",
        hint="Send one of the two.",
        field="body",
    )


async def save(
    tx: Tx,
    session: WorkSession,
    *,
    slot: str,
    artifact_type: str,
    title: str,
    document: ArtifactDocument,
    high_impact: str | None = None,
    confidence: float | None = None,
    author: str = "agent",
    author_id: UUID | None = None,
    ahead: Ahead = NOTHING_AHEAD,
) -> Saved:
    """Emitting to a slot again makes a new version; the same content again makes none.

    The claims of the new version are checked here, unless that was done `ahead`, and again at packet time and at
    approval. Raises Conflict (`sources_changed`) when the sources are others than those of a check ahead.
    """
    content = to_json(document)
    content_hash = content_digest(artifact_type, title, content)
    claims, inputs = await _check(tx, session, document, slot, content_hash, ahead)
    there = await db_artifacts.by_slot(tx, session.id, slot)
    if there is None:
        artifact_id = await db_artifacts.add(
            tx, session.id, slot=slot, artifact_type=artifact_type, title=title, version=1,
            iteration=session.iteration,
        )  # fmt: skip
        number = 1
    else:
        if there.artifact_type != artifact_type:
            raise InvalidInput(
                "slot_type_changed",
                f"Slot {slot} holds a {there.artifact_type}, not a {artifact_type}.",
                hint="Use another slot, or keep the type.",
                field="type",
            )
        artifact_id, number = there.id, there.version + 1
        before = await db_artifacts.version(tx, artifact_id, there.version)
        if before.digest == content_hash:
            await db_artifacts.change(tx, artifact_id, iteration=session.iteration)
            await db_artifacts.change_version(
                tx, artifact_id, there.version, claims=claims, checked_inputs=inputs
            )
            return Saved(artifact_id, there.version, slot, title, artifact_type, claims, changed=False)
        await db_artifacts.change(tx, artifact_id, version=number, title=title, iteration=session.iteration)
    await db_artifacts.add_version(
        tx, artifact_id=artifact_id, version=number, session_id=session.id, iteration=session.iteration,
        leg=session.leg, title=title, document=content, digest=content_hash, claims=claims,
        checked_inputs=inputs, high_impact=high_impact, confidence=confidence, author=author, author_id=author_id,
    )  # fmt: skip
    return Saved(artifact_id, number, slot, title, artifact_type, claims, changed=True)


async def file_draft(
    tx: Tx, session: WorkSession, *, slot: str, artifact_type: str, title: str, document: ArtifactDocument
) -> None:
    """Stores an outside draft that a leg is going to check: nothing of it can be lost from here on."""
    content = to_json(document)
    artifact_id = await db_artifacts.add(
        tx, session.id, slot=slot, artifact_type=artifact_type, title=title, version=1,
        iteration=session.iteration,
    )  # fmt: skip
    await db_artifacts.add_version(
        tx, artifact_id=artifact_id, version=1, session_id=session.id, iteration=session.iteration,
        leg=session.leg, title=title, document=content, digest=content_digest(artifact_type, title, content),
        claims=[], author="agent",
    )  # fmt: skip


async def recheck(
    tx: Tx, session: WorkSession, artifact: WorkArtifact, version: ArtifactVersion
) -> list[dict[str, Any]]:
    """The claims of a version against the sources as they are now; stored when they changed.

    An outside draft's stored ledger is taken again while all that it rests on is unchanged, which takes a fraction
    of a second for a hundred pages. Otherwise the draft is checked in full, here, in the caller's transaction: an
    approval then holds the session's row for as long as that takes (seconds, in a thread; other sessions go on, and
    a second decision on this one waits, or is told `database_busy` after ten seconds). That is rare, as it means that
    sources changed since the packet was shown, and it has to be here: what is signed must be the ledger of the
    sources as they are at the signature.
    """
    if await ledger_stands(tx, session, artifact, version):
        return version.claims
    content = content_digest(artifact.artifact_type, version.title, version.document)
    claims, inputs = await _check(tx, session, from_json(version.document), artifact.slot, content)
    if (claims, inputs) != (version.claims, version.checked_inputs):
        await db_artifacts.change_version(
            tx, artifact.id, version.version, claims=claims, checked_inputs=inputs
        )
    return claims


async def ledger_stands(
    tx: Tx, session: WorkSession, artifact: WorkArtifact, version: ArtifactVersion
) -> bool:
    """Whether the stored ledger of an outside draft is what a check would find now. False when in doubt."""
    if session.agent_type != CHECK or version.checked_inputs is None:
        return False
    content = content_digest(artifact.artifact_type, version.title, version.document)
    basis = await ledgers.basis(tx, session, artifact.slot)
    sealed = await ledgers.seal(basis, content, version.claims)
    return version.checked_inputs == sealed and await ledgers.anchors_stand(tx, version.claims)


async def _check(
    tx: Tx,
    session: WorkSession,
    document: ArtifactDocument,
    slot: str,
    content: str,
    ahead: Ahead = NOTHING_AHEAD,
) -> tuple[list[dict[str, Any]], str | None]:
    """The claims, and for an outside draft the digest of what they rest on; None when that changed meanwhile."""
    if session.agent_type != CHECK:
        return await evidence.check(tx, session, document, namespace=slot), None
    before = await ledgers.basis(tx, session, slot)
    held = ahead.get(content)
    if held is not None:
        if held.basis != before:
            raise Conflict(
                "sources_changed",
                "The sources changed while the draft was compared with them. Nothing was decided.",
                hint="Try again.",
            )
        return held.claims, await ledgers.seal(before, content, held.claims)
    claims = await evidence.check(tx, session, document, namespace=slot)
    after = await ledgers.basis(tx, session, slot)
    return claims, await ledgers.seal(after, content, claims) if before == after else None


async def check_apart(read: Read, session: WorkSession, told: Told) -> None:
    """Brings the ledgers of an outside draft up to date without holding its session; for the leg that holds it.

    Only the write is fenced. When sources change while it compares it starts again, three times at most; the ledger
    then stays without its digest, so that the packet checks once more. Raises LegLost.
    """
    async with read() as tx:
        current = await db_artifacts.current(tx, session.id)
    source_ids = None if session.source_ids is None else [UUID(s) for s in session.source_ids]
    for artifact, version in current:
        document = from_json(version.document)
        content = content_digest(artifact.artifact_type, version.title, version.document)
        for _ in range(3):
            async with read() as tx:
                if await ledger_stands(tx, session, artifact, version):
                    break
                before = await ledgers.basis(tx, session, artifact.slot)
            claims = await outside.check_draft(
                read, session.project_id, document, artifact.slot, source_ids, told
            )
            async with read() as tx:
                held = await work_sessions.fence(tx, session.id, session.leg)
                same = before == await ledgers.basis(tx, session, artifact.slot)
                inputs = await ledgers.seal(before, content, claims) if same else None
                await db_artifacts.change_version(
                    tx, artifact.id, version.version, claims=claims, checked_inputs=inputs
                )
                if not version.claims:
                    said = saved_event(artifact, version, claims)
                    await work_sessions.step(
                        tx, held, Record(events=[("artifact_saved", said)], audits=[("artifact_saved", said)])
                    )
                version = await db_artifacts.version(tx, artifact.id, version.version)
            if same:
                break


def saved_event(
    artifact: WorkArtifact, version: ArtifactVersion, claims: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What the history says of a version that was saved."""
    return {
        "artifact_id": str(artifact.id), "slot": artifact.slot, "title": version.title,
        "version": version.version, "artifact_type": artifact.artifact_type,
        "summary": evidence.summarize(claims),
    }  # fmt: skip
