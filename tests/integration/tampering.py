"""What the tampering tests work with: rich packets, every field of them, and where each comes from."""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text

from proofroom.db import checkpoints, projects, work_sessions
from proofroom.db.tx import Tx
from proofroom.domain.checkpoint import Acknowledgement, flagged_claims, packet_digest
from proofroom.engine.parts import Parts
from proofroom.services import artifacts, context, packets, policies, review, sources
from proofroom.services.access import Actor
from proofroom.services.catalog import CHECK
from proofroom.substrate import passages
from tests.integration.rooms import FINDING, FINISH, PLAN, Room
from tests.integration.shelf import Shelf

TABLE = "Country,Sales\nNorway,12.5\nDenmark,7.25\n"
WRONG = {
    "artifact": {
        **FINDING["artifact"], "slot": "finding-2", "title": "Altitude", "high_impact": "public",
        "confidence": 0.2,
        "markdown": "The planned altitude was 262 km. [[{{ b:planned altitude }}|The planned altitude was 226 km.]]"
        "\n\n> [!opinion]\n> It reads well.",
    }
}  # fmt: skip
SALES = [
    {"table": {"title": "sales.csv", "save": "sales"}},
    {"compute": {"source_id": "{{ sales.source_id }}", "table": 0, "steps": [{"limit": 2}], "save": "sums"}},
    {
        "artifact": {
            "slot": "sales", "type": "generic_output", "title": "Sales",
            "document": {
                "version": 1, "title": "Sales",
                "blocks": [
                    {
                        "type": "table", "columns": "{{ sums.table.columns }}", "rows": "{{ sums.table.rows }}",
                        "computed": "{{ sums.computed }}",
                    }
                ],
            },
        }
    },
]  # fmt: skip


async def final_scene(room: Room, folder: Path) -> UUID:
    """A session at its final gate in the second iteration, with something in every field of its packet."""
    await room.add(TABLE, "sales.csv")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await policies.change(
            tx, room.actor, room.project_id, {"due_hours": 48, "remind_hours": 24, "expire_hours": 96}
        )
    again = {"artifact": {**FINDING["artifact"], "slot": "finding-3", "title": "Dropped later"}}
    look = {"request_review": "Please look."}
    search = {"search": {"query": "factor"}}
    runtime = room.script(
        iterations={1: [FINDING, again, FINISH], 2: [PLAN, search, FINDING, WRONG, *SALES, look, FINISH]}
    )
    row = await room.run(runtime, deliver_to=[{"kind": "folder", "path": str(folder / "delivered")}])
    checkpoint = await room.waiting(row.id)
    (claim,) = checkpoint.packet["artifacts"][1]["claims"]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await review.request_changes(
            tx, room.actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest,
            changes=[{"comment": "Add the altitude.", "claim_id": claim["id"]}, {"comment": "And sales."}],
            acknowledged=[Acknowledgement(checkpoint.packet["artifacts"][0]["claims"][0]["id"], "It is known.")],
        )  # fmt: skip
    row = await room.drive(row.id)
    assert row.status == "pending_review", row.failure
    return row.id


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of everything in a packet that is no further object or list with something in it."""
    if isinstance(value, Mapping) and value:
        for key, inner in cast(Mapping[str, Any], value).items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for n, inner in enumerate(cast(list[Any], value)):
            yield from leaves(inner, f"{path}[{n}]")
    else:
        yield path, value


def pattern(path: str) -> str:
    """A field's path with its places in lists, and ids that are keys, left out."""
    return re.sub(r"(?<=\.sources\.)[0-9a-f-]{36}", "*", re.sub(r"\[\d+\]", "[]", path))


