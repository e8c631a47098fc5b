"""Agent definitions and their settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from proofroom.agents.factory import (
    AgentDefinition,
    config_from_pairs,
    get_definition,
    load_definitions,
    parse_definition,
    validate_config,
)
from proofroom.agents.tools import TOOLS
from proofroom.domain.errors import InvalidInput
from proofroom.domain.selection import ContextWeights

SHIPPED = load_definitions()
SMALL = """\
name: legal
title: Legal
goal: Answer.
instructions: Quote.
tools: [search_context, emit_artifact]
output_types: [research_finding]
config_schema:
  type: object
  additionalProperties: false
  properties:
    depth:
      type: integer
      title: Depth
      minimum: 1
      maximum: 3
      default: 2
"""


def test_the_shipped_agents() -> None:
    assert sorted(SHIPPED) == ["content", "reporting", "research"]
    for one in SHIPPED.values():
        assert set(one.tools) <= set(TOOLS)
        assert 0 < one.thresholds["low_confidence"] < 1
        assert min(one.budget.values()) > 0


@pytest.mark.parametrize("definition", SHIPPED.values(), ids=SHIPPED.keys())
def test_defaults_make_a_valid_configuration(definition: AgentDefinition) -> None:
    config = validate_config(definition, {})
    assert list(config) == list(definition.config_schema["properties"])
    jsonschema.validate(config, dict(definition.config_schema))


def test_defaults_are_not_shared_between_configurations() -> None:
    validate_config(SHIPPED["research"], {})["focus_areas"].append("x")
    assert validate_config(SHIPPED["research"], {})["focus_areas"] == []


@pytest.mark.parametrize(
    ("config", "field", "says"),
    [
        ({"max_findings": 21}, "config.max_findings", "1 to 20"),
        ({"max_findings": 0}, "config.max_findings", "1 to 20"),
        ({"max_findings": True}, "config.max_findings", "whole number"),
        ({"max_findings": "7"}, "config.max_findings", "whole number"),
        ({"depth": "deep"}, "config.depth", "quick, standard, thorough"),
        ({"focus_areas": "costs"}, "config.focus_areas", "a list"),
        ({"focus_areas": ["a", ""]}, "config.focus_areas[1]", "too short"),
        ({"focus_areas": ["a", "a"]}, "config.focus_areas", "twice"),
        ({"time_range": "last year"}, "config.time_range", "From and to"),
        ({"scope": "x" * 2001}, "config.scope", "2,001 characters"),
        ({"temperature": 1}, "config.temperature", "no setting called 'temperature'"),
    ],
)
def test_a_wrong_setting_names_its_field_and_what_is_allowed(
    config: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        validate_config(SHIPPED["research"], config)
    assert (caught.value.code, caught.value.field) == ("config_invalid", field)
    assert says in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("wanted", ["", "1998..1999", "2024-03..", "..2020", "1999-12-31..2000-01-01"])
def test_time_ranges(wanted: str) -> None:
    assert validate_config(SHIPPED["research"], {"time_range": wanted})["time_range"] == wanted


@pytest.mark.parametrize(
    ("platform", "said", "impact"),
    [
        ("linkedin", None, "public"),
        ("linkedin", "external_recipient", "public"),
        ("email", None, "external_recipient"),
        ("email", "medical", "external_recipient"),
        ("generic", None, None),
        ("generic", "legal", "legal"),
    ],
)
def test_an_agent_cannot_make_its_reach_less(platform: str, said: str | None, impact: str | None) -> None:
    config = validate_config(SHIPPED["content"], {"platform": platform})
    assert SHIPPED["content"].impact_of(config, said) == impact
    assert SHIPPED["research"].impact_of({}, said) == said


def test_settings_from_the_command_line() -> None:
    config = config_from_pairs(
        SHIPPED["research"], ["max_findings=3", "focus_areas=cost, risk", "depth=quick"]
    )
    assert (config["max_findings"], config["focus_areas"], config["depth"]) == (3, ["cost", "risk"], "quick")


@pytest.mark.parametrize("pair", ["max_findings", "=3", "max_findings=three", "colour=red"])
def test_wrong_words_of_the_command_line(pair: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        config_from_pairs(SHIPPED["research"], [pair])
    assert caught.value.code == "config_invalid"


def test_an_unknown_agent_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        get_definition("poetry", SHIPPED)
    assert caught.value.code == "unknown_agent"
    assert "content, reporting, research" in caught.value.hint


def test_a_file_adds_an_agent(tmp_path: Path) -> None:
    (tmp_path / "legal.yaml").write_text(SMALL, encoding="utf-8")
    found = load_definitions(tmp_path)
    assert sorted(found) == ["content", "legal", "reporting", "research"]
    assert validate_config(found["legal"], {}) == {"depth": 2}


def test_two_files_may_not_define_one_agent(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(SMALL, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"b\.yaml and a\.yaml both define the agent legal") as caught:
        load_definitions(tmp_path)
    assert caught.value.code == "definition_invalid"


@pytest.mark.parametrize(
    ("before", "after", "line", "says"),
    [
        ("name: legal", "name: Le gal", 1, "lower-case letters"),
        ("tools: [search_context", "tools: [send_email", 5, "send_email"),
        ("output_types: [research_finding]", "output_types: [poem]", 6, "poem"),
        ("      default: 2", "      default: 9", 16, "does not fit"),
        ("      title: Depth\n", "", 11, "lacks title"),
        ("goal: Answer.", "goal: Answer.\ngaol: Answer.", 4, "gaol"),
        ("goal: Answer.", "goal: Answer.\ngoal: Again.", 4, "second time"),
        ("goal: Answer.", "goal: &a Answer.", 3, "anchors"),
        ("goal: Answer.", "goal: !!python/object:os.system x", 3, "tags"),
        ("goal: Answer.", "goal: [", 5, "not YAML"),
        ("  additionalProperties: false", "  additionalProperties: true", 9, "must be False"),
        ("name: legal", 'name: "legal\\n"', 1, "lower-case letters"),
        ("goal: Answer.", "goal: Answer.\nbudget: {usd: .nan}", 4, "finite"),
        ("goal: Answer.", "goal: Answer.\nbudget: {seconds: .inf}", 4, "finite"),
        ("goal: Answer.", "goal: Answer.\nthresholds: {low_confidence: .nan}", 4, "finite"),
        ("      default: 2", f"      default: 0x{'f' * 5000}", 16, "at most 9007199254740991"),
        ("      maximum: 3", f"      maximum: 1{':1' * 5000}", 15, "at most 9007199254740991"),
        ("goal: Answer.", 'goal: "a\\0b"', 3, "cannot be stored"),
        ("goal: Answer.", 'goal: "\\ud800"', 3, "cannot be stored"),
        ("    depth:", "    1:", 10, "must be text"),
        ("    depth:", '    "a\\nb":', 10, "a setting's name"),
        ("      minimum: 1", "      enum: [2, 2020-01-01]", 14, "must be text or a number or true or false"),
        ("      minimum: 1", "      enum: [2, {a: 2}]", 14, "must be text or a number or true or false"),
    ],
)
def test_a_wrong_definition_names_the_line(before: str, after: str, line: int, says: str) -> None:
    assert before in SMALL
    with pytest.raises(InvalidInput) as caught:
        parse_definition(SMALL.replace(before, after), name="legal.yaml")
    assert caught.value.code == "definition_invalid"
    assert re.match(rf"legal\.yaml, line {line}: ", caught.value.message), caught.value.message
    assert says in caught.value.message


@pytest.mark.parametrize("text", ["", "- a\n", "just words", "name: legal\n"])
def test_what_is_no_definition_at_all(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_definition(text, name="x.yaml")
    assert caught.value.code == "definition_invalid"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_what_stands_deep_in_one_another_is_refused_before_it_takes_time(opening: str) -> None:
    """The parser would take minutes for it, and hold up everybody meanwhile."""
    with pytest.raises(InvalidInput, match=r"x\.yaml, line 1: values stand more than 30 deep"):
        parse_definition(opening * 20_000, name="x.yaml")


def test_a_definition_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match=r"x\.yaml cannot be read"):
        load_definitions(tmp_path)


CONTEXT = """\
context:
  token_budget: 5000
  most_per_source: 0.5
  weights:
    kind: {table_row: 1.5}
    content_type: {text/csv: 2, text/*: 0.5}
    origin: {approved: 0.8}
    recency: 0.2
"""


def test_the_context_section_says_how_the_envelope_is_weighed() -> None:
    assert parse_definition(SMALL, name="x.yaml").context == ContextWeights()
    made = parse_definition(SMALL + CONTEXT, name="x.yaml").context
    assert made == ContextWeights(
        {"table_row": 1.5}, {"text/csv": 2, "text/*": 0.5}, {"approved": 0.8}, 0.2, 5_000, 0.5
    )
    assert SHIPPED["reporting"].context.kind["table_row"] > 1


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ("table_row: 1.5", "tables: 1.5", "context.weights.kind"),
        ("table_row: 1.5", "table_row: 0", "context.weights.kind.table_row"),
        ("text/csv: 2", "csv: 2", "context.weights.content_type"),
        ("approved: 0.8", "elsewhere: 0.8", "context.weights.origin"),
        ("recency: 0.2", "recency: 2", "context.weights.recency"),
        ("most_per_source: 0.5", "most_per_source: 0", "context.most_per_source"),
        ("token_budget: 5000", "token_budget: 10", "context.token_budget"),
        ("  token_budget: 5000", "  tokens: 5000", "context.tokens"),
    ],
)
def test_a_wrong_context_section_is_refused(before: str, after: str, field: str) -> None:
    assert before in CONTEXT
    with pytest.raises(InvalidInput) as caught:
        parse_definition(SMALL + CONTEXT.replace(before, after), name="x.yaml")
    assert (caught.value.code, caught.value.field) == ("definition_invalid", field)
