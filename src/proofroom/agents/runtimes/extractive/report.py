"""A report in the making: its computed tables and how figures are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from proofroom.agents.runtimes.extractive.run import Refused, Run, escape
from proofroom.agents.runtimes.extractive.tables import Shape, is_rate, words_of
from proofroom.domain.figures import display, parse_number

Steps = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A computed table, as the tool answered it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    computed: Mapping[str, Any]


@dataclass(slots=True)
class Report:
    """A report in the making. `blocks` are document blocks; `gaps` what it could not say."""

    run: Run
    shape: Shape
    period: str | None
    most: int
    blocks: list[dict[str, Any]]
    gaps: list[str]

    @property
    def before(self) -> str | None:
        if self.period not in self.shape.periods:
            return None
        at = self.shape.periods.index(self.period)
        return self.shape.periods[at - 1] if at else None

    async def compute(self, steps: Steps) -> Answer | None:
        try:
            content = await self.run.call(
                "compute", {"source_id": self.shape.source_id, "table": self.shape.table, "steps": steps}
            )
        except Refused as refused:
            self.gaps.append(f"A computation was refused: {refused.message}")
            return None
        table = cast("Mapping[str, Any]", content.get("table") or {})
        rows = tuple(
            tuple("" if cell is None else str(cell) for cell in row) for row in table.get("rows") or ()
        )
        columns = tuple(
            str(cast("Mapping[str, Any]", one)["name"]) if isinstance(one, Mapping) else str(one)
            for one in table.get("columns") or ()
        )
        for cell in cast("Mapping[str, str]", content.get("unsure") or {}).values():
            gap = (
                f"Nothing in the table tells whether figures such as {cell} have a decimal point or thousands;"
                " they were read with a decimal point."
            )
            if gap not in self.gaps:
                self.gaps.append(gap)
        computed = content.get("computed")
        if not rows or not isinstance(computed, Mapping):
            return None
        return Answer(columns, rows, cast("Mapping[str, Any]", computed))

    def cell(self, cell: str, column: str) -> str | None:
        """A computed cell as it is shown; labels and periods as they are."""
        return escape(cell if column in (self.shape.time, self.shape.by) else shown(cell, column)) or None

    def heading(self, text: str) -> None:
        self.blocks.append({"type": "heading", "level": 2, "text": escape(text)})

    def table(self, answer: Answer, caption: str) -> None:
        self.blocks.append(
            {
                "type": "table",
                "caption": escape(caption),
                "columns": [{"name": name} for name in answer.columns],
                "rows": [
                    [self.cell(cell, answer.columns[at]) for at, cell in enumerate(row)]
                    for row in answer.rows
                ],
                "computed": dict(answer.computed),
            }
        )


def aggregate(measure: str) -> dict[str, str]:
    fn = "mean" if is_rate(measure) else "sum"
    return {"fn": fn, "column": measure, "as": named(measure)}


def named(measure: str) -> str:
    """The measure's name in computed tables; said where it is a mean."""
    return f"mean of {words_of(measure)}" if is_rate(measure) else words_of(measure)


def shown(cell: str, column: str) -> str:
    """A computed cell as it is shown: percentages to one decimal, long fractions to two, thousands separated."""
    value = parse_number(cell)
    if value is None:
        return cell
    exponent = value.as_tuple().exponent
    places = max(0, -exponent) if isinstance(exponent, int) else 0
    if column.endswith("%"):
        return display(value, 1)
    return display(value, min(places, 2) if abs(value) >= 1 else min(places, 4))


def exact(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    return display(value, max(0, -exponent) if isinstance(exponent, int) else 0)


def plain_value(cell: str) -> Any:
    """A cell for a chart's data: a JSON number where it is one without losing digits, else the text."""
    value = parse_number(cell)
    if value is None:
        return cell or None
    if value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    number = float(value)
    return number if Decimal(repr(number)) == value else cell
