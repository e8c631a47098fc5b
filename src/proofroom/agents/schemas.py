"""JSON Schema checks whose complaints people can read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import jsonschema
from jsonschema import exceptions, validators
from jsonschema.exceptions import ValidationError


def _pattern(_: object, pattern: str, value: object, schema: object) -> Iterator[ValidationError]:  # noqa: ARG001
    """As JSON Schema means it: `$` is the end, where Python lets a line break follow, which nobody sees."""
    meant = f"{pattern[:-1]}\\Z" if pattern.endswith("$") and not pattern.endswith("\\$") else pattern
    if isinstance(value, str) and not re.search(meant, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_extended: Any = validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
_Validator = cast("type[jsonschema.Draft202012Validator]", _extended)


def first_problem(schema: Mapping[str, Any], value: object) -> ValidationError | None:
    """The violation most worth telling of draft 2020-12 `schema` by `value`, or None.

    For a choice between forms it is the one inside the form that fits best, where there is one.
    """
    validator = _Validator(dict(schema))
    found = cast("list[ValidationError]", list(validator.iter_errors(cast("Any", value))))  # pyright: ignore[reportUnknownMemberType]
    if not found:
        return None
    plain = [one for one in found if one.validator not in ("oneOf", "anyOf")]
    if plain:
        return plain[0]
    if not found[0].absolute_path:
        return found[0]
    best = exceptions.best_match(found)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return cast("ValidationError | None", best) or found[0]


def path_of(error: ValidationError) -> tuple[str | int, ...]:
    return tuple(error.absolute_path)


def dotted(path: Sequence[str | int]) -> str:
    """A path as people write it: `steps[2].artifact.slot`."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else (f".{part}" if out else part)
    return out


def unknown_keys(error: ValidationError) -> list[str]:
    """The keys that an `additionalProperties` violation is about."""
    if error.validator != "additionalProperties" or not isinstance(error.instance, dict):
        return []
    schema: dict[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    known = schema.get("properties", {})
    return [str(key) for key in cast("dict[Any, Any]", error.instance) if key not in known]


def missing_keys(error: ValidationError) -> list[str]:
    """The keys that a `required` violation is about."""
    if error.validator != "required" or not isinstance(error.instance, dict):
        return []
    present = cast("dict[Any, Any]", error.instance)
    return [str(name) for name in cast("list[str]", error.validator_value) if name not in present]


def say(error: ValidationError, whole: str = "the whole") -> str:
    """One sentence for a violation, with the range or the choices allowed. `whole` is what is looked at called."""
    schema: dict[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    kind = str(error.validator)
    limit = cast("Any", error.validator_value)
    value = cast("Any", error.instance)
    where = dotted(path_of(error)) or whole
    if kind in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        return f"{where} is {_short(value)}; allowed is {_range(schema)}."
    if kind == "enum":
        return f"{where} is {_short(value)}; allowed are {', '.join(str(one) for one in limit)}."
    if kind == "const":
        return f"{where} must be {limit!r}."
    if kind == "type":
        wanted = [limit] if isinstance(limit, str) else cast("list[str]", limit)
        return (
            f"{where} is {_short(value)}; it must be {' or '.join(_KINDS.get(one, one) for one in wanted)}."
        )
    if kind == "required":
        return f"{where} lacks {', '.join(missing_keys(error))}."
    if kind == "additionalProperties":
        known = ", ".join(schema.get("properties", {})) or "none"
        return f"{where} has the unknown key {', '.join(unknown_keys(error))[:200]}; known are {known}."
    if kind in ("minLength", "minItems", "minProperties"):
        return f"{where} is too short; at least {limit} needed."
    if kind in ("maxLength", "maxItems", "maxProperties"):
        unit = {"maxLength": "characters", "maxItems": "entries", "maxProperties": "keys"}[kind]
        return f"{where} has {len(value):,} {unit}; at most {limit:,} allowed."
    if kind == "uniqueItems":
        return f"{where} names the same entry twice."
    if kind == "pattern":
        return f"{where} is {_short(value)}; {schema.get('description') or f'it must match {limit}.'}"
    if kind in ("oneOf", "anyOf"):
        return f"{where} fits none of the allowed forms, or more than one."
    return f"{where}: {_short(error.message)}."


_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a set of keys",
}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _range(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return f"{low} or more"
    if high is not None:
        return f"{high} or less"
    if schema.get("exclusiveMinimum") is not None:
        return f"more than {schema['exclusiveMinimum']}"
    return f"less than {schema.get('exclusiveMaximum')}"
