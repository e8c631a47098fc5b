"""What checking a draft against the rows of a table takes, by how many figures and rows there are.

    python bench/check_tables.py [--sizes 50x75,100x150,200x300,400x600] [--way cited|all-cited|outside] [--profile FxR]

Makes one CSV of as many rows as asked for, captures it as the product does, and a draft with as many figures, each in
a sentence of its own: half true, a quarter of another row, a quarter altered. As a report every row of the table is
cited by the document and each sentence cites its own row ("cited") or every row ("all-cited"); as a draft from outside
each sentence is given twelve rows and what stands around them, as `services/outside.py` gives them. Seconds are of
CPU, of the comparing alone.

Ends with 1 when 200 figures against 300 rows take more than 5 s, or when four times the work (twice the figures,
twice the rows) takes more than six times as long.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

from proofroom.domain.document import Cite
from proofroom.domain.evidence import (
    Claim,
    ClaimText,
    Passage,
    analyse,
    check_cited,
    check_outside,
)
from proofroom.substrate.extracted import Limits
from proofroom.substrate.parsers.delimited import parse

BAR = 5.0
"""Seconds of CPU for 200 figures against 300 rows."""
GROWTH = 6.0
"""How much longer four times the pairs of a figure and a row may take."""
CANDIDATES = 12
COLUMNS = ("Households", "Budget (EUR k)", "Schools", "Visitors 2022", "Visitors 2023")
SHAPES = (
    "{row} had {figure} households.",
    "The budget of {row} was {figure} thousand euros.",
    "{row} has {figure} schools.",
    "{row} had {figure} visitors in 2022.",
    "In 2023 the visitors of {row} came to {figure}.",
)
_ONE = "Ash Elm Oak Birch Alder Hazel Maple Rowan Willow Cedar Larch Pine Holly Thorn Lime Plane Beech Aspen".split()
_TWO = (
    "field ford bridge ham ton wick ley mouth pool stead worth hurst gate well combe dale holm thorpe".split()
)


def names(count: int) -> list[str]:
    made = [f"{one}{two}" for two in _TWO for one in _ONE]
    more = [f"{name} {side}" for side in ("North", "South", "East", "West") for name in made]
    return [*made, *more][:count]


def table(rows: int, rng: random.Random) -> tuple[list[Passage], list[str], list[list[int]]]:
    """The passages of a captured table, and what its rows are called and hold."""
    labels = names(rows)
    cells = [[rng.randint(100, 99_999) for _ in COLUMNS] for _ in labels]
    lines = [
        ",".join(["Town", *COLUMNS]),
        *(",".join([n, *map(str, c)]) for n, c in zip(labels, cells, strict=True)),
    ]
    extracted = parse("\n".join(lines) + "\n", name="towns", limits=Limits(), extension="csv")
    (found,) = extracted.tables
    out: list[Passage] = []
    for i, block in enumerate(b for b in extracted.blocks if b.kind == "table_row"):
        own = tuple(zip(found.columns, found.rows[int(block.meta["row"])], strict=True))
        said = extracted.text[block.char_start : block.char_end]
        out.append(
            Passage(
                "s", 1, f"b{i:05}", "Towns", None, block.char_start, block.char_end, said, block.kind, own
            )
        )
    return out, labels, cells


def sentences(
    figures: int, labels: list[str], cells: list[list[int]], rng: random.Random
) -> list[tuple[int, str]]:
    """(row, sentence) for each figure."""
    out: list[tuple[int, str]] = []
    for n in range(figures):
        row, column = n * len(labels) // figures, n % len(COLUMNS)
        figure = cells[row][column]
        if n % 4 == 1:
            figure = cells[(row + 1) % len(cells)][column]
        elif n % 4 == 3:
            figure += rng.randint(1, 90)
        out.append((row, SHAPES[column].format(row=labels[row], figure=f"{figure:,}")))
    return out


def cited(passages: list[Passage], said: list[tuple[int, str]]) -> list[Claim]:
    read = {p.block_id: analyse(p) for p in passages}
    further = [analyse(p) for p in passages]
    out: list[Claim] = []
    for n, (row, text) in enumerate(said):
        cites = (Cite(passages[row].block_id, "", len(text)),)
        claim = ClaimText(f"c{n}", n + 1, text, "sentence", (n,), 0, len(text), cites=cites)
        out.append(check_cited(claim, read, further))
    return out


def cited_all(passages: list[Passage], said: list[tuple[int, str]]) -> list[Claim]:
    """Each sentence cites every row, word for word, as the cells of a row do that sums up a table."""
    read = {p.block_id: analyse(p) for p in passages}
    further = [analyse(p) for p in passages]
    out: list[Claim] = []
    for n, (_, text) in enumerate(said):
        cites = tuple(Cite(p.block_id, p.text, len(text)) for p in passages)
        claim = ClaimText(f"c{n}", n + 1, text, "sentence", (n,), 0, len(text), cites=cites)
        out.append(check_cited(claim, read, further))
    return out


def outside(passages: list[Passage], said: list[tuple[int, str]]) -> list[Claim]:
    read = [analyse(p) for p in passages]
    out: list[Claim] = []
    for n, (row, text) in enumerate(said):
        best = [read[(row + i) % len(read)] for i in range(CANDIDATES)]
        claim = ClaimText(f"c{n}", n + 1, text, "sentence", (n,), 0, len(text))
        out.append(check_outside(claim, best, (), read))
    return out


WAYS: dict[str, Callable[[list[Passage], list[tuple[int, str]]], list[Claim]]] = {
    "cited": cited,
    "all-cited": cited_all,
    "outside": outside,
}


def measure(way: str, figures: int, rows: int, seed: int) -> tuple[float, list[Claim]]:
    rng = random.Random(seed)
    passages, labels, cells = table(rows, rng)
    said = sentences(figures, labels, cells, rng)
    start = time.process_time()
    found = WAYS[way](passages, said)
    return time.process_time() - start, found


def pair(text: str) -> tuple[int, int]:
    figures, _, rows = text.partition("x")
    return int(figures), int(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="Checking a draft against the rows of a table, by sizes.")
    parser.add_argument("--sizes", default="50x75,100x150,200x300,400x600")
    parser.add_argument("--way", choices=tuple(WAYS))
    parser.add_argument("--profile", metavar="FxR", type=pair)
    parser.add_argument("--seed", type=int, default=11)
    given = parser.parse_args()
    ways = [given.way] if given.way else list(WAYS)
    if given.profile:
        for way in ways:
            profiler = cProfile.Profile()
            profiler.runcall(measure, way, given.profile[0], given.profile[1], given.seed)
            print(way)
            pstats.Stats(profiler).sort_stats("cumulative").print_stats(35)
        return 0
    low: list[str] = []
    for way in ways:
        print(
            f"\n{way}\n  {'figures':>7} {'rows':>6} {'CPU s':>8} {'ms a figure':>12} {'grows':>6}  verdicts"
        )
        before: tuple[int, float] | None = None
        for figures, rows in map(pair, given.sizes.split(",")):
            seconds, found = measure(way, figures, rows, given.seed)
            verdicts = Counter(c.verdict for c in found)
            grows = seconds / before[1] if before else 0.0
            told = ", ".join(f"{n} {v}" for v, n in sorted(verdicts.items()))
            print(
                f"  {figures:>7} {rows:>6} {seconds:>8.2f} {1000 * seconds / figures:>12.1f}"
                f" {f'{grows:.1f}x' if before else '':>6}  {told}",
                flush=True,
            )
            if (figures, rows) == (200, 300) and seconds > BAR:
                low.append(
                    f"{way}: {figures} figures against {rows} rows took {seconds:.1f} s, not {BAR:.0f} s"
                )
            if before and figures * rows == 4 * before[0] and seconds > 0.5 and grows > GROWTH:
                low.append(
                    f"{way}: {figures} figures against {rows} rows took {grows:.1f} times as long as a quarter"
                )
            before = (figures * rows, seconds)
    print("\nbelow the bar: " + "; ".join(low) if low else "\nevery figure reaches its bar")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
