"""What a reviewer asked for, judged on the next version."""

import unicodedata
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.obligation_text import contains, contains_in_any_form, occurrences
from proofroom.domain.obligations import Obligation, ObligationState, Past, Version, judge
from proofroom.domain.reading import Reading

ALTITUDE = "The orbiter passed Mars at 57 kilometres."
FACTOR = "The factor between the units is 4.45."


def claim(text: str, *titles: str, id_: str = "", role: str = "supports") -> dict[str, Any]:
    return {
        "id": id_ or f"c_{abs(hash(text))}",
        "text": text,
        "anchors": [
            {"role": role, "source_title": t, "source_id": t, "version": 1, "block_id": "b", "quote": "q"}
            for t in titles
        ],
    }


def state(
    obligation: Obligation,
    before: dict[str, Any],
    after: dict[str, Any],
    text: str | None = None,
    previous: str | None = None,
) -> str:
    """Of one obligation; the plain text of each slot is that of its claims unless given."""
    earlier = Past(ObligationState(previous), versions(before)) if previous else Past()
    return judge(obligation, versions(before), versions(after, text), earlier).state.value


def versions(claims: dict[str, Any], text: str | None = None) -> dict[str, Version]:
    return {
        slot: Version(cs, Reading("", (text if text is not None else " ".join(c["text"] for c in cs),)))
        for slot, cs in claims.items()
    }


def on(
    claim_text: str | None, comment: str, slot: str | None = "report", claim_id: str | None = None
) -> Obligation:
    return Obligation("o1", comment, slot, claim_id, claim_text)


def in_report(*claims: dict[str, Any]) -> dict[str, Any]:
    return {"report": list(claims)}


# A claim and a comment in free words


def test_a_claim_that_stands_unchanged_is_unmet() -> None:
    same = in_report(claim(ALTITUDE))
    assert state(on(ALTITUDE, "Is this right?"), same, same) == "unmet"


@pytest.mark.parametrize(
    "dressed",
    [
        f"  {ALTITUDE} ",
        ALTITUDE.replace(" ", "\u00a0"),
        ALTITUDE.replace("M", "\u200bM"),
        ALTITUDE.replace(" ", "\n\t"),
        ALTITUDE.replace("k", "\u00adk"),
    ],
    ids=repr,
)
def test_spaces_and_invisible_characters_do_not_change_a_claim(dressed: str) -> None:
    assert state(on(ALTITUDE, "Check."), in_report(claim(ALTITUDE)), in_report(claim(dressed))) == "unmet"


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert state(on("Café.", "Check."), in_report(claim("Café.")), in_report(claim("Cafe\u0301."))) == "unmet"


@pytest.mark.parametrize(
    "after", [[], [claim("The orbiter passed Mars at 58 kilometres.")], [claim(ALTITUDE.upper())]]
)
def test_a_claim_changed_or_removed_is_the_reviewers_to_judge(after: list[dict[str, Any]]) -> None:
    assert state(on(ALTITUDE, "Check."), in_report(claim(ALTITUDE)), in_report(*after)) == "open"


def test_the_same_words_on_other_evidence_are_the_reviewers_to_judge() -> None:
    obligation = on(ALTITUDE, "Where is this from?")
    assert state(obligation, in_report(claim(ALTITUDE)), in_report(claim(ALTITUDE, "Report"))) == "open"
    same = in_report(claim(ALTITUDE, "Report"))
    assert state(obligation, same, in_report(claim(ALTITUDE, "Report"))) == "unmet"


def test_the_same_words_twice() -> None:
    twice = in_report(claim(ALTITUDE, id_="c_1"), claim(ALTITUDE, id_="c_1_2"))
    assert state(on(ALTITUDE, "Check."), twice, twice) == "unmet"
    assert state(on(ALTITUDE, "Check."), twice, in_report(claim(ALTITUDE, id_="c_1"))) == "open"


def test_a_claim_that_is_new_again_after_it_was_gone() -> None:
    assert state(on(ALTITUDE, "Check."), in_report(), in_report(claim(ALTITUDE))) == "unmet"


