"""The sections of a computed report, in the order they appear."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from proofroom.agents.runtimes.extractive.charts import chart
from proofroom.agents.runtimes.extractive.report import Answer, Report, Steps, exact, shown
from proofroom.agents.runtimes.extractive.rows import row_sentences
from proofroom.agents.runtimes.extractive.run import opinion
from proofroom.agents.runtimes.extractive.tables import words_of
from proofroom.domain.figures import parse_number

TITLES = {
    "summary": "In short",
    "key_figures": "Key figures",
    "totals": "By period",
    "change": "Against the period before",
    "shares": "Shares",
    "top_movers": "Movers",
    "outliers": "Far outside the usual range",
    "missing_data": "What the table holds",
    "chart": "Chart",
}
FAR_OUT = Decimal(3)
"""Interquartile ranges beyond the quartiles: "far out" after J. W. Tukey, Exploratory Data Analysis, 1977."""
MOST_FAR_OUT = 0.05


async def summary(report: Report) -> None:
    """Written last, when the tables are there; it stands first."""


def in_short(report: Report) -> list[dict[str, Any]]:
    """The main points in words. Every figure in them stands in a computed table of the report."""
    if not report.short:
        return []
    text = " ".join(["From the tables below:", *report.short])
    return [{"type": "heading", "level": 2, "text": TITLES["summary"]}, opinion(text)]


async def key_figures(report: Report) -> None:
    shape, period = report.shape, report.period
    cited = await row_sentences(report) if period else []
    together = [one for one in shape.measures if report.adds_up(one)]
    spread = [] if together else list(shape.measures[:2])
    if not (cited or together or spread):
        return
    report.heading(TITLES["key_figures"])
    report.blocks += cited
    aggregates = [report.aggregate(one) for one in together]
    if together and shape.when and period:
        periods = [one for one in (report.before, period) if one]
        steps: Steps = [
            *report.base,
            {"filter": {"column": shape.when, "op": "in", "value": periods}},
            {"group": {"by": [shape.when], "aggregates": aggregates}},
            {"sort": {"by": shape.when}},
        ]
        await report.tabled(steps, f"All together, {' and '.join(periods)}")
    elif together:
        await report.tabled([{"group": {"by": [], "aggregates": aggregates}}], "All together")
    for measure in spread:
        name = words_of(measure)
        wanted = [
            {"fn": fn, "column": measure, "as": f"{said} {name}"}
            for fn, said in (("min", "lowest"), ("median", "median"), ("mean", "mean"), ("max", "highest"))
        ]
        steps = [
            {"group": {"by": [shape.by], "aggregates": wanted}},
            {"sort": {"by": f"mean {name}", "desc": True}},
            {"limit": report.most},
        ]
        answer = await report.tabled(steps, f"{name} by {words_of(shape.by or '')}, over the whole table")
        if answer is not None and len(answer.rows) > 1 and measure == spread[0]:
            first = answer.rows[0]
            report.say(
                f"The highest mean {name} over the whole table is that of {first[0]}, {shown(first[3], name)}"
                f" (from {shown(first[1], name)} to {shown(first[4], name)})."
            )


async def totals(report: Report) -> None:
    shape = report.shape
    if shape.when is None:
        await by_label(report)
        return
    measures = [one for one in shape.measures if report.adds_up(one)]
    if not measures:
        return
    report.heading(f"By {words_of(shape.when)}" if shape.unit else TITLES["totals"])
    for measure in measures[:3]:
        name = report.named(measure)
        steps: Steps = [
            *report.base,
            {"group": {"by": [shape.when], "aggregates": [report.aggregate(measure)]}},
            {"sort": {"by": shape.when}},
            {"change": {"column": name, "over": shape.when, "as": "change", "kind": "absolute"}},
            {"change": {"column": name, "over": shape.when, "as": "change in %", "kind": "percent"}},
            {"sort": {"by": shape.when, "desc": True}},
            {"limit": report.most},
        ]
        answer = await report.tabled(steps, f"{name} by {words_of(shape.when)}, the latest first")
        if answer is not None:
            say_movement(report, measure, answer, await figures_missing(report, measure))


async def figures_missing(report: Report, measure: str) -> str:
    """What the two periods that are compared lack of a measure, in words; "" where every row holds a figure."""
    shape = report.shape
    at = shape.columns.index(measure)
    if not shape.truncated and all(parse_number(row[at]) is not None for row in shape.rows):
        return ""
    periods = [one for one in (report.before, report.period) if one]
    counts = [{"fn": "count", "as": "rows"}, {"fn": "count", "column": measure, "as": "figures"}]
    answer = await report.compute(
        [
            *report.base,
            {"filter": {"column": shape.when, "op": "in", "value": periods}},
            {"group": {"by": [shape.when], "aggregates": counts}},
            {"sort": {"by": shape.when}},
        ]
    )
    lacking: list[str] = []
    for period, rows, figures in answer.rows if answer is not None else ():
        missing = int(rows) - int(figures)
        if missing:
            lacking.append(f"{missing:,} of {int(rows):,} rows of {period}")
    return f"No figure stands in {' and '.join(lacking)}." if lacking else ""


def say_movement(report: Report, measure: str, answer: Answer, missing: str = "") -> None:
    """The report's period against the one before, and where all periods are shown the highest and lowest.

    `missing` is said behind it: totals of which parts are missing do not compare.
    """
    rows = {row[0]: row for row in answer.rows}
    now, then = rows.get(report.period or ""), rows.get(report.before or "")
    name = report.named(measure)
    if now is None or parse_number(now[1]) is None:
        return
    verb = "was" if measure in report.shape.means else "came to"
    said = f"In {now[0]}, {report.subject(measure)} {verb} {shown(now[1], name)}"
    percent = parse_number(now[3]) if then is not None else None
    if then is not None and percent is not None:
        amount = shown(exact(abs(percent)), "%")
        how = (
            f"{amount} % {'more' if percent > 0 else 'less'} than"
            if amount.strip("0.")
            else "about as much as"
        )
        said += f", {how} in {then[0]} ({shown(then[1], name)})"
    figures = [(value, row[0]) for row in answer.rows if (value := parse_number(row[1])) is not None]
    if len(figures) == len(report.shape.periods) > 2:
        (high, top), (low, bottom) = max(figures), min(figures)
        if high != low:
            said += extremes(now[0], (top, shown(exact(high), name)), (bottom, shown(exact(low), name)))
    report.say(f"{said}. {missing}".rstrip())


def extremes(period: str, high: tuple[str, str], low: tuple[str, str]) -> str:
    """Where the highest and lowest of all periods stand, as the end of a sentence on one of them."""
    if period == high[0]:
        return f", the highest of all; the lowest was {low[1]} in {low[0]}"
    if period == low[0]:
        return f", the lowest of all; the highest was {high[1]} in {high[0]}"
    return f"; the highest was {high[1]} in {high[0]}, the lowest {low[1]} in {low[0]}"


async def by_label(report: Report) -> None:
    shape = report.shape
    if shape.by is None:
        return
    report.heading(f"By {words_of(shape.by)}")
    first = report.named(shape.measures[0])
    steps: Steps = [
        {"group": {"by": [shape.by], "aggregates": [report.aggregate(one) for one in shape.measures]}},
        {"sort": {"by": first, "desc": True}},
        {"limit": report.most},
    ]
    answer = await report.tabled(steps, f"By {words_of(shape.by)}, the largest {first} first")
    if answer is not None and len(answer.rows) > 1 and answer.rows[0][1]:
        rest = (
            f", then {answer.rows[1][0]} with {shown(answer.rows[1][1], first)}" if answer.rows[1][1] else ""
        )
        report.say(
            f"The largest {first} is that of {answer.rows[0][0]}, {shown(answer.rows[0][1], first)}{rest}."
        )


def movement(report: Report, measure: str) -> Steps:
    """Each label's figure in the period and its change since the period before."""
    shape = report.shape
    name = report.named(measure)
    by_time = {"column": name, "over": shape.when, "within": [shape.by]}
    return [
        *report.base,
        {"filter": {"column": shape.when, "op": "in", "value": [report.before, report.period]}},
        {"group": {"by": [shape.by, shape.when], "aggregates": [report.aggregate(measure)]}},
        {"change": {**by_time, "as": "change", "kind": "absolute"}},
        {"change": {**by_time, "as": "change in %", "kind": "percent"}},
        {"filter": {"column": shape.when, "op": "eq", "value": report.period}},
    ]


