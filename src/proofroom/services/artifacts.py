"""Artifacts: proposals by slot, each version checked against its sources when it is saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db.models import ArtifactVersion, WorkArtifact, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.canonical import digest
from proofroom.domain.document import ArtifactDocument, Ref, from_json, parse_markdown, to_json
from proofroom.domain.errors import InvalidInput
from proofroom.services import evidence

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
) -> Saved:
    """Emitting to a slot again makes a new version; the same content again makes none.

    The claims of the new version are checked here, and again at packet time and at approval.
    """
    content = to_json(document)
    content_hash = content_digest(artifact_type, title, content)
    claims = await evidence.check(tx, session, document, namespace=slot)
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
            await db_artifacts.change_version(tx, artifact_id, there.version, claims=claims)
            return Saved(artifact_id, there.version, slot, title, artifact_type, claims, changed=False)
        await db_artifacts.change(tx, artifact_id, version=number, title=title, iteration=session.iteration)
    await db_artifacts.add_version(
        tx, artifact_id=artifact_id, version=number, session_id=session.id, iteration=session.iteration,
        leg=session.leg, title=title, document=content, digest=content_hash, claims=claims,
        high_impact=high_impact, confidence=confidence, author=author, author_id=author_id,
    )  # fmt: skip
    return Saved(artifact_id, number, slot, title, artifact_type, claims, changed=True)


async def recheck(
    tx: Tx, session: WorkSession, artifact: WorkArtifact, version: ArtifactVersion
) -> list[dict[str, Any]]:
    """The claims of a version against the sources as they are now; stored when they changed."""
    claims = await evidence.check(tx, session, from_json(version.document), namespace=artifact.slot)
    if claims != version.claims:
        await db_artifacts.change_version(tx, artifact.id, version.version, claims=claims)
    return claims
