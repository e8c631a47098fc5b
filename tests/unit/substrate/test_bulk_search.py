"""Ranking in memory: the formula, ties, and queries that know no term."""

import math
from array import array
from uuid import UUID

import pytest

from proofroom.substrate import search
from proofroom.substrate.bulk_search import Index

IDS = [UUID(int=n) for n in range(5)]
INDEX = Index(
    ids=IDS,
    postings={
        "pier": (array("i", [0, 1, 2, 3]), array("d", [1.0, 1.0, 1.0, 0.5])),
        "cabl": (array("i", [1, 4]), array("d", [1.0, 2.0])),
        "mast": (array("i"), array("d")),
    },
    frequencies={"pier": 4, "cabl": 2, "mast": 3},  # masts stand in sources that are not searched
    total=10,
)


def idf(frequency: int) -> float:
    return math.log(1 + (10 - frequency + 0.5) / (frequency + 0.5))


def test_scores_add_up_and_equal_ones_come_in_order() -> None:
    assert 2 * idf(2) > idf(4) + idf(2) > idf(4) > 0.5 * idf(4)
    assert INDEX.best("piers and cables", 9) == [IDS[n] for n in (4, 1, 0, 2, 3)]
    assert INDEX.best("piers and cables", 2) == [IDS[4], IDS[1]]


@pytest.mark.parametrize("query", ["", "the of", "zeppelin", "mast"])
def test_nothing_is_found_of_what_is_not_there(query: str) -> None:
    assert INDEX.best(query, 5) == []


def test_common_terms_score_only_what_rare_ones_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MIN_CANDIDATES", 1)
    assert INDEX.best("piers and cables", 1) == [IDS[4]]
    assert INDEX.best("piers and cables", 2) == [IDS[4], IDS[1]]
    assert INDEX.best("piers and cables", 3) == [
        IDS[4],
        IDS[1],
        IDS[0],
    ]  # two cables are not enough for three


def test_a_long_list_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A common term's list is much longer than the candidates; it adds the same."""
    monkeypatch.setattr(search, "MIN_CANDIDATES", 1)
    ids = [UUID(int=n) for n in range(100)]
    every = (array("i", range(0, 100, 2)), array("d", [1.0] * 50))
    index = Index(
        ids,
        {"pier": every, "cabl": (array("i", [7, 8]), array("d", [1.0, 1.0]))},
        {"pier": 50, "cabl": 2},
        100,
    )
    assert index.best("cable pier", 2) == [ids[8], ids[7]]
