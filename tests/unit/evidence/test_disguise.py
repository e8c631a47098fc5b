"""What looks like one thing and is read as another passes no check."""

from collections.abc import Sequence

import pytest

from proofroom.domain.document import parse_markdown
from proofroom.domain.evidence import Claim, Passage, check_outside, split_claims
from proofroom.domain.evidence.disguise import disguises

SOURCE = (
    "The planned altitude was 226 km. Alice Carter led the team. Sales rose by 12 percent. "
    "An area of 5 m² and H₂O at 20 ℃ with IFN-γ, TNFα and 10⁻³ µm. About 5½ cups of ﬂour stood in Łódź."
)


def checked(text: str, sources: Sequence[str] = (SOURCE,)) -> Claim:
    (claim,) = split_claims(parse_markdown(text, title="x"))
    return check_outside(
        claim, [Passage("s1", 1, f"b{n}", "Notes", None, 0, len(s), s) for n, s in enumerate(sources)]
    )


@pytest.mark.parametrize(
    "text",
    [
        "The planned altitude was ２２８ km.",  # full width
        "The planned altitude was \u0662\u0662\u0668 km.",  # Arabic-Indic digits
        "The planned altitude was \U0001d7d0\U0001d7d0\U0001d7d6 km.",  # mathematical digits
        "The planned altitude was ②②⑧ km.",
        "The planned altitude was 226\u0338 km.",  # struck through
        "The planned altitude was \u202e622 km\u202c.",  # direction turned round
        "The planned altitude was 226 \u043am.",  # a Cyrillic letter in a unit
        "The planned altitude was 226 k\u200bm.",
        "The planned altitude was 226 \u339c.",  # the sign for mm
        "The planned altitude was \ufe63226 km.",  # a small minus
        "Sales did n\u200bot rise by 12 percent.",
        "Sales didn\u200b't rise by 12 percent.",
        "Sales did n\u200b\u200dot rise by 12 percent.",
        "Sales did n\u043et rise by 12 percent.",
        "Sales did n\u03bft rise by 12 percent.",
        "Sales did n\ufe0fot rise by 12 percent.",
        "“The planned altitude was [n\u200bot] 226 km.”",
        "“The planned altitude was [n\u043et] 226 km.”",
        "B\u200bob Sm\u200bith led the team.",
        "\uff42ob \uff53mith led the team.",
    ],
)
def test_a_disguised_word_makes_its_claim_unsupported(text: str) -> None:
    claim = checked(text)
    assert claim.verdict == "unsupported", (claim.verdict, claim.checks)
    assert claim.say is not None


@pytest.mark.parametrize(
    "text",
    [
        "The planned altitude was ½ km.",
        "The planned altitude was 226² km.",
        "The planned altitude was Ⅳ km.",
        "Sales did n\u00adot rise by 12 percent.",
        "The planned Москва altitude was 226 km.",
    ],
)
def test_what_may_be_honest_is_shown_to_a_person(text: str) -> None:
    claim = checked(text)
    assert (claim.verdict, claim.headline) == ("partial", "Characters cannot be compared")


@pytest.mark.parametrize(
    "text",
    [
        "An area of 5 m² and H₂O at 20 ℃ with IFN-γ, TNFα and 10⁻³ µm.",
        "About 5½ cups of ﬂour stood in Łódź.",
        "The planned altitude was 226 km\u200b.",
        "“The planned altitude was 226 km.”",
    ],
)
def test_the_sources_own_characters_pass(text: str) -> None:
    assert checked(text).verdict == "supported"


def test_digits_that_the_source_has_just_so_pass() -> None:
    assert checked("高度は２２８キロでした", ["高度は２２８キロでした"]).verdict == "supported"


@pytest.mark.parametrize(
    "text",
    [
        "Résumé… – €5 “naïve” ™",
        "م\u200cی\u200cخواهم",
        "Он сказал 228 км.",
        "क\u200dष",
        "🙂\ufe0f fine",
        "ΔT of kΩ",
    ],
)
def test_other_scripts_and_signs_are_no_disguise(text: str) -> None:
    assert list(disguises(text)) == []


def test_without_an_anchor_a_disguise_is_still_said() -> None:
    claim = checked("Zzyx ２２８ qwop.")
    assert claim.verdict == "unsupported"


def test_a_heading_with_a_disguised_figure_is_a_claim() -> None:
    claims = split_claims(parse_markdown("# T\n\n## Planned altitude ２２８ km\n"))
    assert [c.text for c in claims] == ["Planned altitude ２２８ km"]
