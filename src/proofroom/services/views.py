"""Rows as the JSON that callers see: one shape for API, command line and Python."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, lists, members, projects, work_sessions
from proofroom.db.models import (
    ArtifactVersion,
    Delivery,
    Project,
    ToolCall,
    WorkArtifact,
    WorkCheckpoint,
    WorkEvent,
    WorkSession,
)
from proofroom.db.tx import Tx
from proofroom.domain.attention import attention
from proofroom.domain.checkpoint import Decision, flagged_claims, held_decision
from proofroom.domain.document import Chart, chart_figures, from_json, plain, to_markdown
from proofroom.domain.signing import signing_of, signing_to_json
from proofroom.domain.work_session import MAX_CHANGE_REQUESTS
from proofroom.services import extending, external, folders
from proofroom.services.agent_titles import title_of, titles_of
from proofroom.services.aside import aside
from proofroom.services.catalog import CHECK, DRAFT_SLOT, Catalog
from proofroom.services.evidence import summarize

Json = dict[str, Any]


def at(value: datetime | None) -> str | None:
    """A time as ISO 8601 in UTC."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")


def project(row: Project, basket_id: UUID, counts: Mapping[str, int], names: Mapping[UUID, str]) -> Json:
    return {
        "id": str(row.id), "name": row.name, "description": row.description, "basket_id": str(basket_id),
        "sample_key": row.sample_key, "counts": dict(counts), "remember_approved": row.remember_approved,
        "budget": {"default": {}, "most": {}} | row.budget | {
            "version": row.budget_version, "changed_at": at(row.budget_at),
            "changed_by": None if row.budget_by is None else names.get(row.budget_by),
        },
        "archived_at": at(row.archived_at), "created_at": at(row.created_at), "updated_at": at(row.updated_at),
    }  # fmt: skip


def usage(row: WorkSession) -> Json:
    used = row.usage
    tokens_in, tokens_out = int(used.get("tokens_in", 0)), int(used.get("tokens_out", 0))
    return {
        "tokens": tokens_in + tokens_out, "tokens_in": tokens_in, "tokens_out": tokens_out,
        "cost_usd": float(used.get("cost_usd", 0)), "seconds": float(used.get("seconds", 0)),
        "turns": int(used.get("turns", 0)), "turns_lost": int(used.get("turns_lost", 0)),
        "unpriced": bool(used.get("unpriced", False)),
        "models": [
            {
                "model": name, "turns": int(one["turns"]), "tokens_in": int(one["tokens_in"]),
                "tokens_out": int(one["tokens_out"]), "cache_read": int(one["cache_read"]),
                "cache_written": int(one["cache_written"]), "cost_usd": float(one["cost_usd"]),
                "unpriced": bool(one.get("unpriced", False)),
            }
            for name, one in used.get("models", {}).items()
        ],
    }  # fmt: skip


