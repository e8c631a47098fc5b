"""A table while it is computed, and how the steps read their arguments and cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn, cast

from proofroom.domain.errors import InvalidInput
from proofroom.domain.figures import Table, is_missing, parse_number
from proofroom.domain.joins import Joined, TableKey

Cell = str | Decimal | None


@dataclass(frozen=True)
class Work:
    """A table while it is computed. A cell is text, a figure, or None where nothing is.

    `alike` are those of the `unsure` columns whose figures are all a thousand times as large, or none of them. `sums`
    holds, by the column that names rows, labels of rows that sum up others; `twice` the columns that rest on such a row
    and on what it sums up; `hidden` says that the names were left out. `ranked` is after a sort.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str | Decimal | None, ...]]
    decimal_comma: frozenset[str]
    skipped: dict[str, int]
    unsure: Mapping[str, str]
    others: Mapping[TableKey, Table] = field(default_factory=dict[TableKey, Table])
    joins: tuple[Joined, ...] = ()
    alike: frozenset[str] = frozenset()
    sums: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    twice: Mapping[str, str] = field(default_factory=dict[str, str])
    hidden: str | None = None
    ranked: bool = False


def show(cell: str | Decimal | None) -> str:
    if cell is None:
        return ""
    return _plain(cell) if isinstance(cell, Decimal) else cell


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def fail(step: int, column: str | None, what: str) -> NoReturn:
    where = f"step {step}" if step else "the table"
    if column is not None:
        where += f", column {column[:80]!r}"
    raise InvalidInput(
        "compute_invalid",
        f"This cannot be computed ({where}): {what}.",
        "Correct the step or the table and run it again.",
        field=f"steps[{step - 1}]" if step else None,
        extra={"step": step, "column": column},
    )


def arguments(value: object, step: int, known: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        fail(step, None, "its value must be an object")
    found = cast(Mapping[str, Any], value)
    extra = [k for k in found if k not in known.split()]
    if extra:
        fail(step, None, f"{str(extra[0])[:40]!r} is not one of its members: {known.replace(' ', ', ')}")
    return found


def index_of(work: Work, name: object, step: int) -> int:
    if not isinstance(name, str):
        fail(step, None, "a column must be named by text")
    if name not in work.columns:
        fail(step, name, f"there is no such column; there are {', '.join(work.columns)[:300]}")
    return work.columns.index(name)


def columns_of(work: Work, names: object, step: int) -> list[int]:
    if not isinstance(names, Sequence) or isinstance(names, str):
        fail(step, None, "columns must be a list")
    return [index_of(work, n, step) for n in cast(Sequence[object], names)]


def new_name(work: Work, name: object, step: int) -> str:
    if not isinstance(name, str) or not name.strip():
        fail(step, None, "a new column needs a name")
    if name in work.columns:
        fail(step, name, "a column of this name is there already")
    return name


def figure_of(work: Work, cell: str | Decimal | None, column: int, step: int, row: int) -> Decimal | None:
    """The figure of a cell; None for a missing one, which is counted; an error for anything else."""
    name = work.columns[column]
    if isinstance(cell, Decimal):
        return cell
    if cell is None or is_missing(cell):
        work.skipped[name] = work.skipped.get(name, 0) + 1
        return None
    value = parse_number(cell, decimal_comma=name in work.decimal_comma)
    if value is None:
        fail(step, name, f"{cell[:60]!r} in row {row + 1} is not a figure")
    return value


def maybe_figure(work: Work, cell: str | Decimal | None, column: int) -> Decimal | None:
    if cell is None or isinstance(cell, Decimal):
        return cell
    return parse_number(cell, decimal_comma=work.columns[column] in work.decimal_comma)


def sort_key(work: Work, at: int) -> Callable[[tuple[str | Decimal | None, ...]], tuple[int, Decimal, str]]:
    def key(row: tuple[str | Decimal | None, ...]) -> tuple[int, Decimal, str]:
        cell = row[at]
        value = maybe_figure(work, cell, at)
        if value is not None:
            return 0, value, ""
        return 1, Decimal(0), show(cell).casefold()

    return key
