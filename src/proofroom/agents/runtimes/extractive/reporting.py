"""Reports without a model: what a table says by period and by label, every figure from the compute tool."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from proofroom.agents.runtimes.base import AgentEvent, Finished, Said
from proofroom.agents.runtimes.extractive.obligations import Wishes, wishes_of
from proofroom.agents.runtimes.extractive.run import (
    NO_AI,
    Refused,
    Run,
    escape,
    names_source,
    opinion,
)
from proofroom.agents.runtimes.extractive.selfcheck import Checker
from proofroom.agents.runtimes.extractive.tables import (
    Shape,
    column_named,
    fitting,
    is_rate,
    shape_of,
    unit_of,
    words_of,
)
from proofroom.domain.compute import display, parse_number

ROWS = {"brief": 5, "standard": 10, "full": 25}
SECTIONS = ("key_figures", "totals", "change", "shares", "top_movers", "missing_data", "chart")
TITLES = {
    "key_figures": "Key figures",
    "totals": "By period",
    "change": "Against the period before",
    "shares": "Shares",
    "top_movers": "Movers",
    "missing_data": "What the table holds",
    "chart": "Chart",
}
MOST_SERIES = 12

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


async def reporting_turn(run: Run) -> AsyncIterator[AgentEvent]:
    wanted = [one for one in SECTIONS if one in (run.texts("sections") or SECTIONS)]
    table = choose_table(run)
    if table is None:
        async for event in no_table(run):
            yield event
        return
    await run.plan(
        [("Read the table", str(table.get("name") or table.get("source_title") or "the table"))]
        + [(TITLES[one], "Computed from the table, exactly.") for one in wanted]
    )
    arguments = {"source_id": str(table["source_id"]), "table": int(table.get("table") or 0)}
    shape = shape_of(
        await run.call("read_table", arguments),
        measures=run.texts("measures"),
        dimensions=run.texts("dimensions"),
    )
    wishes = wishes_of(run.request.obligations)
    report = start(run, shape, wishes)
    if not shape.measures:
        report.gaps.append(f"No column of {shape.title} holds figures that can be reported.")
        yield Finished(f"{NO_AI} There was nothing to compute.", report.gaps)
        return
    await run.progress(1, 2, "Computing")
    for section in wanted:
        await _MAKERS[section](report)
    report.blocks.append(
        opinion(
            f"{NO_AI} Every figure is computed from {shape.title} and can be computed again. Causes are not told."
        )
    )
    blocks = wishes.apply(report.blocks)
    await run.emit("report", "report", title_of(run, report), blocks, confidence=0.9)
    summary = f"{NO_AI} A report on {shape.title}, {len(wanted)} sections."
    yield Said(summary)
    yield Finished(" ".join([summary, *wishes.said]), [*report.gaps, *run.troubles])


def choose_table(run: Run) -> Mapping[str, Any] | None:
    names = run.texts("data_sources")
    tables = [one for one in run.request.envelope.tables if not names or names_source(one, names)]
    found = fitting(tables, run.request.task)
    return found[0] if found else None


async def no_table(run: Run) -> AsyncIterator[AgentEvent]:
    names = run.texts("data_sources")
    gap = (
        "No source of this project holds a table."
        if not names
        else f"No table in {', '.join(names)} was found."
    )
    if run.source_count() == 0:
        yield Finished("There is nothing to report on: the project has no sources.", [gap])
        return
    await run.plan([("Look for a table", "A report is computed from tables.")])
    blocks = [opinion(f"{gap} A report is computed from tables; add a CSV file or name another source.")]
    await run.emit("gaps", "generic_output", "Nothing to compute from", blocks, confidence=0.5)
    yield Finished(f"{NO_AI} No report was made.", [gap])


def start(run: Run, shape: Shape, wishes: Wishes) -> Report:
    gaps = [
        f"{shape.title} has no column called {name!r}."
        for name in (*run.texts("measures"), *run.texts("dimensions"))
        if column_named(shape.columns, name) is None
    ]
    period = shape.periods[-1] if shape.periods else None
    asked = str(run.setting("period", "")).strip()
    if asked and asked in shape.periods:
        period = asked
    elif asked:
        gaps.append(f"The table has no period {asked!r}; the report takes {period or 'the whole table'}.")
    if shape.truncated:
        gaps.append("The table is long; periods and labels were chosen from its first 2,000 rows.")
    most = ROWS.get(str(run.setting("detail", "standard")), 10)
    return Report(run, shape, period, max(most // 2, 3) if wishes.shorter else most, [], gaps)


def title_of(run: Run, report: Report) -> str:
    task = " ".join(run.request.task.split()).rstrip(".")
    title = task if len(task) <= 120 else task[:119].rsplit(" ", 1)[0] + "\u2026"
    return title or f"Report on {report.shape.title}"


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


async def key_figures(report: Report) -> None:
    shape, period = report.shape, report.period
    report.heading(TITLES["key_figures"])
    cited = await row_sentences(report) if period else []
    report.blocks += cited
    aggregates = [aggregate(one) for one in shape.measures]
    if shape.time and period:
        steps: Steps = [
            {
                "filter": {
                    "column": shape.time,
                    "op": "in",
                    "value": [one for one in (report.before, period) if one],
                }
            },
            {"group": {"by": [shape.time], "aggregates": aggregates}},
            {"sort": {"by": shape.time}},
        ]
        caption = (
            f"All together, {report.before} and {period}" if report.before else f"All together, {period}"
        )
    else:
        steps = [{"group": {"by": [], "aggregates": aggregates}}]
        caption = "All together"
    answer = await report.compute(steps)
    if answer is not None:
        report.table(answer, caption)


async def row_sentences(report: Report) -> list[dict[str, Any]]:
    """Sentences on the largest labels of the period, each citing its rows; only those that check as sound."""
    shape = report.shape
    if shape.time is None or report.period is None or report.before is None:
        return []
    measure = shape.measures[0]
    steps: Steps = [{"filter": {"column": shape.time, "op": "eq", "value": report.period}}]
    steps += [{"sort": {"by": measure, "desc": True}}, {"limit": 3}]
    answer = await report.compute(steps)
    if answer is None or measure not in answer.columns:
        return []
    checker = RowChecker(shape)
    out: list[dict[str, Any]] = []
    for row in answer.rows:
        label = row[answer.columns.index(shape.by)] if shape.by else None
        now, then = (
            await cited_row(report, report.period, label),
            await cited_row(report, report.before, label),
        )
        if now is None or then is None:
            continue
        blocks = row_sentences_of(report, measure, label, now, then)
        sound = next((one for one in blocks if checker.sound(one, now, then)), None)
        if sound is not None:
            out.append(sound)
    return out


Row = tuple[tuple[str, ...], Mapping[str, Any]]


async def cited_row(report: Report, period: str, label: str | None) -> Row | None:
    """The row of a period and label with the passage that is this row; None when it is not one row."""
    shape = report.shape
    assert shape.time is not None
    at = shape.columns.index(shape.time)
    by = shape.columns.index(shape.by) if shape.by else None
    rows = [
        row
        for row in shape.rows
        if row[at].strip() == period and (by is None or row[by].strip() == (label or "").strip())
    ]
    if len(rows) != 1:
        return None
    block = passage_of_row(report.run, shape, rows[0])
    if block is None:
        await report.run.search(" ".join(rows[0])[:300], 10)
        block = passage_of_row(report.run, shape, rows[0])
    return (rows[0], block) if block is not None else None


def passage_of_row(run: Run, shape: Shape, row: Sequence[str]) -> Mapping[str, Any] | None:
    """The passage of the table's source that holds this row's cells and no other row's."""
    for block in run.blocks.values():
        text = str(block["text"])
        if block.get("kind") != "table_row" or str(block.get("source_id")) != shape.source_id or "\n" in text:
            continue
        cells = [cell.strip().strip('"') for cell in text.replace("\t", ",").replace(";", ",").split(",")]
        if cells == [cell.strip() for cell in row] or text.strip().strip("|").split(" | ") == list(row):
            return block
    return None


