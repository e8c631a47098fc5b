"""The tools an agent may call: names, what they do, and the JSON Schema of their arguments.

Nothing is carried out here. Answers, for whoever writes a runtime:

- search_context: {"items": [{alias, block_id, source_id, version, source_title, kind, page, heading,
  char_start, char_end, text, score, instruction_like, marks}], "truncated"}. An alias handed out here can be cited
  like one of the envelope.
- read_block: {alias, block_id, source_id, version, source_title, kind, page, heading, char_start, char_end,
  text, before: [item…], after: [item…]}; every neighbour has an alias of its own.
- read_table: {source_id, version, source_title, table, name, columns: [str], types: [number|text|date],
  rows: [[str]], row_count, offset, truncated, more?}; at most 2,000 rows.
- compute: {"table": {"columns": [str], "types"?, "rows": [[str|null]]}, "computed": Computation, row_count, offset,
  truncated, more?, joins}; numbers are decimal text. `computed` belongs, unchanged, into the table or chart that shows
  the result.
- emit_plan: {"steps": n}. emit_artifact: {slot, version, summary: {claims, needs_you, passed, opinions}}.
- ask_reviewer: {"answers": {…}} once a person has answered. request_review, report_progress: {}.

Each answer of a reading tool is recorded with the envelope; MAX_READS and MAX_READ_CHARS bound them (`reads_used_up`).
An answer that was cut says `truncated`, and in `more` how to get the rest.
A refusal is a result that is not ok: {code, message, hint}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from jsonschema.exceptions import ValidationError

from proofroom.agents.schemas import dotted, first_problem, path_of, say
from proofroom.domain.errors import InvalidInput
from proofroom.domain.periods import UNITS

MAX_DOCUMENT_BYTES = 2_000_000
MAX_ARGUMENT_BYTES = 64_000
MAX_DEPTH = 60
MAX_TABLE_ROWS = 2_000
READING_TOOLS = ("search_context", "read_block", "read_table", "compute")
MAX_READS = 500
"""Answers of reading tools that a session may get in one iteration, over all legs of it."""
MAX_READ_CHARS = 5_000_000
"""Their size together, as JSON, in characters."""
CALL_SECONDS = 60.0
"""How long one call may take."""

ARTIFACT_TYPES = ("research_finding", "content_draft", "report", "generic_output")
HIGH_IMPACT = ("public", "external_recipient", "legal", "medical", "financial")


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One tool. `schema` is the JSON Schema of its arguments, `max_bytes` their largest size as JSON."""

    name: str
    description: str
    schema: Mapping[str, Any]
    max_bytes: int = MAX_ARGUMENT_BYTES


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def _text(most: int, description: str = "", least: int = 1) -> dict[str, Any]:
    return {"type": "string", "minLength": least, "maxLength": most, "description": description}


_NAME = _text(300, "Name of a column, as the table has it.")
_NAMES = {"type": "array", "items": _NAME, "minItems": 1, "maxItems": 50}
_TABLE = {
    "type": "integer",
    "minimum": 0,
    "maximum": 10_000,
    "description": "Number of the table, from 0 on.",
}
_OFFSET = {
    "type": "integer",
    "minimum": 0,
    "maximum": 1_000_000,
    "default": 0,
    "description": "Rows to leave out before those that are answered; `more` of a cut answer says the next one.",
}
_REF = {
    "type": "string",
    "pattern": r"^[A-Za-z][A-Za-z0-9_-]{0,31}$",
    "description": "an alias as the envelope or search_context gave it, such as b12.",
}

_WITHIN = {"type": "array", "items": _NAME, "maxItems": 10}

