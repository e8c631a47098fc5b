"""Reports without a model: what a table says by period and by label, every figure from the compute tool."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from proofroom.agents.runtimes.base import AgentEvent, Finished, Said
from proofroom.agents.runtimes.extractive.obligations import Wishes, wishes_of
from proofroom.agents.runtimes.extractive.report import MOST_LEFT_OUT, Report, Steps
from proofroom.agents.runtimes.extractive.run import NO_AI, Run, gap_blocks, names_source, opinion
from proofroom.agents.runtimes.extractive.sections import MAKERS, TITLES, in_short
from proofroom.agents.runtimes.extractive.tables import Shape, fitting, measure_named, shape_of, words_of
from proofroom.domain.periods import moments

WHOLE = 0.9
"""A period with fewer rows than this share of the period before has only begun."""
ORDER = {"comparison": ("shares", "change", "top_movers"), "trend": ("totals", "chart", "change")}
"""The sections that come first in a report of this kind."""
ROWS = {"brief": 5, "standard": 10, "full": 25}


async def reporting_turn(run: Run) -> AsyncIterator[AgentEvent]:
    order = ORDER.get(str(run.setting("report_type", "summary")), ())
    chosen = run.texts("sections") or list(MAKERS)
    wanted = [one for one in dict.fromkeys([*order, *MAKERS]) if one in chosen]
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
        task=run.request.task,
        period=str(run.setting("period", "")).strip(),
    )
    wishes = wishes_of(run.request.obligations)
    report = start(run, shape, wishes)
    if not shape.measures:
        report.gaps.append(f"No column of {shape.title} holds figures that can be reported.")
        yield Finished(f"{NO_AI} There was nothing to compute.", report.gaps)
        return
    await run.progress(1, 2, "Computing")
    await settle_period(report)
    for section in wanted:
        await MAKERS[section](report)
    if "summary" in wanted:
        report.blocks[:0] = in_short(report)
    report.blocks.append(opinion(closing(report)))
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
    blocks = gap_blocks([f"{gap} A report is computed from tables; add a CSV file or name another source."])
    await run.emit("gaps", "generic_output", "Nothing to compute from", blocks, confidence=0.5)
    yield Finished(f"{NO_AI} No report was made.", [gap])


def start(run: Run, shape: Shape, wishes: Wishes) -> Report:
    gaps = [
        f"{shape.title} has no column called {name!r}."
        for name in (*run.texts("measures"), *run.texts("dimensions"))
        if measure_named(shape.columns, name)[0] is None
    ]
    period = shape.periods[-1] if shape.periods else None
    asked = str(run.setting("period", "")).strip()
    known = moments([asked])[0] if asked and shape.unit else None
    meant = asked if asked in shape.periods else (known.period(known.unit) if known else None)
    if meant in shape.periods:
        period = meant
    elif asked:
        gaps.append(f"The table has no period {asked!r}; the report takes {period or 'the whole table'}.")
    gaps += [
        f"It is not clear whether the row {label!r} sums up the others; it was left out."
        for label in shape.doubtful
    ]
    if len(shape.left_out) > MOST_LEFT_OUT:
        gaps.append(f"More than {MOST_LEFT_OUT} rows seem to sum up others; the rest of these is counted in.")
    if shape.truncated:
        gaps.append("The table is long; periods and labels were chosen from its first 2,000 rows.")
    most = ROWS.get(str(run.setting("detail", "standard")), 10)
    return Report(run, shape, period, max(most // 2, 3) if wishes.shorter else most, [], gaps)


async def settle_period(report: Report) -> None:
    """The periods of all rows, also of those that were not read; the last whole one where the last has only begun."""
    shape = report.shape
    if shape.when is None or not shape.periods or not (shape.truncated or shape.unit):
        return
    steps: Steps = [
        *report.base,
        {"group": {"by": [shape.when], "aggregates": [{"fn": "count", "as": "rows"}]}},
        {"sort": {"by": shape.when}},
    ]
    answer = await report.compute(steps)
    if answer is None:
        return
    rows = [(row[0], int(row[1])) for row in answer.rows if row[0]]
    asked = report.period if report.period != shape.periods[-1] else None
    report.shape = replace(shape, periods=tuple(period for period, _ in rows))
    report.period = asked or rows[-1][0]
    if asked is None and shape.unit and len(rows) > 2 and rows[-1][1] < WHOLE * rows[-2][1]:
        (before, many), (last, few) = rows[-2], rows[-1]
        report.period = before
        report.gaps.append(
            f"{last} holds {few:,} rows where {before} holds {many:,}: it looks unfinished, so {before} is reported."
        )


def closing(report: Report) -> str:
    """How the figures came about."""
    shape = report.shape
    said = [NO_AI, f"Every figure is computed from {shape.title} and can be computed again."]
    means = [words_of(one) for one in shape.measures if one in shape.means]
    sums = [words_of(one) for one in shape.measures if one not in shape.means]
    if means:
        said.append(f"Averaged: {', '.join(means)}.")
    if sums:
        said.append(f"Added up: {', '.join(sums)}.")
    if str(report.run.setting("audience", "")).strip():
        said.append("It reads the same for any audience: no AI writes here.")
    if shape.left_out:
        labels = ", ".join(label for _, label in shape.left_out[:10])
        said.append(f"Left out, as they sum up other rows: {labels}.")
    if shape.unit:
        said.append(f"Dates are gathered by {shape.unit}.")
    return " ".join([*said, "Causes are not told."])


def title_of(run: Run, report: Report) -> str:
    task = " ".join(run.request.task.split()).rstrip(".")
    title = task if len(task) <= 120 else task[:119].rsplit(" ", 1)[0] + "\u2026"
    return title or f"Report on {report.shape.title}"