async def sessions(tx: Tx, catalog: Catalog, rows: Sequence[WorkSession]) -> list[Json]:
    """Work sessions with what a list shows of each, in a handful of queries however many there are."""
    if not rows:
        return []
    around = await lists.around(tx, [r.id for r in rows])
    names = await members.names(tx)
    titles = await projects.names(tx, {r.project_id for r in rows})
    agents = await titles_of(tx, rows)
    labels = {runtime: catalog.runtime_label(runtime) for runtime in {r.runtime for r in rows}}
    sent: dict[UUID, list[Delivery]] = {}
    delivering = [of for of, found in around.items() if found.has_deliveries]
    for delivery in await db_artifacts.deliveries(tx, delivering) if delivering else ():
        sent.setdefault(delivery.session_id, []).append(delivery)
    return [
        {
            "id": str(r.id), "session_id": str(r.id), "project_id": str(r.project_id),
            "project_name": titles[r.project_id].name, "project_archived": titles[r.project_id].archived,
            "title": r.title, "agent_type": r.agent_type,
            "agent_title": title_of(r, agents), "task_description": r.task_description, "config": r.task_configuration,
            "source_ids": r.source_ids, "approval_strategy": r.approval_strategy, "runtime": r.runtime,
            "runtime_label": labels[r.runtime], "status": r.status, "phase": r.phase,
            "iteration": r.iteration, "leg": r.leg, "progress": progress(r), "plan": r.plan,
            "priority": r.priority, "budget": r.budget, "usage": usage(r),
            "repairs": [
                {"iteration": int(n)} | {k: found.get(k) for k in ("state", "before", "after", "outcome", "why")}
                for n, found in sorted(r.repairs.items(), key=lambda item: int(item[0]))
            ],
            "artifacts_count": around[r.id].artifacts,
            "checkpoint_id": str(around[r.id].waiting) if around[r.id].waiting else None,
            "held": held_json(around[r.id].held), "failure": r.failure,
            "task_document_id": str(r.task_document_id) if r.task_document_id else None,
            "external_ref": r.external_ref, "metadata": r.meta, "deliver_to": r.deliver_to,
            "deliveries": [
                {
                    "id": str(d.id), "kind": d.kind, "target": d.target, "status": d.status,
                    "detail": d.detail, "delivered_at": at(d.delivered_at), "attempts": d.attempts,
                    "being_made": d.sender is not None,
                    "due_at": at(d.due_at) if d.status == "pending" else None,
                }
                for d in sent.get(r.id, [])
            ],
            "approved_by": around[r.id].signer if r.status == "completed" else None,
            "created_by": names.get(r.created_by), "created_at": at(r.created_at),
            "updated_at": at(r.updated_at), "started_at": at(r.started_at), "settled_at": at(r.settled_at),
            "forked_from": str(r.forked_from) if r.forked_from else None,
            "audit": {"count": r.audit_count, "head": r.audit_head}, "agent": external.seen(r),
        }
        for r in rows
    ]  # fmt: skip


def held_json(found: lists.Held | None) -> Json | None:
    """{decision, by, name, reason, at, until} of a decision that can still be taken back."""
    if found is None:
        return None
    said: Mapping[str, Any] = found.decision or {}
    return {
        "decision": held_decision(checkpoints.OPEN, pending=True, decision=found.decision),
        "by": None if found.by is None else str(found.by), "name": said.get("name"), "reason": said.get("reason"),
        "at": at(found.at), "until": at(found.until),
    }  # fmt: skip


async def session(tx: Tx, catalog: Catalog, row: WorkSession) -> Json:
    return (await sessions(tx, catalog, [row]))[0]


def progress(row: WorkSession) -> Json:
    return {
        "done": int(row.progress.get("done", 0)),
        "total": int(row.progress.get("total", 0)),
        "label": str(row.progress.get("label", "")),
    }


async def status(tx: Tx, row: WorkSession) -> Json:
    """The answer of `GET …/status`."""
    counts = await db_artifacts.count(tx, [row.id])
    return {
        "session_id": str(row.id), "status": row.status, "phase": row.phase, "iteration": row.iteration,
        "progress": progress(row), "artifacts_count": counts.get(row.id, 0),
        "checkpoints": [
            {
                "id": str(c.id), "kind": c.kind, "reasons": c.reasons, "status": c.status,
                "packet_digest": c.packet_digest, "iteration": c.iteration, "opened_at": at(c.opened_at),
                "due_at": at(c.due_at),
            }
            for c in await checkpoints.of_session(tx, row.id)
        ],
        "failure": row.failure, "usage": usage(row), "metadata": row.meta,
    }  # fmt: skip


async def executed(tx: Tx, row: WorkSession) -> Json:
    """The answer of `POST …/execute`, retry and cancel: {session_id, status, artifacts_count, …}."""
    counts = await db_artifacts.count(tx, [row.id])
    waiting = await checkpoints.open_one(tx, row.id)
    return {
        "session_id": str(row.id), "status": row.status, "artifacts_count": counts.get(row.id, 0),
        "checkpoint_id": None if waiting is None else str(waiting.id), "error": row.failure,
    }  # fmt: skip


