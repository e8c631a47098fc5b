"""What the tests of the HTTP API share: a client that holds every answer against the OpenAPI document."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from proofroom.db.models import WorkSession
from proofroom.db.tx import Database
from proofroom.engine import leg
from proofroom.engine.parts import Parts
from proofroom.services import sources
from proofroom.services.access import Actor

DOCUMENT = json.loads((Path(__file__).parents[3] / "schemas" / "openapi.json").read_text(encoding="utf-8"))
PATHS = {re.compile("^" + re.sub(r"\{[^/]+\}", "[^/]+", path) + "$"): path for path in DOCUMENT["paths"]}
BASE = "http://127.0.0.1:8787"


def operation(method: str, path: str) -> Mapping[str, Any] | None:
    """The operation that a request is, the plainest path first; None for what is not in the document."""
    found = [template for pattern, template in PATHS.items() if pattern.match(path)]
    found.sort(key=lambda template: template.count("{"))
    return DOCUMENT["paths"][found[0]].get(method.lower()) if found else None


def check_against_document(response: httpx.Response) -> None:
    """Raises AssertionError when an answer is not as the document says: its status, its type, its body."""
    request = response.request
    described = operation(request.method, request.url.path)
    assert response.headers.get("X-Request-Id"), "every answer carries a request id"
    kind = response.headers.get("content-type", "").partition(";")[0]
    if response.status_code >= 400:
        assert kind == "application/problem+json", f"{response.status_code} is {kind}: {response.text[:300]}"
        validate(response.json(), {"$ref": "#/components/schemas/Problem"})
        assert response.json()["status"] == response.status_code
    if described is None:
        assert response.status_code >= 400 or not request.url.path.startswith("/api/"), "undocumented"
        return
    declared = described["responses"].get(str(response.status_code))
    assert declared is not None, f"{request.method} {request.url.path} may not answer {response.status_code}"
    if response.status_code in (204, 304):
        assert response.content == b""
        return
    content = declared["content"]
    assert kind in content, f"{kind} is not among {list(content)}"
    if kind == "application/json" and response.status_code < 400:
        validate(response.json(), content[kind]["schema"])


def validate(value: Any, schema: Mapping[str, Any]) -> None:
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    errors = sorted(validator.iter_errors(value), key=lambda e: [str(p) for p in e.absolute_path])
    said = [f"{'.'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in errors[:5]]
    assert not errors, f"{schema}: {said}"


class Api:
    """A client of one caller. Paths are under /api unless they begin with `//`; every answer is checked."""

    def __init__(self, app: FastAPI, *, key: str | None = None, base: str = BASE) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=base, headers=headers, timeout=60
        )

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        url = path[1:] if path.startswith("//") else f"/api{path}"
        response = await self.http.request(method, url, **options)
        check_against_document(response)
        return response

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.send("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.send("POST", path, **({} if json is None else {"json": json}), **options)

    async def ok(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """The JSON of an answer that must have this status."""
        response = await self.send(method, path, **options)
        assert response.status_code == status, f"{response.status_code}: {response.text[:600]}"
        return response.json() if response.content else None

    async def problem(self, method: str, path: str, status: int, code: str, **options: Any) -> dict[str, Any]:
        """The problem of an answer that must be this one."""
        response = await self.send(method, path, **options)
        assert (response.status_code, response.json().get("code")) == (status, code), response.text[:600]
        return response.json()


@dataclass(frozen=True, slots=True)
class World:
    """A workspace with its API, and a worker's hands."""

    app: FastAPI
    api: Api
    parts: Parts
    actor: Actor
    scripts: Path

    @property
    def db(self) -> Database:
        return self.parts.db

    async def project(self, name: str = "A project") -> str:
        return (await self.api.ok("POST", "/projects", 201, json={"name": name}))["id"]

    async def add_text(self, project: str, text: str, title: str = "A source") -> str:
        """A source, captured."""
        added = await self.api.ok(
            "POST", f"/projects/{project}/sources", 202, json={"text": text, "title": title}
        )
        await self.capture(added["id"])
        return added["id"]

    async def capture(self, source_id: str) -> None:
        await sources.capture_now(self.db, self.actor.workspace_id, UUID(source_id))

    async def drive(self, session_id: str) -> WorkSession:
        """Does what a worker does, until the session rests."""
        return await leg.drive(self.parts, self.actor.workspace_id, UUID(session_id))

    def script(self, text: str, name: str = "play") -> str:
        """Writes a script; answers the runtime that plays it."""
        (self.scripts / f"{name}.yaml").write_text(text, encoding="utf-8")
        return f"scripted:{name}.yaml"

    async def session(self, project: str, **fields: Any) -> str:
        body = {"agent_type": "research", "task_description": "What was the closest approach?", **fields}
        made = await self.api.ok("POST", f"/projects/{project}/work-sessions", 201, json=body)
        return made["id"]

    async def waiting(self, project: str, **fields: Any) -> tuple[str, dict[str, Any]]:
        """(path of a session that waits for its review, its checkpoint)"""
        session_id = await self.session(project, auto_execute=True, **fields)
        row = await self.drive(session_id)
        assert row.status == "pending_review", (row.status, row.failure)
        path = f"/projects/{project}/work-sessions/{session_id}"
        checkpoints = await self.api.ok("GET", f"{path}/checkpoints")
        return path, checkpoints["items"][-1]


NOTE = """
steps:
  - artifact:
      slot: note
      type: research_finding
      title: A note
      markdown: "The closest approach was 57 km. [[{{ b:came to 57 km }}|came to 57 km]]"
  - finish: {summary: Done}
"""

FLAGGED = """
steps:
  - artifact:
      slot: note
      type: research_finding
      title: A note
      markdown: "The closest approach was 75 km. [[{{ b:came to 57 km }}|came to 57 km]]"
  - finish: {summary: Done}
"""

SOURCE = "Worked out again after the loss, the closest approach came to 57 km.\n\nThe board took 80 km."