COMPUTE_STEP: dict[str, Any] = {
    "oneOf": [
        _object(
            ["filter"],
            filter=_object(
                ["column", "op"],
                column=_NAME,
                op={"enum": ["eq", "ne", "lt", "le", "gt", "ge", "in", "between", "contains", "present"]},
                value={},
            ),
        ),
        _object(
            ["period"],
            period=_object(["column", "unit"], column=_NAME, unit={"enum": list(UNITS)}, **{"as": _NAME}),
        ),
        _object(
            ["group"],
            group=_object(
                ["by", "aggregates"],
                by={"type": "array", "items": _NAME, "maxItems": 10},
                aggregates={
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 20,
                    "items": _object(
                        ["fn"],
                        fn={
                            "enum": [
                                "sum",
                                "mean",
                                "min",
                                "max",
                                "median",
                                "first_quartile",
                                "third_quartile",
                                "count",
                            ]
                        },
                        column=_NAME,
                        **{"as": _NAME},
                    ),
                },
            ),
        ),
        _object(["sort"], sort=_object(["by"], by=_NAME, desc={"type": "boolean"})),
        _object(["limit"], limit={"type": "integer", "minimum": 0, "maximum": MAX_TABLE_ROWS}),
        _object(
            ["change"],
            change=_object(
                ["column", "over"],
                column=_NAME,
                over=_NAME,
                kind={"enum": ["absolute", "percent"]},
                within=_WITHIN,
                **{"as": _NAME},
            ),
        ),
        _object(
            ["share"],
            share=_object(
                ["column"],
                column=_NAME,
                kind={"enum": ["percent", "fraction"]},
                within=_WITHIN,
                **{"as": _NAME},
            ),
        ),
        _object(["select"], select=_object(["columns"], columns=_NAMES)),
        _object(
            ["join"],
            join=_object(
                ["source_id", "table", "on"],
                source_id=_text(64, "Id of the source of the other table."),
                table=_TABLE,
                version={"type": "integer", "minimum": 1},
                on={
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 5,
                    "items": _object(["left", "right"], left=_NAME, right=_NAME),
                },
                columns=_NAMES,
                kind={"enum": ["left", "inner"]},
                prefix=_text(40, "Before the names of the columns that are added.", least=0),
            ),
        ),
    ]
}

_SPECS = (
    ToolSpec(
        "search_context",
        "Find passages of the project's sources. A few technical words work better than a sentence. "
        "The alias of a passage can be cited.",
        _object(
            ["query"],
            query=_text(1_000, "What to look for."),
            k={
                "type": "integer",
                "minimum": 1,
                "maximum": 50,
                "default": 10,
                "description": "How many passages.",
            },
        ),
    ),
    ToolSpec(
        "read_block",
        "Read one passage whole, with passages before and after it where asked.",
        _object(
            ["ref"],
            ref=_REF,
            before={"type": "integer", "minimum": 0, "maximum": 5, "default": 0},
            after={"type": "integer", "minimum": 0, "maximum": 5, "default": 0},
        ),
    ),
    ToolSpec(
        "read_table",
        f"Read a captured table: columns, types and at most {MAX_TABLE_ROWS:,} rows, as the file has them.",
        {
            **_object(
                [],
                source_id=_text(64, "Id of the source."),
                title=_text(300, "Title of the source."),
                table=_TABLE,
                offset=_OFFSET,
            ),
            "oneOf": [{"required": ["source_id"]}, {"required": ["title"]}],
        },
    ),
    ToolSpec(
        "compute",
        "Compute on a captured table: filter, period, group, sort, limit, change, share, select, join, in the order "
        "given; exact decimal arithmetic. Put the `computed` of the answer into the table or chart that shows "
        "the result.",
        _object(
            ["source_id", "table", "steps"],
            source_id=_text(64, "Id of the source."),
            table=_TABLE,
            steps={"type": "array", "items": COMPUTE_STEP, "maxItems": 20},
            offset=_OFFSET,
        ),
    ),
    ToolSpec(
        "emit_plan",
        "Say what you will do, once, before you start. A person may have to approve it.",
        _object(
            ["steps"],
            steps={
                "type": "array",
                "minItems": 1,
                "maxItems": 50,
                "items": _object(["title"], title=_text(300), detail=_text(2_000, least=0)),
            },
        ),
    ),
    ToolSpec(
        "emit_artifact",
        "Propose an artifact. The same slot again makes a new version of it. Give markdown or document, not "
        "both; cite facts as [[alias|verbatim quote]].",
        {
            **_object(
                ["slot", "type", "title"],
                slot={
                    "type": "string",
                    "pattern": r"^[a-z0-9][a-z0-9_.-]{0,63}$",
                    "description": "1 to 64 lower-case letters, digits, dots, dashes, underscores.",
                },
                type={"enum": list(ARTIFACT_TYPES)},
                title=_text(300),
                markdown=_text(MAX_DOCUMENT_BYTES),
                document={"type": "object", "description": "ArtifactDocument, version 1."},
                high_impact={"enum": list(HIGH_IMPACT)},
                confidence={"type": "number", "minimum": 0, "maximum": 1},
            ),
            "oneOf": [{"required": ["markdown"]}, {"required": ["document"]}],
        },
        max_bytes=MAX_DOCUMENT_BYTES,
    ),
    ToolSpec(
        "ask_reviewer",
        "Ask a person something you cannot go on without. With a schema the answer is a form; without one "
        "it is text under `answer`.",
        _object(
            ["question"],
            question=_text(2_000),
            schema={"type": "object", "description": "JSON Schema of the form: flat properties."},
        ),
    ),
    ToolSpec(
        "request_review",
        "Ask for a person to look before you go on, and say why.",
        _object(["reason"], reason=_text(2_000)),
    ),
    ToolSpec(
        "report_progress",
        "Say how far you are.",
        {
            **_object(
                ["done", "total"],
                done={"type": "integer", "minimum": 0, "maximum": 1_000_000},
                total={"type": "integer", "minimum": 1, "maximum": 1_000_000},
                label=_text(200, least=0),
            )
        },
    ),
)

