"""The committed OpenAPI document is what the program serves, and it declares what it must."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from proofroom.api.app import bare_app
from proofroom.api.openapi import main, render

COMMITTED = Path(__file__).parents[2] / "schemas" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
OPERATIONS = [(m, p, o) for p, item in DOCUMENT["paths"].items() for m, o in item.items()]


def test_the_committed_document_is_current(tmp_path: Path) -> None:
    assert main([str(tmp_path / "openapi.json")]) == 0
    assert (tmp_path / "openapi.json").read_text(encoding="utf-8") == render()
    assert COMMITTED.read_text(encoding="utf-8") == render(), "run `python -m proofroom.api.openapi`"


def test_operation_ids_are_plain_names_and_unique() -> None:
    ids = [o["operationId"] for _, _, o in OPERATIONS]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][a-z_]+", i) for i in ids)


@pytest.mark.parametrize(
    ("method", "path", "described"), OPERATIONS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_every_refusal_is_a_declared_problem(method: str, path: str, described: dict[str, Any]) -> None:
    assert described["summary"]
    for status, answer in described["responses"].items():
        assert answer["description"]
        if int(status) >= 400:
            assert list(answer["content"]) == ["application/problem+json"], (status, path)
    if path not in ("/api/health", "/api/ready", "/metrics"):
        assert "401" in described["responses"]
    named = set(re.findall(r"\{(\w+)\}", path))
    assert named == {p["name"] for p in described.get("parameters", ()) if p["in"] == "path"}
    if named:
        assert "404" in described["responses"]
    if "requestBody" in described:
        assert {"400", "413", "415", "422"} <= set(described["responses"])


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))
    assert names <= set(schemas)


def test_what_the_surface_promises_is_there() -> None:
    promised = {
        ("post", "/api/projects"), ("get", "/api/projects"), ("get", "/api/projects/{project_id}"),
        ("patch", "/api/projects/{project_id}"), ("delete", "/api/projects/{project_id}"),
        ("post", "/api/projects/{project_id}/sources"), ("get", "/api/projects/{project_id}/sources"),
        ("get", "/api/projects/{project_id}/sources/{source_id}"),
        ("get", "/api/projects/{project_id}/sources/{source_id}/content"),
        ("put", "/api/projects/{project_id}/sources/{source_id}/content"),
        ("post", "/api/projects/{project_id}/sources/{source_id}/retract"),
        ("get", "/api/projects/{project_id}/search"), ("get", "/api/agents"),
        ("get", "/api/projects/{project_id}/templates"), ("post", "/api/projects/{project_id}/templates"),
        ("post", "/api/projects/{project_id}/checks"), ("get", "/api/events"), ("get", "/api/checkpoints"),
        ("patch", "/api/checkpoints/{checkpoint_id}"), ("get", "/api/health"), ("get", "/api/ready"),
        ("get", "/metrics"),
    }  # fmt: skip
    base = "/api/projects/{project_id}/work-sessions"
    promised |= {("post", f"{base}/{{session_id}}/agent-events"), ("get", f"{base}/{{session_id}}/decisions")}
    promised |= {("post", base), ("get", base), ("get", f"{base}/{{session_id}}")}
    promised |= {("post", f"{base}/{{session_id}}/{v}") for v in ("execute", "cancel", "retry", "fork")}
    promised |= {("get", f"{base}/{{session_id}}/{v}") for v in ("status", "events", "envelope", "artifacts")}
    at = f"{base}/{{session_id}}/checkpoints/{{checkpoint_id}}"
    promised |= {("post", f"{at}/{v}") for v in ("approve", "withdraw", "reject", "request-changes")}
    assert promised <= {(m, p) for m, p, _ in OPERATIONS}


def test_looking_changes_nothing() -> None:
    """No GET takes a body or an idempotency key. Every POST takes a key, except where twice is as good as once, or
    where a kept answer would keep a secret."""
    keyless = (
        "/api/api-keys",
        "/api/projects/{project_id}/sample/new-year",
        "/api/checkpoints/{checkpoint_id}/lease",
        "/api/projects/{project_id}/work-sessions/{session_id}/checkpoints/{checkpoint_id}/recheck",  # stores nothing
        "/api/projects/{project_id}/policy/dry-run",  # stores nothing
        "/api/projects/{project_id}/work-sessions/{session_id}/agent-events",  # each event has an id of its own
    )
    for method, path, described in OPERATIONS:
        keyed = any(p["name"] == "Idempotency-Key" for p in described.get("parameters", ()))
        if method == "get":
            assert "requestBody" not in described
            assert not keyed
        elif method == "post":
            assert keyed or path in keyless


def test_the_document_is_made_once() -> None:
    app = bare_app()
    assert app.openapi() is app.openapi()
