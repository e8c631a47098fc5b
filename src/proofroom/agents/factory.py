"""Agent definitions: what an agent is for, which tools it may call and which settings a person may choose.

A definition is a YAML file. Adding a file adds an agent to the API, the forms and the command line. Its
settings are described by a subset of JSON Schema (2020-12) that a form can be drawn from: flat properties of
type string, integer, number, boolean, or a list of strings, each with a title.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

from jsonschema.exceptions import ValidationError

from proofroom.agents.schemas import dotted, first_problem, missing_keys, path_of, say, unknown_keys
from proofroom.agents.tools import HIGH_IMPACT, TOOLS
from proofroom.agents.yamlfile import YamlFile, check_yaml, read_yaml, yaml_error
from proofroom.domain.errors import InvalidInput
from proofroom.domain.selection import TOKEN_BUDGET, ContextWeights

OUTPUT_TYPES = ("research_finding", "content_draft", "report", "generic_output")
BLOCK_KINDS = ("heading", "paragraph", "list_item", "quote", "code", "table_header", "table_row")
ORIGINS = ("captured", "approved")
RESERVED = ("check",)
"""Names that stand for something else where a session says what kind of work it is."""
MAX_OWN_CHARS = 100_000
MIN_CONTEXT, MAX_CONTEXT = 1_000, 200_000  # tokens

_WEIGHT: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0, "maximum": 10}
_CONTEXT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "token_budget": {"type": "integer", "minimum": MIN_CONTEXT, "maximum": MAX_CONTEXT},
        "most_per_source": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "weights": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "kind": {
                    "type": "object",
                    "propertyNames": {"enum": list(BLOCK_KINDS)},
                    "additionalProperties": _WEIGHT,
                },
                "content_type": {
                    "type": "object",
                    "propertyNames": {"pattern": r"^[a-z]+/(\*|[a-z0-9.+-]+)$"},
                    "additionalProperties": _WEIGHT,
                },
                "origin": {
                    "type": "object",
                    "propertyNames": {"enum": list(ORIGINS)},
                    "additionalProperties": _WEIGHT,
                },
                "recency": {"type": "number", "minimum": 0, "maximum": 1},
            },
        },
    },
}

_PROPERTY: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "title", "default"],
    "properties": {
        "type": {"enum": ["string", "integer", "number", "boolean", "array"]},
        "title": {"type": "string", "minLength": 1, "maxLength": 80},
        "description": {"type": "string", "maxLength": 500},
        "default": {},
        "enum": {
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "items": {"type": ["string", "number", "boolean"]},
        },
        "minimum": {"type": "number"},
        "maximum": {"type": "number"},
        "minLength": {"type": "integer", "minimum": 0},
        "maxLength": {"type": "integer", "minimum": 1},
        "pattern": {"type": "string"},
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["type"],
            "properties": {
                "type": {"const": "string"},
                "enum": {"type": "array", "minItems": 1, "items": {"type": "string"}},
                "minLength": {"type": "integer", "minimum": 0},
                "maxLength": {"type": "integer", "minimum": 1},
            },
        },
        "minItems": {"type": "integer", "minimum": 0},
        "maxItems": {"type": "integer", "minimum": 1},
        "uniqueItems": {"type": "boolean"},
    },
}

DEFINITION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "title", "goal", "instructions", "tools", "output_types", "config_schema"],
    "properties": {
        "name": {
            "type": "string",
            "pattern": "^[a-z][a-z0-9_]{1,39}$",
            "description": "a name is 2 to 40 lower-case letters, digits and underscores, a letter first.",
        },
        "title": {"type": "string", "minLength": 1, "maxLength": 80},
        "goal": {"type": "string", "minLength": 1, "maxLength": 1_000},
        "instructions": {"type": "string", "minLength": 1, "maxLength": 20_000},
        "tools": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"enum": sorted(TOOLS)},
        },
        "output_types": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"enum": list(OUTPUT_TYPES)},
        },
        "thresholds": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"low_confidence": {"type": "number", "minimum": 0, "maximum": 1}},
        },
        "impact": {
            "type": "object",
            "additionalProperties": False,
            "required": ["setting", "values"],
            "properties": {
                "setting": {"type": "string"},
                "values": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {"enum": list(HIGH_IMPACT)},
                },
            },
        },
        "budget": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "tokens": {"type": "integer", "minimum": 1},
                "usd": {"type": "number", "exclusiveMinimum": 0},
                "seconds": {"type": "number", "exclusiveMinimum": 0},
            },
        },
        "context": _CONTEXT,
        "config_schema": {
            "type": "object",
            "additionalProperties": False,
            "required": ["type", "additionalProperties", "properties"],
            "properties": {
                "type": {"const": "object"},
                "additionalProperties": {"const": False},
                "required": {"type": "array", "items": {"type": "string"}},
                "properties": {
                    "type": "object",
                    "propertyNames": {
                        "type": "string",
                        "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,59}$",
                        "description": "a setting's name is 1 to 60 letters, digits, - or _, a letter first.",
                    },
                    "additionalProperties": _PROPERTY,
                    "maxProperties": 50,
                },
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class AgentDefinition:
    """One kind of agent.

    `config_schema` is JSON Schema for its settings, in the order a form shows them. `thresholds` holds
    `low_confidence` (0 to 1). `budget` is the default per session: `tokens`, `usd` (US dollars), `seconds`.
    `impact_setting` names the setting that says where the result is meant for, `impact_values` what each of its
    values means; an agent cannot make it less. `context` says how its context envelope is put together. `text` is
    the YAML that it was read from.
    """

    name: str
    title: str
    goal: str
    instructions: str
    tools: tuple[str, ...]
    output_types: tuple[str, ...]
    config_schema: Mapping[str, Any]
    thresholds: Mapping[str, float]
    budget: Mapping[str, float]
    impact_setting: str | None = None
    impact_values: Mapping[str, str] = field(default_factory=dict[str, str])
    context: ContextWeights = field(default_factory=ContextWeights)
    text: str = field(default="", repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the text, as hex."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()

    def threshold(self, config: Mapping[str, Any], default: float) -> float:
        """The confidence below which work counts as doubtful, 0 to 1: by the setting `confidence_threshold` where the
        agent has one, else by the definition."""
        asked = config.get("confidence_threshold")
        if isinstance(asked, int | float) and not isinstance(asked, bool):
            return float(asked)
        return float(self.thresholds.get("low_confidence", default))

    def impact_of(self, config: Mapping[str, Any], said: str | None) -> str | None:
        """How far the result reaches by its settings and by what the agent said of it, the further of the two."""
        meant = None
        if self.impact_setting is not None:
            meant = self.impact_values.get(str(config.get(self.impact_setting)))
        found = [impact for impact in (said, meant) if impact is not None]
        return min(found, key=HIGH_IMPACT.index) if found else None


def parse_definition(text: str, *, name: str, patterns: frozenset[str] | None = None) -> AgentDefinition:
    """Read one definition; `name` is the file's name, for messages, `patterns` those that settings may have, None any.

    Raises InvalidInput `definition_invalid` with the line and what is wrong there.
    """
    file = read_yaml(text, name=name, code="definition_invalid")
    check_yaml(file, DEFINITION_SCHEMA, code="definition_invalid", whole="the definition")
    data = cast("dict[str, Any]", file.data)
    _check_config_schema(file, cast("dict[str, Any]", data["config_schema"]), patterns)
    if data["name"] in RESERVED:
        raise _definition_error(file, ("name",), f"{data['name']} is taken: it stands for an outside draft.")
    setting = data.get("impact", {}).get("setting")
    if setting is not None and setting not in data["config_schema"]["properties"]:
        raise _definition_error(file, ("impact", "setting"), f"{setting} is not among the settings.")
    return AgentDefinition(
        name=data["name"],
        title=data["title"],
        goal=data["goal"],
        instructions=data["instructions"],
        tools=tuple(data["tools"]),
        output_types=tuple(data["output_types"]),
        config_schema=data["config_schema"],
        thresholds=dict(data.get("thresholds", {})),
        budget=dict(data.get("budget", {})),
        impact_setting=data.get("impact", {}).get("setting"),
        impact_values=dict(data.get("impact", {}).get("values", {})),
        context=_context(data.get("context", {})),
        text=text,
    )


def parse_own(text: str, *, name: str) -> AgentDefinition:
    """Reads the definition of a project, which came over the network: `parse_definition` with two limits more.

    It has at most MAX_OWN_CHARS characters, and of patterns only those that a shipped definition has, too: a pattern
    can be written so that a short text holds up the whole server. Raises InvalidInput `definition_invalid`.
    """
    if len(text) > MAX_OWN_CHARS:
        raise InvalidInput(
            "definition_invalid",
            f"{name} has {len(text):,} characters; at most {MAX_OWN_CHARS:,} are read.",
            "Shorten the instructions.",
        )
    shipped = [one.config_schema["properties"] for one in _shipped()]
    known = frozenset(
        one["pattern"] for properties in shipped for one in properties.values() if "pattern" in one
    )
    return parse_definition(text, name=name, patterns=known)


def _context(given: Mapping[str, Any]) -> ContextWeights:
    weights = given.get("weights", {})
    return ContextWeights(
        kind=dict(weights.get("kind", {})),
        content_type=dict(weights.get("content_type", {})),
        origin=dict(weights.get("origin", {})),
        recency=float(weights.get("recency", 0)),
        token_budget=int(given.get("token_budget", TOKEN_BUDGET)),
        most_per_source=float(given.get("most_per_source", 1)),
    )


def _check_config_schema(file: YamlFile, schema: Mapping[str, Any], patterns: frozenset[str] | None) -> None:
    properties = cast("dict[str, dict[str, Any]]", schema["properties"])
    for name, one in properties.items():
        path = ("config_schema", "properties", name)
        if "pattern" in one:
            if patterns is not None and one["pattern"] not in patterns:  # before anything is compared with it
                what = (
                    "a definition of a project has only patterns of the shipped ones. Use enum or maxLength."
                )
                raise _definition_error(file, (*path, "pattern"), what)
            try:
                re.compile(one["pattern"])
            except re.error as error:
                raise _definition_error(
                    file, (*path, "pattern"), f"not a regular expression: {error}."
                ) from error
        problem = first_problem(one, one["default"])
        if problem is not None:
            raise _definition_error(
                file, (*path, "default"), f"the default does not fit: {say(problem, 'it')}"
            )
    for at, name in enumerate(cast("list[str]", schema.get("required", []))):
        if name not in properties:
            raise _definition_error(
                file, ("config_schema", "required", at), f"{name} is not among the properties."
            )


def _definition_error(file: YamlFile, path: tuple[str | int, ...], what: str) -> InvalidInput:
    return yaml_error(file, path, what, code="definition_invalid")


@cache
def _shipped() -> tuple[AgentDefinition, ...]:
    folder = resources.files("proofroom.agents").joinpath("config")
    files = sorted((one for one in folder.iterdir() if one.name.endswith(".yaml")), key=lambda one: one.name)
    return tuple(parse_definition(one.read_text(encoding="utf-8"), name=one.name) for one in files)


def load_definitions(extra_dir: Path | None = None) -> dict[str, AgentDefinition]:
    """All agent definitions by name: those shipped, then the *.yaml files of `extra_dir`.

    A file of `extra_dir` may replace a shipped definition of the same name. Raises InvalidInput
    `definition_invalid` for the first file that is wrong, and when two files of `extra_dir` share a name.
    """
    found = {one.name: one for one in _shipped()}
    if extra_dir is None:
        return found
    owner: dict[str, str] = {}
    for path in sorted(extra_dir.glob("*.yaml")):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(
                "definition_invalid", f"{path.name} cannot be read: {error}.", "Save it as UTF-8 text."
            ) from error
        one = parse_definition(text, name=path.name)
        if one.name in owner:
            raise InvalidInput(
                "definition_invalid",
                f"{path.name} and {owner[one.name]} both define the agent {one.name}.",
                "Give one of them another name.",
            )
        owner[one.name] = path.name
        found[one.name] = one
    return found


def get_definition(name: str, definitions: Mapping[str, AgentDefinition]) -> AgentDefinition:
    """The definition called `name`. Raises InvalidInput `unknown_agent` that lists the known ones."""
    found = definitions.get(name)
    if found is None:
        known = ", ".join(sorted(definitions))
        raise InvalidInput(
            "unknown_agent",
            f"There is no agent called {name[:80]!r}.",
            f"Choose one of: {known}.",
            field="agent_type",
            extra={"known": sorted(definitions)},
        )
    return found


def validate_config(definition: AgentDefinition, config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with defaults filled in, in the schema's order.

    Raises InvalidInput `config_invalid`; `field` is the path, such as `config.max_findings`, and the message
    says what is allowed. Unknown keys are refused.
    """
    schema = definition.config_schema
    properties = cast("dict[str, dict[str, Any]]", schema["properties"])
    problem = first_problem(schema, dict(config))
    if problem is not None:
        raise _config_error(definition, properties, problem)
    return {
        name: copy.deepcopy(config[name]) if name in config else copy.deepcopy(one["default"])
        for name, one in properties.items()
    }


