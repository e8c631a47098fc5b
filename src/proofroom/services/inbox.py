"""The inbox: what waits for a person, over all projects, and whose it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from proofroom.db import checkpoints, members, projects, templates, work_sessions
from proofroom.db import inbox as db_inbox
from proofroom.db.inbox import Key, Order, Wanted
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record
from proofroom.domain.batch import batch_exceptions, origin_exception
from proofroom.domain.deadlines import next_reminder
from proofroom.domain.errors import InvalidInput
from proofroom.domain.inbox_order import GRAVEST_FIRST, folded
from proofroom.domain.policy_settings import stored_settings
from proofroom.domain.signing import signing_of
from proofroom.services import gates, views, weights
from proofroom.services.access import SIGNERS, Actor, require
from proofroom.services.agent_titles import titles_of

CHANGEABLE = ("assignee", "due_at", "expires_at", "snoozed_until")


MAX_WORDS = 8
"""More words than that restrict a search no further."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of a list is wanted: from the start, `skip` items further on, beyond a key, or about a checkpoint,
    which need not be in the list any more."""

    limit: int
    beyond: Key | None = None
    skip: int = 0
    after: UUID | None = None
    before: UUID | None = None
    around: UUID | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """`following` is the key to go on after, None at the end; `offset` is how many of the list come before the first
    item, `position` how many come before the checkpoint that it is about. None where the list is not counted."""

    items: list[dict[str, Any]]
    following: Key | None
    total: int | None
    offset: int | None
    position: int | None
    effort_seconds: int | None


async def oldest(tx: Tx, actor: Actor, limit: int) -> list[dict[str, Any]]:
    """What waits, oldest first, with what is put off, and without what is decided and can still be taken back."""
    wanted = Wanted(now=await work_sessions.now(tx), snoozed=None, held=False)
    return await to_json(tx, actor, await db_inbox.page(tx, wanted, Order(), limit=limit))


async def part(tx: Tx, actor: Actor, wanted: Wanted, order: Order, place: Place, *, find: str = "") -> Part:
    """One part of a list. `find`: words of titles, headlines and project names, all of which must be there.

    Raises NotFound (`checkpoint_not_found`) when `place` names none of this workspace.
    """
    wanted = replace(wanted, words=await _words(tx, find))
    named = place.after or place.before or place.around
    at = place.beyond if named is None else await _key_of(tx, order, named)
    earlier: db_inbox.Found = []
    if place.around or place.before:
        ahead = place.limit // 2 if place.around else place.limit
        earlier = (await db_inbox.page(tx, wanted, order.backwards(), beyond=at, limit=ahead))[::-1]
    rows = list(earlier)
    if place.around:
        rows += await db_inbox.itself(tx, wanted, place.around)
    if not place.before:
        rows += await db_inbox.page(
            tx, wanted, order, beyond=at, skip=place.skip, limit=place.limit + 1 - len(rows)
        )
    shown = rows[: place.limit]
    items = await to_json(tx, actor, shown)
    if not wanted.counted:
        more = len(rows) > place.limit or bool(place.before and shown)
        return Part(items, order.key(shown[-1][0]) if more else None, None, None, None, None)
    first = order.key(rows[0][0]) if rows else at
    counts = await db_inbox.counts(tx, wanted, order, None if at is None else first)
    if at is None:
        offset = place.skip
    else:  # where nothing follows, what is asked for begins at the end
        offset = counts.before if rows or place.before else counts.total
    more = bool(shown) and offset + len(shown) < counts.total
    return Part(
        items=items,
        following=order.key(shown[-1][0]) if more else None,
        total=counts.total,
        offset=offset,
        position=offset + len(earlier) if place.around else None,
        effort_seconds=counts.effort_seconds,
    )


async def _words(tx: Tx, find: str) -> list[tuple[str, list[UUID]]]:
    words = folded(find).split()[:MAX_WORDS]
    if not words:
        return []
    names = [(of, folded(name)) for of, name in await projects.all_names(tx)]
    return [(word, [of for of, name in names if word in name]) for word in words]


async def _key_of(tx: Tx, order: Order, checkpoint_id: UUID) -> Key:
    row = await db_inbox.one(tx, checkpoint_id)
    key = order.key(row)
    if None not in key:
        return key
    raise InvalidInput(
        "unknown_sort",
        "This review has no decision yet, so it has no place in the order of decisions."
        if order.by == "decided_at"
        else "This review was decided when it opened, so it has a place only in the order of opening.",
        hint="Sort by opened_at.",
        field="sort",
    )


def risks_of(levels: Sequence[str]) -> list[int]:
    """Risk levels as they are stored."""
    return [[level.value for level in GRAVEST_FIRST].index(one) for one in levels]


async def to_json(
    tx: Tx, actor: Actor, found: Sequence[tuple[WorkCheckpoint, Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    """Checkpoints, each with its packet in brief, as a list shows them to the actor."""
    if not found:
        return []
    rows = [row for row, _ in found]
    names = await members.names(tx)
    sessions = {s.id: s for s in await work_sessions.several(tx, {r.session_id for r in rows})}
    titles = await projects.names(tx, {r.project_id for r in rows})
    agents = await titles_of(tx, list(sessions.values()))
    started = await origins(tx, list(sessions.values()))
    shown: list[dict[str, Any]] = []
    for r, brief in found:
        work = sessions[r.session_id]
        weight = weights.weight_of(r)
        template_name, origin = started[work.id]
        why = batch_exceptions(
            brief, kind=r.kind, reasons=r.reasons, origin=origin, member_id=str(actor.member_id),
        )  # fmt: skip
        shown.append(
            views.checkpoint_json(r, work, titles[r.project_id], names, agents, brief=brief)
            | {
                "risk": None if weight is None else weight.risk.value, "effort_seconds": r.effort_seconds,
                "begin_by": views.at(r.begin_by), "batch_exceptions": list(why),
                "template_id": None if work.template_id is None else str(work.template_id),
                "template_name": template_name,
            }
        )  # fmt: skip
    return shown


async def origins(tx: Tx, work: Sequence[WorkSession]) -> dict[UUID, tuple[str | None, str | None]]:
    """Session id to (its template's name, why it is not what that asks for each time); see `origin_exception`."""
    ids = {one.template_id for one in work if one.template_id is not None}
    saved = await templates.several(tx, ids)
    asked = await work_sessions.asked(tx, [one.id for one in work if one.template_id is not None])
    found: dict[UUID, tuple[str | None, str | None]] = {}
    for one in work:
        template = None if one.template_id is None else saved.get(one.template_id)
        why = origin_exception(None if template is None else template.content, asked.get(one.id))
        found[one.id] = (None if template is None else template.name, why)
    return found


async def change(
    tx: Tx, actor: Actor, checkpoint_id: UUID, values: Mapping[str, Any]
) -> tuple[WorkCheckpoint, dict[str, Any]]:
    """Sets whose it is, until when, and from when on it shows again; None clears. Decides nothing.

    Raises NotFound, Conflict (`already_decided`, `review_expired`), InvalidInput (`unknown_member`,
    `assignee_cannot_sign`, `unknown_field`).
    """
    require(actor, "reviewer")
    unknown = sorted(set(values) - set(CHANGEABLE))
    if unknown:
        raise InvalidInput(
            "unknown_field",
            f"A checkpoint's {unknown[0]} cannot be changed.",
            hint=f"These can: {', '.join(CHANGEABLE)}.",
            field=unknown[0],
        )
    session_id = (await checkpoints.get(tx, checkpoint_id)).session_id
    row = await work_sessions.lock(tx, session_id)
    checkpoint = await checkpoints.get(tx, checkpoint_id)
    if checkpoint.status != checkpoints.OPEN:
        raise gates.already_decided(checkpoint)
    await gates.require_time_left(tx, checkpoint)  # a review that ran out is not given more time afterwards
    assignee = values.get("assignee")
    if assignee is not None:
        await _require_can_sign(tx, assignee, checkpoint)
    if values:
        stored = dict(values)
        if "due_at" in values:
            settings = stored_settings(checkpoint.packet.get("policy", {}).get("settings", {}))
            stored["remind_at"] = next_reminder(
                values["due_at"], settings.remind_hours, await work_sessions.now(tx)
            )
            stored |= weights.moved_to(checkpoint, values["due_at"])
        checkpoint = await checkpoints.change(tx, checkpoint_id, **stored)
        said = {"checkpoint_id": str(checkpoint_id), "by": actor.name} | {
            k: None if v is None else views.at(v) if k != "assignee" else str(v) for k, v in values.items()
        }
        row = await work_sessions.note(
            tx,
            session_id,
            Record(events=[("checkpoint_changed", said)], audits=[("checkpoint_changed", said)]),
        )
    return checkpoint, await views.checkpoint(tx, checkpoint, row)


async def _require_can_sign(tx: Tx, member_id: UUID, checkpoint: WorkCheckpoint) -> None:
    member = await members.get(tx, member_id)
    if member is None:
        raise InvalidInput(
            "unknown_member",
            f"No member {member_id} is in this workspace.",
            hint="List the members.",
            field="assignee",
        )
    barred = str(member_id) in signing_of(checkpoint.packet).barred
    if member.role not in SIGNERS or barred:
        why = "asked for this work or edited it" if barred else f"is a {member.role}"
        raise InvalidInput(
            "assignee_cannot_sign",
            f"{member.name} {why}, so they could not sign this.",
            hint="Assign a reviewer or an admin who may.",
            field="assignee",
        )
