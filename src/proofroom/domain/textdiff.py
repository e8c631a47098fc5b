"""What differs between two versions of an artifact, word by word, block by block.

Common ends are set aside, then words that occur once on each side and in the same order are anchors (patience
diff), and what lies between two anchors is compared by Myers' greedy algorithm (E. W. Myers, "An O(ND) Difference
Algorithm and Its Variations", 1986) for at most `WORK` / length differences. Beyond that the stretch is given as
replaced: correct, only coarser. So n words on both sides together cost at most `MAX_LEVELS` rounds of
O(n log n) for anchors and n times the square root of `WORK` steps for what lies between them.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from proofroom.domain.document import ArtifactDocument
from proofroom.domain.reading import lines_of

Kind = Literal["same", "removed", "added"]
Run = tuple[bool, int, int, int, int]
"""(equal, a_start, a_end, b_start, b_end), in order and without gaps."""

WORK = 250_000
MAX_LEVELS = 12
LOOK_AHEAD = 8
"""How many added blocks are looked at as the new form of a removed one."""
ALIKE = 0.4
"""Share of words that two blocks have in common to be one block changed rather than one gone and one new."""

_TOKEN = re.compile(r"\w+(?:['\u2019.,:-]\w+)*\s*|[^\w\s]\s*|\s+")


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of text of one block: in both versions, only in the earlier or only in the later one.

    `block` counts the blocks of both versions in their common order.
    """

    block: int
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class DiffBlock:
    """A block of either version. `kind` is changed where both have it with other words."""

    type: str
    kind: Literal["same", "removed", "added", "changed"]


@dataclass(frozen=True, slots=True)
class Diff:
    blocks: tuple[DiffBlock, ...]
    changes: tuple[Change, ...]


def diff_to_json(diff: Diff) -> dict[str, Any]:
    """{blocks: [{type, kind}], changes: [{block, kind, text}]}."""
    return {
        "blocks": [{"type": b.type, "kind": b.kind} for b in diff.blocks],
        "changes": [{"block": c.block, "kind": c.kind, "text": c.text} for c in diff.changes],
    }


def diff_documents(before: ArtifactDocument, after: ArtifactDocument) -> Diff:
    """The word diff of two versions. The title counts as their first block; citations are left out, and where a link
    leads stands behind its words.
    """
    old, new = _blocks(before), _blocks(after)
    blocks: list[DiffBlock] = []
    changes: list[Change] = []

    def put(left: tuple[str, str] | None, right: tuple[str, str] | None) -> None:
        words = _words(left, right)
        kinds = {kind for kind, _ in words}
        kind = "changed" if left and right else "added" if right else "removed"
        blocks.append(DiffBlock((right or left or ("", ""))[0], "same" if kinds <= {"same"} else kind))
        changes.extend(Change(len(blocks) - 1, kind, text) for kind, text in words)

    for equal, a, b, c, d in align(old, new):
        if equal:
            for one in old[a:b]:
                put(one, one)
        else:
            for left, right in _paired(old[a:b], new[c:d]):
                put(left, right)
    return Diff(tuple(blocks), tuple(changes))


def _words(left: tuple[str, str] | None, right: tuple[str, str] | None) -> list[tuple[Kind, str]]:
    before, after = left[1] if left else "", right[1] if right else ""
    if before == after:
        return [("same", before)] if before else []
    return list(diff_words(before, after))


