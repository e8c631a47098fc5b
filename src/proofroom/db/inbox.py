"""The inbox: checkpoints in one of several orders, page after page, with what a list shows of each.

Every order ends in the id, so that it is total; a page goes on after the values of the last row that was seen, wherever
that row is by then.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    SmallInteger,
    and_,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import defer
from sqlalchemy.types import TypeEngine

from proofroom.db.checkpoints import OPEN
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.errors import NotFound
from proofroom.domain.inbox_order import GRAVEST_FIRST
from proofroom.domain.risk import Level

Json = dict[str, Any]
Found = list[tuple[WorkCheckpoint, Json]]
Key = tuple[Any, ...]

_C = WorkCheckpoint
_FAR = datetime(9999, 1, 1, tzinfo=UTC)  # what has no due time comes last
_DUE = func.coalesce(_C.due_at, literal_column("TIMESTAMPTZ '9999-01-01 00:00:00+00'", _C.due_at.type))

ORDERS: Mapping[str, tuple[Any, ...]] = {
    "attention": (_C.begin_by, _C.id),
    "due_at": (_DUE, _C.id),
    "risk": (_C.risk, _C.begin_by, _C.id),
    "effort": (_C.effort_seconds, _C.id),
    "opened_at": (_C.id,),
    "decided_at": (_C.decided_at, _C.id),
}
"""By ids is by the time of opening. The last is for what is decided, which has no weight; the others for what waits."""

DECISIONS: Mapping[str, str] = {
    "approve": "approved",
    "request_changes": "changes_requested",
    "reject": "rejected",
}
"""What was decided, as the status that a checkpoint has then."""

_LOW = GRAVEST_FIRST.index(Level.LOW)


# Read out of the packet once (`#-` of nothing), however large it is. Verdicts that may stand: see `MAY_STAND`.
_BRIEF = literal_column(
    """
    (SELECT jsonb_build_object(
       'signing', p -> 'signing', 'effects', p -> 'effects', 'summary', p -> 'summary', 'question', p -> 'question',
       'triggers', p -> 'triggers', 'risk', p -> 'risk', 'obligations', coalesce((
         SELECT jsonb_agg(jsonb_build_object('state', o -> 'state'))
         FROM jsonb_path_query(p -> 'obligations', '$[*] ? (@.state != "met")') o), '[]'), 'artifacts', coalesce((
         SELECT jsonb_agg(jsonb_build_object('version', a.one -> 'version', 'high_impact', a.one -> 'high_impact',
           'claims', coalesce((
             SELECT jsonb_agg(jsonb_build_object('id', c -> 'id', 'n', c -> 'n', 'short', c -> 'short',
               'headline', c -> 'headline', 'verdict', c -> 'verdict', 'needs_you', c -> 'needs_you'))
             FROM jsonb_path_query(a.one -> 'claims', '$[*] ? (@.needs_you == true
               || !(@.verdict like_regex "^(supported|partial|uncited)$"))') c), '[]'))
           ORDER BY a.n)
         FROM jsonb_array_elements(p -> 'artifacts') WITH ORDINALITY a (one, n)), '[]'))
     FROM (SELECT work_checkpoints.packet #- '{}' AS p OFFSET 0) once)
    """,
    type_=JSONB,
).label("brief")
"""Of a packet what a list shows: all but its artifacts' documents and the claims that nobody has to look at."""


_FROM_TEMPLATE = select(WorkSession.id).where(WorkSession.template_id.is_not(None))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is restricted to; None and empty restrict nothing.

    `status` None is any. `decisions` other than None are of `DECISIONS`: only what was decided so, with what
    can still be taken back; `status` is not looked at then. `decided_by`: whose decisions; `by_policy`: nobody's.
    `routine`: only what may be signed with others as far as its columns say; see `domain.batch`. `late`: due before
    `now`. `nobodys`: assigned to nobody. `snoozed`: False leaves out what is put off beyond `now`, True keeps only
    that. `held`: False leaves out what is decided and can still be taken back. `words`: each with the ids of the
    projects whose name holds it; every word must be found.
    """

    now: datetime
    status: str | None = OPEN
    assignee: UUID | None = None
    nobodys: bool = False
    project_id: UUID | None = None
    session_ids: Sequence[UUID] = ()
    agent_types: Sequence[str] = ()
    kinds: Sequence[str] = ()
    reasons: Sequence[str] = ()
    risks: Sequence[int] = ()
    snoozed: bool | None = False
    held: bool = True
    words: Sequence[tuple[str, Sequence[UUID]]] = field(default=())
    decisions: Sequence[str] | None = None
    decided_by: UUID | None = None
    by_policy: bool = False
    routine: bool = False
    late: bool = False

    @property
    def counted(self) -> bool:
        """Whether the list is short enough to be counted each time: what waits, or what some sessions have. A history
        grows for ever."""
        return (self.status == OPEN and self.decisions is None) or bool(self.session_ids)

    def _decided(self, decisions: Sequence[str]) -> ColumnElement[bool]:
        held = and_(_C.status == OPEN, _C.approve_pending, _C.decision["decision"].astext.in_(decisions))
        return and_(
            _C.decided_at.is_not(None), or_(_C.status.in_([DECISIONS[one] for one in decisions]), held)
        )

    def conditions(self) -> list[ColumnElement[bool]]:
        asleep = and_(_C.snoozed_until.is_not(None), _C.snoozed_until > self.now)
        found: list[ColumnElement[bool] | None] = [
            self._decided(self.decisions)
            if self.decisions is not None
            else None
            if self.status is None
            else _C.status == self.status,
            None if self.decided_by is None else _C.decided_by == self.decided_by,
            and_(_C.decided_at.is_not(None), _C.decided_by.is_(None)) if self.by_policy else None,
            _C.due_at < self.now if self.late else None,
            and_(
                _C.kind == "final",
                _C.risk == _LOW,
                _C.reasons == ["final"],
                _C.session_id.in_(_FROM_TEMPLATE),
            )
            if self.routine
            else None,
            None if self.assignee is None else _C.assignee == self.assignee,
            _C.assignee.is_(None) if self.nobodys else None,
            None if self.project_id is None else _C.project_id == self.project_id,
            _C.session_id.in_(self.session_ids) if self.session_ids else None,
            _C.agent_type.in_(self.agent_types) if self.agent_types else None,
            _C.kind.in_(self.kinds) if self.kinds else None,
            _C.reasons.overlap(list(self.reasons)) if self.reasons else None,  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
            _C.risk.in_(self.risks) if self.risks else None,
            None if self.snoozed is None else asleep if self.snoozed else ~func.coalesce(asleep, False),
            None if self.held else ~_C.approve_pending,
            *(
                or_(_C.find_text.contains(word, autoescape=True), _C.project_id.in_(ids))
                for word, ids in self.words
            ),
        ]
        return [one for one in found if one is not None]


@dataclass(frozen=True, slots=True)
class Order:
    """`by` is one of `ORDERS`."""

    by: str = "opened_at"
    descending: bool = False

    def columns(self) -> list[Any]:
        return [c.desc() if self.descending else c.asc() for c in ORDERS[self.by]]

    def backwards(self) -> "Order":
        return Order(self.by, not self.descending)

    def beyond(self, key: Key) -> ColumnElement[bool]:
        """What comes after the row with this key."""
        columns = ORDERS[self.by]
        there = tuple_(*(literal(value, c.type) for value, c in zip(key, columns, strict=True)))
        return tuple_(*columns) < there if self.descending else tuple_(*columns) > there

    def key(self, row: WorkCheckpoint) -> Key:
        values = {
            "attention": (row.begin_by,),
            "due_at": (row.due_at or _FAR,),
            "risk": (row.risk, row.begin_by),
            "effort": (row.effort_seconds,),
            "decided_at": (row.decided_at,),
        }.get(self.by, ())
        return (*values, row.id)


def key_to_text(order: Order, key: Key) -> str:
    """What a cursor holds."""
    shown = [v if isinstance(v, int) else v.isoformat() if isinstance(v, datetime) else str(v) for v in key]
    return json.dumps([f"{'-' if order.descending else ''}{order.by}", *shown], separators=(",", ":"))


def key_from_text(order: Order, text: str) -> Key:
    """Raises ValueError when it is no key of this order."""
    read: Any = json.loads(text)
    columns = ORDERS[order.by]
    if not isinstance(read, list) or len(cast(list[Any], read)) != len(columns) + 1:
        raise ValueError
    named, *values = cast(list[Any], read)
    if named != f"{'-' if order.descending else ''}{order.by}":
        raise ValueError
    return tuple(_read(column.type, value) for column, value in zip(columns, values, strict=True))


def _read(column: TypeEngine[Any], value: Any) -> Any:
    kind = column.python_type
    if kind is int:
        most = 2**15 if isinstance(column, SmallInteger) else 2**31
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < most:
            raise ValueError
        return value
    if not isinstance(value, str):
        raise ValueError
    if kind is UUID:
        return UUID(value)
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError
    return at


async def page(
    tx: Tx, wanted: Wanted, order: Order, *, beyond: Key | None = None, skip: int = 0, limit: int = 50
) -> Found:
    """Each with its packet in brief, and the packet itself not read: see `_BRIEF`."""
    which = select(_C.id).where(*wanted.conditions()).order_by(*order.columns()).limit(limit)
    if beyond is not None:
        which = which.where(order.beyond(beyond))
    if skip:
        which = which.offset(skip)
    # The rows first: packets are read of those that are shown, not of those that are left out before them.
    shown = which.subquery("shown")
    query = (
        select(_C, _BRIEF)
        .options(defer(_C.packet, raiseload=True))
        .join(shown, shown.c.id == _C.id)
        .order_by(*order.columns())
    )
    return [(row[0], row[1]) for row in await tx.execute(query)]


async def itself(tx: Tx, wanted: Wanted, checkpoint_id: UUID) -> Found:
    """This one, if it is wanted."""
    query = (
        select(_C, _BRIEF)
        .options(defer(_C.packet, raiseload=True))
        .where(_C.id == checkpoint_id, *wanted.conditions())
    )
    return [(row[0], row[1]) for row in await tx.execute(query)]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are, how many of them come before a row, and how long all of them take, in seconds."""

    total: int
    before: int
    effort_seconds: int


async def counts(tx: Tx, wanted: Wanted, order: Order, key: Key | None = None) -> Counts:
    """Of the whole list; `before` is of the row with this key."""
    before = literal(0) if key is None else func.count().filter(order.backwards().beyond(key))
    query = select(func.count(), before, func.coalesce(func.sum(_C.effort_seconds), 0))
    row = (await tx.execute(query.select_from(_C).where(*wanted.conditions()))).one()
    return Counts(row[0], row[1], row[2])


async def one(tx: Tx, checkpoint_id: UUID) -> WorkCheckpoint:
    """Without its packet. Raises NotFound (`checkpoint_not_found`)."""
    query = select(_C).options(defer(_C.packet, raiseload=True)).where(_C.id == checkpoint_id)
    row = (await tx.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound(
            "checkpoint_not_found",
            f"No checkpoint {checkpoint_id} is here.",
            hint="List what waits.",
        )
    return row
