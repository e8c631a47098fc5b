"""The form of a question: what an agent wrote of it that is taken over, and what is not."""

from typing import Any

import pytest

from proofroom.domain.errors import InvalidInput
from proofroom.engine.forms import DEFAULT_FORM, form_of


def test_without_a_schema_the_answer_is_text() -> None:
    assert form_of(None) == DEFAULT_FORM


def test_only_flat_simple_fields_are_taken_over() -> None:
    field = {"type": "string", "title": "Which?", "enum": ["a", "b"], "maxLength": 9}
    hostile = {
        "pattern": "(a+)+$",
        "$ref": "https://elsewhere.example/s",
        "contentEncoding": "base64",
        "x": 1,
    }
    made = form_of(
        {
            "type": "array", "$defs": {"d": {}}, "allOf": [False], "required": [{}, "which", "absent"],
            "properties": {"which": {**field, **hostile}, "n": {"type": "integer", "minimum": 1}},
        }
    )  # fmt: skip
    assert made == {
        "type": "object", "additionalProperties": False, "required": ["which"],
        "properties": {"which": field, "n": {"type": "integer", "minimum": 1}},
    }  # fmt: skip


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": {}},
        {"properties": {f"f{n}": {"type": "string"} for n in range(21)}},
        {"properties": {"a": {"type": "object", "properties": {}}}},
        {"properties": {"a": {"$ref": "#"}}},
        {"properties": {"a": "string"}},
        {"properties": {"a": {"type": "string", "enum": "no list"}}},
        {"properties": {"a": {"type": "string"}}, "required": True},
        {"properties": {"a": {"type": "string"}}, "required": None},
        {"properties": {"a" * 61: {"type": "string"}}},
    ],
)
def test_what_is_no_such_form_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        form_of(schema)
    assert refused.value.code == "form_invalid"


@pytest.mark.parametrize(
    ("field", "can"),
    [
        ({"type": "integer", "enum": ["x"]}, False),
        ({"type": "integer", "enum": ["x", 3]}, True),
        ({"type": "string", "enum": []}, False),
        ({"type": "string", "enum": ["ab"], "minLength": 3}, False),
        ({"type": "string", "enum": ["abc"], "minLength": 3}, True),
        ({"type": "string", "minLength": 1_000_000_000}, False),
        ({"type": "string", "minLength": 1e9}, False),
        ({"type": "string", "minLength": 5, "maxLength": 4}, False),
        ({"type": "string", "minLength": 5, "maxLength": 5}, True),
        ({"type": "integer", "minimum": 5, "maximum": 4}, False),
        ({"type": "integer", "minimum": 4.2, "maximum": 4.8}, False),
        ({"type": "number", "minimum": 4.2, "maximum": 4.8}, True),
        ({"type": "number", "minimum": 4.8, "maximum": 4.2}, False),
        ({"type": "integer", "minimum": 4}, True),
        ({"type": "boolean"}, True),
        ({"type": "boolean", "enum": ["yes"]}, False),
    ],
)
def test_a_form_that_nobody_can_fill_is_refused(field: dict[str, Any], can: bool) -> None:
    schema = {"properties": {"why": {"type": "string"}, "which": field}, "required": ["why"]}
    if can:
        assert form_of(schema)["properties"]["which"] == field
        return
    with pytest.raises(InvalidInput) as refused:
        form_of(schema)
    assert refused.value.code == "form_invalid"
    assert "no answer to 'which' would fit it" in refused.value.message
