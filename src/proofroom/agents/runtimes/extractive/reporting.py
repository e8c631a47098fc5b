"""Reports without a model: what a table says by period and by label, every figure from the compute tool."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from proofroom.agents.runtimes.base import AgentEvent, Finished, Said
from proofroom.agents.runtimes.extractive.obligations import Wishes, wishes_of
from proofroom.agents.runtimes.extractive.report import Report
from proofroom.agents.runtimes.extractive.run import NO_AI, Run, names_source, opinion
from proofroom.agents.runtimes.extractive.sections import MAKERS, TITLES
from proofroom.agents.runtimes.extractive.tables import Shape, column_named, fitting, shape_of

ROWS = {"brief": 5, "standard": 10, "full": 25}


async def reporting_turn(run: Run) -> AsyncIterator[AgentEvent]:
    wanted = [one for one in MAKERS if one in (run.texts("sections") or MAKERS)]
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
        await MAKERS[section](report)
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