def diff_words(before: str, after: str) -> Iterator[tuple[Kind, str]]:
    """(kind, text): joined, what is not added is `before`, and what is not removed is `after`."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    same: list[str] = []
    removed: list[str] = []
    added: list[str] = []
    for equal, a, b, c, d in align([t.rstrip() for t in old], [t.rstrip() for t in new]):
        if not equal:
            removed += old[a:b]
            added += new[c:d]
            continue
        for left, right in zip(old[a:b], new[c:d], strict=True):
            word = left if left == right else left.rstrip()  # what differs is the white space behind it
            if word and (removed or added):
                yield from _runs(same, removed, added)
                same, removed, added = [], [], []
            if word:
                same.append(word)
            if left != word:
                removed.append(left[len(word) :])
            if right != word:
                added.append(right[len(word) :])
    yield from _runs(same, removed, added)


def _runs(same: Sequence[str], removed: Sequence[str], added: Sequence[str]) -> Iterator[tuple[Kind, str]]:
    if same:
        yield "same", "".join(same)
    if removed:
        yield "removed", "".join(removed)
    if added:
        yield "added", "".join(added)


def _blocks(document: ArtifactDocument) -> list[tuple[str, str]]:
    """(type, text) of each block; the cells of a table and the items of a list stand on lines of their own."""
    named = {"listblock": "list"}
    found = [(type(b).__name__.lower(), "\n".join(lines_of(b, addresses=True))) for b in document.blocks]
    return [("title", document.title), *((named.get(kind, kind), text) for kind, text in found)]


def _paired(
    old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str] | None, tuple[str, str] | None]]:
    """Blocks of one replaced stretch beside each other where they are alike, in order."""
    at = 0
    bags = [Counter(text.split()) for _, text in new]
    for left in old:
        mine = Counter(left[1].split())
        match = next(
            (
                i
                for i in range(at, min(at + LOOK_AHEAD, len(new)))
                if new[i][0] == left[0] and (left[0] == "title" or _alike(mine, bags[i]))
            ),
            None,
        )
        if match is None:
            yield left, None
            continue
        yield from ((None, one) for one in new[at:match])
        yield left, new[match]
        at = match + 1
    yield from ((None, one) for one in new[at:])


def _alike(left: Counter[str], right: Counter[str]) -> bool:
    return (left & right).total() >= ALIKE * max(left.total(), right.total(), 1)


def align(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[Run]:
    """The runs in which two sequences agree and differ: see the module's account of how and at what cost."""
    out: list[Run] = []
    todo: list[tuple[int, int, int, int, int]] = [(0, len(a), 0, len(b), MAX_LEVELS)]
    while todo:
        a0, a1, b0, b1, levels = todo.pop()
        start = 0
        while a0 + start < a1 and b0 + start < b1 and a[a0 + start] == b[b0 + start]:
            start += 1
        if start:
            _put(out, True, a0, a0 + start, b0, b0 + start)
            a0, b0 = a0 + start, b0 + start
        if a0 == a1 or b0 == b1:
            _put(out, False, a0, a1, b0, b1)
            continue
        end = 0
        while a1 - end > a0 and b1 - end > b0 and a[a1 - end - 1] == b[b1 - end - 1]:
            end += 1
        if end:  # comes after all that is pushed below
            todo.append((a1 - end, a1, b1 - end, b1, 0))
            a1, b1 = a1 - end, b1 - end
        anchors = _anchors(a, b, a0, a1, b0, b1) if levels else []
        if anchors:
            edges = [(a0, b0), *anchors, (a1, b1)]
            spans = [(i, x, j, y, levels - 1) for (i, j), (x, y) in pairwise(edges)]
            todo.extend(reversed(spans))
        elif a0 == a1 or b0 == b1:
            _put(out, False, a0, a1, b0, b1)
        else:
            for run in _greedy(a, b, a0, a1, b0, b1):
                _put(out, *run)
    return out


def _put(out: list[Run], equal: bool, a0: int, a1: int, b0: int, b1: int) -> None:
    if a0 == a1 and b0 == b1:
        return
    if out and out[-1][0] == equal:
        out[-1] = (equal, out[-1][1], a1, out[-1][3], b1)
    else:
        out.append((equal, a0, a1, b0, b1))


def _anchors(
    a: Sequence[Hashable], b: Sequence[Hashable], a0: int, a1: int, b0: int, b1: int
) -> list[tuple[int, int]]:
    """Places of items that occur once on each side, as many as stand in the same order (longest increasing run)."""
    left, right = Counter(a[a0:a1]), Counter(b[b0:b1])
    where = {b[j]: j for j in range(b0, b1) if right[b[j]] == 1}
    pairs = [(i, where[a[i]]) for i in range(a0, a1) if left[a[i]] == 1 and a[i] in where]
    tails: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for n, (_, j) in enumerate(pairs):
        k = bisect_left(tails, j)
        tails[k : k + 1] = [j]
        at[k : k + 1] = [n]
        before.append(at[k - 1] if k else -1)
    out: list[tuple[int, int]] = []
    n = at[-1] if at else -1
    while n >= 0:
        out.append(pairs[n])
        n = before[n]
    return out[::-1]


def _greedy(a: Sequence[Hashable], b: Sequence[Hashable], a0: int, a1: int, b0: int, b1: int) -> list[Run]:
    """Myers' greedy algorithm on one stretch that has something on each side; all replaced when it needs too much."""
    n, m = a1 - a0, b1 - b0
    limit = min(n + m, max(8, WORK // (n + m)))
    reach: dict[int, int] = {1: 0}
    trail: list[dict[int, int]] = []
    for d in range(limit + 1):
        trail.append({k: reach[k] for k in range(-d - 1, d + 2, 2) if k in reach})
        for k in range(-d, d + 1, 2):
            down = k == -d or (k != d and reach[k - 1] < reach[k + 1])
            x = reach[k + 1] if down else reach[k - 1] + 1
            y = x - k
            while x < n and y < m and a[a0 + x] == b[b0 + y]:
                x, y = x + 1, y + 1
            reach[k] = x
            if x >= n and y >= m:
                return _retrace(trail, a0, b0, n, m)
    return [(False, a0, a1, b0, b1)]


def _retrace(trail: list[dict[int, int]], a0: int, b0: int, n: int, m: int) -> list[Run]:
    runs: list[Run] = []
    x, y = n, m
    for d in range(len(trail) - 1, -1, -1):
        reach, k = trail[d], x - y
        down = k == -d or (k != d and reach[k - 1] < reach[k + 1])
        k0 = k + 1 if down else k - 1
        x0 = reach[k0]
        y0 = x0 - k0
        mid_x, mid_y = (x0, y0 + 1) if down else (x0 + 1, y0)
        if d == 0:
            mid_x, mid_y = 0, 0
        if mid_x < x:
            runs.append((True, a0 + mid_x, a0 + x, b0 + mid_y, b0 + y))
        if d:
            runs.append((False, a0 + x0, a0 + mid_x, b0 + y0, b0 + mid_y))
        x, y = x0, y0
    return runs[::-1]
