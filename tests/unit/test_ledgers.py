"""The digest that a stored ledger is kept with."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from proofroom.domain.evidence import SourceName
from proofroom.services import evidence
from proofroom.services.aside import MANY_CLAIMS
from proofroom.services.ledgers import program, seal, sealed

BASIS: dict[str, Any] = {"program": "p", "sources": [["s1", 1, "Notes", None, False, None]], "blocks": "b"}
CLAIMS = [{"id": "c_1", "verdict": "supported", "anchors": [{"char_start": 3}]}]


def test_the_order_of_members_says_nothing() -> None:
    turned = [{key: claim[key] for key in reversed(claim)} for claim in CLAIMS]
    assert sealed(dict(reversed(BASIS.items())), "d", turned) == sealed(BASIS, "d", CLAIMS)


@pytest.mark.parametrize(
    ("basis", "content", "claims"),
    [
        (BASIS | {"program": "q"}, "d", CLAIMS),
        (BASIS | {"sources": [["s1", 2, "Notes", None, False, None]]}, "d", CLAIMS),
        (BASIS | {"blocks": "c"}, "d", CLAIMS),
        (BASIS, "e", CLAIMS),
        (BASIS, "d", []),
        (BASIS, "d", CLAIMS * 2),
        (BASIS, "d", [CLAIMS[0] | {"verdict": "partial"}]),
        (BASIS, "d", [CLAIMS[0] | {"anchors": [{"char_start": 4}]}]),
    ],
)
def test_every_part_counts(basis: dict[str, Any], content: str, claims: list[dict[str, Any]]) -> None:
    assert sealed(basis, content, claims) != sealed(BASIS, "d", CLAIMS)


@pytest.mark.parametrize("n", [0, 1, 2, MANY_CLAIMS])
async def test_a_ledger_has_the_digest_of_its_sorted_json_however_long_it_is(n: int) -> None:
    whole = json.dumps(
        {"basis": BASIS, "content": "d", "claims": CLAIMS * n}, sort_keys=True, separators=(",", ":")
    )
    assert await seal(BASIS, "d", CLAIMS * n) == hashlib.sha256(whole.encode()).hexdigest()


def test_any_change_of_the_program_makes_it_another(tmp_path: Path) -> None:
    (tmp_path / "domain").mkdir()
    told: list[str] = []
    for name, text in (
        ("domain/a.py", "1"),
        ("domain/a.py", "2"),
        ("domain/b.py", ""),
        ("b.txt", "no program"),
    ):
        (tmp_path / name).write_text(text)
        program.cache_clear()
        told.append(program(tmp_path))
    assert len(set(told)) == 3
    assert told[2] == told[3]


def test_the_program_that_runs_is_read() -> None:
    program.cache_clear()
    assert program() == program(Path(__file__).parents[2] / "src" / "proofroom")


def test_what_is_kept_of_comparisons_is_small_in_projects_of_many_sources_too() -> None:
    few = tuple(SourceName(f"Source {n}", f"{n}.pdf") for n in range(500))
    many = tuple(SourceName(f"Source {n}", f"{n}.pdf") for n in range(10_000))
    assert evidence._Prose((), (), (), few).small
    assert not evidence._Prose((), (), (), many).small