def test_only_the_artifact_it_is_about_is_looked_at() -> None:
    before = {"report": [claim(ALTITUDE)], "summary": [claim(ALTITUDE)]}
    after = {"report": [claim(FACTOR)], "summary": [claim(ALTITUDE)]}
    assert state(on(ALTITUDE, "Check."), before, after) == "open"
    assert state(on(ALTITUDE, "Check.", slot="summary"), before, after) == "unmet"
    assert state(on(ALTITUDE, "Check.", slot=None), before, before) == "unmet"
    assert state(on(ALTITUDE, "Check.", slot=None), before, after) == "open"


def test_a_claim_named_by_its_id_only() -> None:
    before = in_report(claim(FACTOR, id_="c_1"), claim(ALTITUDE, id_="c_2"))
    obligation = on(None, "Check.", claim_id="c_2")
    assert state(obligation, before, before) == "unmet"
    assert state(obligation, before, in_report(claim(FACTOR, id_="c_2"))) == "open"
    assert state(on(None, "Check.", claim_id="c_9"), before, before) == "open"


@pytest.mark.parametrize("comment", ["Make it shorter.", "", "  \n ", "Must be better: please"])
def test_free_words_on_a_whole_artifact_are_the_reviewers_to_judge(comment: str) -> None:
    same = in_report(claim(ALTITUDE))
    assert state(on(None, comment), same, same) == "open"
    assert state(Obligation("o1", comment), same, {}) == "open"


# Lines that can be checked


@pytest.mark.parametrize(
    ("comment", "text", "expected"),
    [
        ("must contain: 4.45", FACTOR, "met"),
        ("must contain: 4.45", ALTITUDE, "unmet"),
        ("Must  Contain :  4.45 ", FACTOR, "met"),
        ("- must contain: 4.45.", FACTOR, "met"),
        ("* must contain: “The factor”", FACTOR, "met"),
        ('must contain: "4.45."', FACTOR, "met"),
        ('must contain: "4.45 "', "4.450", "unmet"),
        ("must contain: the FACTOR", FACTOR, "met"),
        ("must contain: fact", FACTOR, "unmet"),
        ("must not contain: 4.45", FACTOR, "unmet"),
        ("must not contain: 4.45", ALTITUDE, "met"),
        ("must not contain: secret", "a s\u200becret", "unmet"),
        ("must not contain: secret", "a \uff53\uff45\uff43\uff52\uff45\uff54 plan", "unmet"),
        ("must contain: secret", "a \uff53\uff45\uff43\uff52\uff45\uff54 plan", "unmet"),
        ("must contain: 10", "10² metres", "unmet"),
        ("must not contain: 5", "\u21165", "unmet"),
        ("must contain:", FACTOR, "open"),
        ("must contain: ", FACTOR, "open"),
        ("must contain: .", FACTOR, "open"),
        ('must contain: ""', FACTOR, "unmet"),
        ("must contain 4.45", FACTOR, "open"),
        ("it must contain: 4.45", FACTOR, "open"),
        ("must contain: a: b", "there is a: b.", "met"),
    ],
)
def test_must_and_must_not_contain(comment: str, text: str, expected: str) -> None:
    assert state(on(None, comment), in_report(), in_report(), text) == expected


def test_text_of_another_artifact_does_not_count() -> None:
    both = {"report": Version([], Reading("", (ALTITUDE,))), "summary": Version([], Reading("", (FACTOR,)))}
    wanted = [
        Obligation("here", "must contain: 4.45", "report"),
        Obligation("there", "must contain: 4.45", "summary"),
        Obligation("anywhere", "must contain: 4.45"),
        Obligation("nowhere", "must not contain: 4.45"),
        Obligation("gone", "must contain: 4.45", "slides"),
    ]
    assert {o.id: judge(o, both, both).state.value for o in wanted} == {
        "here": "unmet",
        "there": "met",
        "anywhere": "met",
        "nowhere": "unmet",
        "gone": "unmet",
    }


