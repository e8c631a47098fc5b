"""The figures of a chart as a table: what an export writes instead of the picture."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from proofroom.domain.document.model import MAX_DEPTH, Chart, Column, Table

MAX_ROWS = 200
"""A chart with more figures than this is named and not written out."""

_DRAWN = frozenset(
    "x y x2 y2 xOffset yOffset theta theta2 radius radius2 color fill stroke size shape text row column facet".split()
)
_WORKED = frozenset("transform aggregate bin timeUnit".split())


def chart_figures(chart: Chart) -> Table | None:
    """The values that a chart draws, and nothing that stands beside them; cells are text as it is.

    None when it holds none of the plain kind, or too many, or draws something else than its values.
    """
    data: Any = chart.spec.get("data")
    values: Any = cast(dict[str, Any], data).get("values") if isinstance(data, dict) else None
    if not isinstance(values, list) or not 0 < len(cast(list[Any], values)) <= MAX_ROWS:
        return None
    rows = cast(list[Any], values)
    spec = {name: part for name, part in chart.spec.items() if name != "data"}
    if not all(isinstance(row, dict) for row in rows) or any(_worked(spec, 0)):
        return None
    drawn = set(_fields(spec, 0))
    names = [name for name in dict.fromkeys(str(n) for row in rows for n in row) if name in drawn]
    cells = tuple(tuple(_cell(row.get(name)) for name in names) for row in rows)
    columns = tuple(Column(" ".join(name.split())) for name in names)
    return Table(columns, cells) if names else None


def _members(value: object, depth: int) -> Iterator[tuple[str, object]]:
    """The members of all objects in a specification."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        for name, member in cast(Mapping[str, Any], value).items():
            yield name, member
            yield from _members(member, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for member in cast(Sequence[Any], value):
            yield from _members(member, depth + 1)


def _worked(spec: object, depth: int) -> Iterator[bool]:
    yield from (name in _WORKED and bool(member) for name, member in _members(spec, depth))


def _fields(spec: object, depth: int) -> Iterator[str]:
    for name, member in _members(spec, depth):
        if name in _DRAWN and isinstance(member, Mapping):
            yield str(cast(Mapping[str, Any], member).get("field"))


def _cell(value: Any) -> str | None:
    return None if value is None else " ".join(str(value).split())
