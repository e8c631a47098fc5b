"""Computed cells and chart series: the computation is done again, and what is shown is compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from proofroom.domain.compute import Result
from proofroom.domain.document import ArtifactDocument, Chart, Table
from proofroom.domain.evidence.claims import chart_series, label_cells
from proofroom.domain.evidence.model import Check, Claim, ClaimText, Say, Side, Verdict
from proofroom.domain.evidence.verdict import led_elsewhere
from proofroom.domain.figures import same_figure


def check_computed(claim: ClaimText, document: ArtifactDocument, again: Result | str | None) -> Claim:
    """A cell or a series against its computation done `again`.

    `again` is the result, or in words why it could not be computed, or None when the document names no
    computation. A cell is compared by row and column; a series with the column of its name, row by row.
    """
    if claim.leads:
        return led_elsewhere(claim)
    block = document.blocks[claim.path[0]]
    if again is None:
        return _made(
            claim,
            "uncited",
            "Not computed",
            Check("computed", "none", note="it names no computation and cites nothing"),
        )
    if isinstance(again, str):
        return _made(
            claim, "unsupported", "Cannot be computed again", Check("computed", "not_found", note=again)
        )
    if isinstance(block, Table) and len(claim.path) == 3:
        label = _other_label(block, claim.path[1], again)
        if label is not None:
            return _label_differs(claim, *label)
        shown, computed = _cell(block, claim.path[1], claim.path[2], again)
    elif isinstance(block, Chart):
        shown, computed = _series(block, chart_series(block)[claim.path[1]], again)
    else:
        shown, computed = claim.text, None
    if (
        isinstance(block, Table | Chart)
        and computed is not None
        and shown is not None
        and (shown == computed or same_figure(shown, computed))
    ):
        return _equal(claim, block, again, Check("computed", "same", shown, computed))
    check = Check(
        "computed", "differs", shown, computed, None if computed is not None else "not in the result"
    )
    return _made(claim, "unsupported", "Computed value differs", check)


def _equal(claim: ClaimText, block: Table | Chart, again: Result, check: Check) -> Claim:
    """Equal to its computation; a person looks where that counts something twice, or can be read in two ways."""
    total = again.twice.get(_column(block, claim, again))
    if total is not None:
        note = f"the row \u201c{total[:60]}\u201d seems to sum up others and is counted in with them"
        return _made(claim, "partial", "Counts a sum with its parts", replace(check, note=note))
    cell = again.unsure.get(_column(block, claim, again))
    if cell is None:
        return _made(claim, "supported", "", check)
    note = f"nothing in the table tells whether {cell} has a decimal point or thousands; it was read with a point"
    return _made(claim, "partial", "Decimal sign unclear", replace(check, note=note))


def _column(block: Table | Chart, claim: ClaimText, again: Result) -> str:
    """The column of the result that a cell or a series was compared with."""
    if isinstance(block, Chart):
        return chart_series(block)[claim.path[1]]
    name = block.columns[claim.path[2]].name
    return name if name in again.columns else again.columns[claim.path[2]]


def _other_label(block: Table, row: int, again: Result) -> tuple[str, str] | None:
    """A cell that names the row and is not the computed one, with that; None where the row is the one that it says."""
    for column in sorted(label_cells(block, row)):
        shown, computed = _cell(block, row, column, again)
        if (
            shown is not None
            and computed is not None
            and shown != computed
            and not same_figure(shown, computed)
        ):
            return shown, computed
    return None


def _label_differs(claim: ClaimText, shown: str, computed: str) -> Claim:
    note = "the row is named otherwise in the result"
    return _made(
        claim, "unsupported", "Row is another one", Check("computed", "differs", shown, computed, note)
    )


def _cell(block: Table, row: int, column: int, again: Result) -> tuple[str | None, str | None]:
    shown = block.rows[row][column]
    if len(block.rows) != len(again.rows):
        return shown, None
    name = block.columns[column].name
    if name in again.columns:
        return shown, again.rows[row][again.columns.index(name)]
    if len(block.columns) == len(again.columns):
        return shown, again.rows[row][column]
    return shown, None


def _series(chart: Chart, name: str, again: Result) -> tuple[str | None, str | None]:
    """The first value that differs with its computed one; a whole equal series as its two ends."""
    data: object = chart.spec.get("data")
    values = cast(Mapping[str, Any], data).get("values") if isinstance(data, dict) else None
    if not isinstance(values, list) or name not in again.columns:
        return None, None
    shown = [_value(v, name) for v in cast(list[object], values)]
    computed = [row[again.columns.index(name)] for row in again.rows]
    if len(shown) != len(computed) or not shown:
        return f"{len(shown)} values", f"{len(computed)} values"
    for ours, theirs in zip(shown, computed, strict=True):
        if ours is None or not same_figure(ours, theirs):
            return ours, theirs
    return computed[0], computed[0]


def _value(datum: object, name: str) -> str | None:
    if not isinstance(datum, dict):
        return None
    value = cast(Mapping[str, Any], datum).get(name)
    return "" if value is None else str(value)


def _made(claim: ClaimText, verdict: Verdict, headline: str, check: Check) -> Claim:
    say = None
    if check.result == "differs":
        say = Say(
            Side(check.draft or "nothing"), Side(check.source or "nothing"), ("Report says", "Computed again")
        )
    differing = f"Computed: {check.draft} or {check.source}" if say else headline
    return Claim(
        id=claim.id,
        n=claim.n,
        text=claim.text,
        kind=claim.kind,
        path=claim.path,
        char_start=claim.char_start,
        char_end=claim.char_end,
        verdict=verdict,
        opinion=claim.opinion,
        headline=headline or "Passed automatic checks",
        short=differing or "Passed",
        say=say,
        checks=(check, Check("meaning", "not_compared", note="yours to read")),
        anchors=(),
        correction=None,
    )