RESULT_SHOWN = 4_000
"""Characters of a tool's answer that are shown of it."""


def tool_call(row: ToolCall) -> Json:
    result = json.dumps(row.result, ensure_ascii=False)
    return {
        "id": row.key, "tool": row.tool, "iteration": row.iteration, "leg": row.leg, "ok": row.ok, "at": at(row.at),
        "arguments": row.arguments, "result": result[:RESULT_SHOWN], "result_chars": len(result),
    }  # fmt: skip


def event(row: WorkEvent) -> Json:
    return {"seq": row.seq, "type": row.type, "at": at(row.at), "data": row.data}


async def artifact(tx: Tx, row: WorkArtifact, version: ArtifactVersion) -> Json:
    names = await members.names(tx)
    # No agent wrote an outside draft: it is the words of who brought it.
    brought = await _brought_by(tx, row) if row.slot == DRAFT_SLOT else None
    document, body, summary = await asyncio.to_thread(_rendered, version.document, version.claims)
    return {
        "id": str(row.id), "session_id": str(row.session_id), "slot": row.slot,
        "artifact_type": row.artifact_type, "type": row.artifact_type, "title": version.title,
        "version": version.version, "iteration": version.iteration, "digest": version.digest,
        "versions": [
            {
                "version": v.version, "author": "person" if brought else v.author,
                "author_name": names.get(who) if (who := v.author_id or brought) else None,
                "iteration": v.iteration,
                "created_at": at(v.created_at), "signed": v.signed_at is not None,
                "signed_by": names.get(v.signed_by) if v.signed_by else None,
            }
            for v in await db_artifacts.versions(tx, row.id)
        ],
        "document": document, "body": body, "claims": version.claims, "summary": summary,
        "high_impact": version.high_impact, "created_at": at(version.created_at),
    }  # fmt: skip


async def _brought_by(tx: Tx, row: WorkArtifact) -> UUID | None:
    session = await work_sessions.get(tx, row.session_id)
    return session.created_by if session.agent_type == CHECK else None


def _rendered(document: Mapping[str, Any], claims: Sequence[Any]) -> tuple[Json, str, Json]:
    """(the document with its plain text, its Markdown, the summary of its claims)"""
    return with_plain(document), to_markdown(from_json(document)), summarize(claims)


def with_plain(document: Mapping[str, Any]) -> Json:
    """The document with the plain text of each block beside it, which is what claim offsets count in.

    `links` of a block are what stands behind words that do not say where they lead, by the rest of the path: [[offset,
    address], …], those behind the same word together. `plain_caption` and `plain_title` have it in them. A chart
    that rests on no computation has its `figures`: {columns, rows}.
    """
    blocks: list[Json] = []
    for block in document["blocks"]:
        shown = dict(block)
        links: dict[str, list[tuple[int, str]]] = {}

        def read(inline: str, *path: int, links: dict[str, list[tuple[int, str]]] = links) -> str:
            found = plain(inline)
            behind: dict[int, list[str]] = {}
            for link in found.links:
                behind.setdefault(link.at, []).append(link.text)
            if behind:
                links["/".join(map(str, path))] = [(at, ") (".join(texts)) for at, texts in behind.items()]
            return found.text

        if "text" in block:
            shown["plain"] = read(block["text"])
        if "items" in block:
            shown["plain_items"] = [read(item, n) for n, item in enumerate(block["items"])]
        if "rows" in block:
            shown["plain_rows"] = [
                [None if cell is None else read(str(cell), r, c) for c, cell in enumerate(row)]
                for r, row in enumerate(block["rows"])
            ]
        if block.get("caption"):
            shown["plain_caption"] = plain(block["caption"]).shown()
        if block["type"] == "chart":
            shown["plain_title"] = plain(block["title"]).shown()
            figures = None if "computed" in block else chart_figures(Chart(block["title"], block["spec"]))
            if figures is not None:
                shown["figures"] = {"columns": [c.name for c in figures.columns], "rows": figures.rows}
        if links:
            shown["links"] = links
        blocks.append(shown)
    return {**document, "blocks": blocks}