def test_a_checkable_line_decides_even_where_the_claim_stands() -> None:
    same = in_report(claim(FACTOR))
    assert state(on(FACTOR, "must contain: Lockheed"), same, same, f"{FACTOR} Lockheed.") == "met"


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("must contain: 4.45\nmust contain: factor", "met"),
        ("must contain: 4.45\n\n  \nmust contain: 57", "unmet"),
        ("must contain: 4.45\nAnd make it friendlier.", "open"),
        ("must contain: 57\nAnd make it friendlier.", "unmet"),
        ("remove\nmust contain: 4.45", "open"),  # no claim is named, so what to remove is not known
    ],
)
def test_several_lines(comment: str, expected: str) -> None:
    assert state(on(None, comment), in_report(), in_report(), FACTOR) == expected


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([claim(FACTOR, "Mishap Board, Phase I")], "met"),
        ([claim(FACTOR, "mishap  board, phase i")], "met"),
        ([claim(FACTOR, "Another", "Mishap Board, Phase I")], "met"),
        ([claim(FACTOR, "Mishap Board")], "unmet"),
        ([claim(FACTOR)], "unmet"),
        ([{"id": "c_1", "text": FACTOR}], "unmet"),
        ([claim(FACTOR, "Mishap Board, Phase I", role="nearest")], "unmet"),
        ([claim(FACTOR, "Mishap Board, Phase I", role="differs")], "unmet"),
        ([claim("The Mishap Board, Phase I, says so.")], "unmet"),
        ([], "unmet"),
    ],
)
def test_must_cite(after: list[dict[str, Any]], expected: str) -> None:
    assert state(on(None, "must cite: Mishap Board, Phase I"), in_report(), in_report(*after)) == expected


def test_an_anchor_without_a_title_cites_nothing() -> None:
    bare = {"id": "c_1", "text": FACTOR, "anchors": [{"role": "supports", "source_title": None}]}
    assert state(on(None, "must cite: Report"), in_report(), in_report(bare)) == "unmet"


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([claim(ALTITUDE, "Report"), claim(FACTOR)], "met"),
        ([claim(ALTITUDE), claim(FACTOR, "Report")], "unmet"),
        ([claim("It passed at 57 km.", "Report"), claim(FACTOR)], "met"),
        ([claim(FACTOR, "Report")], "open"),
        ([claim(FACTOR)], "unmet"),
    ],
)
def test_must_cite_for_a_claim_that_was_named(after: list[dict[str, Any]], expected: str) -> None:
    """The claim itself, or one that is new; a citation that hangs elsewhere is the reviewer's to judge."""
    before = in_report(claim(ALTITUDE), claim(FACTOR))
    assert state(on(ALTITUDE, "must cite: Report"), before, in_report(*after)) == expected


@pytest.mark.parametrize(
    "comment", ["remove", "Remove.", "Please remove this claim!", " - remove it ", "REMOVE THIS"]
)
def test_remove(comment: str) -> None:
    before = in_report(claim(ALTITUDE), claim(FACTOR))
    assert state(on(ALTITUDE, comment), before, in_report(claim(FACTOR))) == "met"
    assert state(on(ALTITUDE, comment), before, before) == "unmet"
    assert state(on(None, comment), before, before) == "open"


def test_what_was_to_go_stands_elsewhere_as_plain_text() -> None:
    before = in_report(claim(ALTITUDE), claim(FACTOR))
    hidden = f"A heading: {ALTITUDE.lower()} {FACTOR}"
    assert state(on(ALTITUDE, "remove"), before, in_report(claim(FACTOR)), hidden) == "unmet"


def test_a_removed_cell_may_occur_elsewhere_by_chance() -> None:
    before = in_report(claim("57"), claim(FACTOR))
    assert state(on("57", "remove"), before, in_report(claim(FACTOR)), "In 57 days.") == "met"


def test_what_was_to_go_was_only_reworded() -> None:
    before = in_report(claim(ALTITUDE), claim(FACTOR))
    reworded = in_report(claim("The orbiter passed Mars at about 57 kilometres."), claim(FACTOR))
    assert state(on(ALTITUDE, "remove"), before, reworded) == "open"
    other = in_report(claim("Nobody knows what the altitude was."), claim(FACTOR))
    assert state(on(ALTITUDE, "remove"), before, other) == "met"


def test_a_likely_neighbour_that_was_there_before_does_not_count_as_reworded() -> None:
    neighbour = claim("The orbiter passed Mars at about 57 kilometres.")
    assert state(on(ALTITUDE, "remove"), in_report(claim(ALTITUDE), neighbour), in_report(neighbour)) == "met"


