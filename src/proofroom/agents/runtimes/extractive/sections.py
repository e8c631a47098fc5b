"""The sections of a computed report, in the order they appear."""

from __future__ import annotations

from typing import Any

from proofroom.agents.runtimes.extractive.report import Report, Steps, aggregate, named, plain_value
from proofroom.agents.runtimes.extractive.rows import row_sentences
from proofroom.agents.runtimes.extractive.run import opinion
from proofroom.agents.runtimes.extractive.tables import is_rate, unit_of, words_of

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
    rows = answer.columns.index("rows")
    lacking = [
        name
        for at, name in enumerate(answer.columns)
        if name.startswith("figures in ") and any(row[at] != row[rows] for row in answer.rows)
    ]
    uneven = shape.time is not None and len({row[rows] for row in answer.rows}) > 1
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
    if answer is None:
        return
    report.heading(TITLES["chart"])
    if len(answer.rows) > 2_000:
        report.blocks.append(opinion(f"No chart is drawn: it would hold {len(answer.rows):,} figures."))
        return
    unreadable = next((column for column in (x, name) if any(sign in column for sign in ".[]\\'\"")), None)
    if unreadable is not None:
        why = "its name holds signs that mean something else in a chart"
        report.blocks.append(opinion(f"No chart of {words_of(unreadable)} is drawn: {why}."))
        return
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
                "title": name if not unit or unit in name else f"{name} in {unit}",
            },
        },
    }
    if series:
        spec["encoding"]["color"] = {"field": series, "type": "nominal", "title": words_of(series)}
    title = f"{name} by {words_of(x)}" + (f" and {words_of(series)}" if series else "")
    report.blocks.append({"type": "chart", "title": title, "spec": spec, "computed": dict(answer.computed)})


MAKERS = {
    "key_figures": key_figures,
    "totals": totals,
    "change": change,
    "shares": shares,
    "top_movers": top_movers,
    "missing_data": missing_data,
    "chart": chart,
}
