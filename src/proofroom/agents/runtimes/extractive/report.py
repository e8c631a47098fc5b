"""A report in the making: its computed tables and how figures are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from proofroom.agents.runtimes.extractive.run import Refused, Run, escape
from proofroom.agents.runtimes.extractive.tables import Shape, words_of
from proofroom.domain.figures import display, parse_number
from proofroom.domain.periods import Moment, moments

Steps = list[dict[str, Any]]
MOST_LEFT_OUT = 30
"""Rows that are left out by name: a computation has fifty steps at most."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A computed table, as the tool answered it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    computed: Mapping[str, Any]


@dataclass(slots=True)
class Report:
    """A report in the making. `blocks` are document blocks; `gaps` what it could not say; `short` its main points in
    words, whose figures stand in its tables.
    """

    run: Run
    shape: Shape
    period: str | None
    most: int
    blocks: list[dict[str, Any]]
    gaps: list[str]
    short: list[str] = field(default_factory=list[str])

    @property
    def base(self) -> Steps:
        """The steps that come first: dates gathered into periods."""
        shape = self.shape
        if shape.unit is None or shape.when is None:
            return []
        return [{"period": {"column": shape.time, "unit": shape.unit, "as": shape.when}}]

    @property
    def items(self) -> Steps:
        """The steps before all others: rows that sum up others are left out."""
        left_out = self.shape.left_out[:MOST_LEFT_OUT]
        return [{"filter": {"column": column, "op": "ne", "value": label}} for column, label in left_out]

    @property
    def before(self) -> str | None:
        if self.period not in self.shape.periods:
            return None
        at = self.shape.periods.index(self.period)
        return self.shape.periods[at - 1] if at else None

    async def compute(self, steps: Steps) -> Answer | None:
        try:
            content = await self.run.call(
                "compute",
                {
                    "source_id": self.shape.source_id,
                    "table": self.shape.table,
                    "steps": [*self.items, *steps],
                },
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

    def column(self, cells: Sequence[str], column: str) -> list[str | None]:
        """A computed column as it is shown, all figures with as many decimals; labels and periods as they are."""
        if column in (self.shape.time, self.shape.when, self.shape.by):
            return [escape(cell) or None for cell in cells]
        figures = [value for cell in cells if (value := parse_number(cell)) is not None]
        places = max((places_of(value) for value in figures), default=0)
        if any(abs(value) >= 1 for value in figures):
            places = min(places, 2)
        if column.endswith("%"):
            places = 1
        return [
            (escape(cell) or None) if (value := parse_number(cell)) is None else display(value, places)
            for cell in cells
        ]

    def aggregate(self, measure: str) -> dict[str, str]:
        fn = "mean" if measure in self.shape.means else "sum"
        return {"fn": fn, "column": measure, "as": self.named(measure)}

    def named(self, measure: str) -> str:
        """The measure's name in computed tables; said where it is a mean."""
        return f"mean {words_of(measure)}" if measure in self.shape.means else words_of(measure)

    def subject(self, measure: str) -> str:
        """The measure in a sentence: "the mean price", "total net generation"."""
        name = sentence_case(words_of(measure))
        return f"the mean {name}" if measure in self.shape.means else f"total {name}"

    def adds_up(self, measure: str) -> bool:
        """Whether one figure for all labels together says something: not the mean over different things."""
        return measure not in self.shape.means or not self.shape.panel

    def free_name(self, name: str) -> str:
        """A name for a new column that the table does not have."""
        return name if name not in self.shape.columns else f"calendar {name}"

    def say(self, sentence: str) -> None:
        self.short.append(sentence)

    def absent(self) -> str:
        """The periods between the first and the last that no row falls into, in words; "" where there is none."""
        periods = self.shape.periods
        if len(periods) < 2 or self.shape.truncated:
            return ""
        missing = [one for one in between(periods[0], periods[-1]) if one not in periods]
        return ", ".join(missing[:12]) + (f" and {len(missing) - 12} more" if len(missing) > 12 else "")

    async def tabled(self, steps: Steps, caption: str) -> Answer | None:
        """Computes and shows the result as a table."""
        answer = await self.compute(steps)
        if answer is not None:
            self.table(answer, caption)
        return answer

    def heading(self, text: str) -> None:
        self.blocks.append({"type": "heading", "level": 2, "text": escape(text)})

    def table(self, answer: Answer, caption: str) -> None:
        columns = [
            self.column([row[at] for row in answer.rows], name) for at, name in enumerate(answer.columns)
        ]
        self.blocks.append(
            {
                "type": "table",
                "caption": escape(caption),
                "columns": [{"name": name} for name in answer.columns],
                "rows": [list(row) for row in zip(*columns, strict=True)],
                "computed": dict(answer.computed),
            }
        )


def sentence_case(words: str) -> str:
    """A column's name inside a sentence: "Net Generation" reads "net generation", "GDP" stays."""
    return " ".join(
        word.lower() if word[:1].isupper() and word[1:].islower() else word for word in words.split()
    )


def shown(cell: str, column: str) -> str:
    """A computed cell as it is shown: percentages to one decimal, long fractions to two, thousands separated."""
    value = parse_number(cell)
    if value is None:
        return cell
    if column.endswith("%"):
        return display(value, 1)
    places = places_of(value)
    return display(value, min(places, 2) if abs(value) >= 1 else places)


def places_of(value: Decimal) -> int:
    """The decimals of a figure, at most four."""
    exponent = value.as_tuple().exponent
    return min(max(0, -exponent), 4) if isinstance(exponent, int) else 0


def exact(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    return display(value, max(0, -exponent) if isinstance(exponent, int) else 0)


def plain_value(cell: str) -> Any:
    """A cell for a chart's data: a JSON number, of long fractions the first four digits, else the text."""
    value = parse_number(cell)
    if value is None or abs(value) >= 2**53:  # not the same number to every reader (RFC 7493)
        return cell or None
    if value == value.to_integral_value():
        return int(value)
    number = float(value)
    if Decimal(repr(number)) == value and len(repr(number)) <= 12:
        return number
    return float(display(value, 4 if abs(value) >= 1 else 8).replace(",", ""))


def between(first: str, last: str) -> list[str]:
    """All years, quarters or months from one to the other, as `periods` names them; [] for others."""
    known = moments([first, last])
    start, end = known
    if start is None or end is None or start.unit != end.unit or start.unit == "day":
        return []
    step = {"year": 12, "quarter": 3, "month": 1}[start.unit]
    months = range(start.year * 12 + start.month - 1, end.year * 12 + end.month, step)
    return [
        period
        for at in months[:2_000]
        if (period := Moment(at // 12, at % 12 + 1, 1, start.unit).period(start.unit)) is not None
    ]