TOOLS: Mapping[str, ToolSpec] = {spec.name: spec for spec in _SPECS}


def validate_arguments(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, checked against the tool's schema and size; defaults are not filled in.

    Raises InvalidInput `unknown_tool` or `tool_arguments_invalid`; `field` is the path inside the arguments.
    """
    spec = TOOLS.get(name)
    if spec is None:
        raise InvalidInput(
            "unknown_tool",
            f"There is no tool called {name[:80]!r}.",
            f"Tools are: {', '.join(TOOLS)}.",
            field="tool",
        )
    if _too_deep(arguments):
        raise _refusal(name, f"the arguments are nested more than {MAX_DEPTH} deep.", None)
    try:
        size = len(json.dumps(dict(arguments), ensure_ascii=False, allow_nan=False).encode("utf-8"))
    except (TypeError, ValueError) as error:
        raise _refusal(name, f"the arguments are not JSON: {error}.", None) from error
    if size > spec.max_bytes:
        raise _refusal(name, f"the arguments take {size:,} bytes; at most {spec.max_bytes:,} are read.", None)
    error = first_problem(spec.schema, dict(arguments))
    if error is not None:
        raise _refusal(name, *_say(error))
    return dict(arguments)


def _say(error: ValidationError) -> tuple[str, str | None]:
    if error.validator == "oneOf" and not error.absolute_path:
        forms = cast("list[dict[str, list[str]]]", error.validator_value)
        wanted = [form["required"][0] for form in forms]
        return f"give exactly one of {' and '.join(wanted)}.", wanted[0]
    return say(error, "the call"), dotted(path_of(error)) or None


def _refusal(name: str, what: str, field: str | None) -> InvalidInput:
    return InvalidInput(
        "tool_arguments_invalid",
        f"{name}: {what}",
        "Correct the arguments and call the tool again.",
        field=field,
    )


def _too_deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for one in level:
            if isinstance(one, Mapping):
                below.extend(cast("Mapping[str, Any]", one).values())
            elif isinstance(one, list | tuple):
                below.extend(cast("list[Any]", one))
        if not below:
            return False
        level = below
    return True
