"""The step that keeps rows of a table by a cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import cast

from proofroom.domain.compute_work import Work, arguments, fail, index_of, maybe_figure, show
from proofroom.domain.figures import is_missing, parse_number


def filtered(work: Work, value: object, step: int) -> Work:
    a = arguments(value, step, "column op value")
    at = index_of(work, a.get("column"), step)
    name, op, wanted = work.columns[at], a.get("op", "eq"), a.get("value")
    keep: Callable[[str | Decimal | None], bool]
    match op:
        case "present":
            keep = lambda cell: isinstance(cell, Decimal) or (cell is not None and not is_missing(cell))  # noqa: E731
        case "contains":
            if not isinstance(wanted, str):
                fail(step, name, "contains needs a text")
            part = wanted.casefold()
            keep = lambda cell: part in show(cell).casefold()  # noqa: E731
        case "in":
            if not isinstance(wanted, Sequence) or isinstance(wanted, str):
                fail(step, name, "in needs a list")
            choices = [_choice(w, step, name) for w in cast(Sequence[object], wanted)]
            keep = _among(work, at, choices)
        case "eq" | "ne":
            choice = _choice(wanted, step, name)
            keep = lambda cell: _equal(work, cell, at, choice) == (op == "eq")  # noqa: E731
        case "between":
            if (
                not isinstance(wanted, Sequence)
                or isinstance(wanted, str)
                or len(cast(Sequence[object], wanted)) != 2
            ):
                fail(step, name, "between needs two figures")
            low, high = (_bound(w, step, name) for w in cast(Sequence[object], wanted))
            keep = lambda cell: (x := maybe_figure(work, cell, at)) is not None and low <= x <= high  # noqa: E731
        case "lt" | "le" | "gt" | "ge":
            limit = _bound(wanted, step, name)
            test = {"lt": Decimal.__lt__, "le": Decimal.__le__, "gt": Decimal.__gt__, "ge": Decimal.__ge__}[
                op
            ]
            keep = lambda cell: (x := maybe_figure(work, cell, at)) is not None and test(x, limit)  # noqa: E731
        case _:
            fail(step, name, "op is eq, ne, lt, le, gt, ge, in, between, contains or present")
    unsure, alike = work.unsure, work.alike
    by_sign = (
        name in work.alike and op in ("lt", "le", "gt", "ge") and str(cast(object, wanted)).strip() == "0"
    )
    if name in unsure and op not in ("present", "contains") and not by_sign:
        # all that is left goes by how it was read
        unsure, alike = dict.fromkeys(work.columns, unsure[name]), frozenset[str]()
    return replace(work, rows=[r for r in work.rows if keep(r[at])], unsure=unsure, alike=alike)


_Wanted = tuple[str, Decimal | None]


def _choice(value: object, step: int, name: str) -> _Wanted:
    """A value to compare cells with, as text without case and as a figure."""
    text = _wanted(value, step, name)
    return text.strip().casefold(), parse_number(text)


def _wanted(value: object, step: int, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        fail(step, name, "the value must be a text or a figure")
    return value if isinstance(value, str) else str(value)


def _bound(value: object, step: int, name: str) -> Decimal:
    found = parse_number(_wanted(value, step, name))
    if found is None:
        fail(step, name, "the value must be a figure")
    return found


def _among(work: Work, column: int, wanted: Sequence[_Wanted]) -> Callable[[str | Decimal | None], bool]:
    """Whether a cell is `_equal` to one of the choices; looked up, however many they are."""
    texts = {text for text, _ in wanted}
    words = {text for text, figure in wanted if figure is None}
    figures = {figure for _, figure in wanted if figure is not None}

    def found(cell: str | Decimal | None) -> bool:
        text = show(cell).strip().casefold()
        ours = maybe_figure(work, cell, column)
        return text in texts if ours is None else ours in figures or text in words

    return found


def _equal(work: Work, cell: str | Decimal | None, column: int, wanted: _Wanted) -> bool:
    text, theirs = wanted
    if theirs is not None and (ours := maybe_figure(work, cell, column)) is not None:
        return ours == theirs
    return show(cell).strip().casefold() == text
