"""Creating and deciding once: with an `Idempotency-Key`, a repeated request gets the first answer.

The key is claimed, the action done and the answer kept in one transaction, so there is no moment in which a
crash leaves one without the other. What was refused left nothing behind and may be sent again with its key.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Header
from starlette.responses import JSONResponse, Response

from proofroom.api import problems
from proofroom.api.deps import Call
from proofroom.db import idempotency
from proofroom.db.tx import Tx
from proofroom.domain.errors import Conflict

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="A key of your making for this one intention; sent again, it gets the first answer.",
    ),
]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and a JSON body."""

    status: int
    body: Any


Act = Callable[[Tx], Awaitable[Answer]]


async def once(call: Call, key: str | None, act: Act, *, fingerprint: bytes | None = None) -> Answer:
    """Does it in one transaction, committed when this returns, or answers what was answered before.

    `fingerprint` stands for the body when the body is not JSON. Raises Conflict (`idempotency_key_reused`)
    when the key belongs to another request.
    """
    async with call.transaction() as tx:
        if key is None:
            return await act(tx)
        request_hash = await _hash(call, fingerprint)
        before = await idempotency.claim(tx, call.actor.member_id, key, request_hash)
        if before is None:
            answer = await act(tx)
            await idempotency.keep(tx, call.actor.member_id, key, answer.status, answer.body)
            return answer
        if before.request_hash != request_hash:
            raise Conflict(
                "idempotency_key_reused",
                "This Idempotency-Key belongs to another request of yours.",
                hint="Make a new key for a new intention; repeat a key only with the same request.",
            )
        return Answer(before.status, before.response)


def respond(answer: Answer, call: Call, headers: dict[str, str] | None = None) -> Response:
    if answer.status >= 400:
        return problems.respond(answer.body, problems.request_id(call.request), headers)
    return JSONResponse(answer.body, status_code=answer.status, headers=headers)


async def _hash(call: Call, fingerprint: bytes | None) -> str:
    request = call.request
    body = fingerprint if fingerprint is not None else await _canonical(call)
    head = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(head + body).hexdigest()


async def _canonical(call: Call) -> bytes:
    """The body without what spacing and the order of members can differ in."""
    if not await call.request.body():
        return b""
    return json.dumps(await call.request.json(), sort_keys=True, separators=(",", ":")).encode()