def row_sentences_of(
    report: Report, measure: str, label: str | None, now: Row, then: Row
) -> list[dict[str, Any]]:
    """The sentence on two rows, with the measure's name and, where that reads as a figure, without it."""
    at = report.shape.columns.index(measure)
    new, old = parse_number(now[0][at]), parse_number(then[0][at])
    if new is None or old is None:
        return []
    verb = "rose to" if new > old else "fell to" if new < old else "stayed at"
    rest = f", from {exact(old)} in {report.before}." if new != old else f", as in {report.before}."
    subjects = [f"{words_of(measure)} of {label}", label] if label else [words_of(measure)]
    cites = " ".join(f"[[{one[1]['alias']}|{one[1]['text']}]]" for one in (now, then))
    return [
        {
            "type": "paragraph",
            "text": f"{escape(f'In {report.period}, {subject} {verb} {exact(new)}{rest}')} {cites}",
        }
        for subject in subjects
    ]


def exact(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    return display(value, max(0, -exponent) if isinstance(exponent, int) else 0)


class RowChecker:
    """Checks sentences against rows with their cells, as the packet does."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._near = [
            self.with_cells(
                {
                    "alias": f"row{n}",
                    "source_id": shape.source_id,
                    "version": shape.version,
                    "source_title": shape.title,
                    "text": ",".join(row),
                },
                row,
            )
            for n, row in enumerate(shape.rows)
        ]

    def with_cells(self, block: Mapping[str, Any], row: Sequence[str]) -> dict[str, Any]:
        return {**block, "kind": "table_row", "cells": list(zip(self._shape.columns, row, strict=True))}

    def sound(self, block: Mapping[str, Any], *rows: Row) -> bool:
        cited = {str(passage["alias"]): self.with_cells(passage, row) for row, passage in rows}
        mine = [row for row, _ in rows]
        beside = [one for one, cells in zip(self._near, self._shape.rows, strict=True) if cells not in mine]
        return Checker(cited, beside).sound(block)


async def totals(report: Report) -> None:
    shape = report.shape
    if shape.time is None:
        if shape.by is None:
            return
        report.heading(f"By {words_of(shape.by)}")
        steps: Steps = [
            {"group": {"by": [shape.by], "aggregates": [aggregate(one) for one in shape.measures]}},
            {"sort": {"by": named(shape.measures[0]), "desc": True}},
            {"limit": report.most},
        ]
        answer = await report.compute(steps)
        if answer is not None:
            report.table(answer, f"By {words_of(shape.by)}, the largest first")
        return
    report.heading(TITLES["totals"])
    for measure in shape.measures[:3]:
        name = named(measure)
        steps = [
            {"group": {"by": [shape.time], "aggregates": [aggregate(measure)]}},
            {"sort": {"by": shape.time}},
            {"change": {"column": name, "over": shape.time, "as": "change", "kind": "absolute"}},
            {"change": {"column": name, "over": shape.time, "as": "change in %", "kind": "percent"}},
            {"sort": {"by": shape.time, "desc": True}},
            {"limit": report.most},
        ]
        answer = await report.compute(steps)
        if answer is not None:
            report.table(answer, f"{name} by {words_of(shape.time)}, the latest first")


def movement(report: Report, measure: str) -> Steps:
    """Each label's figure in the period and its change since the period before."""
    shape = report.shape
    name = named(measure)
    return [
        {"filter": {"column": shape.time, "op": "in", "value": [report.before, report.period]}},
        {"group": {"by": [shape.by, shape.time], "aggregates": [aggregate(measure)]}},
        {
            "change": {
                "column": name,
                "over": shape.time,
                "as": "change",
                "kind": "absolute",
                "within": [shape.by],
            }
        },
        {
            "change": {
                "column": name,
                "over": shape.time,
                "as": "change in %",
                "kind": "percent",
                "within": [shape.by],
            }
        },
        {"filter": {"column": shape.time, "op": "eq", "value": report.period}},
    ]


async def change(report: Report) -> None:
    shape = report.shape
    if shape.time is None or shape.by is None or report.before is None:
        return
    report.heading(TITLES["change"])
    for measure in shape.measures[:2]:
        steps = [
            *movement(report, measure),
            {"sort": {"by": named(measure), "desc": True}},
            {"limit": report.most},
        ]
        answer = await report.compute(steps)
        if answer is not None:
            report.table(
                answer, f"{named(measure)} by {words_of(shape.by)}, {report.before} to {report.period}"
            )


async def shares(report: Report) -> None:
    shape = report.shape
    summed = [one for one in shape.measures if not is_rate(one)]
    if shape.by is None or not summed:
        return
    report.heading(TITLES["shares"])
    only: Steps = (
        [{"filter": {"column": shape.time, "op": "eq", "value": report.period}}] if report.period else []
    )
    for measure in summed[:2]:
        steps: Steps = [
            *only,
            {"group": {"by": [shape.by], "aggregates": [aggregate(measure)]}},
            {"share": {"column": named(measure), "as": "share in %"}},
            {"sort": {"by": named(measure), "desc": True}},
            {"limit": report.most},
        ]
        answer = await report.compute(steps)
        if answer is not None:
            report.table(
                answer,
                " ".join(["Shares of", named(measure), *([f"in {report.period}"] if report.period else [])]),
            )


async def top_movers(report: Report) -> None:
    shape = report.shape
    if shape.time is None or shape.by is None or report.before is None or len(shape.labels) < 3:
        return
    measure = shape.measures[0]
    most = min(3, report.most)
    report.heading(TITLES["top_movers"])
    for word, op, desc in (("rose", "gt", True), ("fell", "lt", False)):
        steps = [
            *movement(report, measure),
            {"filter": {"column": "change", "op": op, "value": 0}},
            {"sort": {"by": "change", "desc": desc}},
            {"limit": most},
        ]
        answer = await report.compute(steps)
        if answer is not None:
            report.table(answer, f"{named(measure)}: what {word} most, {report.before} to {report.period}")


async def missing_data(report: Report) -> None:
    """Rows and figures counted: where a column has fewer figures than rows, values are missing."""
    shape = report.shape
    report.heading(TITLES["missing_data"])
    counts: list[dict[str, str]] = [{"fn": "count", "as": "rows"}]
    counts += [{"fn": "count", "column": one, "as": f"figures in {words_of(one)}"} for one in shape.measures]
    by = [shape.time] if shape.time else []
    steps: Steps = [{"group": {"by": by, "aggregates": counts}}]
    if shape.time:
        steps += [{"sort": {"by": shape.time, "desc": True}}, {"limit": report.most}]
    answer = await report.compute(steps)
    if answer is None:
        return
    report.table(answer, "Rows, and how many of them hold a figure")
    lacking = [name for at, name in enumerate(answer.columns) if any(
        row[at] != row[answer.columns.index("rows")] for row in answer.rows) and name.startswith("figures in ")]  # fmt: skip
    uneven = shape.time is not None and len({row[answer.columns.index("rows")] for row in answer.rows}) > 1
    if lacking:
        report.gaps.append(f"Values are missing: {', '.join(lacking)} are fewer than rows.")
    if uneven:
        report.gaps.append("Not every period has as many rows; its total may not be comparable.")
    text = "Missing values are left out of sums and means, never counted as zero."
    report.blocks.append(opinion(text))


async def chart(report: Report) -> None:
    shape = report.shape
    measure = shape.measures[0]
    name = named(measure)
    unit = unit_of(measure)
    series = shape.by if shape.by and 1 < len(shape.labels) <= MOST_SERIES else None
    if shape.time is not None:
        x = shape.time
        by = [shape.time, *([series] if series else [])]
        steps: Steps = [
            {"group": {"by": by, "aggregates": [aggregate(measure)]}},
            {"sort": {"by": shape.time}},
        ]
        mark = "line"
    elif shape.by is not None:
        x, series, mark = shape.by, None, "bar"
        steps = [
            {"group": {"by": [shape.by], "aggregates": [aggregate(measure)]}},
            {"sort": {"by": name, "desc": True}},
            {"limit": report.most},
        ]
    else:
        return
    answer = await report.compute(steps)
    if answer is None or len(answer.rows) > 2_000 or any(bad in name + x for bad in ".[]\\'\""):
        return
    report.heading(TITLES["chart"])
    spec: dict[str, Any] = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {
            "values": [
                {
                    column: cell if column in (shape.time, shape.by) else plain_value(cell)
                    for column, cell in zip(answer.columns, row, strict=True)
                }
                for row in answer.rows
            ]
        },
        "mark": {"type": mark, "tooltip": True},
        "encoding": {
            "x": {"field": x, "type": "ordinal", "title": words_of(x)}
            | ({"sort": None} if mark == "bar" else {}),
            "y": {
                "field": name,
                "type": "quantitative",
                "title": f"{name}" + (f" in {unit}" if unit else ""),
            },
        },
    }
    if series:
        spec["encoding"]["color"] = {"field": series, "type": "nominal", "title": words_of(series)}
    title = f"{name} by {words_of(x)}" + (f" and {words_of(series)}" if series else "")
    report.blocks.append({"type": "chart", "title": title, "spec": spec, "computed": dict(answer.computed)})


def plain_value(cell: str) -> Any:
    """A cell for a chart's data: a JSON number where it is one without losing digits, else the text."""
    value = parse_number(cell)
    if value is None:
        return cell or None
    if value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    number = float(value)
    return number if Decimal(repr(number)) == value else cell


_MAKERS = {
    "key_figures": key_figures,
    "totals": totals,
    "change": change,
    "shares": shares,
    "top_movers": top_movers,
    "missing_data": missing_data,
    "chart": chart,
}