async def change(report: Report) -> None:
    shape = report.shape
    if shape.when is None or shape.by is None or report.before is None:
        return
    report.heading(TITLES["change"])
    for measure in shape.measures[:2]:
        steps = [
            *movement(report, measure),
            {"sort": {"by": report.named(measure), "desc": True}},
            {"limit": report.most},
        ]
        caption = f"{report.named(measure)} by {words_of(shape.by)}, {report.before} to {report.period}"
        await report.tabled(steps, caption)


async def shares(report: Report) -> None:
    shape = report.shape
    summed = [one for one in shape.measures if one not in shape.means]
    if shape.by is None or not summed:
        return
    report.heading(TITLES["shares"])
    only: Steps = []
    if report.period:
        only = [*report.base, {"filter": {"column": shape.when, "op": "eq", "value": report.period}}]
    for measure in summed[:2]:
        name = report.named(measure)
        steps: Steps = [
            *only,
            {"group": {"by": [shape.by], "aggregates": [report.aggregate(measure)]}},
            {"share": {"column": name, "as": "share in %"}},
            {"sort": {"by": name, "desc": True}},
            {"limit": report.most},
        ]
        when = f" in {report.period}" if report.period else ""
        answer = await report.tabled(steps, f"Shares of {name}{when}")
        if answer is not None and len(answer.rows) > 1 and answer.rows[0][2]:
            top = answer.rows[0]
            report.say(
                f"Of {report.subject(measure)}{when}, {top[0]} has the largest share, {shown(top[2], '%')} %."
            )


