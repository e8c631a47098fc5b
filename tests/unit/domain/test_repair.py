"""Which claims go back to the agent."""

from typing import Any

import pytest

from proofroom.domain.repair import counts, doubts_in, is_doubted, why


def claim(verdict: str, *, opinion: bool = False, checks: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"verdict": verdict, "opinion": opinion, "headline": "The number differs", "checks": list(checks)}


@pytest.mark.parametrize(
    ("verdict", "doubted"),
    [("supported", False), ("partial", False), ("unsupported", True), ("uncited", True), ("conflict", True)],
)
def test_what_its_sources_do_not_bear_is_doubted(verdict: str, doubted: bool) -> None:
    assert is_doubted(claim(verdict)) is doubted
    assert not is_doubted(claim(verdict, opinion=True))


def test_doubts_are_counted_by_verdict() -> None:
    ledger = [
        claim("supported"),
        claim("uncited"),
        claim("uncited"),
        claim("conflict"),
        claim("uncited", opinion=True),
    ]
    counted = counts(ledger)
    assert counted == {"claims": 5, "unsupported": 0, "uncited": 2, "conflict": 1}
    assert doubts_in(counted) == 3
    assert doubts_in(counts([])) == 0


def test_why_says_what_the_check_found_once() -> None:
    differs = {
        "kind": "number",
        "result": "differs",
        "draft": "4.54",
        "source": "4.45",
        "note": "not the same",
    }
    checks = (
        differs,
        differs,
        {"kind": "date", "result": "differs", "draft": "1999", "source": None, "note": "no date there"},
        {"kind": "name", "result": "same", "draft": "Ann", "source": "Ann", "note": "the same name"},
        {"kind": "meaning", "result": "none", "draft": None, "source": None, "note": "not compared"},
        {"kind": "quote", "result": "missing", "draft": None, "source": None, "note": None},
    )
    assert why(claim("unsupported", checks=checks)) == (
        "The number differs. number: the text says '4.54', the source '4.45'. date: no date there."
    )
    long = claim("unsupported", checks=({**differs, "source": "x" * 5_000},))
    assert len(why(long)) == 1_000