def looks_of(row: WorkCheckpoint) -> dict[UUID, datetime]:
    """Who looks at it, in the order in which they came, and until when each does unless they say so again."""
    looks = {UUID(one["by"]): datetime.fromisoformat(one["until"]) for one in row.lookers}
    if row.looking_by is not None and row.looking_until is not None:
        looks.setdefault(row.looking_by, row.looking_until)  # said to a release that knows no list
    return looks


def looking(row: WorkCheckpoint, names: Mapping[UUID, str]) -> Json:
    """`looking`, {id, name, until} of who looked first or took it over, and `lookers`, the same of all who look; the
    reader of `until` sees whether they still do."""
    lookers = {
        by: {"id": str(by), "name": names.get(by), "until": at(until)} for by, until in looks_of(row).items()
    }
    return {
        "looking": None if row.looking_by is None else lookers.get(row.looking_by),
        "lookers": list(lookers.values()),
    }


async def checkpoint(tx: Tx, row: WorkCheckpoint, work: WorkSession) -> Json:
    names, agents = await members.names(tx), await titles_of(tx, [work])
    project = await projects.get(tx, row.project_id)
    named = projects.Named(project.name, archived=project.archived_at is not None)
    shown = await aside(row.packet, checkpoint_json, row, work, named, names, agents)
    waits = row.status == checkpoints.OPEN
    over = extending.beyond(project, work, row) if waits else None
    return shown | {
        "extends_over": None if over is None else extending.to_json(over),
        "undeliverable": await folders.hindrances(row.packet["effects"]) if waits else [],
        "void_decision": await void_decision(tx, row),
    }


async def void_decision(tx: Tx, row: WorkCheckpoint) -> Json | None:
    """The decision that was sent here, or on the packet that this one took the place of, and of which nothing came:
    {decision, by, name, why, at}. None when there is none, or another was made since.
    """
    if row.status != checkpoints.OPEN or row.decision is not None:
        return None
    said = await checkpoints.made_void(tx, row.session_id)
    if said is None:
        return None
    return {
        "decision": said.data["void_decision"], "by": said.data.get("void_by"), "name": said.data.get("by"),
        "why": said.data["why"], "at": at(said.at),
    }  # fmt: skip


def checkpoint_json(
    row: WorkCheckpoint,
    work: WorkSession,
    project: projects.Named,
    names: Mapping[UUID, str],
    agents: Mapping[str, str],
    *,
    brief: Mapping[str, Any] | None = None,
) -> Json:
    """One checkpoint; without its packet in lists, but with the flags that a list shows.

    `brief` is what a list read of the packet, or the packet.
    """
    packet = row.packet if brief is None else brief
    held = held_decision(row.status, row.approve_pending, row.decision)
    shown: Json = {
        "id": str(row.id), "session_id": str(row.session_id), "project_id": str(row.project_id),
        "project_name": project.name, "project_archived": project.archived,
        "session_title": work.title, "agent_type": work.agent_type,
        "agent_title": title_of(work, agents), "strategy": work.approval_strategy,
        "kind": row.kind, "reasons": row.reasons, "status": row.status,
        "approve_pending": held == Decision.APPROVE, "held": held, "undo_until": at(row.undo_until),
        "packet_digest": row.packet_digest, "form": row.form, "iteration": row.iteration,
        "max_iterations": MAX_CHANGE_REQUESTS,
        "can_request_changes": work.change_requests < MAX_CHANGE_REQUESTS,
        "assignee": None if row.assignee is None else {"id": str(row.assignee), "name": names.get(row.assignee)},
        "expires_at": at(row.expires_at), **looking(row, names),
        "signing": signing_to_json(signing_of(packet)),
        "votes": [{"by": v["by"], "name": v["name"], "at": v["at"]} for v in row.votes],
        "due_at": at(row.due_at), "snoozed_until": at(row.snoozed_until), "opened_at": at(row.opened_at),
        "decision": row.decision, "decided_at": at(row.decided_at),
        "superseded_by": str(row.superseded_by) if row.superseded_by else None,
        "consequence": consequence(row, work, packet), "headline": headline(row, packet), "effects": packet["effects"],
        "summary": packet["summary"],
    }  # fmt: skip
    if brief is None:
        shown["packet"] = packet
        shown["attention"] = attention(packet)
    else:
        shown["flags"] = [
            {"claim_id": c["id"], "n": c["n"], "short": c["short"], "verdict": c["verdict"]}
            for a in packet["artifacts"]
            for c in a["claims"]
            if c["needs_you"]
        ][:50]
    return shown