async def top_movers(report: Report) -> None:
    shape = report.shape
    if shape.when is None or shape.by is None or report.before is None or len(shape.labels) < 3:
        return
    measure = shape.measures[0]
    name = report.named(measure)
    report.heading(TITLES["top_movers"])
    told: list[str] = []
    for word, op, desc in (("rose", "gt", True), ("fell", "lt", False)):
        steps = [
            *movement(report, measure),
            {"filter": {"column": "change", "op": op, "value": 0}},
            {"sort": {"by": "change", "desc": desc}},
            {"limit": min(3, report.most)},
        ]
        answer = await report.tabled(steps, f"{name}: what {word} most, {report.before} to {report.period}")
        if answer is not None:
            label, _, now, by, *_ = answer.rows[0]
            amount = shown(by, name).removeprefix("-")
            told.append(f"{label} {word} most, by {amount} to {shown(now, name)}")
    if told:
        report.say(f"From {report.before} to {report.period}, in {name}, {'; '.join(told)}.")
    else:
        report.blocks.append(opinion(f"Nothing moved in {name} from {report.before} to {report.period}."))


async def outliers(report: Report) -> None:
    """Rows whose figure lies far beyond the quartiles; where each date has a row for every label, their changes."""
    shape = report.shape
    measure = shape.measures[0]
    name, steps, shows = words_of(measure), [], [one for one in (shape.time, shape.by) if one]
    if shape.panel and shape.moment:
        label = "date" if "date" not in shape.columns else "date (read)"
        name = f"change in % of {name}"
        steps = [
            {"period": {"column": shape.time, "unit": shape.moment, "as": label}},
            {
                "change": {
                    "column": measure,
                    "over": label,
                    "as": name,
                    "kind": "percent",
                    "within": [shape.by],
                }
            },
        ]
        column = name
    else:
        column = measure
    wanted = ("first_quartile", "third_quartile", "min", "max")
    aggregates = [{"fn": one, "column": column, "as": one} for one in wanted]
    told = await report.compute([*steps, {"group": {"by": [], "aggregates": aggregates}}])
    ends = [value for cell in told.rows[0] if (value := parse_number(cell)) is not None] if told else []
    if len(ends) != len(wanted) or ends[0] == ends[1]:
        return
    first, third, least, most = ends
    low, high = first - FAR_OUT * (third - first), third + FAR_OUT * (third - first)
    found: list[tuple[str, Steps, Answer, Decimal]] = []
    beyond = [("above", "gt", high, True)] if most > high else []
    beyond += [("below", "lt", low, False)] if least < low else []
    for word, op, limit, desc in beyond:
        filtered: Steps = [
            *steps,
            {"filter": {"column": column, "op": op, "value": exact_text(limit)}},
            {"sort": {"by": column, "desc": desc}},
            {"select": {"columns": list(dict.fromkeys([*shows, measure, column]))}},
        ]
        answer = await report.compute(filtered)
        if answer is not None:
            found.append((word, filtered, answer, limit))
    if not found:
        return
    count = sum(len(one.rows) for _, _, one, _ in found)
    report.heading(TITLES["outliers"])
    if count > MOST_FAR_OUT * len(shape.rows):
        text = f"{count:,} rows lie far from the middle half of {name}: it is spread so widely that none stands out."
        report.blocks.append(opinion(text))
        return
    for word, filtered, answer, limit in found:
        many = len(answer.rows) > report.most
        caption = f"{name} {word} {shown(exact_text(limit), name)}" + (
            f", the first {report.most}" if many else ""
        )
        await report.tabled([*filtered, {"limit": report.most}], caption)
    rule = "three times the distance between the quartiles beyond them"
    report.blocks.append(
        opinion(f"Far outside means {rule}. Whether such a figure is wrong is for the reader to judge.")
    )
    report.say(f"{count:,} {'row lies' if count == 1 else 'rows lie'} far outside the usual range of {name}.")