def fields(packet: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Each field of a packet with its values, in reading order."""
    found: dict[str, list[Any]] = {}
    for path, value in leaves(packet):
        found.setdefault(pattern(path), []).append(value)
    return found


@dataclass(frozen=True)
class Tamper:
    """A change to what a packet is built from. `covers`: fields, or the beginnings of their paths, that it changes;
    with `=` before it, the field alone.

    `sql` runs as it is; `act` is anything that the product does by itself.
    """

    name: str
    covers: tuple[str, ...]
    sql: str = ""
    act: Callable[[Tx, "Stand"], Awaitable[None]] | None = None

    def covered(self, packet: Mapping[str, Any]) -> set[str]:
        """Fields of the packet that it claims to change."""
        starts = tuple(c + end for c in self.covers for end in (".", "["))
        return {
            f for f in fields(packet) if f in self.covers or f"={f}" in self.covers or f.startswith(starts)
        }


@dataclass
class Stand:
    """A session at its gate, on a shelf: what was seen of it, and who may decide."""

    shelf: Shelf
    parts: Parts
    actor: Actor
    second: Actor
    session_id: UUID
    checkpoint_id: UUID
    seen: str
    packet: dict[str, Any]
    answers: Mapping[str, Any] | None = None
    folder: Path = Path()
    signed: dict[str, bytes] | None = None
    app: FastAPI | None = None

    def acknowledged(self) -> list[Acknowledgement]:
        return [Acknowledgement(c["id"], "Seen.") for _, c in flagged_claims(self.packet)]

    async def look(self) -> None:
        """Somebody looks at what stands there now."""
        async with self.shelf.transaction(self.actor.workspace_id) as tx:
            shown = await checkpoints.open_one(tx, self.session_id)
            assert shown is not None
            self.checkpoint_id, self.seen, self.packet = shown.id, shown.packet_digest, shown.packet

    async def rebuilt(self, *, sealed: bool = False) -> dict[str, Any]:
        """The packet as it would be built now; what was carried into a `sealed` one is not asked again."""
        async with self.shelf.transaction(self.actor.workspace_id) as tx:
            row = await work_sessions.get(tx, self.session_id)
            checkpoint = await checkpoints.get(tx, self.checkpoint_id)
            return await packets.build(
                tx, row, checkpoint_id=checkpoint.id, kind=checkpoint.kind, reasons=checkpoint.reasons,
                iteration=checkpoint.iteration, form=checkpoint.form,
                sealed=checkpoint.packet if sealed else None,
            )  # fmt: skip

    async def apply(self, tamper: Tamper) -> None:
        async with self.shelf.transaction(self.actor.workspace_id) as tx:
            if tamper.sql:
                await tx.execute(text(tamper.sql))
            if tamper.act is not None:
                await tamper.act(tx, self)

    async def rewrite(
        self, packet: Mapping[str, Any], *, digest: bool = True, all_of_it: bool = False
    ) -> str:
        """Writes another packet into the checkpoint's row, with its digest, and with all that names the old one."""
        new = packet_digest(packet)
        async with self.shelf.transaction(self.actor.workspace_id) as tx:
            found = await checkpoints.get(tx, self.checkpoint_id)
            values: dict[str, Any] = {"packet": packet}
            if digest:
                values["packet_digest"] = new
            if all_of_it:
                old = found.packet_digest
                for name in ("decision", "votes"):
                    values[name] = json.loads(json.dumps(getattr(found, name)).replace(old, new))
                await tx.execute(
                    text("UPDATE deliveries SET packet_digest = :new WHERE packet_digest = :old"),
                    {"new": new, "old": old},
                )
            await checkpoints.change(tx, self.checkpoint_id, **values)
        return new


async def _emit(tx: Tx, stand: Stand) -> None:
    """The agent proposes one piece more, as if its leg still ran."""
    row = await work_sessions.get(tx, stand.session_id)
    refs = {} if row.agent_type == CHECK else await context.refs(tx, row)
    known = await passages.passages_for(tx, refs)
    alias = next((a for a, passage in known.items() if "altitude" in passage.text), "b1")
    said = "The planned altitude was 226 km."
    markdown = (
        f"{said} [[{alias}|{said}]] {said.replace('226', '999')} [[{alias}|{said}]]\n\n> [!opinion]\n> So."
    )
    for slot, body, known_refs in (("one-more", markdown, refs), ("two-more", "Nothing is cited.", {})):
        document = artifacts.read_body(body, title="One more", refs=known_refs)
        await artifacts.save(
            tx, row, slot=slot, artifact_type="research_finding", title="One more", document=document,
            high_impact="public", confidence=0.1,
        )  # fmt: skip


async def _emit_again(tx: Tx, stand: Stand) -> None:
    row = await work_sessions.get(tx, stand.session_id)
    document = artifacts.read_body("It was something else.", title="The factor", refs={})
    await artifacts.save(
        tx, row, slot="finding-1", artifact_type="research_finding", title="The factor", document=document
    )


async def _policy(tx: Tx, stand: Stand) -> None:
    row = await work_sessions.get(tx, stand.session_id)
    wanted = {
        "quorum": dict.fromkeys(("internal_draft", "internal_record", "named_recipient", "public"), 3),
        "separate_duties": True, "policy_may_sign": True, "due_hours": 50, "remind_hours": 25,
        "expire_hours": 99,
    }  # fmt: skip
    await policies.change(tx, stand.actor, row.project_id, wanted)


async def _retract(tx: Tx, stand: Stand) -> None:
    row = await work_sessions.get(tx, stand.session_id)
    for source_id in await projects.source_ids(tx, row.project_id):
        await sources.retract(tx, source_id, reason="Withdrawn by its author")


def _column(name: str, field: str, value: str, *more: str, table: str = "work_sessions") -> Tamper:
    return Tamper(f"{table}.{name}", (field, *more), f"UPDATE {table} SET {name} = {value}")


_FOLDER = '{"kind": "folder", "path": "/tmp/elsewhere"}'
_OPINION = "replace(document::text, 'It reads well.', 'It reads badly.')::jsonb"
_DETAIL = """'{"slot": "s", "title": "t", "because": ["b"], "threshold": 1, "confidence": 1, "artifact_id": "a",
 "impact": "i", "text": "t", "form": {"type": "f", "required": ["x"], "additionalProperties": true,
 "properties": {"answer": {"type": "number", "title": "t", "minLength": 9}}}}'"""
_OTHER_KIND = """CASE kind WHEN 'review_requested' THEN 'conflict' WHEN 'question' THEN 'suspicious_source'
 ELSE kind END"""

TAMPERS: tuple[Tamper, ...] = (
    _column("title", "title", "'Another'"),
    _column("task_description", "task", "'Something else'"),
    _column("task_configuration", "task_configuration", '\'{"audience": "others"}\''),
    _column("agent_type", "agent_type", "'content'"),
    _column("runtime", "runtime", "'extractive'"),
    _column("definition_digest", "definition_digest", "repeat('0', 64)"),
    _column("approval_strategy", "strategy", "'auto_approve_low_risk'"),
    _column("plan", "plan", '\'{"steps": [{"title": "Other"}]}\''),
    _column("deliver_to", "effects[].target.path", f"'[{_FOLDER}, {_FOLDER}]'", "effects[].target.kind",
            "effects[].label", "effects[].kind"),
    _column("kind", "kind", "'plan'", "risk", "effects", table="work_checkpoints"),
    _column("reasons", "reasons", "ARRAY['budget']", table="work_checkpoints"),
    _column("iteration", "iteration", "iteration - 1", "artifacts[].slot", table="work_checkpoints"),
    _column("form", "form", _DETAIL, table="work_checkpoints"),
    Tamper("the policy's settings", ("policy.version", "policy.settings", "signing"), act=_policy),
    Tamper("one piece more",
           ("artifacts[].artifact_id", "artifacts[].claims", "artifacts[].summary", "artifacts[].sources",
            "=artifacts[].carried", "summary", "risk.because"), act=_emit),
    Tamper("a piece emitted again", ("artifacts[].version", "artifacts[].digest"), act=_emit_again),
    Tamper("text that is no claim", ("artifacts[].digest",),
           f"UPDATE artifact_versions SET document = {_OPINION} WHERE title = 'Altitude'"),
    _column("title", "artifacts[].title", "title || '!'", table="artifact_versions"),
    _column("high_impact", "artifacts[].high_impact", "NULL", "effects[].label", "effects[].kind", "risk.level",
            "risk.because", "risk.reversible", "risk.consequence", "=effects[].target", table="artifact_versions"),
    _column("confidence", "artifacts[].confidence", "0.9", table="artifact_versions"),
    _column("author", "artifacts[].author", "'person'", table="artifact_versions"),
    _column("artifact_type", "artifacts[].type", "'report'", table="work_artifacts"),
    _column("slot", "artifacts[].slot", "slot || '!'", "artifacts[].claims[].id", "dropped[].slot",
            table="work_artifacts"),
    _column("title", "dropped[].title", "title || '!'", table="work_artifacts"),
    Tamper("a dropped piece comes back", ("dropped", "artifacts[].slot"),
           "UPDATE work_artifacts SET iteration = 2 WHERE title = 'Dropped later'"),
    Tamper("a passage", ("artifacts[].claims[].verdict", "artifacts[].claims[].checks[].result",
                         "artifacts[].claims[].needs_you", "artifacts[].claims[].headline"),
           "UPDATE blocks SET text = replace(replace(text, '4.45', '9.99'), '226', '227')"),
    Tamper("where a passage stands", ("artifacts[].claims[].anchors[].char_start",
                                      "artifacts[].claims[].anchors[].char_end"),
           "UPDATE blocks SET char_start = char_start + 1, char_end = char_end + 1"),
    _column("page", "artifacts[].claims[].anchors[].page", "7", table="blocks"),
    _column("title", "artifacts[].sources.*", "title || '!'", "artifacts[].claims[].anchors[].source_title",
            table="sources"),
    Tamper("a table", ("artifacts[].claims[].checks[].source",),
           "UPDATE source_versions SET tables = replace(tables::text, '7.25', '8.25')::jsonb"),
    Tamper("a source is retracted", ("artifacts[].claims[].verdict", "artifacts[].claims[].anchors"), act=_retract),
    _column("id", "envelope.id", "gen_random_uuid()", table="context_envelopes"),
    _column("body", "envelope.digest", "body || '!'", table="context_envelopes"),
    _column("receipt", "envelope.receipt_digest", "receipt || '{\"x\": 1}'", table="context_envelopes"),
    _column("result", "reads_digest", "'{}'", table="tool_calls"),
    _column("arguments", "reads_digest", "'{}'", table="tool_calls"),
    Tamper("one read less", ("reads_digest",), "DELETE FROM tool_calls WHERE tool = 'search_context'"),
    _column("id", "triggers[].id", "gen_random_uuid()", table="work_triggers"),
    _column("kind", "triggers[].kind", _OTHER_KIND, table="work_triggers"),
    _column("detail", "triggers[].detail", _DETAIL, "question.text", "question.form", table="work_triggers"),
    Tamper("a question comes up", ("question",),
           "WITH mid AS (UPDATE work_checkpoints SET kind = 'mid')"
           " UPDATE work_triggers SET kind = 'question', key = id"),
    _column("id", "obligations[].id", "gen_random_uuid()", table="work_obligations"),
    _column("comment", "obligations[].comment", "'Other'", table="work_obligations"),
    _column("state", "obligations[].state", "'regressed'", table="work_obligations"),
    _column("artifact_slot", "obligations[].artifact_slot", "'other'", table="work_obligations"),
    _column("claim_id", "obligations[].claim_id", "'c_other'", table="work_obligations"),
    _column("claim_text", "obligations[].claim_text", "'Other'", table="work_obligations"),
    _column("checks", "obligations[].checks", '\'[{"kind": "must_contain", "text": "Other"}]\'',
            table="work_obligations"),
    _column("note", "obligations[].note", "'Other'", table="work_obligations"),
    _column("passage", "obligations[].passage", "'Other'", table="work_obligations"),
    Tamper("the review that sent it back", ("carried_from", "reread", "artifacts[].carried", "artifacts[].kept_before"),
           "UPDATE work_checkpoints SET packet = jsonb_set(packet, '{task}', '\"x\"')"
           " WHERE status = 'changes_requested'"),
    _column("iteration", "obligations[].iteration", "iteration - 1", table="work_obligations"),
)  # fmt: skip

CONSTANT = {"version": "a new release", "policy_version": "a new release", "policy.rules": "a new release"}
"""Fields that a release sets, not a row."""

OF_EACH_KIND = tuple({t.name.partition(".")[0]: t for t in TAMPERS}.values())
"""One change of each kind: of each table, and each thing that the product does by itself."""

ROOTED = {"session_id", "checkpoint_id"}
"""Fields that name the row itself: with another one it would be another checkpoint."""
