"""The charts of a computed report: Vega-Lite, every value computed."""

from __future__ import annotations

from typing import Any

from proofroom.agents.runtimes.extractive.report import Answer, Report, Steps, plain_value
from proofroom.agents.runtimes.extractive.run import opinion
from proofroom.agents.runtimes.extractive.tables import unit_of, words_of

MOST_SERIES = 12
MOST_VALUES = 2_000


async def chart(report: Report) -> None:
    """A line over time, for each label where each date has a row for every label; and bars by label."""
    shape = report.shape
    measure = shape.measures[0]
    name = report.named(measure)
    report.heading("Chart")
    if shape.when is not None and shape.time is not None:
        unit = shape.finer or shape.unit
        x = shape.when if unit == shape.unit else report.free_name(unit or shape.time)
        series = shape.by if shape.panel and shape.by and 1 < len(shape.labels) <= MOST_SERIES else None
        steps: Steps = [{"period": {"column": shape.time, "unit": unit, "as": x}}] if unit else []
        steps += [
            {"group": {"by": [x, *([series] if series else [])], "aggregates": [report.aggregate(measure)]}},
            {"sort": {"by": x}},
        ]
        if series or not shape.panel or report.adds_up(measure):
            await drawn(report, steps, x, name, "line", series)
    if shape.by is not None and (shape.when is None or not shape.panel):
        steps = [
            {"group": {"by": [shape.by], "aggregates": [report.aggregate(measure)]}},
            {"sort": {"by": name, "desc": True}},
            {"limit": max(report.most, MOST_SERIES)},
        ]
        await drawn(report, steps, shape.by, name, "bar", None)
    if report.blocks[-1].get("type") == "heading":
        report.blocks.pop()


async def drawn(report: Report, steps: Steps, x: str, name: str, mark: str, series: str | None) -> None:
    answer = await report.compute(steps)
    if answer is None:
        return
    if len(answer.rows) > MOST_VALUES:
        report.blocks.append(opinion(f"No chart is drawn: it would hold {len(answer.rows):,} figures."))
        return
    unreadable = next((column for column in (x, name) if any(sign in column for sign in ".[]\\'\"")), None)
    if unreadable is not None:
        why = "its name holds signs that mean something else in a chart"
        report.blocks.append(opinion(f"No chart of {words_of(unreadable)} is drawn: {why}."))
        return
    title = f"{name} by {words_of(x)}" + (f" and {words_of(series)}" if series else "")
    spec = spec_of(answer, x, name, mark, series, unit_of(report.shape.measures[0]))
    report.blocks.append({"type": "chart", "title": title, "spec": spec, "computed": dict(answer.computed)})


def spec_of(
    answer: Answer, x: str, name: str, mark: str, series: str | None, unit: str | None
) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {
            "values": [
                {
                    column: cell if column in (x, series) else plain_value(cell)
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
    return spec
