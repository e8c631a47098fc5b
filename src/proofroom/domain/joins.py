"""Rows of two tables with the same key, and what has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias, cast

from proofroom.domain.figures import is_missing

TableKey: TypeAlias = tuple[str, int, int | None]
"""A captured table: the source, the number of the table in it, and the version; None is the current one."""

Key: TypeAlias = tuple[str, ...] | None
"""The key of a row; None where a part of it is missing, which matches nothing."""

MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of a join: rows of the left table with and without a match, rows of the right one that nothing asked
    for, rows whose key is missing, and keys that stand in several rows of the right table, with examples."""

    step: int
    matched: int
    left_without: int
    right_without: int
    missing_keys: int
    duplicate_keys: int
    examples: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step, "matched": self.matched, "left_without": self.left_without,
            "right_without": self.right_without, "missing_keys": self.missing_keys,
            "duplicate_keys": self.duplicate_keys, "examples": list(self.examples),
        }  # fmt: skip


Cell: TypeAlias = str | Decimal | None


@dataclass(frozen=True, slots=True)
class Matches:
    """For each row on the left the rows on the right, in their order."""

    matches: Sequence[Sequence[int]]
    told: Joined

    def size(self, *, inner: bool) -> int:
        """How many rows the join makes."""
        return sum(len(m) or (not inner) for m in self.matches)

    def rows(
        self,
        left: Sequence[tuple[Cell, ...]],
        added: Sequence[tuple[Cell, ...]],
        nothing: tuple[Cell, ...],
        *,
        inner: bool,
    ) -> list[tuple[Cell, ...]]:
        """The joined rows: each of the left with the cells `added` by its matches, or with `nothing` unless `inner`."""
        out: list[tuple[Cell, ...]] = []
        for row, matching in zip(left, self.matches, strict=True):
            out.extend((*row, *added[i]) for i in matching)
            if not matching and not inner:
                out.append((*row, *nothing))
        return out


def keys_of(rows: Sequence[Sequence[str]]) -> list[Key]:
    """The key of each row: its cells without blanks around them."""
    return [
        None if any(is_missing(cell) for cell in row) else tuple(cell.strip() for cell in row) for row in rows
    ]


def match(left: Sequence[Key], right: Sequence[Key], step: int) -> Matches:
    at: dict[tuple[str, ...], list[int]] = {}
    for i, key in enumerate(right):
        if key is not None:
            at.setdefault(key, []).append(i)
    matches: list[Sequence[int]] = [() if key is None else at.get(key, ()) for key in left]
    asked = {key for key in left if key is not None}
    several = Counter({key: len(rows) for key, rows in at.items() if len(rows) > 1 and key in asked})
    return Matches(
        matches,
        Joined(
            step=step,
            matched=sum(bool(m) for m in matches),
            left_without=sum(not m for m in matches),
            right_without=sum(key not in asked for key in right),
            missing_keys=sum(key is None for key in [*left, *right]),
            duplicate_keys=len(several),
            examples=tuple(", ".join(key)[:80] for key, _ in several.most_common(MOST_EXAMPLES)),
        ),
    )


def tables_joined(steps: Sequence[Mapping[str, Any]]) -> list[TableKey]:
    """(source_id, table, version) of each table that the steps join, version None where none is named.

    Steps that are not as they should be name no table: computing says what is wrong with them.
    """
    found: list[TableKey] = []
    for raw in steps:
        join: object = raw.get("join") if isinstance(raw, Mapping) else None  # pyright: ignore[reportUnnecessaryIsInstance]
        key = table_key(cast("Mapping[str, Any]", join)) if isinstance(join, Mapping) else None
        if key is not None:
            found.append(key)
    return found


def with_versions(
    steps: Sequence[Mapping[str, Any]], pinned: Mapping[TableKey, TableKey]
) -> list[dict[str, Any]]:
    """The steps with each joined table named as `pinned` has it, so that they can be done again."""
    out: list[dict[str, Any]] = []
    for raw in steps:
        join: object = raw.get("join")
        key = table_key(cast("Mapping[str, Any]", join)) if isinstance(join, Mapping) else None
        step = dict(raw)
        if key is not None and key in pinned:
            source_id, table, version = pinned[key]
            step["join"] = {**raw["join"], "source_id": source_id, "table": table, "version": version}
        out.append(step)
    return out


def table_key(join: Mapping[str, Any]) -> TableKey | None:
    """The table that a join names, None when it names none."""
    source_id, table, version = join.get("source_id"), join.get("table"), join.get("version")
    if not isinstance(source_id, str) or not isinstance(table, int):
        return None
    return (source_id, table, version) if version is None or isinstance(version, int) else None
