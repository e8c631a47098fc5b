"""Sentences over rows and columns, computed again: values, lists of them, shares, extremes, differences, counts.

`recount` answers only where `said` knows every word of the sentence and it is clear which row and column each figure is
said of. It then bears the sentence out, contradicts it, or says what is not clear. Rows that sum up others take no part
in sums, means, ranks, counts and shares; where it is not clear whether a row is such a sum nothing of these passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from proofroom.domain.evidence.amounts import Number
from proofroom.domain.evidence.features import AnalysedPassage, Sentence
from proofroom.domain.evidence.finding import NOT_COMPUTED, Finding, Where
from proofroom.domain.evidence.grid import Grid, by_table, read_grid
from proofroom.domain.evidence.labels import words_of
from proofroom.domain.evidence.model import Span
from proofroom.domain.evidence.recount_changes import (
    change,
    compare,
    compare_columns,
    halves,
    multiplied,
    ratio,
)
from proofroom.domain.evidence.recount_extremes import extremes
from proofroom.domain.evidence.recount_sums import (
    aggregate,
    check_sum,
    count_rows,
    counts_rows,
    is_part_of_column,
    is_share,
    only_these,
    part_of_column,
    share_of_sum,
)
from proofroom.domain.evidence.recounting import (
    NotClear,
    Unsure,
    Work,
    compare_value,
    group_for,
    measure_for,
    value_measure,
    year_for,
)
from proofroom.domain.evidence.said import MOST_WORDS, Said, label_spans, read_said
from proofroom.domain.figures import parse_number

_FOUND_ONLY = (
    "The sentence could not be compared with what was found. Read both, or say it in the words of the table."
)


@dataclass(frozen=True, slots=True)
class Recount:
    """`holds` where all that the sentence says is borne out. `cells` are the ranges of the rows that it rests on."""

    findings: tuple[Finding, ...]
    rows: tuple[AnalysedPassage, ...]
    holds: bool
    valued: tuple[AnalysedPassage, ...] = ()
    cells: tuple[Where, ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """A sentence by each table among the passages, read once; `nameless` says that there are rows of figures that
    nothing names each, such as one for each year and region.
    """

    claim: Sentence
    read: tuple[tuple[Grid, Said, tuple[AnalysedPassage, ...]], ...]
    nameless: bool

    def works(self) -> list[Work]:
        return [
            Work(self.claim, grid, replace(said, numbers=list(said.numbers)), passages)
            for grid, said, passages in self.read
        ]


def read_tables(claim: Sentence, passages: Sequence[AnalysedPassage]) -> Tables:
    read: list[tuple[Grid, Said, tuple[AnalysedPassage, ...]]] = []
    nameless = False
    for rows in by_table(passages):
        grid = read_grid(p.passage for p in rows)
        if grid is None:
            cells = (value for p in rows[:50] for _, value in p.passage.cells)
            nameless = nameless or any(parse_number(value) is not None for value in cells)
        elif grid.items and len(claim.toks) <= MOST_WORDS:
            by_id = {p.passage.block_id: p for p in rows}
            ordered = tuple(by_id[p.block_id] for p in grid.passages)
            read.append((grid, read_said(claim, grid), ordered))
    return Tables(claim, tuple(read), nameless)


def recount(tables: Tables) -> Recount | None:
    """What the tables say of a sentence; None where it is of another kind, or of no table."""
    found: list[Recount] = []
    for work in tables.works():
        if work.said.unknown or work.said.refused:
            continue
        try:
            _compute(work)
        except Unsure:
            pass  # what is not clear stands in the findings
        except NotClear:
            continue
        result = _result(work)
        if result is not None:
            found.append(result)
    return next((one for one in found if one.holds), found[0] if found else None)


def partly(tables: Tables) -> Recount | None:
    """Cells that bear out each figure of a sentence which has words that the table does not have, and says nothing that
    would have to be computed. It is left to a person, who sees the cells and the words.
    """
    for work in tables.works():
        said, claim = work.said, work.claim
        unknown = _unknown(work)
        if said.refused or said.ops or not unknown:
            continue
        try:
            _values(work)
        except (NotClear, Unsure):
            continue
        if any(f.outcome != "same" for f in work.findings):
            continue
        words = ", ".join(dict.fromkeys(claim.text[a:b] for a, b in unknown[:6]))
        shown = "; ".join(
            f"{work.grid.labels[row]}: {f.source}" for row, f in zip(work.valued, work.findings, strict=False)
        )
        work.findings.append(
            Finding(
                "citation",
                "not_found",
                unknown[0],
                words,
                None,
                "words that the table does not have",
                headline="Part of the sentence is not in the source",
                shown=shown,
            )
        )
        return _result(work)
    return None


def _unknown(work: Work) -> list[tuple[int, int]]:
    """The words that neither the table's heads have nor, where one row is named, any cell of this row."""
    said = work.said
    rows = {row for _, _, row in said.rows}
    own: set[str] = set()
    for row in rows if len(rows) == 1 else ():
        own.update(word for pair in work.grid.passages[row].cells for text in pair for word in words_of(text))
    return [(a, b) for a, b in said.unknown if not own.issuperset(words_of(said.text[a:b]))]