def exact_text(value: Decimal) -> str:
    """A figure in plain decimal notation, every digit."""
    return format(value.normalize(), "f")


async def missing_data(report: Report) -> None:
    """Rows and figures counted: where a column has fewer figures than rows, values are missing."""
    shape = report.shape
    report.heading(TITLES["missing_data"])
    counts: list[dict[str, str]] = [{"fn": "count", "as": "rows"}]
    counts += [{"fn": "count", "column": one, "as": f"figures in {words_of(one)}"} for one in shape.measures]
    by = [shape.when] if shape.when else []
    steps: Steps = [*report.base, {"group": {"by": by, "aggregates": counts}}]
    if shape.when:
        steps += [{"sort": {"by": shape.when, "desc": True}}, {"limit": report.most}]
    answer = await report.tabled(steps, "Rows, and how many of them hold a figure")
    if answer is None:
        return
    rows = answer.columns.index("rows")
    lacking = [
        name
        for at, name in enumerate(answer.columns)
        if name.startswith("figures in ") and any(row[at] != row[rows] for row in answer.rows)
    ]
    uneven = shape.when is not None and len({row[rows] for row in answer.rows}) > 1
    if lacking:
        report.gaps.append(f"Values are missing: {', '.join(lacking)} are fewer than rows.")
    if uneven and not shape.unit:
        report.gaps.append("Not every period has as many rows; its total may not be comparable.")
    if absent := report.absent():
        report.gaps.append(f"No row speaks of {absent}.")
    text = "Missing values are left out of sums and means, never counted as zero."
    report.blocks.append(opinion(text))


MAKERS = {
    "summary": summary,
    "key_figures": key_figures,
    "totals": totals,
    "change": change,
    "shares": shares,
    "top_movers": top_movers,
    "outliers": outliers,
    "missing_data": missing_data,
    "chart": chart,
}
