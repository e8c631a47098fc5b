"""What must hold when everything rests: read from the database, the folder of deliveries and the log of points."""

import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg

from proofroom.domain import audit
from proofroom.exports import record_file
from tests.faults.harness import models
from tests.faults.harness.driver import Driver, Filed
from tests.faults.harness.world import World

SETTLE_SECONDS = 60.0
RESTING = {"completed", "failed", "cancelled"}
FAILURES = {"rejected", "poisoned"}
"""What a session may have failed with: a person's no, or workers that were killed too often in a row."""


class Checks:
    """Each check adds to `broken`: its name to what broke, a line each. `counts` are figures to be shown."""

    def __init__(self, world: World, driver: Driver) -> None:
        self.driver = driver
        self.world = world
        self.broken: dict[str, list[str]] = {}
        self.counts: Counter[str] = Counter()
        with world.connect() as connection:
            _settle(connection)
            connection.autocommit = False
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._db = connection
            self.sessions = {
                r[0]: r
                for r in self.rows(
                    "SELECT id, status, failure, event_seq, audit_count, audit_head, leg, usage, title, iteration,"
                    " workspace_id FROM work_sessions"
                )
            }
            for check in (
                self.resting, self.events, self.artifacts, self.calls, self.decisions, self.deliveries, self.chains,
                self.signatures, self.turns, self.models, self.context, self.queue,
            ):  # fmt: skip
                self.broken[check.__doc__ or check.__name__] = []
                self._into = self.broken[check.__doc__ or check.__name__]
                check()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._db.execute(sql.encode(), values).fetchall()

    def say(self, line: str) -> None:
        self._into.append(line)

    def completed(self) -> list[Filed]:
        return [f for f in self.driver.filed.values() if self.sessions[f.id][1] == "completed"]

    def name(self, session_id: UUID) -> str:
        return f"{session_id} ({self.sessions[session_id][8]})"

    def resting(self) -> None:
        """every session came to rest as its kind does, and there are none that nobody filed"""
        for session_id, (_, status, failure, *_rest) in self.sessions.items():
            self.counts[status] += 1
            filed = self.driver.filed.get(session_id)
            if filed is None:
                self.say(f"{session_id} was filed twice: nobody was told of it")
            elif status not in RESTING:
                self.say(f"{self.name(session_id)} is {status}")
            elif status == "failed" and failure["code"] not in FAILURES:
                self.say(f"{self.name(session_id)} failed: {failure}")
            elif filed.kind.end == "completed" and status != "completed":
                self.say(f"{self.name(session_id)} is {status}: {failure}")
        for filed in self.driver.filed.values():
            if filed.id not in self.sessions:
                self.say(f"{filed.id} ({filed.kind.name}) was answered and is lost")
            for code in filed.failures:
                self.counts[f"failed for a while: {code}"] += 1
                if code not in FAILURES:
                    self.say(f"{filed.id} ({filed.kind.name}) failed for a while: {code}")

    def events(self) -> None:
        """no event sequence has a gap"""
        for session_id, n, first, last in self.rows(
            "SELECT session_id, count(*), min(seq), max(seq) FROM work_events GROUP BY 1"
        ):
            self.counts["events"] += n
            if (first, last, n) != (1, self.sessions[session_id][3], self.sessions[session_id][3]):
                self.say(
                    f"{self.name(session_id)}: {n} events from {first} to {last} of {self.sessions[session_id][3]}"
                )

    def artifacts(self) -> None:
        """no artifact twice, and none missing"""
        found: dict[UUID, Counter[str]] = {}
        for session_id, slot, n, newest in self.rows(
            "SELECT a.session_id, a.slot, count(v.*), max(v.version) FROM work_artifacts a"
            " LEFT JOIN artifact_versions v ON v.artifact_id = a.id GROUP BY 1, 2, a.id"
        ):
            found.setdefault(session_id, Counter())[slot] += n
            self.counts["artifact versions"] += n
            if n != newest:
                self.say(f"{self.name(session_id)}: {slot} has {n} versions, the newest is {newest}")
        said = dict(
            self.rows(
                "SELECT session_id, count(*) FROM work_events WHERE type = 'artifact_saved' GROUP BY session_id"
            )
        )
        for filed in self.completed():
            has = found.get(filed.id, Counter())
            wanted = filed.kind.versions()
            if (sorted(has.values()) if filed.kind.draft else has) != (
                sorted(wanted.values()) if filed.kind.draft else wanted
            ):
                self.say(f"{self.name(filed.id)} has {dict(has)}, not {dict(wanted)}")
            if said.get(filed.id, 0) != has.total():
                self.say(
                    f"{self.name(filed.id)}: {said.get(filed.id)} times artifact_saved for {has.total()}"
                )

    def calls(self) -> None:
        """no tool call is recorded twice, and none is missing"""
        found: dict[UUID, Counter[tuple[int, str]]] = {}
        for session_id, iteration, tool, n in self.rows(
            "SELECT session_id, iteration, tool, count(*) FROM tool_calls GROUP BY 1, 2, 3"
        ):
            found.setdefault(session_id, Counter())[iteration, tool] += n
            self.counts["tool calls"] += n
        for filed in self.completed():
            if found.get(filed.id, Counter()) != filed.kind.calls():
                self.say(f"{self.name(filed.id)} made {dict(found.get(filed.id, Counter()))}")

    def decisions(self) -> None:
        """no gate and no decision twice, and none that was answered is missing"""
        gates: dict[UUID, list[str]] = {}
        decided: dict[str, str] = {}
        for session_id, checkpoint_id, kind, status, decision in self.rows(
            "SELECT session_id, id, kind, status, decision->>'decision' FROM work_checkpoints ORDER BY id"
        ):
            gates.setdefault(session_id, []).append(kind)
            decided[str(checkpoint_id)] = decision or ""
            if status == "superseded" and decision != "cancelled":
                self.say(f"{self.name(session_id)}: the {kind} gate {checkpoint_id} was superseded")
        for filed in self.completed():
            if gates.get(filed.id) != list(filed.kind.gates):
                self.say(f"{self.name(filed.id)} had the gates {gates.get(filed.id)}")
        for filed in self.driver.filed.values():
            for checkpoint_id, verb in filed.decided:
                self.counts["decisions answered"] += 1
                wanted = verb.replace("-", "_")
                if decided.get(checkpoint_id) != wanted:
                    self.say(
                        f"{self.name(filed.id)}: {wanted} on {checkpoint_id} is {decided.get(checkpoint_id)!r}"
                    )
        for session_id, checkpoint_id, kind, n in self.rows(
            "SELECT session_id, data->>'checkpoint_id', type, count(*) FROM work_events WHERE type IN"
            " ('decided', 'released', 'checkpoint_opened') GROUP BY 1, 2, 3 HAVING count(*) > 1"
        ):
            self.say(f"{self.name(session_id)}: {n} times {kind} for {checkpoint_id}")
        for session_id, checkpoint_id, n in self.rows(
            "SELECT session_id, content->>'packet_digest', count(*) FROM audit_entries"
            " WHERE kind IN ('approved', 'changes_requested', 'rejected') GROUP BY 1, 2 HAVING count(*) > 1"
        ):
            self.say(f"{self.name(session_id)}: {n} signatures under packet {checkpoint_id}")

    def deliveries(self) -> None:
        """each delivery is made once, whole, and says so once"""
        found: dict[UUID, list[tuple[Any, ...]]] = {}
        for session_id, status, detail, target in self.rows(
            "SELECT session_id, status, detail, target->>'path' FROM deliveries"
        ):
            found.setdefault(session_id, []).append((status, detail, target))
        said = dict(
            self.rows("SELECT session_id, count(*) FROM work_events WHERE type = 'delivered' GROUP BY 1")
        )
        for filed in self.driver.filed.values():
            made = found.get(filed.id, [])
            done = self.sessions[filed.id][1] == "completed"
            if len(made) != (1 if filed.kind.delivers and done else 0):
                self.say(f"{self.name(filed.id)} has {len(made)} deliveries")
            for status, detail, target in made:
                self.counts["deliveries"] += 1
                if status != "delivered" or said.get(filed.id) != 1:
                    self.say(f"{self.name(filed.id)}: {status}, said {said.get(filed.id)} times: {detail}")
                elif sorted(p.name for p in Path(target).iterdir()) != sorted(detail.split(", ")):
                    names = ", ".join(sorted(p.name for p in Path(target).iterdir()))
                    self.say(f"{self.name(filed.id)}: in {target} lie {names}, told were {detail}")

    def chains(self) -> None:
        """every audit chain holds, and `proofroom verify` says so of every record"""
        entries: dict[UUID, list[audit.Entry]] = {}
        for row in self.rows(
            "SELECT session_id, n, at, kind, commitment, previous, hash, salt, content FROM audit_entries"
            " ORDER BY session_id, n"
        ):
            entries.setdefault(row[0], []).append(audit.Entry(str(row[0]), *row[1:]))
        for session_id, row in self.sessions.items():
            why = audit.broken_at(entries.get(session_id, []), head=row[5], count=row[4])
            self.counts["audit entries"] += row[4]
            if why is not None:
                self.say(f"{self.name(session_id)}: {why}")

    def signatures(self) -> None:
        """what is completed is signed, in the version that was shown"""
        for session_id, packet, by in self.rows(
            "SELECT session_id, packet, decided_by FROM work_checkpoints c WHERE kind = 'final' AND status = 'approved'"
        ):
            if self.sessions[session_id][1] != "completed":
                self.say(f"{self.name(session_id)} is approved and {self.sessions[session_id][1]}")
            signed = {
                (str(a), v): s
                for a, v, s in self.rows(
                    "SELECT artifact_id, version, signed_by FROM artifact_versions WHERE session_id = %s",
                    session_id,
                )
            }
            for shown in packet["artifacts"]:
                if by is None or signed.get((shown["artifact_id"], shown["version"])) != by:
                    self.say(f"{self.name(session_id)}: {shown['title']} is not signed by {by}")
                self.counts["signed versions"] += 1
        approved = dict(
            self.rows(
                "SELECT session_id, count(*) FROM work_checkpoints WHERE kind = 'final' AND status = 'approved'"
                " GROUP BY 1"
            )
        )
        for filed in self.completed():
            if approved.get(filed.id) != 1:
                self.say(f"{self.name(filed.id)} is completed with {approved.get(filed.id)} final signatures")

    def turns(self) -> None:
        """per leg that was cut off at most the turn in flight is repeated, and the session says so"""
        ended: Counter[str] = Counter(
            line.split()[1]
            for line in self.world.points_log.read_text().splitlines()
            if line.startswith("turn_ended ")
        )
        taken = {
            r[0]: r[1:]
            for r in self.rows(
                "SELECT session_id, count(*) FILTER (WHERE type IN ('leg_started', 'resumed')),"
                " count(*) FILTER (WHERE type = 'cancelled' OR (type = 'failed' AND data->>'code' = 'poisoned')),"
                " count(*) FILTER (WHERE type = 'turn_lost'), count(*) FILTER (WHERE type = 'turn_used'),"
                " count(DISTINCT data->>'turn') FILTER (WHERE type = 'turn_used'),"
                " count(*) FILTER (WHERE type = 'queued' OR type = 'retried' OR type = 'changes_requested'"
                "   OR type = 'released' OR (type = 'decided' AND NOT data ? 'undo_until'))"
                " FROM work_events GROUP BY 1"
            )
        }
        for session_id, (legs, fenced, lost, used, different, queued) in taken.items():
            row = self.sessions[session_id]
            repeated = ended[str(session_id)] - used
            again = legs - queued
            self.counts["legs"] += legs
            self.counts["legs run again"] += max(0, again)
            self.counts["turns recorded"] += used
            self.counts["turns lost, as sessions say"] += lost
            self.counts["turns repeated"] += max(0, repeated)
            if legs + fenced != row[6]:  # a cancellation and a giving up take the leg away, too
                self.say(f"{self.name(session_id)}: {legs} legs in its events, {row[6]} in its row")
            if used != different or used != row[7].get("turns", 0):
                self.say(
                    f"{self.name(session_id)}: {used} turns, {different} different, {row[7].get('turns')} counted"
                )
            if lost != row[7].get("turns_lost", 0):
                self.say(
                    f"{self.name(session_id)}: {lost} times turn_lost, {row[7].get('turns_lost')} counted"
                )
            if repeated > lost:
                self.say(
                    f"{self.name(session_id)}: {repeated} turns ended unrecorded, {lost} are said to be lost"
                )
            filed = self.driver.filed.get(session_id)
            if filed and row[1] == "completed" and used != filed.kind.turns():
                self.say(f"{self.name(session_id)}: {used} turns recorded, not {filed.kind.turns()}")

    def models(self) -> None:
        """a model is asked again only for the turn in flight when a leg was cut off, and the session says so"""
        if self.world.models is None:
            return
        asked = models.asked(self.world.models)
        for filed in self.driver.filed.values():
            if filed.kind.runtime != models.RUNTIME:
                continue
            times, usage = asked.get(filed.n, Counter()), self.sessions[filed.id][7]
            turns, lost = usage.get("turns", 0), usage.get("turns_lost", 0)
            self.counts["turns that the model was asked for"] += times.total()
            self.counts["of it asked for again"] += times.total() - len(times)
            if times.total() > turns + lost:
                self.say(
                    f"{self.name(filed.id)}: asked {times.total()} times for {turns} turns and {lost} lost ones"
                )
            if self.sessions[filed.id][1] == "completed" and sorted(times) != list(range(filed.kind.turns())):
                self.say(f"{self.name(filed.id)}: the model was asked for {dict(times)}")
        if self.world.models.overruns:
            self.say(f"{self.world.models.overruns} requests that the model had no answer to")

    def context(self) -> None:
        """each round has one envelope, and what was approved is proposed once"""
        pinned = {
            (r[0], r[1])
            for r in self.rows("SELECT session_id, count(*) FROM context_envelopes GROUP BY session_id")
        }
        counts = dict(pinned)
        for filed in self.completed():
            if counts.get(filed.id, 0) != len(filed.kind.iterations):
                self.say(f"{self.name(filed.id)} has {counts.get(filed.id, 0)} envelopes")
        for session_id, n in self.rows(
            "SELECT session_id, count(*) FROM work_events WHERE type IN ('completed') GROUP BY 1 HAVING count(*) > 1"
        ):
            self.say(f"{self.name(session_id)} was completed {n} times")

    def queue(self) -> None:
        """nothing waits in the queue for ever"""
        for name, status, n in self.rows(
            "SELECT task_name, status, count(*) FROM procrastinate_jobs GROUP BY 1, 2"
        ):
            self.say(f"{n} jobs {name} are {status}")


def _settle(connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
    """Returns when nothing is left to be delivered and no job waits, or when that took too long: a check says so."""
    until = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < until:
        left = connection.execute(
            "SELECT (SELECT count(*) FROM deliveries WHERE status = 'pending')"
            " + (SELECT count(*) FROM procrastinate_jobs)"
        ).fetchone()
        if left == (0,):
            return
        time.sleep(0.2)


async def verify_records(world: World, driver: Driver) -> list[str]:
    """Exports the records over HTTP and verifies each as `proofroom verify` does; what broke."""
    broken: list[str] = []
    async with httpx.AsyncClient(base_url=world.url, timeout=60) as client:
        for one in driver.filed.values():
            path = f"/api/projects/{driver.project}/work-sessions/{one.id}/export"
            answer = await client.get(path, params={"format": "record"})
            if answer.status_code != 200:
                broken.append(f"{one.id}: its export answered {answer.status_code} {answer.text[:200]}")
                continue
            found = record_file.check(answer.content)
            if found.why is not None:
                broken.append(f"{one.id}: {found.why}")
    return broken