def test_an_artifact_that_is_gone_meets_nothing_by_that() -> None:
    before = in_report(claim(ALTITUDE))
    assert state(on(ALTITUDE, "remove"), before, {}) == "open"
    assert state(on(None, "must not contain: 57"), before, {}) == "open"
    assert state(on(None, "must contain: 57"), before, {}) == "unmet"
    assert state(on(None, "must not contain: 57", slot=None), before, {}) == "met"


def test_one_of_two_equal_sentences_was_removed() -> None:
    twice = in_report(claim(ALTITUDE, id_="c_1"), claim(ALTITUDE, id_="c_1_2"))
    assert state(on(ALTITUDE, "remove"), twice, in_report(claim(ALTITUDE))) == "open"


@pytest.mark.parametrize(("words", "expected"), [(3, "met"), (4, "unmet"), (5, "unmet")])
def test_from_how_many_words_on_a_removed_claim_is_looked_for(words: int, expected: str) -> None:
    text = " ".join("abcde"[:words])
    assert state(on(text, "remove"), in_report(claim(text)), in_report(), f"x {text} y") == expected


@pytest.mark.parametrize(("shared", "expected"), [(6, "met"), (7, "open"), (8, "open")])
def test_how_much_of_a_claim_makes_another_like_it(shared: int, expected: str) -> None:
    words = [f"w{n}" for n in range(10)]
    like = " ".join([*words[:shared], *(f"v{n}" for n in range(10))])
    text = " ".join(words)
    assert state(on(text, "remove"), in_report(claim(text)), in_report(claim(like))) == expected


@pytest.mark.parametrize("key", ["role", "source_id", "version", "block_id", "quote"])
def test_any_change_of_its_evidence_makes_a_claim_worth_another_look(key: str) -> None:
    moved = claim(ALTITUDE, "Report")
    moved["anchors"][0][key] = "other"
    assert state(on(ALTITUDE, "Check."), in_report(claim(ALTITUDE, "Report")), in_report(moved)) == "open"


def test_the_words_of_a_claim_go_before_its_id() -> None:
    """Ids are those of the version that was reviewed then; later versions may have used them again."""
    before = in_report(claim(FACTOR, id_="c_1"), claim(ALTITUDE, id_="c_2"))
    obligation = on(ALTITUDE, "Check.", claim_id="c_1")
    assert state(obligation, before, in_report(claim(ALTITUDE, id_="c_2"))) == "unmet"
    assert state(obligation, before, in_report(claim(FACTOR, id_="c_1"))) == "open"
    assert state(on(ALTITUDE, "Check.", claim_id="c_9"), before, before) == "unmet"


@pytest.mark.parametrize("quotes", ['""', "''", "\u201c\u201d", "\u2018\u2019", "\u00ab\u00bb"])
def test_what_stands_in_quotation_marks_is_wanted_exactly(quotes: str) -> None:
    comment = f"must contain: {quotes[0]}so.{quotes[1]}"
    assert state(on(None, comment), in_report(), in_report(), "It is so.") == "met"
    assert state(on(None, comment), in_report(), in_report(), "It is so") == "unmet"


@pytest.mark.parametrize("bullet", ["-", "*", "\u2022", " - ", "--"])
def test_a_line_may_be_an_item_of_a_list(bullet: str) -> None:
    assert state(on(None, f"{bullet} must contain: 4.45"), in_report(), in_report(), FACTOR) == "met"


# Over several iterations


@pytest.mark.parametrize(
    ("previous", "now", "expected"),
    [
        (None, "57", "unmet"),
        ("open", "57", "unmet"),
        ("unmet", "57", "unmet"),
        ("met", "57", "regressed"),
        ("regressed", "57", "regressed"),
        (None, "4.45", "met"),
        ("met", "4.45", "met"),
        ("unmet", "4.45", "met"),
        ("regressed", "4.45", "met"),
    ],
)
def test_what_was_met_and_no_longer_holds_has_regressed(
    previous: str | None, now: str, expected: str
) -> None:
    assert state(on(None, "must contain: 4.45"), in_report(), in_report(), now, previous) == expected


def test_a_claim_that_comes_back_has_regressed() -> None:
    assert state(
        on(ALTITUDE, "No."), in_report(claim(FACTOR)), in_report(claim(ALTITUDE)), previous="met"
    ) == ("regressed")