def label_ranges(tables: Tables) -> list[Span]:
    """Where the sentence names rows and columns of these tables by names that hold a figure."""
    return [span for grid, _, _ in tables.read for span in label_spans(tables.claim, grid)]


def doubts(tables: Tables) -> list[Finding]:
    """Why a sentence that rests on rows of figures, and that is not computed again, does not pass: its figures are not
    those of the row and the columns that it names, it compares, ranks, sums up, limits or denies, or it has words that
    the table does not have: "Mercy cured 420 patients" is more than 420 under "Patients".
    """
    out: list[Finding] = []
    claim = tables.claim
    for work in tables.works():
        said = work.said
        asked = [*said.refused, *_unknown(work)]
        asked += [(start, end) for start, end, op in said.ops if op != "respectively"]
        numbers = [(n.start, n.end) for n in said.numbers]
        if not numbers and len({row for _, _, row in said.rows}) > 1:
            asked.append(
                said.rows[1][:2]
            )  # "the chair is blue" may name one row by its name, another by its colour
        if not asked and not numbers:
            continue
        if not asked:
            try:
                _values(work)
            except (NotClear, Unsure):
                pass
            else:
                if all(f.outcome == "same" for f in work.findings):
                    return []
        at = min(asked or numbers)
        note = "the table says it of no row and column that the sentence names, or in other words"
        text = claim.text[at[0] : at[1]]
        kind = "direction" if asked else "number"
        head = NOT_COMPUTED
        out.append(Finding(kind, "not_found", at, text, None, note, headline=head, shown=_FOUND_ONLY))
    figures = [n for n in claim.numbers if n.kind == "plain"]
    if not out and figures and tables.nameless:
        n = figures[0]
        note = "nothing names each row of the table, so the row that is meant was not found"
        at, head = (n.start, n.end), NOT_COMPUTED
        out.append(Finding("number", "not_found", at, n.text, None, note, headline=head, shown=_FOUND_ONLY))
    return out[:1]


def found_only(tables: Tables) -> Recount | None:
    """The rows that a sentence names where they were found and it could not be compared with them: it has a verb of its
    own, or compares in other words. A name alone may be a word of another subject, so that it also has to speak of a
    column, say a figure, or name a second row.
    """
    for work in tables.works():
        said, grid = work.said, work.grid
        rows = list(dict.fromkeys(row for _, _, row in said.rows))[:3]
        if not rows or not (said.groups or said.numbers or len(rows) > 1):
            continue
        start, end, _ = said.rows[0]
        labels = " and ".join(f"\u201c{grid.labels[row][:60]}\u201d" for row in rows)
        title, many = grid.passages[0].source_title[:60], "s" if len(rows) > 1 else ""
        shown = f"\u201c{title}\u201d has the row{many} {labels}. {_FOUND_ONLY}"
        note = "the row was found, the sentence could not be compared with it"
        finding = Finding(
            "citation",
            "not_found",
            (start, end),
            said.text[start:end],
            None,
            note,
            headline=NOT_COMPUTED,
            shown=shown,
        )
        return Recount((finding,), tuple(work.passages[row] for row in rows), holds=False)
    return None


def _result(work: Work) -> Recount | None:
    findings = work.findings
    holds = all(f.outcome in ("same", "note") for f in findings)
    if not findings or (work.guessed and not holds):
        return None
    rows = dict.fromkeys(work.used)
    valued = dict.fromkeys(work.valued)
    return Recount(
        tuple(findings),
        tuple(work.passages[i] for i in rows),
        holds,
        tuple(work.passages[i] for i in valued),
        tuple(work.cells),
    )


