"""Nothing that changed between the look and what follows from it is accepted: each field, on each path.

The fields are read off real packets. A field that no row of `TAMPERS` changes fails the first test: whoever adds one
to the packet says here where it comes from. One path sees every change in each way, and the others share one of each
kind; with `PROOFROOM_TAMPER_ALL=1`, as `python3 dev.py faults` sets it, every path sees every change in each way.
"""

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import insert, text

from proofroom.api.app import create_app
from proofroom.api.sse import LiveEvents
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, work_sessions
from proofroom.db.models import Member, WorkSession
from proofroom.db.tx import new_id
from proofroom.domain.errors import ProofroomError
from proofroom.engine import leg, outbox
from proofroom.services import checks, gates, holding, legs, policies, review
from proofroom.services.access import Actor
from proofroom.services.checkpoint_handler import CheckpointHandler
from proofroom.settings import Settings
from tests.integration.rooms import FINISH, Room
from tests.integration.shelf import Shelf
from tests.integration.tampering import (
    CONSTANT,
    OF_EACH_KIND,
    ROOTED,
    TAMPERS,
    Stand,
    Tamper,
    fields,
    final_scene,
    leaves,
    pattern,
)

ALL = os.environ.get("PROOFROOM_TAMPER_ALL") == "1"
ASK = {
    "ask": {
        "question": "Which one?",
        "schema": {
            "properties": {"answer": {"type": "string", "title": "Your answer", "minLength": 1}},
            "required": ["answer"],
        },
    }
}
REFUSALS = {
    "stale",
    "stale_packet",
    "packet_altered",
    "record_altered",
    "packet_changed",
    "not_sealed",
    "refused",
    "as signed",
}


async def stand_of(room: Room, shelf: Shelf, session_id: UUID, **more: Any) -> Stand:
    second = Actor(room.actor.workspace_id, new_id(), "Second", "reviewer")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        for n, member in enumerate((second.member_id, new_id(), new_id())):
            await tx.execute(
                insert(Member).values(
                    workspace_id=room.actor.workspace_id, id=member, name=f"M{n}", role="reviewer"
                )
            )
    parts = replace(room.parts, db=shelf)
    return Stand(shelf, parts, room.actor, second, session_id, session_id, "", {}, **more)


@asynccontextmanager
async def final(room: Room, folder: Path) -> AsyncGenerator[Stand]:
    session_id = await final_scene(room, folder)
    shelf = Shelf(room.db.url)
    stand = await stand_of(room, shelf, session_id, folder=folder / "delivered")
    try:
        async with shelf.opened():
            await stand.look()
            yield stand
    finally:
        await shelf.dispose()


@asynccontextmanager
async def question(room: Room) -> AsyncGenerator[Stand]:
    row = await room.run(room.script(ASK, FINISH))
    shelf = Shelf(room.db.url)
    stand = await stand_of(room, shelf, row.id, answers={"answer": "this"})
    try:
        async with shelf.opened():
            await stand.look()
            yield stand
    finally:
        await shelf.dispose()


@asynccontextmanager
async def outside(room: Room) -> AsyncGenerator[Stand]:
    """A draft that some other agent made, whose anchors are looked for in all sources."""
    draft = "The board named a factor of 4.45.\n\nThe planned altitude was 262 km.\n\nNobody was told."
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await checks.open_check(
            tx, room.actor, room.parts.catalog, room.project_id, draft=draft, title="A draft"
        )
    row = await room.drive(row.id)
    assert row.status == "pending_review"
    shelf = Shelf(room.db.url)
    stand = await stand_of(room, shelf, row.id)
    try:
        async with shelf.opened():
            await stand.look()
            yield stand
    finally:
        await shelf.dispose()


# Paths: what makes ready for the change, and what is done after it


@dataclass(frozen=True)
class Way:
    """`prepare` leads up to the moment of the change, `act` answers what became of it."""

    name: str
    prepare: Callable[[Stand], Awaitable[None]]
    act: Callable[[Stand], Awaitable[str]]
    tampers: tuple[Tamper, ...] = OF_EACH_KIND
    decides: bool = True


async def nothing(stand: Stand) -> None:
    return None


