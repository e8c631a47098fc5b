"""Sentences on single rows of a table, each citing the rows it speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from proofroom.agents.runtimes.extractive.report import Report, Steps, exact
from proofroom.agents.runtimes.extractive.run import Run, escape
from proofroom.agents.runtimes.extractive.selfcheck import Checker
from proofroom.agents.runtimes.extractive.tables import Shape, words_of
from proofroom.domain.evidence.grid import unit_of
from proofroom.domain.evidence.recounting import scale_word
from proofroom.domain.figures import parse_number

Row = tuple[tuple[str, ...], Mapping[str, Any]]


async def row_sentences(report: Report) -> list[dict[str, Any]]:
    """Sentences on the largest labels of the period, each citing its rows; only those that check as sound."""
    shape = report.shape
    if shape.time is None or shape.unit is not None or report.period is None or report.before is None:
        return []
    measure = shape.measures[0]
    steps: Steps = [{"filter": {"column": shape.time, "op": "eq", "value": report.period}}]
    steps += [{"sort": {"by": measure, "desc": True}}, {"limit": 3}]
    answer = await report.compute(steps)
    if answer is None or measure not in answer.columns:
        return []
    checker = RowChecker(shape)
    out: list[dict[str, Any]] = []
    for row in answer.rows:
        label = row[answer.columns.index(shape.by)] if shape.by else None
        now, then = (
            await cited_row(report, report.period, label),
            await cited_row(report, report.before, label),
        )
        if now is None or then is None:
            continue
        blocks = row_sentences_of(report, measure, label, now, then)
        sound = next((one for one in blocks if checker.sound(one, now, then)), None)
        if sound is not None:
            out.append(sound)
    return out


async def cited_row(report: Report, period: str, label: str | None) -> Row | None:
    """The row of a period and label with the passage that is this row; None when it is not one row."""
    shape = report.shape
    assert shape.time is not None
    at = shape.columns.index(shape.time)
    by = shape.columns.index(shape.by) if shape.by else None
    rows = [
        row
        for row in shape.rows
        if row[at].strip() == period and (by is None or row[by].strip() == (label or "").strip())
    ]
    if len(rows) != 1:
        return None
    block = passage_of_row(report.run, shape, rows[0])
    if block is None:
        await report.run.search(" ".join(rows[0])[:300], 10)
        block = passage_of_row(report.run, shape, rows[0])
    return (rows[0], block) if block is not None else None


def passage_of_row(run: Run, shape: Shape, row: Sequence[str]) -> Mapping[str, Any] | None:
    """The passage of the table's source that holds this row's cells and no other row's."""
    for block in run.blocks.values():
        text = str(block["text"])
        if block.get("kind") != "table_row" or str(block.get("source_id")) != shape.source_id or "\n" in text:
            continue
        cells = [cell.strip().strip('"') for cell in text.replace("\t", ",").replace(";", ",").split(",")]
        if cells == [cell.strip() for cell in row] or text.strip().strip("|").split(" | ") == list(row):
            return block
    return None


def row_sentences_of(
    report: Report, measure: str, label: str | None, now: Row, then: Row
) -> list[dict[str, Any]]:
    """The sentence on two rows, fullest wording first, then plainer ones that more readily check as sound."""
    at = report.shape.columns.index(measure)
    new, old = parse_number(now[0][at]), parse_number(then[0][at])
    if new is None or old is None:
        return []
    verb = "rose to" if new > old else "fell to" if new < old else "stayed at"
    rest = f", from {exact(old)} in {report.before}." if new != old else f", as in {report.before}."
    subjects = [f"{words_of(measure)} of {label}", label] if label else [words_of(measure)]
    texts = [f"In {report.period}, {subject} {verb} {exact(new)}{rest}" for subject in subjects]
    texts.append(f"{subjects[-1]}: {exact(new)} in {report.period}, {exact(old)} in {report.before}.")
    scale = scale_word(unit_of(measure)[1])
    if scale:  # without the name of the column nothing else says that its figures are thousands
        both = f"{exact(new)} {scale}{rest.replace(exact(old), f'{exact(old)} {scale}')}"
        texts.insert(1, f"In {report.period}, {subjects[-1]} {verb} {both}")
    cites = " ".join(f"[[{one[1]['alias']}|{one[1]['text']}]]" for one in (now, then))
    return [{"type": "paragraph", "text": f"{escape(text)} {cites}"} for text in texts]


class RowChecker:
    """Checks sentences against rows with their cells, as the packet does."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._near = [
            self.with_cells(
                {
                    "alias": f"row{n}",
                    "source_id": shape.source_id,
                    "version": shape.version,
                    "source_title": shape.title,
                    "text": ",".join(row),
                },
                row,
            )
            for n, row in enumerate(shape.rows)
        ]

    def with_cells(self, block: Mapping[str, Any], row: Sequence[str]) -> dict[str, Any]:
        return {**block, "kind": "table_row", "cells": list(zip(self._shape.columns, row, strict=True))}

    def sound(self, block: Mapping[str, Any], *rows: Row) -> bool:
        cited = {str(passage["alias"]): self.with_cells(passage, row) for row, passage in rows}
        mine = [row for row, _ in rows]
        beside = [one for one, cells in zip(self._near, self._shape.rows, strict=True) if cells not in mine]
        return Checker(cited, beside).sound(block)
