"""An agent of somebody's own drives its session: what it is given, what it posts, what it waits to hear."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from proofroom.agents.tools import TOOLS
from proofroom.api.deps import MAX_WAIT_SECONDS, CallDep, Cursor, decode_number, encode_cursor
from proofroom.api.describe import problems_of
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.external import AgentDecisions, AgentEvents, AgentEventsAnswer, AgentTurn
from proofroom.db import checkpoints, work_sessions
from proofroom.engine import external as driven
from proofroom.services import external
from proofroom.services.views import at

router = APIRouter(
    prefix="/api/projects/{project_id}/work-sessions/{session_id}",
    tags=["your own agent"],
    route_class=JsonRoute,
)


@router.post(
    "/agent-events",
    response_model=AgentEventsAnswer,
    responses=problems_of(409),
    summary="Your own agent posts what it does, in a batch",
    description=(
        "All of a batch is kept or nothing. Each event has an id of your making; sent again it changes nothing. "
        "Every post renews the lease of the leg. `stopped` says that a person decides first."
    ),
)
async def post_agent_events(project_id: UUID, session_id: UUID, body: AgentEvents, call: CallDep) -> Response:
    events = [_posted(e.model_dump(exclude_unset=True)) for e in body.events]
    async with call.transaction() as tx:
        taken = await driven.post(
            call.parts, tx, call.actor, session_id, project_id=project_id, leg=body.leg, events=events
        )
    row = taken.session
    return JSONResponse(
        {
            "session_id": str(row.id), "status": row.status, "leg": row.leg, "iteration": row.iteration,
            "lease_until": at(row.lease_until) if external.is_its_turn(row) else None,
            "events": [asdict(e) for e in taken.events], "stopped": taken.stopped, "failure": row.failure,
        }
    )  # fmt: skip


def _posted(event: dict[str, Any]) -> driven.Posted:
    event_id, kind = event.pop("id"), event.pop("type")
    event = {name: value for name, value in event.items() if value is not None}
    for ours, of_tool in (("artifact_type", "type"), ("form", "schema")):
        if ours in event:
            event[of_tool] = event.pop(ours)
    return driven.Posted(event_id, kind, event)


@router.get(
    "/agent-turn",
    response_model=AgentTurn,
    responses=problems_of(409),
    summary="What your own agent is given for its present leg",
)
async def get_agent_turn(project_id: UUID, session_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        row = await work_sessions.get(tx, session_id, project_id)
        turn = await driven.turn_of(call.parts, tx, row)
    envelope = turn.envelope
    return JSONResponse(
        {
            "session_id": str(row.id), "leg": turn.run.leg, "iteration": turn.run.iteration,
            "lease_until": at(row.lease_until), "agent_type": turn.agent_type, "goal": turn.goal,
            "instructions": turn.instructions, "task": turn.task, "config": turn.config,
            "strategy": turn.strategy,
            "envelope": {
                "id": str(envelope.id), "digest": envelope.digest, "body": envelope.body,
                "blocks": list(envelope.blocks), "tables": list(envelope.tables),
            },
            "obligations": [
                {
                    "id": str(o.id), "comment": o.comment, "artifact_slot": o.artifact_slot,
                    "claim_text": o.claim_text, "passage": o.passage, "checks": list(o.checks),
                }
                for o in turn.obligations
            ],
            "previous": [
                {"slot": p.slot, "artifact_type": p.artifact_type, "title": p.title, "document": p.document}
                for p in turn.previous
            ],
            "tools": [
                {"name": n, "description": TOOLS[n].description, "arguments": TOOLS[n].schema}
                for n in turn.tool_names or ()
            ],
            "budget": asdict(turn.budget),
        }
    )  # fmt: skip


@router.get(
    "/decisions",
    response_model=AgentDecisions,
    responses=problems_of(409),
    summary="What your own agent has to know, as it is decided; `wait` holds the answer until there is something",
)
async def list_agent_decisions(
    project_id: UUID,
    session_id: UUID,
    call: CallDep,
    cursor: Cursor = None,
    wait: Annotated[
        int, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for something new.")
    ] = 0,
) -> Response:
    after = decode_number(cursor) or 0
    clock = asyncio.get_running_loop().time
    until = clock() + wait
    live = call.serving.live
    with live.watch(call.actor.workspace_id, session_id) as watch:
        while True:
            async with call.transaction() as tx:
                row = await work_sessions.get(tx, session_id, project_id)
                external.require_driven(row)
                news = await external.news(tx, row, after)
                waiting = await checkpoints.open_one(tx, row.id)
            left = until - clock()
            if news.items or left <= 0 or live.ended:
                break
            await watch.changed(left)
    return JSONResponse(
        {
            "session_id": str(row.id), "status": row.status, "leg": row.leg, "iteration": row.iteration,
            "checkpoint_id": None if waiting is None else str(waiting.id), "items": list(news.items),
            "next_cursor": encode_cursor(str(news.last)),
        }
    )  # fmt: skip
