"""The form of an agent's question: what a person fills in, made from a schema that nobody trusts."""

import math
from collections.abc import Mapping
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from proofroom.domain.errors import InvalidInput

DEFAULT_FORM: Mapping[str, Any] = {
    "type": "object",
    "required": ["answer"],
    "properties": {"answer": {"type": "string", "minLength": 1, "title": "Your answer"}},
    "additionalProperties": False,
}

MOST_ASKED_FOR = 10_000
"""Characters that an answer may be asked to have at least: no person writes more."""
_FIELD_TYPES = ("string", "integer", "number", "boolean")
_FIELD_KEYS = (
    "type",
    "title",
    "description",
    "default",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
)


def form_of(schema: Any) -> dict[str, Any]:
    """The form of a question: flat fields of simple types, whatever else the agent wrote left out.

    A schema comes from an agent, so patterns, references and nesting are not taken over. Raises InvalidInput
    (`form_invalid`).
    """
    if schema is None:
        return dict(DEFAULT_FORM)
    given = schema.get("properties")
    if not isinstance(given, dict) or not 1 <= len(cast(dict[str, Any], given)) <= 20:
        raise _form_invalid("a form has 1 to 20 properties")
    fields: dict[str, Any] = {}
    for name, field in cast(dict[str, Any], given).items():
        if not isinstance(field, dict) or cast(dict[str, Any], field).get("type") not in _FIELD_TYPES:
            raise _form_invalid(f"{name[:60]!r} must be one of {', '.join(_FIELD_TYPES)}")
        if len(name) > 60:
            raise _form_invalid(f"the name {name[:60]!r}… is longer than 60 characters")
        fields[name] = {k: v for k, v in cast(dict[str, Any], field).items() if k in _FIELD_KEYS}
    named: Any = schema.get("required", list(fields))
    if not isinstance(named, list):
        raise _form_invalid("required is a list of names of properties")
    required = [name for name in fields if name in cast(list[Any], named)]
    form = {"type": "object", "properties": fields, "required": required, "additionalProperties": False}
    try:
        Draft202012Validator.check_schema(form)
    except SchemaError as error:
        raise _form_invalid(error.message[:200]) from error
    for name, field in fields.items():
        if not _can_be_filled(field):
            raise _form_invalid(f"no answer to {name!r} would fit it")
    return form


def _can_be_filled(field: Mapping[str, Any]) -> bool:
    """Whether a person could write something that fits the field, which is a schema by now."""
    if "enum" in field:
        validator: Any = Draft202012Validator(dict(field))
        return any(validator.is_valid(value) for value in field["enum"])
    if field["type"] == "string":
        least = field.get("minLength", 0)
        return least <= min(field.get("maxLength", MOST_ASKED_FOR), MOST_ASKED_FOR)
    low, high = field.get("minimum", -math.inf), field.get("maximum", math.inf)
    if field["type"] == "integer" and math.isfinite(low) and math.isfinite(high):
        low, high = math.ceil(low), math.floor(high)
    return field["type"] == "boolean" or low <= high


def _form_invalid(why: str) -> InvalidInput:
    return InvalidInput(
        "form_invalid",
        f"The form of the question cannot be used: {why}.",
        hint="Ask with flat, simple fields.",
        field="schema",
    )
