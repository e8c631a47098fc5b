"""Reports on real tables: every number in them is worked out again by pandas, step by step and on its own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from importlib import import_module, resources
from typing import Any

import pytest

from proofroom.agents.runtimes.base import Finished
from proofroom.agents.runtimes.extractive import ExtractiveRuntime
from proofroom.domain.document import Chart, Heading, Opinion, Table
from tests.unit.agents.room import Room, play

pd: Any = import_module("pandas")  # it carries no types of its own
DATA = resources.files("vega_datasets").joinpath("_data")
TABLES = {
    "stocks.csv": "How did stock prices develop?",
    "seattle-weather.csv": "The weather in Seattle",
    "iowa-electricity.csv": "Net generation in Iowa",
    "us-employment.csv": "Employment in manufacturing",
    "cars.json": "Cars and their miles per gallon",
    "barley.json": "Yields of barley",
}
FREQUENCY = {"year": "Y", "quarter": "Q", "month": "M", "day": "D"}


def text_of(name: str) -> str:
    text = DATA.joinpath(name).read_text(encoding="utf-8")
    if name.endswith(".csv"):
        return text
    return str(pd.DataFrame(import_module("json").loads(text)).to_csv(index=False))


# The steps of a computation, done by pandas -----------------------------------------------------------------------


def by_pandas(frame: Any, steps: Sequence[Any]) -> Any:
    for step in steps:
        ((name, value),) = step.items()
        frame = STEPS[name](frame, value).reset_index(drop=True)
    return frame


def period(frame: Any, step: Any) -> Any:
    dates = pd.to_datetime(frame[step["column"]].astype(str), format="mixed").dt.to_period(
        FREQUENCY[step["unit"]]
    )
    shown = dates.astype(str)
    if step["unit"] == "quarter":
        shown = shown.str.replace("Q", "-Q")
    return frame.assign(**{step.get("as", step["unit"]): shown})


def wanted(frame: Any, step: Any) -> Any:
    column, op, value = frame[step["column"]], step["op"], step.get("value")
    if op in ("gt", "lt"):
        return frame[getattr(column.astype(float), op)(float(value))]
    told = [str(one) for one in (value if op == "in" else [value])]
    return frame[column.astype(str).isin(told)]


FUNCTIONS: dict[str, Any] = {
    "sum": lambda column: column.sum(min_count=1),
    "mean": lambda column: column.mean(),
    "min": lambda column: column.min(),
    "max": lambda column: column.max(),
    "median": lambda column: column.median(),
    "first_quartile": lambda column: column.quantile(0.25),
    "third_quartile": lambda column: column.quantile(0.75),
}


def group(frame: Any, step: Any) -> Any:
    by = step["by"]
    parts = list(frame.groupby(by, sort=False)) if by else [((), frame)]
    rows: list[dict[str, Any]] = []
    for key, part in parts:
        row: dict[str, Any] = dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True))
        for one in step["aggregates"]:
            if one["fn"] == "count":
                row[one["as"]] = len(part) if "column" not in one else part[one["column"]].count()
            else:
                row[one["as"]] = FUNCTIONS[one["fn"]](part[one["column"]])
        rows.append(row)
    return pd.DataFrame(rows)


def change(frame: Any, step: Any) -> Any:
    ordered = frame.sort_values(step["over"], kind="stable")
    column = ordered[step["column"]]
    if step.get("within"):
        column = ordered.groupby(step["within"])[step["column"]]
    before = column.shift()
    gap = ordered[step["column"]] - before
    if step["kind"] == "percent":
        gap = 100 * gap / before.abs().where(before != 0)
    return frame.assign(**{step["as"]: gap})


STEPS: dict[str, Any] = {
    "period": period,
    "filter": wanted,
    "group": group,
    "change": change,
    "sort": lambda frame, step: frame.sort_values(step["by"], ascending=not step.get("desc"), kind="stable"),
    "limit": lambda frame, step: frame.head(step),
    "share": lambda frame, step: frame.assign(
        **{step["as"]: 100 * frame[step["column"]] / frame[step["column"]].sum()}
    ),
    "select": lambda frame, step: frame[step["columns"]],
}


# What stands in the report ----------------------------------------------------------------------------------------


def same(shown: Any, expected: Any) -> bool:
    """Whether a shown cell is what pandas has, to the digits shown."""
    if pd.isna(expected):
        return shown in (None, "")
    if isinstance(expected, str):
        return re.sub(r"\\(.)", r"\1", str(shown)) == expected
    text = str(shown).replace(",", "")
    places = len(text.partition(".")[2])
    return abs(float(text) - float(expected)) <= 0.5 * 10**-places + 1e-9 * max(1.0, abs(float(expected)))


made: dict[str, tuple[Room, Any]] = {}


async def report_on(name: str) -> tuple[Room, Any]:
    """The room with the report on a table, made once, and the table as pandas reads it."""
    if name not in made:
        made[name] = await new_report_on(name)
    room, frame = made[name]
    return room, frame.copy()


async def new_report_on(name: str) -> tuple[Room, Any]:
    rows = list(csv.reader(io.StringIO(text_of(name))))
    room = Room(tables={name: rows})
    events = await play(ExtractiveRuntime(), room.request(TABLES[name], "reporting", {"detail": "full"}))
    assert isinstance(events[-1], Finished)
    return room, pd.read_csv(io.StringIO(text_of(name)))


@pytest.mark.parametrize("name", TABLES)
async def test_every_cell_and_every_value_of_a_chart_equals_pandas(name: str) -> None:
    room, frame = await report_on(name)
    compared = 0
    for block in room.document("report").blocks:
        if isinstance(block, Table):
            assert block.computed is not None
            again = by_pandas(frame, block.computed.steps)
            assert [column.name for column in block.columns] == list(again.columns)
            assert len(block.rows) == len(again)
            # Rows of equal rank may stand in either order.
            shown = sorted(block.rows, key=lambda row: [cell or "" for cell in row[:2]])
            expected = sorted(again.values.tolist(), key=lambda row: [str(cell) for cell in row[:2]])
            for row, theirs in zip(shown if len(again) > 1 else block.rows, expected, strict=True):
                for cell, their in zip(row, theirs, strict=True):
                    assert same(cell, str(their) if not isinstance(their, float | int) else their), (
                        block.caption,
                        row,
                    )
                    compared += 1
        if isinstance(block, Chart):
            assert block.computed is not None
            again = by_pandas(frame, block.computed.steps)
            values = block.spec["data"]["values"]
            assert len(values) == len(again)
            for value, (_, theirs) in zip(values, again.iterrows(), strict=True):
                assert all(same(cell, theirs[column]) for column, cell in value.items()), (value, theirs)
                compared += len(value)
    assert compared > 60


@pytest.mark.parametrize("name", TABLES)
async def test_every_number_in_words_stands_in_a_table_that_pandas_confirms(name: str) -> None:
    room, frame = await report_on(name)
    blocks = room.document("report").blocks
    assert isinstance(blocks[0], Heading)
    assert blocks[0].text == "In short"
    assert isinstance(blocks[1], Opinion)
    figures: list[float] = []
    labels: set[str] = set()
    far = 0
    for block in blocks:
        if isinstance(block, Table) and block.computed is not None:
            again = by_pandas(frame, block.computed.steps)
            for row in again.values.tolist():
                figures += [
                    abs(float(cell)) for cell in row if isinstance(cell, float | int) and not pd.isna(cell)
                ]
                labels |= {str(cell) for cell in row if isinstance(cell, str)}
            if re.search("above|below", block.caption or ""):
                far += len(again)
    figures.append(float(far))  # "5 rows lie far outside"
    text = re.sub(r"\\(.)", r"\1", blocks[1].text)
    for label in sorted(labels, key=len, reverse=True):
        text = text.replace(label, "…")
    said = [one.rstrip(",") for one in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]
    assert len(said) >= 3
    for number in said:
        places = len(number.partition(".")[2])
        value = float(number.replace(",", ""))
        assert any(abs(value - figure) <= 0.5 * 10**-places + 1e-9 * figure for figure in figures), number


@pytest.mark.parametrize("name", ["stocks.csv", "iowa-electricity.csv"])
async def test_no_claim_of_these_reports_needs_a_person(name: str) -> None:
    room, _ = await report_on(name)
    assert [claim.text for claim in room.claims("report") if claim.needs_you] == []


async def test_the_far_outside_prices_are_those_of_pandas() -> None:
    room, frame = await report_on("stocks.csv")
    frame["date"] = pd.to_datetime(frame.date, format="%b %d %Y")
    moved = frame.sort_values("date").groupby("symbol").price.pct_change() * 100
    low, high = moved.quantile(0.25), moved.quantile(0.75)
    far = moved[(moved > high + 3 * (high - low)) | (moved < low - 3 * (high - low))]
    tables = [block for block in room.document("report").blocks if isinstance(block, Table)]
    told = [row for block in tables if re.search(r"above|below", block.caption or "") for row in block.rows]
    assert len(told) == len(far) == 5
    assert sorted(row[-1] or "" for row in told) == sorted(f"{value:.2f}" for value in far)
