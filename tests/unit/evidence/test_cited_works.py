"""Sources that a draft names."""

import pytest

from proofroom.domain.evidence import Passage, SourceName, analyse
from proofroom.domain.evidence.cited_works import is_known, named_works
from proofroom.domain.evidence.features import read_sentence


def works(text: str) -> list[str]:
    return [w.text for w in named_works(read_sentence(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Deep Space Navigation Audit of March 2000 found it.", ["Deep Space Navigation Audit"]),
        ("A study by Marchetti et al. (2009) showed it.", ["Marchetti"]),
        ("Marchetti et al. showed it.", ["Marchetti"]),
        ("Smith (2004) and, later, Jones and Miller (2005) wrote.", ["Smith", "Jones", "Miller"]),
        ("It was seen (Brandt, 2004).", ["Brandt"]),
        ("An article in the Bexley Gazette claimed it.", ["Bexley Gazette"]),
        ("According to the Northgate Institute, it fell.", ["Northgate Institute"]),
        ("It was published in The Lancet.", ["The Lancet"]),
        ("The Whitfield report found it.", ["Whitfield report"]),
        ("In the Whitfield report a man is named.", []),
        ("See https://a.example/x.pdf. Then", ["https://a.example/x.pdf"]),
        ("See doi:10.1000/182, so", ["doi:10.1000/182"]),
        ("The report found it. A study says so.", []),
        ("The Mars Climate Orbiter was lost.", []),
        ("The Audit found it", []),
    ],
)
def test_which_sources_are_named(text: str, expected: list[str]) -> None:
    assert works(text) == expected


def test_a_sentence_of_many_names_is_cut_short() -> None:
    assert len(works(" and ".join(f"http://a.b/{i}" for i in range(40)))) == 12


PASSAGES = [
    analyse(Passage("s", 1, "b", "Mishap board, phase I: our notes", None, 0, 1, text))
    for text in (
        "The Jet Propulsion Laboratory wrote the Stern Review. See www.nasa.gov/report.",
        "Halvorsen led it. In its survey the harbour office counted boats of the North.",
        "The WMO said so.",
    )
]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("The Stern Review found it.", True),
        ("The Stern Report found it.", True),
        ("The Mishap Board Report found it.", True),
        ("The Autumn Mishap Board Report found it.", True),
        ("The Mishap Investigation Board Report found it.", True),
        ("According to the World Meteorological Organization, so.", True),
        ("A study by Halvorsen et al. says", True),
        ("A paper by Halvorsen Smith says", False),
        ("The Halvorsen Audit found it.", True),
        ("The North Harbour Survey found it.", True),
        ("The North Harbour Audit found it.", False),
        ("See https://www.nasa.gov/report/", True),
        ("See https://nasa.gov/other", False),
        ("The Press Review found it.", True),
        ("A study by Marchetti et al. says", False),
        ("The Annual Report found it", False),
    ],
)
def test_known_by_name_or_by_text(text: str, known: bool) -> None:
    (work,) = named_works(read_sentence(text))
    assert is_known(work, PASSAGES, [SourceName("Notes", "press_review-1999.pdf")]) is known
