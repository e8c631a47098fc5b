"""How much work rows make: as many steps as there are rows, whichever of them a sentence is given first."""

import re
import sys
from collections.abc import Callable
from types import FrameType

from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.document import Cite
from proofroom.domain.evidence import AnalysedPassage, ClaimText, Passage, analyse, check_cited, check_outside
from proofroom.domain.evidence.features import cell_places
from proofroom.domain.evidence.grid import read_grid


def rows(count: int, source: str) -> list[AnalysedPassage]:
    """A table of towns with two columns of figures. Each source's is read anew."""
    out: list[AnalysedPassage] = []
    at = 0
    for i in range(count):
        cells = (
            ("Town", f"Town{chr(97 + i // 26)}{chr(97 + i % 26)}"),
            ("Calls", str(3 * i + 100)),
            ("Vans", "7"),
        )
        text = ",".join(value for _, value in cells)
        out.append(
            analyse(
                Passage(
                    source, 1, f"{source}{i:04}", "Towns", None, at, at + len(text), text, "table_row", cells
                )
            )
        )
        at += len(text) + 1
    return out


def steps(work: Callable[[], object]) -> int:
    """How many functions of Python are called, which no other load of the machine changes."""
    count = 0

    def told(_frame: FrameType, event: str, _what: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(told)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def claim(text: str, cited: list[AnalysedPassage]) -> ClaimText:
    cites = tuple(Cite(p.passage.block_id, p.passage.text, len(text)) for p in cited)
    return ClaimText("c", 1, text, "sentence", (0,), 0, len(text), cites=cites)


def test_a_sentence_that_cites_a_whole_table_makes_as_many_steps_as_it_has_rows() -> None:
    def all_cited(count: int) -> int:
        table = rows(count, f"all{count}")
        given = {p.passage.block_id: p for p in table}
        said = claim("Townac had 106 calls.", table)
        assert check_cited(said, given, table).verdict == "supported"
        return steps(lambda: check_cited(said, given, table))

    assert all_cited(400) < 4.5 * all_cited(100)


def test_the_next_sentence_over_a_table_does_not_read_it_again() -> None:
    table = rows(120, "next")
    first = steps(lambda: check_outside(claim("Townac had 106 calls.", []), table[2:14], (), table))
    found = check_outside(claim("Towncc had 262 calls.", []), table[54:66], (), table)
    second = steps(lambda: check_outside(claim("Townbc had 184 calls.", []), table[28:40], (), table))
    assert found.verdict == "supported"
    assert second * 3 < first


def test_a_table_is_the_same_in_whatever_order_its_rows_come() -> None:
    table = [p.passage for p in rows(12, "order")]
    grid = read_grid(table)
    assert grid is not None
    assert read_grid(reversed(table)) is grid
    assert read_grid([*table[7:], *table[:7]]) is grid
    assert grid.passages == tuple(table)


LETTERS = st.text("aA1_ ,.\u00b2\u0663\u00bd\u00e9\u0301\u2014\t", max_size=14)


@given(LETTERS, st.lists(LETTERS, max_size=4))
def test_cells_are_found_where_a_pattern_for_whole_words_finds_them(text: str, cells: list[str]) -> None:
    found = cell_places(
        Passage("s", 1, "b", "T", None, 0, len(text), text, "table_row", tuple(("c", v) for v in cells))
    )
    done = 0
    for cell, place in zip(cells, found, strict=True):
        bare = cell.strip()
        m = re.compile(rf"(?<![^\W_]){re.escape(bare)}(?![^\W_])").search(text, done) if bare else None
        assert place == (m.span() if m else None)
        done = m.end() if m else done