def test_what_a_person_found_met_stays_so_while_the_artifact_says_the_same() -> None:
    obligation = on(ALTITUDE, "Say it more carefully.")
    careful = claim("It passed at about 57 km.", "Report")
    assert state(obligation, in_report(careful), in_report(careful), previous="met") == "met"
    assert state(obligation, in_report(careful), in_report(careful)) == "open"
    assert state(obligation, in_report(careful), in_report(careful), previous="regressed") == "open"
    assert state(obligation, in_report(careful), in_report(claim(FACTOR)), previous="met") == "open"
    uncited = claim("It passed at about 57 km.")
    assert state(obligation, in_report(careful), in_report(uncited), previous="met") == "open"


def test_the_states_of_the_interface() -> None:
    assert [s.value for s in ObligationState] == ["open", "met", "unmet", "regressed"]


# Finding text


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("it was 4.45 then", "4.45", True),
        ("it was 4.45.", "4.45", True),
        ("it was 14.45", "4.45", False),
        ("it was 4.455", "4.45", False),
        ("it was 3.4.45", "4.45", False),
        ("it was 4.45.2", "4.45", False),
        ("it was 1,445", "445", False),
        ("it was 445,000", "445", False),
        ("1, 445, 2", "445", True),
        ("1'445", "445", False),
        ("3-5", "5", True),
        ("3.a", "a", True),
        ("f(x)", "(x)", True),
        ("a火星b", "火星", True),
        *((f"1998{dash}1999", "1998-1999", True) for dash in "\u2010\u2011\u2013\u2014\u2212"),
        *((f"{mark}so{mark}", "'so'", True) for mark in "'\u2018\u2019"),
        *((f"{mark}so{mark}", '"so"', True) for mark in '"\u201c\u201d'),
        (",445", "445", True),
        ("445,", "445", True),
        ("14.45 and 4.45", "4.45", True),
        ("50%", "50%", True),
        ("150%", "50%", False),
        ("(NASA)", "nasa", True),
        ("NASA's", "NASA", True),
        ("NASAs", "NASA", False),
        ("Straße", "STRASSE", True),
        ("Café", "Cafe\u0301", True),
        ("Café", "Caf", False),
        ("tiếng Việt", "Việt", True),
        ("Việtnam", "Việt", False),
        ("nTiếng", "Tiếng", False),
        ("xệ", "x", False),
        ("xắ", "x", False),
        ("x\u1e0f", "x", False),
        ("\u1e0fx", "x", False),
        ("在火星上", "火星", True),
        ("화성은", "화성", True),
        ("ดาวอังคารนี้", "อังคาร", True),
        ("火星4.45度", "4.45", True),
        ("it\u2019s \u201cso\u201d", 'it\'s "so"', True),
        ("1998\u20131999", "1998-1999", True),
        ("a\u00a0b", "a b", True),
        ("", "a", False),
        ("a", "", False),
        ("", "", False),
    ],
)
def test_contains_finds_whole_words_and_whole_numbers(text: str, wanted: str, found: bool) -> None:
    assert contains(text, wanted) is found


@given(st.text(max_size=30), st.text(max_size=30), st.text(min_size=1, max_size=10))
def test_what_stands_between_spaces_is_found(left: str, right: str, wanted: str) -> None:
    text = f"{left} | {wanted} | {right}"
    assert contains(text, wanted) is contains(wanted, wanted)


@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=4))
def test_any_comment_on_any_claims_has_a_state(comment: str, claims: list[str]) -> None:
    version = in_report(*(claim(c, "T") for c in claims))
    for text in (None, *claims):
        assert state(on(text, comment), version, version) in ("open", "met", "unmet")


def test_a_long_text_is_folded_once_for_all_that_is_looked_for_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    normalize = unicodedata.normalize

    def counted(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
        read.append(len(text))
        return normalize(form, text)

    monkeypatch.setattr(unicodedata, "normalize", counted)
    text = "A long draft says little of 4.45 herons. " * 400
    for n in range(50):
        assert not contains_in_any_form(text, f"word {n}")
        assert contains(text, "LITTLE of")
        assert occurrences(text, "herons") == 400
    # The text itself and its compatible form: composed, folded, composed again.
    assert sum(n > 10_000 for n in read) <= 5
