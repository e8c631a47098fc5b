"""Outside drafts: any draft, from any agent or person, against the sources of a project."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import projects, work_sessions
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record
from proofroom.domain.document import ArtifactDocument, as_typed, parse_markdown
from proofroom.domain.errors import Conflict, InvalidInput
from proofroom.domain.evidence import split_claims
from proofroom.domain.policy import Strategy
from proofroom.domain.work_session import Event
from proofroom.services import (
    artifacts,
    context,
    evidence,
    folders,
    gates,
    legs,
    obligations,
    outside,
    seals,
    work_requests,
)
from proofroom.services.access import Actor, require, require_still
from proofroom.services.catalog import CHECK, DRAFT_SLOT, NO_RUNTIME, Catalog
from proofroom.services.ledgers import Ahead
from proofroom.services.outside import Read, Told

ARTIFACT_TYPE = "generic_output"
MAX_DRAFT = 2_000_000
MAX_TITLE = 300

CHECKED_AT_ONCE = 150
"""Claims of a draft that is checked in the request that brings it. A longer one is checked by a leg."""

WATCHED_FROM = 20
"""Claims from which a draft is checked by a leg for who asked to watch it: fewer are done before there is anything
to watch."""


def read_draft(draft: str, title: str | None) -> ArtifactDocument:
    """The draft as a document; its first heading is its title unless one is given. It cites nothing that this project
    knows, so what looks like a citation is text.

    Raises InvalidInput (`draft_empty`, `draft_too_large`, `document_invalid`).
    """
    clean = draft.replace("\x00", "\ufffd").lstrip("\ufeff")
    if not clean.replace("\ufeff", "").strip():
        raise InvalidInput("draft_empty", "The draft is empty.", hint="Paste or name a text.", field="draft")
    if len(clean) > MAX_DRAFT:
        raise InvalidInput(
            "draft_too_large",
            f"The draft has {len(clean):,} characters; at most {MAX_DRAFT:,} can be checked at once.",
            hint="Check it in parts.",
            field="draft",
        )
    document = as_typed(parse_markdown(clean, title=title))
    return replace(document, title=document.title[:MAX_TITLE])


async def check_only(
    read: Read,
    project_id: UUID,
    *,
    draft: str,
    source_ids: Sequence[UUID] | None = None,
    told: Told | None = None,
) -> Mapping[str, Any]:
    """{claims, summary}: the ledger of a draft, with nothing kept. `told` hears how far it is."""
    document = read_draft(draft, None)
    claims = await outside.check_draft(read, project_id, document, DRAFT_SLOT, source_ids, told)
    return {"claims": claims, "summary": evidence.summarize(claims)}


async def open_check(
    tx: Tx,
    actor: Actor,
    catalog: Catalog,
    project_id: UUID,
    *,
    draft: str,
    title: str | None = None,
    source_ids: Sequence[UUID] | None = None,
    deliver_to: Sequence[Mapping[str, Any]] = (),
    trusted: bool = False,
    watched: bool = False,
) -> WorkSession:
    """A session that is parked at the review of the draft; a long draft's is queued, and its leg parks it there.

    `watched`: the caller would rather follow the check in its history than wait for its end. There is no agent in it.
    Raises InvalidInput (`draft_empty`, `no_claims`, `unknown_source`, …), NotFound (`project_not_found`), Conflict
    (`project_archived`).
    """
    require(actor, "requester")
    project = await projects.to_fill(tx, project_id)
    document = await asyncio.to_thread(read_draft, draft, title)
    claims = len(await asyncio.to_thread(split_claims, document, DRAFT_SLOT))
    if not claims:
        raise _no_claims()
    name = (title or document.title or "Untitled draft").strip()[:MAX_TITLE]
    row = await work_sessions.create(
        tx,
        Record(
            events=[("session_created", {"by": actor.name, "agent_type": CHECK})],
            audits=[
                (
                    "session_created",
                    {"by": str(actor.member_id), "via": actor.via, "task": "check", "title": name},
                )
            ],
        ),
        project_id=project.id,
        title=name,
        agent_type=CHECK,
        task_description=f"Check an outside draft against the sources of {project.name}.",
        source_ids=await work_requests.known_sources(tx, project_id, source_ids),
        approval_strategy=Strategy.FINAL_ONLY.value,
        runtime=NO_RUNTIME,
        deliver_to=await folders.targets(catalog, deliver_to, trusted=trusted),
        created_by=actor.member_id,
        started_at=work_sessions.NOW,
    )
    if claims > (min(WATCHED_FROM, CHECKED_AT_ONCE) if watched else CHECKED_AT_ONCE):
        await artifacts.file_draft(
            tx, row, slot=DRAFT_SLOT, artifact_type=ARTIFACT_TYPE, title=name, document=document
        )
        return await work_requests.queue_first(tx, actor, row)
    await artifacts.save(
        tx, row, slot=DRAFT_SLOT, artifact_type=ARTIFACT_TYPE, title=name, document=document, author="agent"
    )
    ((artifact, version),) = await db_artifacts.current(tx, row.id)
    said = artifacts.saved_event(artifact, version, version.claims)
    record = Record(events=[("artifact_saved", said)], audits=[("artifact_saved", said)])
    return await _open_review(tx, row, version.claims, Event.OPEN_CHECK, record)


async def check_in_leg(read: Read, row: WorkSession, told: Told) -> None:
    """The work of a leg that holds an outside draft: its ledger brought up to date, and then its review.

    It may be run again from any point: the draft is stored, and a ledger that still stands is not made again.
    Raises LegLost.
    """
    async with read() as tx:
        held = await work_sessions.fence(tx, row.id, row.leg)
        await context.carry_forward(tx, held)
    await artifacts.check_apart(read, row, told)
    async with read() as tx:
        held = await work_sessions.fence(tx, row.id, row.leg)
        if row.iteration > 1:  # it was sent back: what was asked for is looked at first
            await legs.finish_work(tx, held, summary="", gaps=[], policy_may_sign=False)
            return
        claims = [c for _, version in await db_artifacts.current(tx, row.id) for c in version.claims]
        await _open_review(tx, held, claims, Event.PAUSE)


async def _open_review(
    tx: Tx,
    row: WorkSession,
    claims: Sequence[Mapping[str, Any]],
    event: Event,
    record: Record = work_sessions.NOTHING,
) -> WorkSession:
    conflict = any(c["verdict"] == "conflict" for c in claims)
    reasons = ["final", "conflict"] if conflict else ["final"]
    row, _ = await gates.open_checkpoint(tx, row, kind="final", reasons=reasons, event=event, record=record)
    return row


async def replace_draft(
    tx: Tx,
    actor: Actor,
    session_id: UUID,
    checkpoint_id: UUID,
    *,
    packet_digest: str | None,
    draft: str,
    project_id: UUID | None = None,
    ahead: Ahead = artifacts.NOTHING_AHEAD,
) -> gates.Outcome:
    """A new version of an outside draft that waits for its review, checked, with what was asked for judged on it.

    Its packet takes the place of the one named by `packet_digest`. `ahead` is what was compared before the session was
    locked. Raises Conflict (`not_an_outside_draft`,
    `stale_packet`, `already_decided`, …), InvalidInput (`draft_empty`, `no_claims`, `draft_unchanged`, …).
    """
    require(actor, "requester")
    row, checkpoint = await gates.decidable(tx, session_id, checkpoint_id, project_id)
    await require_still(tx, actor, "requester")
    if row.agent_type != CHECK:
        raise Conflict(
            "not_an_outside_draft",
            "This is the work of an agent, not a draft from outside.",
            hint="Edit it while approving, or request changes.",
        )
    await seals.require_shown(tx, row, checkpoint, packet_digest)
    ((artifact, before),) = await db_artifacts.current(tx, row.id)
    saved = await artifacts.save(
        tx, row, slot=DRAFT_SLOT, artifact_type=artifact.artifact_type, title=before.title,
        document=read_draft(draft, before.document["title"] or None), author="person", author_id=actor.member_id,
        ahead=ahead,
    )  # fmt: skip
    if not saved.claims:
        raise _no_claims()
    if not saved.changed:
        raise InvalidInput(
            "draft_unchanged",
            f"This is version {saved.version}, word for word.",
            hint="Hand in the draft with its corrections.",
            field="draft",
        )
    await obligations.judge_now(tx, row)
    ((artifact, version),) = await db_artifacts.current(tx, row.id)
    said = artifacts.saved_event(artifact, version, version.claims) | {"by": actor.name}
    row = await work_sessions.note(
        tx, row.id, Record(events=[("artifact_saved", said)], audits=[("artifact_saved", said)])
    )
    done = await gates.supersede(tx, row, checkpoint, f"{actor.name} handed in a new version of the draft.")
    return replace(done, stale=False)


def _no_claims() -> InvalidInput:
    return InvalidInput(
        "no_claims",
        "The draft holds no sentence that says something checkable.",
        hint="Check that the right text was given.",
        field="draft",
    )