async def approve(stand: Stand, **more: Any) -> str:
    actor = more.pop("actor", stand.actor)
    given: dict[str, Any] = {"packet_digest": stand.seen, "answers": stand.answers}
    given |= {"acknowledged": stand.acknowledged(), **more}
    try:
        async with stand.shelf.transaction(actor.workspace_id) as tx:
            outcome = await review.approve(tx, actor, stand.session_id, stand.checkpoint_id, **given)
    except ProofroomError as error:
        return error.code
    return "stale" if outcome.stale else "accepted"


async def approve_with_an_edit(stand: Stand) -> str:
    artifact_id = stand.packet["artifacts"][0]["artifact_id"]
    async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
        artifact = await db_artifacts.get(tx, stand.session_id, UUID(artifact_id))
        version = await db_artifacts.version(tx, artifact.id, artifact.version)
    body = version.document | {"title": "As I would say it"}
    return await approve(stand, edits=[{"artifact_id": artifact_id, "body": body}])


async def over_http(stand: Stand) -> str:
    if stand.app is None:
        settings = Settings(data_dir=stand.folder.parent)
        stand.app = create_app(stand.parts, settings, local_actor=stand.actor, live=LiveEvents(stand.shelf))
    async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
        project_id = (await work_sessions.get(tx, stand.session_id)).project_id
    path = f"/api/projects/{project_id}/work-sessions/{stand.session_id}/checkpoints/{stand.checkpoint_id}"
    reasons = [{"claim_id": a.claim_id, "reason": a.reason} for a in stand.acknowledged()]
    body = {"packet_digest": stand.seen, "answers": stand.answers, "acknowledged": reasons}
    transport = httpx.ASGITransport(stand.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787") as client:
        answer = await client.post(f"{path}/approve", json={k: v for k, v in body.items() if v is not None})
    return "accepted" if answer.status_code == 200 else answer.json()["code"]


async def in_python(stand: Stand) -> str:
    try:
        await CheckpointHandler(stand.shelf).approve_checkpoint(
            stand.checkpoint_id, stand.actor, packet_digest=stand.seen, answers=stand.answers,
            acknowledged=stand.acknowledged(),
        )  # fmt: skip
    except ProofroomError as error:
        return error.code
    return "accepted"


async def first_vote(stand: Stand) -> None:
    async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
        row = await work_sessions.get(tx, stand.session_id)
        await policies.change(
            tx, stand.actor, row.project_id, {"quorum": {"public": 2, "internal_record": 2}}
        )
    assert await approve(stand) == "stale"
    await stand.look()
    assert await approve(stand) == "accepted"


async def second_vote(stand: Stand) -> str:
    said = await approve(stand, actor=stand.second)
    if said == "stale":
        async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
            current = await checkpoints.open_one(tx, stand.session_id)
        assert current is not None
        assert current.votes == [], "a vote on another packet is void"
    return said


async def pending(stand: Stand) -> None:
    assert await approve(stand, undo_seconds=60) == "accepted"
    async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE work_checkpoints SET undo_until = now() - interval '1 second'"))


async def time_is_over(stand: Stand) -> str:
    async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
        outcome = await holding.commit_pending(tx, stand.checkpoint_id)
    assert outcome is not None
    return "stale" if outcome.stale else "accepted"


async def approved(stand: Stand) -> None:
    assert await approve(stand) == "accepted"


async def resumes(stand: Stand) -> str:
    assert await leg.run_leg(stand.parts, stand.actor.workspace_id, stand.session_id)
    async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
        row = await work_sessions.get(tx, stand.session_id)
    return _end_of(row)


async def sealed_by_policy(stand: Stand) -> None:
    await approved(stand)
    async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
        row = await legs.claim(tx, stand.session_id, owner="test", lease_seconds=60, definitions={})
        assert row is not None
        _, checkpoint = await gates.seal_by_policy(tx, row, ["For the test."])
        stand.checkpoint_id = checkpoint.id


async def finalizes(stand: Stand) -> str:
    async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
        row = await work_sessions.get(tx, stand.session_id)
        row = await legs.finalize(tx, await work_sessions.fence(tx, row.id, row.leg))
    return _end_of(row)


def _end_of(row: WorkSession) -> str:
    """Where only the rules of signing are others, it waits for a signature again."""
    if row.status == "pending_review":
        return "stale"
    return "accepted" if row.failure is None else str(row.failure["code"])


async def completed(stand: Stand) -> None:
    await approved(stand)
    assert await resumes(stand) == "accepted"
    stand.signed = None
    async with stand.shelf.trial():
        assert await delivers(stand) == "as signed"


async def delivers(stand: Stand) -> str:
    """What is written is what was signed, or nothing is."""
    workspace_id = stand.actor.workspace_id
    async with stand.shelf.transaction(workspace_id) as tx:
        (delivery,) = await db_artifacts.deliveries(tx, [stand.session_id])
    assert await outbox.deliver(stand.parts, workspace_id, delivery.id)
    written = {p.name: p.read_bytes() for p in stand.folder.iterdir()} if stand.folder.exists() else {}
    shutil.rmtree(stand.folder, ignore_errors=True)
    async with stand.shelf.transaction(workspace_id) as tx:
        (delivery,) = await db_artifacts.deliveries(tx, [stand.session_id])
    if delivery.status == "failed":
        return "accepted" if written else "refused"
    stand.signed = stand.signed or written
    return "as signed" if written == stand.signed else "accepted"


AT_ANY_GATE = (
    Way("services", nothing, approve, TAMPERS),
    Way("HTTP", nothing, over_http),
    Way("Python", nothing, in_python),
)
AT_THE_FINAL_GATE = (
    *AT_ANY_GATE,
    Way("with an edit", nothing, approve_with_an_edit),
    Way("second vote", first_vote, second_vote),
    Way("undo", pending, time_is_over, decides=False),
    Way("resume", approved, resumes, decides=False),
    Way("policy", sealed_by_policy, finalizes, decides=False),
    Way("delivery", completed, delivers, decides=False),
)


async def test_every_field_of_a_packet_has_a_place_that_it_comes_from(room: Room, tmp_path: Path) -> None:
    """And every row of the table changes what it says it changes."""
    async with final(room, tmp_path) as stand:
        known, changed = set(fields(stand.packet)), await _check_table(stand)
        count = len(known)
    async with question(room) as mid:
        known |= set(fields(mid.packet))
        changed |= await _check_table(mid)
    inside = {
        f for f in known if any(c.startswith((f"{f}.", f"{f}[")) for c in changed)
    }  # empty in one of them
    missing = known - changed - inside - set(CONSTANT) - ROOTED
    assert not missing, "packet fields that no row of TAMPERS changes"
    print(f"{count} fields of a final packet, {len(TAMPERS)} rows of tampering")


async def _check_table(stand: Stand) -> set[str]:
    before = fields(stand.packet)
    changed: set[str] = set()
    for tamper in TAMPERS:
        wanted = tamper.covered(stand.packet)
        async with stand.shelf.trial():
            await stand.apply(tamper)
            after = fields(await stand.rebuilt())
        still = {f for f in wanted if after.get(f) == before[f]}
        assert not still or not stand.packet["artifacts"], (
            f"{tamper.name} leaves {sorted(still)} as they were"
        )
        changed |= wanted - still
    return changed


def shared(way: Way, place: int, of: int) -> Way:
    """The way with every `of`-th change of each kind, so that `of` ways after each other see them all between them.

    All of them rest on the same digests and the same record, which the first way tries with every change.
    """
    return replace(way, tampers=OF_EACH_KIND[place % of :: of])


async def _try(stand: Stand, way: Way, tries: Counter[str]) -> list[str]:
    """Each change on one path: of the rows alone, of everything consistently, and that put before the person.

    Answers what was accepted although it had changed.
    """
    accepted: list[str] = []
    seen = stand.checkpoint_id, stand.seen, stand.packet
    async with stand.shelf.trial():
        await way.prepare(stand)
        sealed = way.act in (resumes, finalizes, delivers)
        before, shown = await stand.rebuilt(sealed=sealed), stand.seen
        for tamper in TAMPERS if ALL else way.tampers:
            async with stand.shelf.trial():
                await stand.apply(tamper)
                forged = await stand.rebuilt(sealed=sealed)
                if forged == before:
                    continue  # there is nothing of it in this packet
                for mode in ("rows", "consistently", "shown") if way.decides else ("rows", "consistently"):
                    async with stand.shelf.trial():
                        if mode != "rows":
                            new = await stand.rewrite(forged, all_of_it=True)
                            stand.seen = new if mode == "shown" else shown
                        said = await way.act(stand)
                    stand.seen = shown
                    tries[way.name] += 1
                    if said not in REFUSALS:
                        accepted.append(f"{way.name}: {tamper.name}, {mode}: {said}")
    stand.checkpoint_id, stand.seen, stand.packet = seen
    return accepted


async def test_nothing_that_changed_is_accepted_on_any_path(room: Room, tmp_path: Path) -> None:
    tries: Counter[str] = Counter()
    accepted: list[str] = []
    async with final(room, tmp_path) as stand:
        for n, way in enumerate(AT_THE_FINAL_GATE):
            async with stand.shelf.trial():  # unchanged it is accepted, so nothing refuses for another reason
                await way.prepare(stand)
                assert await way.act(stand) in ("accepted", "as signed"), way.name
            await stand.look()
            accepted += await _try(stand, way if way.tampers is TAMPERS else shared(way, n, 2), tries)
    async with question(room) as stand:
        for n, way in enumerate(AT_ANY_GATE):
            accepted += await _try(stand, shared(way, n, 3), tries)
    async with outside(room) as stand:
        outside_ways = [way for way in AT_THE_FINAL_GATE if way.act in (approve, time_is_over, resumes)]
        for n, way in enumerate(outside_ways):
            accepted += await _try(stand, shared(way, n, 3), tries)
    print(f"{tries.total()} changes over {len(tries)} paths, {len(accepted)} accepted: {dict(tries)}")
    assert accepted == []
    assert len(tries) == len(AT_THE_FINAL_GATE)
    assert min(tries.values()) >= len(OF_EACH_KIND) - 4


async def test_a_packet_rewritten_in_its_row_decides_nothing(room: Room, tmp_path: Path) -> None:
    """Each field by itself: behind its digest, with its digest, and shown with its digest as if it were true."""
    tries: Counter[str] = Counter()
    accepted: list[str] = []
    async with final(room, tmp_path) as stand, question(room) as mid:
        known = set() if ALL else {pattern(path) for path, _ in leaves(stand.packet)}
        only_mid = [(path, value) for path, value in one_of_each(mid.packet) if pattern(path) not in known]
        assert only_mid
        for one, changes in ((stand, one_of_each(stand.packet)), (mid, only_mid)):
            for path, value in changes:
                forged = changed_at(one.packet, path, value)
                for mode in ("behind its digest", "with its digest", "shown"):
                    shown = one.seen
                    async with one.shelf.trial():
                        new = await one.rewrite(forged, digest=mode != "behind its digest")
                        one.seen = new if mode == "shown" else shown
                        said = await approve(one)
                    one.seen = shown
                    tries[mode] += 1
                    wanted = "stale_packet" if mode == "with its digest" else "packet_altered"
                    if said != wanted:
                        accepted.append(f"{path}, {mode}: {said}")
        for way in (w for w in AT_THE_FINAL_GATE if not w.decides):
            async with stand.shelf.trial():
                await way.prepare(stand)
                sealed = await packet_of(stand)
                for path, value in one_of_each(sealed)[:: 1 if ALL else 3 if way.name == "delivery" else 6]:
                    async with stand.shelf.trial():
                        await stand.rewrite(changed_at(sealed, path, value), digest=False)
                        said = await way.act(stand)
                    tries[way.name] += 1
                    if said not in REFUSALS - {"as signed"}:
                        accepted.append(f"{way.name}: {path}: {said}")
            await stand.look()
    print(f"{tries.total()} rewritten packets, {len(accepted)} accepted: {dict(tries)}")
    assert accepted == []


def one_of_each(packet: dict[str, Any]) -> list[tuple[str, Any]]:
    """The first leaf of each field."""
    found: dict[str, tuple[str, Any]] = {}
    for path, value in leaves(packet):
        found.setdefault(pattern(path), (path, value))
    return list(found.values())


async def packet_of(stand: Stand) -> dict[str, Any]:
    async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
        return (await checkpoints.get(tx, stand.checkpoint_id)).packet


def changed_at(packet: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of the packet with another value in one place."""
    copy: Any = json.loads(json.dumps(packet))
    inner = copy
    steps = [int(s) if s.isdigit() else s for s in re.findall(r"[^.\[\]]+", path)]
    for step in steps[:-1]:
        inner = inner[step]
    if isinstance(value, str):
        inner[steps[-1]] = f"{value}!"
    else:
        inner[steps[-1]] = value + 1 if isinstance(value, int | float) else "x"
    return copy


# Signatures, votes and effects that nobody gave


async def test_a_forged_approval_completes_nothing(room: Room, tmp_path: Path) -> None:
    """Every column says that it was signed; the record does not."""
    async with final(room, tmp_path) as stand:
        decision = {
            "decision": "approve", "by": str(stand.actor.member_id), "name": "Reviewer",
            "packet_digest": stand.seen, "sealed_digest": stand.seen,
        }  # fmt: skip
        async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
            await checkpoints.change(
                tx,
                stand.checkpoint_id,
                status="approved",
                decision=decision,
                decided_by=stand.actor.member_id,
            )
            await tx.execute(
                text(
                    "UPDATE work_sessions SET status = 'queued', next_step = 'finalize', lease_until = now()"
                )
            )
        assert await resumes(stand) == "packet_changed"
        async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
            assert await db_artifacts.deliveries(tx, [stand.session_id]) == []


async def test_a_forged_vote_and_one_taken_back_do_not_count(room: Room, tmp_path: Path) -> None:
    async with final(room, tmp_path) as stand:
        await first_vote(stand)
        async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
            (vote,) = (await checkpoints.get(tx, stand.checkpoint_id)).votes
            taken = await holding.withdraw(tx, stand.actor, stand.session_id, stand.checkpoint_id)
        assert taken.checkpoint.votes == []
        for forged in (vote, vote | {"by": str(new_id())}):
            async with stand.shelf.trial():
                async with stand.shelf.transaction(stand.actor.workspace_id) as tx:
                    await checkpoints.change(tx, stand.checkpoint_id, votes=[forged])
                assert await approve(stand, actor=stand.second) == "packet_altered"
        assert await approve(stand) == "accepted"
        assert await approve(stand, actor=stand.second) == "accepted"
        assert await resumes(stand) == "accepted"


async def test_another_signer_in_the_row_is_not_the_one_who_signed(room: Room, tmp_path: Path) -> None:
    async with final(room, tmp_path) as stand:
        await approved(stand)
        for sql in (
            "UPDATE work_checkpoints SET decided_by = NULL",
            "UPDATE work_checkpoints SET decision = jsonb_set(decision, '{name}', '\"Somebody else\"')",
            "UPDATE work_checkpoints SET decision = jsonb_set(decision, '{feedback}', '\"Wonderful\"')",
        ):
            async with stand.shelf.trial():
                await stand.apply(Tamper("the signer", (), sql))
                assert await resumes(stand) == "packet_changed"


async def test_an_effect_that_the_packet_does_not_hold_is_not_made(room: Room, tmp_path: Path) -> None:
    async with final(room, tmp_path) as stand:
        await completed(stand)
        elsewhere = json.dumps({"kind": "folder", "path": str(tmp_path / "elsewhere")})
        for sql in (
            f"UPDATE deliveries SET target = '{elsewhere}'",
            "UPDATE deliveries SET packet_digest = 'x'",
            "UPDATE work_checkpoints SET status = 'rejected'",
        ):
            async with stand.shelf.trial():
                await stand.apply(Tamper("the effect", (), sql))
                assert await delivers(stand) == "refused"
        assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("column", ["content", "hash", "previous", "at", "kind", "n"])
async def test_a_decision_is_not_made_on_a_broken_record(room: Room, tmp_path: Path, column: str) -> None:
    value = {"content": "'{}'", "n": "n + 100"}.get(column, "'x'")
    async with question(room) as stand:
        await stand.apply(
            Tamper("the record", (), f"UPDATE audit_entries SET {column} = {value} WHERE n = 2")
        )
        assert await approve(stand) == "record_altered"
