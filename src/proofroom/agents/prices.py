"""What models cost: a dated table, and the cost of a turn by it. No price is guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

from proofroom.agents.runtimes.base import Usage
from proofroom.agents.yamlfile import check_yaml, read_yaml, yaml_error
from proofroom.domain.errors import InvalidInput

_MILLION = Decimal(1_000_000)
_PRICE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 100_000}
_PRICES: dict[str, Any] = {"input": _PRICE, "output": _PRICE, "cache_read": _PRICE, "cache_written": _PRICE}
_NAME = {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9._/@-]{0,99}$"}
PRICES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["checked", "models"],
    "properties": {
        "checked": {},  # a date; YAML reads it as one
        "models": {
            "type": "array",
            "maxItems": 2_000,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["model", "provider", "input", "output"],
                "properties": {
                    "model": _NAME,
                    "provider": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,39}$"},
                    **_PRICES,
                    "over": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["tokens", "input", "output"],
                        "properties": {"tokens": {"type": "integer", "minimum": 1}, **_PRICES},
                    },
                },
            },
        },
    },
}
_DATED = re.compile(r"(?:[-@][0-9]{8}|-[0-9]{4}-[0-9]{2}-[0-9]{2}|-latest)$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens; a cache price that is None is that of other input."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_written: Decimal | None = None

    def of(self, usage: Usage) -> Decimal:
        plain = max(0, usage.tokens_in - usage.cache_read - usage.cache_written)
        read = self.input if self.cache_read is None else self.cache_read
        written = self.input if self.cache_written is None else self.cache_written
        dollars = (
            plain * self.input
            + usage.cache_read * read
            + usage.cache_written * written
            + usage.tokens_out * self.output
        )
        return dollars / _MILLION


@dataclass(frozen=True, slots=True)
class Listed:
    """The price of one model; `above` holds for a request with more than `over` input tokens."""

    provider: str
    price: Price
    over: int | None = None
    above: Price | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars of a turn, and whose word that is: `table`, `provider`, or `unknown`, when `usd` is 0."""

    usd: float
    by: str


@dataclass(frozen=True, slots=True)
class Prices:
    """`checked` is the day on which the table was compared with the providers' lists."""

    checked: date
    models: Mapping[str, Listed]

    def find(self, model: str) -> Listed | None:
        """The entry for a model's name as runtimes give it: `gpt-5`, `openai:gpt-5`, `claude-opus-4-5-20251101`.

        A name of another provider (`bedrock:…`) finds nothing: it has a price list of its own.
        """
        provider, colon, bare = model.rpartition(":")
        for name in (bare, _DATED.sub("", bare)):
            found = self.models.get(name)
            if found is not None and (not colon or provider == found.provider):
                return found
        return None

    def cost(self, usage: Usage) -> Cost:
        """By the table where the model is in it, else what the provider said, else unknown."""
        found = None if usage.model is None else self.find(usage.model)
        if found is not None:
            large = found.over is not None and usage.tokens_in > found.over
            price = found.above if large and found.above is not None else found.price
            return Cost(round(float(price.of(usage)), 6), "table")
        if usage.cost_usd > 0:
            return Cost(round(usage.cost_usd, 6), "provider")
        charged = usage.tokens_in + usage.tokens_out > 0
        return Cost(0.0, "unknown" if charged else "provider")


def parse_prices(text: str, *, name: str) -> Prices:
    """Reads a price table. Raises InvalidInput `prices_invalid` with the line and what is wrong there."""
    file = read_yaml(text, name=name, code="prices_invalid")
    check_yaml(file, PRICES_SCHEMA, code="prices_invalid", whole="the price table")
    data = cast("dict[str, Any]", file.data)
    if not isinstance(data["checked"], date):
        raise yaml_error(file, ("checked",), "it must be a day, such as 2026-11-25.", code="prices_invalid")
    models: dict[str, Listed] = {}
    for at, one in enumerate(cast("list[dict[str, Any]]", data["models"])):
        if one["model"] in models:
            what = f"{one['model']} stands here a second time."
            raise yaml_error(file, ("models", at, "model"), what, code="prices_invalid")
        over = one.get("over")
        models[one["model"]] = Listed(
            provider=one["provider"],
            price=_price(one),
            over=None if over is None else int(over["tokens"]),
            above=None if over is None else _price(over),
        )
    return Prices(data["checked"], models)


def _price(one: Mapping[str, Any]) -> Price:
    def of(name: str) -> Decimal | None:
        return Decimal(str(one[name])) if name in one else None

    return Price(
        Decimal(str(one["input"])), Decimal(str(one["output"])), of("cache_read"), of("cache_written")
    )


@cache
def shipped_prices() -> Prices:
    """The table of this release."""
    file = resources.files("proofroom.agents").joinpath("prices.yaml")
    return parse_prices(file.read_text(encoding="utf-8"), name="prices.yaml")


def load_prices(extra: Path | None = None) -> Prices:
    """The shipped table, with the entries of the file `extra` in place of its own.

    Raises InvalidInput `prices_invalid`.
    """
    if extra is None:
        return shipped_prices()
    try:
        text = extra.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            "prices_invalid",
            f"{extra.name} cannot be read: {error}.",
            "Check its path; save it as UTF-8 text.",
        ) from error
    own = parse_prices(text, name=extra.name)
    return Prices(own.checked, {**shipped_prices().models, **own.models})