def consequence(row: WorkCheckpoint, work: WorkSession, packet: Mapping[str, Any] | None = None) -> str:
    """What pressing the button does, in the words on the button. `packet`: the row's, or what a list read of it."""
    packet = row.packet if packet is None else packet
    match row.kind:
        case "plan":
            return "Approve this plan and let it start"
        case "mid" if row.form is not None:
            return "Answer and let it go on"
        case "mid":
            return "Let it go on"
        case _:
            pass
    shown = packet["artifacts"]
    what = f"version {shown[0]['version']}" if len(shown) == 1 else f"{len(shown)} pieces"
    folder = next((e["target"]["path"] for e in packet["effects"] if e["kind"] == "folder"), None)
    if folder is not None:
        return f"Sign {what} and write to {folder}"
    noun = {"research": "findings", "content": "drafts", "reporting": "report", "check": "draft"}
    return f"Sign {what} and save the {noun.get(work.agent_type, 'result')}"


def _is_used_up(packet: Mapping[str, Any]) -> bool:
    said = [t["detail"].get("state", "used_up") for t in packet["triggers"] if t["kind"] == "budget"]
    return said[-1:] != ["near"]


def headline(row: WorkCheckpoint, packet: Mapping[str, Any] | None = None) -> str:
    """Why it stopped, in one line. `packet`: the row's, or what a list read of it."""
    return headline_of(row.kind, row.reasons, row.packet if packet is None else packet)


def headline_of(kind: str, reasons: Sequence[str], packet: Mapping[str, Any]) -> str:
    """As `headline`, for a checkpoint that is not there yet."""
    if kind == "plan":
        return "A plan to approve before it starts"
    if packet.get("question") and "question" in reasons:
        return str(packet["question"].get("text", "A question for you"))
    shorts = [c["headline"] for _, c in flagged_claims(packet)]
    if shorts:
        counted = {s: shorts.count(s) for s in dict.fromkeys(shorts)}
        words = [s if n == 1 else f"{s} ({n})" for s, n in list(counted.items())[:3]]
        return "; ".join([words[0], *(w[:1].lower() + w[1:] for w in words[1:])])
    doubts = {
        "low_confidence": "The evidence is thin",
        "review_requested": "The agent asks for a look",
        "high_impact": "Meant for the outside",
        "conflict": "Two sources disagree",
        "suspicious_source": "A source gives instructions",
        "budget": "The budget is used up" if _is_used_up(packet) else "The budget is nearly used up",
    }
    said = [doubts[r] for r in reasons if r in doubts]
    if said:
        return "; ".join(said)
    count = packet["summary"]["needs_you"]
    if count:
        return f"{count} claims need you" if count > 1 else "1 claim needs you"
    return "Final gate; passed automatic checks" if packet["summary"]["claims"] else "Final gate"
