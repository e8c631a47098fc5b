"""Suspect passages in a ranking: none stands above a plain one that holds the same terms of the query.

Suspect is what is marked (domain/marks), what repeats itself to be found, and what stands in a small source beside
marked passages: an order need not stand in the paragraph that was written to be found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from proofroom.db.blocks import BlockRow
from proofroom.domain.marks import WARNINGS, hold_back, marks_of, repetitive
from proofroom.substrate import terms

BESIDE = "beside_marked"
"""In a block's meta: its source holds marked passages, at least one in SHARE."""
SHARE = 20
MOST_BLOCKS = 2_000


def marks(row: BlockRow) -> tuple[str, ...]:
    """What is to be said of a block: see domain/marks. Its heading and its source's title are sent with it, and they
    are foreign words too: an order in a file's name is one.
    """
    own = marks_of(row.text, hidden=bool(row.meta.get("hidden")))
    around = {mark for words in (row.heading, row.source_title) if words for mark in marks_of(words)}
    return tuple(mark for mark in WARNINGS if mark in own or mark in around) if around else own


def is_suspect(blocks: Sequence[tuple[str, Mapping[str, int]]]) -> bool:
    """Whether all blocks of a version, given as text and meta, are held back for what some of them say.

    At most MOST_BLOCKS are looked at; a longer text is judged passage by passage alone.
    """
    if len(blocks) > MOST_BLOCKS:
        return False
    marked = sum(bool(marks_of(text, hidden=bool(meta.get("hidden")))) for text, meta in blocks)
    return marked > 0 and marked * SHARE >= len(blocks)


def suspect(row: BlockRow, own: Sequence[str]) -> bool:
    """Whether a block with the marks `own` is held back."""
    return bool(own) or BESIDE in row.meta or (row.kind != "table_row" and repetitive(row.text))


def in_order(
    query: str, rows: Sequence[BlockRow], scores: Sequence[float], held: Sequence[bool]
) -> list[tuple[int, float]]:
    """(place in `rows`, score) best first, those to be `held` back; equal scores as they came, plain blocks first."""
    scores = list(scores)
    if any(held):
        bits = {term: 1 << n for n, term in enumerate(terms.query_terms(query))}
        words = [
            sum({bits[t] for t in terms.terms(f"{row.heading or ''} {row.text}") if t in bits})
            for row in rows
        ]
        scores = hold_back(scores, held, words)
    order = sorted(range(len(rows)), key=lambda n: (-scores[n], held[n], n))
    return [(n, scores[n]) for n in order]


def settled(query: str, rows: Sequence[BlockRow], held: Sequence[bool]) -> list[BlockRow]:
    """The same blocks with those to be `held` back in their place."""
    return [
        replace(rows[n], score=score) for n, score in in_order(query, rows, [r.score for r in rows], held)
    ]
