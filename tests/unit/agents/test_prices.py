"""The price table: what it says, whom it finds, and that a wrong file names its line."""

from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from proofroom.agents.prices import Cost, Price, load_prices, parse_prices, shipped_prices
from proofroom.agents.runtimes.base import Usage
from proofroom.domain.errors import InvalidInput

genai = pytest.importorskip("genai_prices.data", reason="the dev set holds pydantic-ai, which brings it")


def public_price(model: str, provider: str) -> Any:
    """What the public list that pydantic-ai carries says of a model today."""
    of = next(p for p in genai.providers if p.id == provider)
    found = next(m for m in of.models if m.is_match(model))
    prices = found.prices
    return prices[-1].prices if isinstance(prices, list) else prices


@pytest.mark.parametrize("model", shipped_prices().models)
def test_no_price_is_invented(model: str) -> None:
    listed = shipped_prices().models[model]
    public = public_price(model, listed.provider)
    for name, of_list in (
        ("input", "input_mtok"),
        ("output", "output_mtok"),
        ("cache_read", "cache_read_mtok"),
        ("cache_written", "cache_write_mtok"),
    ):
        theirs = getattr(public, of_list)
        tiers = getattr(theirs, "tiers", [])
        assert getattr(listed.price, name) == getattr(theirs, "base", theirs)
        assert [(t.start, t.price) for t in tiers] == (
            [] if listed.above is None else [(listed.over, getattr(listed.above, name))]
        )


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("claude-opus-4-5", True),
        ("claude-opus-4-5-20251101", True),
        ("claude-opus-4-5@20251101", True),
        ("claude-sonnet-4-20250514", True),
        ("anthropic:claude-opus-4-5", True),
        ("openai:gpt-5", True),
        ("gpt-5-2025-08-07", True),
        ("bedrock:claude-opus-4-5", False),
        ("openai:claude-opus-4-5", False),
        ("claude-opus-4", False),
        ("claude-opus-4-5-fast", False),
        ("gpt-5-pro", False),
        ("my-model", False),
        ("", False),
    ],
)
def test_only_the_model_that_is_meant_is_found(name: str, found: bool) -> None:
    assert (shipped_prices().find(name) is not None) is found


def test_an_entry_of_its_own_goes_before_the_name_without_its_date() -> None:
    old, new = (shipped_prices().find(name) for name in ("gpt-4o-2024-05-13", "gpt-4o-2024-11-20"))
    assert old is not None
    assert new is not None
    assert (old.price.input, new.price.input) == (Decimal(5), Decimal("2.5"))


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        # 1,000 plain at 5, 8,000 from the cache at 0.5, 1,000 into it at 6.25, 500 out at 25, each a million
        (Usage(10_000, 500, 9.9, model="claude-opus-4-5", cache_read=8_000, cache_written=1_000), 0.02775),
        (Usage(200_000, 0, model="claude-sonnet-4-5"), 0.6),
        (Usage(200_001, 1_000, model="claude-sonnet-4-5"), 1.222506),
        # no price for what goes into the cache: it is input
        (Usage(1_000_000, model="gpt-5", cache_written=500_000), 1.25),
        # counts that do not add up never make a price negative
        (Usage(10, 0, model="gpt-5", cache_read=1_000_000), 0.125),
    ],
)
def test_a_turn_costs_what_the_list_says(usage: Usage, cost: float) -> None:
    assert shipped_prices().cost(usage) == Cost(cost, "table")


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (Usage(1_000, 10, 0.25, model="my-model"), Cost(0.25, "provider")),
        (Usage(1_000, 10, model="my-model"), Cost(0.0, "unknown")),
        (Usage(1_000, 10), Cost(0.0, "unknown")),
        (Usage(), Cost(0.0, "provider")),
    ],
)
def test_a_model_that_is_not_listed_has_the_providers_price_or_none(usage: Usage, cost: Cost) -> None:
    assert shipped_prices().cost(usage) == cost


def test_own_prices_stand_in_place_of_the_shipped_ones(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "checked: 2026-01-02\nmodels:\n"
        "  - {model: gpt-5, provider: openai, input: 1, output: 2}\n"
        "  - {model: my/model, provider: ollama, input: 0, output: 0}\n"
    )
    prices = load_prices(own)
    assert prices.cost(Usage(1_000_000, 1_000_000, model="gpt-5")) == Cost(3.0, "table")
    assert prices.cost(Usage(1_000, 1_000, model="ollama:my/model")) == Cost(0.0, "table")
    assert prices.find("gpt-5-mini") == shipped_prices().find("gpt-5-mini")
    assert str(prices.checked) == "2026-01-02"


GOOD = "checked: 2026-01-02\nmodels:\n  - {model: a, provider: p, input: 1, output: 2}\n"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (GOOD.replace("2026-01-02", "soon"), 1, "it must be a day"),
        (GOOD + "  - {model: a, provider: p, input: 1, output: 2}\n", 4, "a second time"),
        (GOOD.replace("input: 1", "input: -1"), 3, "0 to 100000"),
        (GOOD.replace(", output: 2", ""), 3, "lacks output"),
        (GOOD.replace("input: 1", "inputs: 1"), 3, "unknown key inputs"),
        (GOOD.replace("output: 2", "output: 2, over: {tokens: 0, input: 1, output: 1}"), 3, "1 or more"),
    ],
)
def test_a_wrong_table_names_the_line(text: str, line: int, what: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse_prices(text, name="own.yaml")
    assert error.value.code == "prices_invalid"
    assert f"own.yaml, line {line}: " in error.value.message
    assert what in error.value.message


def test_a_table_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"gone\.yaml cannot be read"):
        load_prices(tmp_path / "gone.yaml")


def test_every_part_of_a_price_is_counted() -> None:
    assert [f.name for f in fields(Price)] == ["input", "output", "cache_read", "cache_written"]