def _compute(work: Work) -> None:
    said, grid = work.said, work.grid
    if grid.periods and said.dates:  # no row is of this year
        raise NotClear
    if not said.rows and not said.groups and not said.heads:
        raise NotClear
    if len(said.ops) != len({op for _, _, op in said.ops}) and not said.has("max", "min"):
        raise NotClear
    if _some_of_others(said):
        raise NotClear
    ops = {op for _, _, op in said.ops}
    if any(n.kind == "ordinal" for n in said.numbers) and not ops & {"max", "min"}:
        raise NotClear
    times = [n for n in said.numbers if n.unit is not None and n.unit.dimension == "times"]
    if said.linked("than") and ops <= {"more", "less"} and ops and not times:
        compare(work) if len(said.rows) != 1 else compare_columns(work)
    elif times and ops <= {"more", "less"} and len(said.rows) == 2 and said.linked("as", "of", "than"):
        ratio(work, times[0])
    elif len(said.rows) == 2 and halves(work):
        ratio(work, said.numbers[0])
    elif ops & {"double", "triple", "halve"} and len(ops - {"more"}) == 1:
        multiplied(work)
    elif ops & {"up", "down"} and len(ops) == 1:
        change(work)
    elif ops & {"max", "min"} and ops <= {"max", "min", "share"}:
        extremes(work)
    elif not ops and is_part_of_column(said):
        part_of_column(work)
    elif is_share(work, ops):
        share_of_sum(work)
    elif ops == {"total"} and len(said.rows) == 1 and len(said.numbers) > 1 and "total of" in said.text:
        _values(work)  # "W1 had a total of 466 calls and 31 complaints"
    elif ops == {"total"} or ops == {"mean"} or ops == {"median"}:
        aggregate(work, next(iter(ops)))
    elif not ops and not said.rows and counts_rows(work):
        count_rows(work)
    elif ops == {"only"}:
        only_these(work)
    elif ops == {"each"}:
        _each(work)
    elif ops <= {"respectively", "loss"}:
        _values(work)
    else:
        raise NotClear


def _values(work: Work) -> None:
    """Each figure is that of a row in a column."""
    said = work.said
    if not said.rows and not work.grid.periods and _one_total(work):
        return
    if not said.rows or not said.numbers or said.linked("than"):
        raise NotClear
    told = [(number, row, value_measure(work, number)) for number, row in _pairs(said)]
    meant = [work.grid.measures.index(measure) for _, _, measure in told]
    if any(not set(group.measures) & set(meant) for group in said.groups):
        raise NotClear  # "deaths at A were 420 patients": of two columns, one with a figure
    if not work.grid.periods and {d.year for d in said.dates} - {m.year for _, _, m in told}:
        raise NotClear  # "A had 420 in 2021 and 2022": of two years, one with a figure
    for number, row, measure in told:
        work.valued.append(row)
        compare_value(work, number, row, measure)


def _each(work: Work) -> None:
    """ "W1 and W2 both had 466 calls": one figure of every row that is named, and of no more than "both" says."""
    said = work.said
    both = said.text[slice(*said.ops[0][:2])].lower() == "both"
    rows = [row for _, _, row in said.rows]
    if len(said.numbers) != 1 or len(rows) < 2 or (both and len(rows) != 2) or len(set(rows)) != len(rows):
        raise NotClear
    number = said.numbers[0]
    if number.start < said.rows[-1][0] or said.linked("than"):
        raise NotClear
    measure = value_measure(work, number)
    if any(work.grid.measures.index(measure) not in group.measures for group in said.groups):
        raise NotClear
    for row in rows:
        work.valued.append(row)
        compare_value(work, number, row, measure)


def _one_total(work: Work) -> bool:
    """ "The survey had 250 respondents", "Sales came to 30": of no row, so of all."""
    said = work.said
    if len(said.numbers) != 1 or not said.groups or said.ops:
        return False
    number = said.numbers[0]
    measure = measure_for(work, group_for(said, number.start, number.end), year_for(said, number.end))
    check_sum(work, number, measure)
    return True


def _pairs(said: Said) -> list[tuple[Number, int]]:
    """Which figure is said of which row."""
    rows, numbers = said.rows, said.numbers
    if len(rows) == 1:
        return [(n, rows[0][2]) for n in numbers]
    if said.has("respectively"):
        if len(rows) != len(numbers) or (rows[-1][1] > numbers[0].start and numbers[-1].end > rows[0][0]):
            raise NotClear
        return [(n, r[2]) for n, r in zip(numbers, rows, strict=True)]
    order = sorted(
        [(start, "r", row) for start, _, row in rows] + [(n.start, "n", i) for i, n in enumerate(numbers)]
    )
    shape = "".join(kind for _, kind, _ in order)
    out: list[tuple[Number, int]] = []
    if shape[0] == "r" and "rr" not in shape and shape[-1] == "n":
        row = -1
        for _, kind, at in order:
            if kind == "r":
                row = at
            else:
                out.append((numbers[at], row))
        return out
    if shape == "nr" * len(rows):
        return [(numbers[i], rows[i][2]) for i in range(len(rows))]
    raise NotClear


def _some_of_others(said: Said) -> bool:
    """Whether a figure is a part of another: "66 of 120 patients"."""
    return any(
        said.text[a.end : b.start].strip().lower() in ("of", "out of", "of the", "in", "/")
        for a, b in zip(said.numbers, said.numbers[1:], strict=False)
    )
