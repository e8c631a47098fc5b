"""The tools' argument schemas."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from proofroom.agents.tools import MAX_ARGUMENT_BYTES, TOOLS, validate_arguments
from proofroom.domain.errors import InvalidInput

FILTER = {"filter": {"column": "year", "op": "eq", "value": 2023}}
GOOD: list[tuple[str, dict[str, Any]]] = [
    ("search_context", {"query": "orbit"}),
    ("search_context", {"query": "orbit", "k": 50}),
    ("read_block", {"ref": "b12", "before": 1}),
    ("read_table", {"source_id": "s", "table": 0}),
    ("read_table", {"title": "Energy"}),
    ("compute", {"source_id": "s", "table": 0, "steps": []}),
    (
        "compute",
        {
            "source_id": "s",
            "table": 0,
            "steps": [
                FILTER,
                {"group": {"by": ["year"], "aggregates": [{"fn": "sum", "column": "twh", "as": "twh"}]}},
                {"change": {"column": "twh", "over": "year", "kind": "percent", "within": []}},
                {"share": {"column": "twh", "as": "share"}},
                {"sort": {"by": "twh", "desc": True}},
                {"limit": 5},
                {"select": {"columns": ["year"]}},
            ],
        },
    ),
    ("emit_plan", {"steps": [{"title": "Look"}]}),
    (
        "emit_artifact",
        {"slot": "finding-1", "type": "report", "title": "T", "markdown": "x", "confidence": 0.5},
    ),
    ("emit_artifact", {"slot": "a", "type": "report", "title": "T", "document": {}, "high_impact": "public"}),
    ("ask_reviewer", {"question": "Which?", "schema": {"type": "object"}}),
    ("request_review", {"reason": "x"}),
    ("report_progress", {"done": 0, "total": 3, "label": ""}),
]
BAD: list[tuple[str, dict[str, Any], str | None]] = [
    ("search_context", {}, None),
    ("search_context", {"query": ""}, "query"),
    ("search_context", {"query": "x" * 1001}, "query"),
    ("search_context", {"query": "x", "k": 51}, "k"),
    ("search_context", {"query": "x", "project": "other"}, None),
    ("read_block", {"ref": "../b1"}, "ref"),
    ("read_table", {"table": 0}, "source_id"),
    ("read_table", {"source_id": "s", "title": "t"}, "source_id"),
    ("compute", {"source_id": "s", "table": -1, "steps": []}, "table"),
    ("compute", {"source_id": "s", "table": 0, "steps": [{"eval": "1"}]}, "steps[0]"),
    ("compute", {"source_id": "s", "table": 0, "steps": [FILTER] * 21}, "steps"),
    ("emit_plan", {"steps": []}, "steps"),
    ("emit_artifact", {"slot": "a", "type": "report", "title": "T"}, "markdown"),
    (
        "emit_artifact",
        {"slot": "a", "type": "report", "title": "T", "markdown": "x", "document": {}},
        "markdown",
    ),
    ("emit_artifact", {"slot": "A b", "type": "report", "title": "T", "markdown": "x"}, "slot"),
    ("emit_artifact", {"slot": "a", "type": "poem", "title": "T", "markdown": "x"}, "type"),
    (
        "emit_artifact",
        {"slot": "a", "type": "report", "title": "T", "markdown": "x", "confidence": 2},
        "confidence",
    ),
    (
        "emit_artifact",
        {"slot": "a", "type": "report", "title": "T", "markdown": "x", "high_impact": "no"},
        "high_impact",
    ),
    ("report_progress", {"done": 1, "total": 0}, "total"),
]


@pytest.mark.parametrize("name", TOOLS)
def test_every_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(dict(TOOLS[name].schema))
    assert TOOLS[name].description


@pytest.mark.parametrize(("name", "arguments"), GOOD)
def test_good_arguments_are_kept(name: str, arguments: dict[str, Any]) -> None:
    assert validate_arguments(name, arguments) == arguments


def test_every_tool_has_a_good_example() -> None:
    assert {name for name, _ in GOOD} == set(TOOLS)


@pytest.mark.parametrize(("name", "arguments", "field"), BAD)
def test_bad_arguments_are_refused(name: str, arguments: dict[str, Any], field: str | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        validate_arguments(name, arguments)
    assert caught.value.code == "tool_arguments_invalid"
    assert caught.value.message.startswith(f"{name}: ")
    if field is not None:
        assert (caught.value.field or "").startswith(field)


def test_an_unknown_tool_lists_the_tools() -> None:
    with pytest.raises(InvalidInput) as caught:
        validate_arguments("send_email", {})
    assert caught.value.code == "unknown_tool"
    assert "search_context" in caught.value.hint


def test_sizes_and_depth_are_limited() -> None:
    deep: Any = {}
    for _ in range(200):
        deep = {"x": deep}
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("ask_reviewer", {"question": "x", "schema": {"x": "y" * MAX_ARGUMENT_BYTES}}, "bytes"),
        ("ask_reviewer", {"question": "x", "schema": deep}, "nested"),
        ("ask_reviewer", {"question": "x", "schema": {"x": float("nan")}}, "not JSON"),
        ("ask_reviewer", {"question": "x", "schema": {"x": object()}}, "not JSON"),
    ]
    for name, arguments, says in cases:
        with pytest.raises(InvalidInput, match=says):
            validate_arguments(name, arguments)