def _config_error(
    definition: AgentDefinition, properties: Mapping[str, Any], problem: ValidationError
) -> InvalidInput:
    path: tuple[str | int, ...] = ("config", *path_of(problem), *missing_keys(problem)[:1])
    unknown = unknown_keys(problem)
    if unknown:
        return InvalidInput(
            "config_invalid",
            f"The {definition.name} agent has no setting called {unknown[0][:80]!r}.",
            f"Its settings are: {', '.join(properties)}.",
            field=f"config.{unknown[0][:80]}",
        )
    return InvalidInput(
        "config_invalid",
        f"config.{say(problem)}" if path_of(problem) else say(problem, "config"),
        f"Change {dotted(path)}, or leave it out to take the default.",
        field=dotted(path),
    )


def config_from_pairs(definition: AgentDefinition, pairs: Sequence[str]) -> dict[str, Any]:
    """Settings from `key=value` words of a command line, typed by the schema and validated.

    A list is written with commas; true, false, yes and no are booleans. Raises InvalidInput `config_invalid`.
    """
    properties = cast("dict[str, dict[str, Any]]", definition.config_schema["properties"])
    out: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        key = key.strip()
        if not equals or not key:
            raise InvalidInput(
                "config_invalid", f"{pair[:80]!r} is not a setting.", "Write it as key=value.", field="config"
            )
        out[key] = _typed(str(properties.get(key, {}).get("type", "string")), value.strip())
    return validate_config(definition, out)


def _typed(kind: str, value: str) -> Any:
    """The value in the schema's type where the text allows it; else the text, for the schema to refuse."""
    if kind == "array":
        return [part.strip() for part in value.split(",") if part.strip()]
    if kind == "integer" and re.fullmatch(r"[+-]?\d{1,18}", value):
        return int(value)
    if kind == "number" and re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,18})?", value):
        return float(value)
    if kind == "boolean" and value.lower() in ("true", "yes", "false", "no"):
        return value.lower() in ("true", "yes")
    return value
