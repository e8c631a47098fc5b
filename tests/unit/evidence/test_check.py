"""Verdicts: drafts beside their sources, as a table of small cases."""

# ruff: noqa: E501 -- one case a line

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofroom.domain.document import ArtifactDocument, Chart, Cite
from proofroom.domain.evidence import (
    Check,
    Claim,
    ClaimText,
    Correction,
    Passage,
    Say,
    Side,
    SourceName,
    analyse,
    check_cited,
    check_computed,
    check_outside,
)


def passage(
    text: str, source: str = "s1", block: str = "b1", title: str = "Board notes", **more: Any
) -> Passage:
    start = more.pop("start", 100)
    return Passage(source, 1, block, title, more.pop("page", None), start, start + len(text), text, **more)


def claim(text: str, *cites: Cite, **more: Any) -> ClaimText:
    return ClaimText("c_1", 1, text, "sentence", (0,), 0, len(text), cites=cites, **more)


BOARD = [
    passage("The orbiter was launched on 11 December 1998 from Cape Canaveral on a Delta II. Its engine burn at Mars began on time; contact was lost on 23 September 1999, earlier than the planet’s shadow would explain.", block="b1"),
    passage("The file was to give impulse in newton seconds. The program behind it wrote pound-force seconds.", block="b2"),
    passage("Navigation read the file as it stood and so underestimated the effect of each firing on the trajectory by a factor of 4.45, the number of newtons in one pound of force.", block="b3"),
    passage("Such firings came 10 to 14 times more often than the navigators had expected: the solar array stood on one side of the craft.", block="b4"),
    passage("The burn was to bring the first closest approach to about 226 km.", block="b5"),
    passage("Root cause, as the board put it: “the failure to use metric units in the coding of a ground software file”.", block="b6"),
    passage("The Jet Propulsion Laboratory in Pasadena managed the mission. In all, 125 million dollars were lost.", block="b7"),
    passage("The last signal came at 09:04:52 UTC. The council approved the plan by 31 votes to 8.", block="b8"),
]  # fmt: skip
PRESS = passage(
    "Several accounts of that week gave the planned altitude as about 150 km.",
    "s2",
    "p1",
    "Press, autumn 1999",
)
NAMES = [SourceName("Board notes", "board.md"), SourceName("Press, autumn 1999")]


def outside(text: str, passages: Sequence[Passage] = (*BOARD, PRESS), **more: Any) -> Claim:
    return check_outside(claim(text, **more), passages, NAMES)


def results(c: Claim) -> dict[str, str]:
    return {k.kind: k.result for k in c.checks}


@pytest.mark.parametrize("text", [s.text for p in BOARD for s in analyse(p).sentences if "226" not in s.text])
def test_a_sentence_of_a_source_is_always_supported(text: str) -> None:
    found = outside(text)
    assert found.verdict == "supported"
    assert found.anchors[0].role == "supports"
    assert found.checks[-1] == Check("meaning", "not_compared", note="yours to read")


@pytest.mark.parametrize(
    "text",
    [
        "The orbiter left Cape Canaveral on a Delta II on 11 December 1998.",
        "Contact was lost in September 1999.",
        "Contact was lost on Sept. 23, 1999.",
        "The effect of each firing was underestimated by a factor of about 4.5.",
        "The JPL in Pasadena managed the mission.",
        "The Jet Propulsion Laboratory managed it and 0.125 billion dollars were lost.",
        "The council approved the plan with 31 votes to 8.",
        "The last signal came at 09:04 UTC.",
        "The program behind the file wrote pound-force seconds.",
        "Firings came 10–14 times more often than expected by the navigators.",
    ],
)  # fmt: skip
def test_honest_rewording_is_supported(text: str) -> None:
    found = outside(text)
    assert (found.verdict, found.headline) == ("supported", "Passed automatic checks")
    assert not found.needs_you


@pytest.mark.parametrize(
    ("text", "verdict", "short", "correction"),
    [
        (
            "Contact was lost on 28 September 1999, minutes into the burn.", "unsupported", "Date: 28 or 23 September 1999",
            Correction("Use 23 September 1999", "Contact was lost on 23 September 1999, minutes into the burn."),
        ),
        (
            "Contact was lost on Sept. 28, 1999.", "unsupported", "Date: Sept. 28 or Sept. 23, 1999",
            Correction("Use Sept. 23, 1999", "Contact was lost on Sept. 23, 1999."),
        ),
        (
            "The last signal came at 09:04:58 UTC.", "unsupported", "Time: 09:04:58 or 09:04:52 UTC",
            Correction("Use 09:04:52 UTC", "The last signal came at 09:04:52 UTC."),
        ),
        (
            "The effect of every firing was therefore underestimated by a factor of 44.5.", "unsupported", "Number: 44.5 or 4.45",
            Correction("Use 4.45", "The effect of every firing was therefore underestimated by a factor of 4.45."),
        ),
        (
            "The effect of each firing was underestimated by a factor of 4.5.", "partial", "Number: 4.5 or 4.45",
            Correction("Use 4.45", "The effect of each firing was underestimated by a factor of 4.45."),
        ),
        (
            "Firings came 12 times more often than the navigators expected.", "partial", "Number: 12 or 10 to 14 times",
            Correction("Use 10 to 14 times", "Firings came 10 to 14 times more often than the navigators expected."),
        ),
        (
            "In all, 125 billion dollars were lost.", "unsupported", "Unit: 125 billion or 125 million dollars",
            Correction("Use 125 million dollars", "In all, 125 million dollars were lost."),
        ),
        (
            "The file was to give impulse in pound-force seconds.", "unsupported", "Unit: pound-force or newton seconds",
            Correction("Use newton seconds", "The file was to give impulse in newton seconds."),
        ),
        (
            "The Goddard Flight Center in Pasadena managed the mission.", "unsupported",
            "Name: Goddard Flight Center or Jet Propulsion Laboratory",
            Correction("Use Jet Propulsion Laboratory", "The Jet Propulsion Laboratory in Pasadena managed the mission."),
        ),
        (
            "As root cause the board put “the failure to test metric units in the coding of a ground software file”.",
            "unsupported", "Quote: one word altered",
            Correction("Use exact words", "As root cause the board put “the failure to use metric units in the coding of a ground software file”."),
        ),
        (
            "The board said that “nobody knew what the other team did”.", "unsupported", "Quote not in the sources",
            Correction("Remove sentence", ""),
        ),
        (
            "The Deep Space Navigation Audit of March 2000 found that contact was lost.", "unsupported", "Source not in this project",
            Correction("Remove sentence", ""),
        ),
        (
            "The effect of each firing on the trajectory was overestimated by a factor of 4.45.", "unsupported",
            "Direction: overestimated or underestimated",
            Correction("Use underestimated", "The effect of each firing on the trajectory was underestimated by a factor of 4.45."),
        ),
        ("Contact was not lost on 23 September 1999.", "unsupported", "Negation: not or no negation", None),
        (
            "The first closest approach was planned at about 226 km above the surface.", "conflict", "Sources: 226 or 150 km",
            Correction("Name both", "The first closest approach was planned at about 226 km (Press, autumn 1999: about 150 km) above the surface."),
        ),
        ("Contact was lost on 23 September 1999 at 09:04.", "partial", "Time not found: 09:04", None),
        ("The orbiter was launched from Cape Canaveral by Tom Brandt.", "partial", "Name not found: Tom Brandt", None),
        ("Some 400 firings came more often than the navigators had expected.", "partial", "Number not found: 400", None),
        ("The launch from Cape Canaveral took place after long debates among committees.", "partial", "Part not found", None),
        ("Bananas are rich in potassium.", "uncited", "No source speaks of it", None),
    ],
)  # fmt: skip
def test_flags_say_what_differs_and_how_to_set_it_right(
    text: str, verdict: str, short: str, correction: Correction | None
) -> None:
    found = outside(text)
    assert (found.verdict, found.short, found.correction) == (verdict, short, correction)
    assert found.needs_you


# The parts of an answer


def test_the_two_sides_are_short_and_marked() -> None:
    say = outside(
        "Contact was lost on 28 September 1999, minutes into the burn that should have slowed it."
    ).say
    assert say == Say(
        Side("Contact was lost on 28 September 1999", (20, 37)),
        Side("contact was lost on 23 September 1999", (20, 37)),
    )


def test_a_conflict_names_both_sources() -> None:
    found = outside("The first closest approach was planned at about 226 km above the surface.")
    assert found.say is not None
    assert found.say.labels == ("Draft and Board notes say", "Press, autumn 1999 says")
    assert [(a.role, a.quote) for a in found.anchors][:2] == [("supports", "226 km"), ("conflicts", "150 km")]
    assert Check("number", "conflict", "226 km", "150 km", "Press, autumn 1999 gives 150 km") in found.checks


def test_anchors_are_places_in_the_source() -> None:
    source = "x" * 100 + BOARD[0].text
    found = outside("Contact was lost on 28 September 1999.")
    assert found.anchors[0].role == "differs"
    assert all(source[a.char_start : a.char_end] == a.quote for a in found.anchors if a.block_id == "b1")


def test_every_kind_is_named_even_where_there_is_nothing_to_compare() -> None:
    assert results(outside("Such firings came 10 to 14 times more often than the navigators had expected.")) == {
        "quote": "none", "number": "same", "date": "none", "name": "none", "direction": "same", "meaning": "not_compared",
    }  # fmt: skip
    gone = results(outside("In 1850 the Bavarian king counted 5 bananas."))
    assert {gone["number"], gone["date"], gone["name"]} == {"not_compared"}


def test_an_invented_source_shows_the_nearest_text() -> None:
    found = outside("The Deep Space Navigation Audit found that the engine burn at Mars failed.")
    assert found.anchors == () or found.anchors[0].role == "nearest"
    assert found.say is not None
    assert found.say.source.text == "No source of this name is in the project."


def test_a_quote_block_must_stand_as_a_whole() -> None:
    good = outside("the failure to use metric units in the coding of a ground software file", verbatim=True)
    assert good.verdict == "supported"
    assert results(good)["quote"] == "same"
    bad = outside("“the failure to test metric units in the coding of a ground software file”", verbatim=True)
    assert (bad.verdict, bad.headline) == ("unsupported", "Quote differs")
    assert outside("“”", verbatim=True).verdict == "uncited"


def test_an_opinion_needs_no_source_but_may_not_be_wrong() -> None:
    assert not outside("Bananas are rich in potassium.", opinion=True).needs_you
    assert (
        outside("The launch from Cape Canaveral was a fine sight for young and old.", opinion=True).verdict
        == "uncited"
    )
    assert outside("Contact was lost on 28 September 1999.", opinion=True).needs_you


def test_a_passage_that_is_only_rendered_is_pointed_at_as_a_whole() -> None:
    row = Passage("t", 1, "r1", "Table", None, 10, 25, "2017 \u2014 Wind turbines in the valley: 29,329")
    found = outside("Wind turbines in the valley: 29,329", [row])
    assert (found.anchors[0].char_start, found.anchors[0].char_end, found.anchors[0].quote) == (
        10,
        25,
        row.text,
    )


def test_without_any_passage_nothing_speaks_of_it() -> None:
    found = outside("Contact was lost.", [])
    assert (found.verdict, found.anchors) == ("uncited", ())


def test_what_cannot_be_read_is_unsupported() -> None:
    found = check_cited(claim("x [[b1|y", unread=True), {})
    assert (found.verdict, found.headline) == ("unsupported", "Citation cannot be read")
    # An outside draft cites nothing: there it is text like all other.
    assert check_outside(claim("x [[b1|y", unread=True), BOARD).headline != "Citation cannot be read"
    long = "word " * 5000
    for found in (check_outside(claim(long), BOARD), check_cited(claim(long), {})):
        assert (found.verdict, found.headline) == ("unsupported", "Sentence too long to check")
        assert found.say is not None
        assert len(found.say.draft.text) < 300


def test_a_link_that_names_another_host_is_unsupported() -> None:
    misled = replace(claim("See bank.example.com"), leads="https://mallory.example/pay")
    series = ArtifactDocument("T", (Chart("C", {}),))
    for found in (
        check_outside(misled, BOARD), check_cited(misled, {}), check_computed(misled, series, None),
    ):  # fmt: skip
        assert (found.verdict, found.headline) == ("unsupported", "Link leads elsewhere")
        assert found.say is not None
        assert "https://mallory.example/pay" in found.say.source.text


# Numbers


@pytest.mark.parametrize(
    ("text", "sources", "verdict"),
    [
        ("In the year some 2014 boats came to the harbour", ["In 2014 boats came to the harbour"], "supported"),
        ("In 2014 boats came to the harbour", ["Some 2014 boats came to the harbour"], "supported"),
        ("The third tram line opened in Merrin", ["The tram line in Merrin opened"], "supported"),
        ("It fell on days 14 and 14 in the clinic", ["It fell on days 7 and 14 in the clinic"], "unsupported"),
        ("The span is 40 km long and old", ["The old span is long. It has 40 km of rope."], "supported"),
        ("The bridge is 40 m long", ["The bridge is 412 m long. The rope of the bridge has 40 m."], "unsupported"),
        ("The bridge has 40 cables of steel", ["The bridge has cables of steel, 412 in all"], "unsupported"),
        ("Revenue was $5 million in the valley", ["Revenue was 6 million in the valley"], "unsupported"),
        ("The bridge is 0.412 km long", ["The bridge is 412 m long"], "supported"),
        ("Losses were about 10 percent of all the water", ["Losses were 9.8 percent of all the water"], "supported"),
        ("It cost “5 million of the old dollars” in all", ["It cost “5 million of the old dollars” in all, say 6"], "supported"),
        ("The interval rose from 12 to 30 weeks", ["The interval rose from 12 to 30 months"], "unsupported"),
        ("The depth is 26 miles", ["The depth is 26 m"], "unsupported"),
        ("The board accepted 14 recommendations in section 3", ["The board accepted 14 recommendations in section 5"], "unsupported"),
    ],
)  # fmt: skip
def test_figures(text: str, sources: list[str], verdict: str) -> None:
    passages = [passage(s, block=f"b{i}") for i, s in enumerate(sources)]
    assert outside(text, passages).verdict == verdict


def test_a_correction_keeps_how_the_draft_writes_the_unit() -> None:
    fixed = outside("The bridge is 421 m long", [passage("The bridge is 412 metres long")]).correction
    assert fixed == Correction("Use 412 metres", "The bridge is 412 metres long")
    fixed = outside("The bridge is 421 km long", [passage("The bridge is 412 km long")]).correction
    assert fixed == Correction("Use 412 km", "The bridge is 412 km long")
    fixed = outside(
        "Revenue was $5 million in the valley", [passage("Revenue was 6 million in the valley")]
    ).correction
    assert fixed is not None
    assert fixed.text == "Revenue was $6 million in the valley"


# Dates


@pytest.mark.parametrize(
    ("text", "sources", "verdict"),
    [
        ("The line opened on 4 April 2011", ["The line opened on 4 April. It was 2011."], "supported"),
        ("The line opened on 4 April 2011", ["The line opened in April 2011"], "partial"),
        ("The line opened on 4 April 2011", ["The line opened on 4 April"], "partial"),
        ("The line opened in 2011", ["The line opened late.", "Costs of 2011 were high"], "supported"),
        ("The line opened in 2012", ["The line opened late."], "partial"),
        ("The line opened in the 1990s", ["The line opened in 1995"], "supported"),
        ("The line opened on 4/5/2011", ["The line opened on 5 April 2011"], "supported"),
        ("The line opened in April 2011 and closed in May 2012", ["The line opened in April 2011 and closed in May 2012"], "supported"),
        ("The line opened in April 2011 and closed in June 2012", ["The line opened in April 2011 and closed in May 2012"], "unsupported"),
        ("They met on “3 May in the old year” there", ["They met on “3 May in the old year” there on 4 May"], "supported"),
        ("The alarm rang at 21:17 in the hall", ["The alarm rang at 21:17:05 in the hall"], "supported"),
        ("The alarm rang at 21:17:05 in the hall", ["The alarm rang at 21:17 in the hall"], "partial"),
        ("The alarm rang in the hall at 21:17. ", ["The alarm rang in the hall. It was 21:17."], "supported"),
        ("The bridge opened in 1971", ["The bridge opened in 1981. The road opened in 1971."], "unsupported"),
        ("The plan of Q3 2011 failed", ["The plan of May 2011 failed"], "unsupported"),
    ],
)  # fmt: skip
def test_dates(text: str, sources: list[str], verdict: str) -> None:
    passages = [passage(s, block=f"b{i}") for i, s in enumerate(sources)]
    assert outside(text, passages).verdict == verdict


def test_the_year_may_stand_in_the_title() -> None:
    found = outside(
        "The line opened on 4 April 2011", [passage("The line opened on 4 April", title="Report 2011")]
    )
    assert found.verdict == "supported"
    assert "the year stands beside it" in [c.note for c in found.checks]


def test_an_ambiguous_date_says_so() -> None:
    notes = [
        c.note
        for c in outside("The line opened on 4/5/2011", [passage("The line opened on 5 April 2011")]).checks
    ]
    assert "this date can be read two ways" in notes


# Names


@pytest.mark.parametrize(
    ("text", "sources", "verdict"),
    [
        ("Brask wrote the notes on the fire", ["Fire marshal Edwin Brask wrote the notes on the fire"], "supported"),
        ("Edwin Karl Brask wrote the notes", ["Edwin Brask wrote the notes"], "partial"),
        ("The WHO wrote the notes", ["The World Health Organization wrote the notes"], "supported"),
        ("The World Health Organization wrote the notes", ["The WHO wrote the notes"], "supported"),
        ("The notes were written by Noor", ["The notes were written by Brask"], "unsupported"),
        ("Kepler wrote the notes on the fire", ["Galileo wrote the notes on the fire"], "unsupported"),
        ("Yesterday Edwin Brask wrote the notes", ["Edwin Brask wrote the notes"], "supported"),
        ("Engineers wrote the notes on the fire", ["The engineers wrote the notes on the fire"], "supported"),
        ("The notes of Brask were on the fire", ["The notes were on the fire.", "Brask lived elsewhere."], "supported"),
        ("The notes of the Port Fire Service were on a fire", ["The notes were on a fire.", "The PFS came."], "supported"),
        ("The notes of the PFS were on a fire", ["The notes were on a fire.", "The Port Fire Service came."], "supported"),
        ("The notes of Brask were on a fire", ["The notes were on a fire. So says Brask."], "supported"),
        ("The notes said “that Karl Brask was ill” there", ["The notes said “that Karl Brask was ill” there"], "supported"),
        ("Halden Mutual, the insurer, paid after the fire", ["The insurer, Halden Mutual, paid after the fire"], "supported"),
        ("The insurer Oslo Mutual paid after the fire", ["The insurer Halden Mutual paid after the fire"], "unsupported"),
        ("The crew of Lanmore town came late to the big fire there", ["The crew of Ostrel town came late to the big fire there"], "unsupported"),
        ("The crew of Lanmore came late to it all", ["The crew of the old mill came late to it all"], "partial"),
        ("The inflammatory eye disease (IED) was rare in the old town", ["The inflammatory eye disease was rare in the old town"], "supported"),
        ("The inflammatory eye disease (XYZ) was rare in the old town", ["The inflammatory eye disease was rare in the old town"], "partial"),
    ],
)  # fmt: skip
def test_names(text: str, sources: list[str], verdict: str) -> None:
    passages = [passage(s, block=f"b{i}") for i, s in enumerate(sources)]
    assert outside(text, passages).verdict == verdict


def test_near_passages_lend_names_and_years() -> None:
    text = "Brask wrote long notes on the fire in 1988"
    home = passage("Long notes on the fire were written")
    assert outside(text, [home]).verdict == "partial"
    further = [passage("Edwin Brask died in 1988", block="b9")]
    assert check_outside(claim(text), [home], NAMES, further).verdict == "supported"


# Two sources


@pytest.mark.parametrize(
    ("text", "first", "second", "verdict"),
    [
        ("The bridge opened to traffic in May 1971", "The bridge opened to traffic in May 1971", "The bridge opened to traffic in June 1972", "conflict"),
        ("The bridge opened to traffic in May 1971", "The bridge opened to traffic in May 1971", "The bridge opened to traffic in 1971", "supported"),
        ("The bridge has 412 cables of steel", "The bridge has 412 cables of steel", "The bridge has 400 cables of steel", "conflict"),
        ("The bridge has 412 cables of steel", "The bridge has 412 cables of steel", "The bridge has 400 lamps of steel", "supported"),
        ("The bridge has 412 cables of steel", "The bridge has 412 cables of steel", "In the valley 400 cables lay", "supported"),
        ("The planned height was 226 km", "The planned height was 226 km", "The measured height was 57 km", "supported"),
        ("The height was 226 km and the width 5 km", "The height was 226 km and the width 5 km", "The height of the width was 5 km", "supported"),
        ("The line opened in 2011 and closed in 2012", "The line opened in 2011 and closed in 2012", "The line closed in 2012", "supported"),
        ("The fourth line opened in the town", "The fourth line opened in the town", "The fifth line opened in the town", "supported"),
        ("The bridge opened in the 1970s here", "The bridge opened in the 1970s here", "The bridge opened in the 1980s here", "supported"),
        ("It cost 5 million dollars in all", "It cost 5 million dollars in all", "It cost 6 million dollars in all", "conflict"),
    ],
)  # fmt: skip
def test_conflicts(text: str, first: str, second: str, verdict: str) -> None:
    found = outside(text, [passage(first), passage(second, "s2", "b2", "Press")])
    assert found.verdict == verdict


def test_the_same_source_does_not_conflict_with_itself() -> None:
    both = [
        passage("The bridge has 412 cables of steel"),
        passage("The bridge has 400 cables of steel", block="b2"),
    ]
    assert outside("The bridge has 412 cables of steel", both).verdict == "supported"


def test_the_best_of_several_disagreeing_sources_is_named() -> None:
    found = outside(
        "It cost 5 million dollars in all",
        [
            passage("It cost 5 million dollars in all"), passage("All in all it cost 7 million dollars", "s2", "b2", "A"),
            passage("It cost 6 million dollars in all", "s3", "b3", "B"),
        ],
    )  # fmt: skip
    assert found.short == "Sources: 5 or 6 million dollars"


# Citations


def cited(text: str, quote: str = "", ref: str = "b4", **more: Any) -> Claim:
    by_ref = {p.block_id: p for p in BOARD}
    return check_cited(
        claim(text, Cite(ref, quote, len(text)), **more), by_ref, near=[PRESS], known_sources=NAMES
    )


def test_a_cited_quote_that_stands_in_its_block() -> None:
    found = cited("Firings came 10 to 14 times more often.", "Such firings came  10 to 14 times more often")
    assert found.verdict == "supported"
    assert [(a.role, a.quote) for a in found.anchors] == [
        ("supports", "Such firings came 10 to 14 times more often")
    ]
    assert cited("Firings came 10 to 14 times more often.").verdict == "supported"


@pytest.mark.parametrize(
    ("text", "quote", "ref", "verdict", "headline"),
    [
        ("Firings came 10 to 40 times more often.", "Such firings came 10 to 14 times more often", "b4", "unsupported", "Number differs"),
        ("Firings came often.", "Such firings came 10 to 40 times more often than", "b4", "unsupported", "Quote not in the cited passage"),
        ("Firings came often.", "nobody ever counted bananas", "b4", "unsupported", "Quote not in the cited passage"),
        ("Firings came often.", "Such […] often", "b4", "unsupported", "Quote not in the cited passage"),
        ("Firings came often.", "such firings", "b4", "unsupported", "Quote not in the cited passage"),
        ("Firings came often.", "x", "b99", "unsupported", "Citation points nowhere"),
        ("Bananas are yellow fruits.", "Such firings came 10 to 14 times", "b4", "partial", "Part of the sentence is not in the source"),
        ("The Marchetti Report found more firings.", "Such firings came", "b4", "unsupported", "Source not in this project"),
    ],
)  # fmt: skip
def test_citations_that_do_not_hold(text: str, quote: str, ref: str, verdict: str, headline: str) -> None:
    found = cited(text, quote, ref)
    assert (found.verdict, found.headline) == (verdict, headline)
    assert found.say is not None
    assert found.needs_you


def test_a_broken_quote_shows_the_words_that_differ() -> None:
    say = cited("Firings came often.", "Such firings came 10 to 40 times more often than").say
    assert say is not None
    assert say.draft.mark is not None
    assert say.source.mark is not None
    assert say.draft.text[slice(*say.draft.mark)] == "40"
    assert say.source.text[slice(*say.source.mark)] == "14"


def test_a_sentence_without_citation_is_uncited() -> None:
    found = check_cited(claim("Firings came often."), {})
    assert (found.verdict, found.headline, found.needs_you) == ("uncited", "No citation", True)
    own = check_cited(claim("I like it.", opinion=True), {})
    assert (own.verdict, own.headline, own.needs_you) == ("uncited", "Opinion", False)


def test_two_citations_of_one_block_and_an_empty_block() -> None:
    both = claim(
        "Firings came more often.",
        Cite("b4", "Such firings", 5),
        Cite("b4", "more often", 9),
        Cite("e", "", 9),
    )
    found = check_cited(both, {"b4": analyse(BOARD[3]), "e": passage("")})
    assert found.verdict == "supported"
    assert [a.quote for a in found.anchors] == ["Such firings", "more often", ""]


def test_the_number_must_stand_in_the_cited_words_or_beside_them() -> None:
    assert (
        cited("The effect was 4.45 times too weak.", "underestimated the effect of each firing", "b3").verdict
        != "unsupported"
    )


# Corners of the search for evidence


def test_two_neighbours_may_carry_a_claim_together() -> None:
    found = outside(
        "Ground software reported thruster impulse in pound-force seconds, where the interface called for newton seconds."
    )
    assert (found.verdict, found.headline) == ("partial", "Part of the sentence is not in the source")
    assert len(found.anchors) >= 2


def test_at_most_three_sentences_carry_a_claim() -> None:
    parts = ["Old red boats sail far up north", "green kites climb hills", "blue trams cross bridges"]
    passages = [passage(p, block=f"b{i}") for i, p in enumerate(parts)]
    found = outside(" and ".join(parts), passages)
    assert len(found.anchors) == 3


@pytest.mark.parametrize(
    ("text", "sources", "verdict", "kind"),
    [
        ("The line opened in April 2011", ["The line opened late."], "partial", "Date not found"),
        ("The line opened on 5 May 2011", ["The line opened on 4 May 2011, and closed on 9 June 2013"], "unsupported", "Date differs"),
        ("The line opened on 9 June 2012", ["On 4 May 2011 the line opened, 9 June 2013 it closed"], "unsupported", "Date differs"),
        ("The alarm rang at 21:17 in the hall", ["The alarm rang at 21:18 in the hall, and at 22:05 again"], "unsupported", "Time differs"),
        ("The alarm rang at 21:17 in the hall", ["The alarm rang in the hall. People came at 21:30."], "partial", "Time not found"),
        ("The bridge has 40 lamps over the water", ["The bridge has lamps over the water. Elsewhere 40 goats ate."], "partial", "Number not found"),
        ("The bridge has 40 lamps over the water", ["The old bridge has 412 lamps over the water. On the bridge 40 goats ate."], "unsupported", "Number differs"),
        ("About 40 lamps hang on the bridge", ["Some 40 lamps, in fact 40.2, hang on the bridge"], "supported", "Passed automatic checks"),
        ("Some 12 lamps hang on the bridge", ["Some 15 lamps hang on the bridge, of 10 to 14 planned"], "unsupported", "Number differs"),
        ("The town has 40 lamps and boats", ["The boats are 412 lamps and 30 goats in town"], "unsupported", "Number differs"),
        ("Impulse was given in newton seconds by the file", ["Impulse was given by the file"], "supported", "Passed automatic checks"),
        ("Impulse was given in newton seconds by the file", ["Impulse was given by the file. It has newton seconds."], "supported", "Passed automatic checks"),
        ("The long notes of Brask were found burning in the old town hall near the river", ["The long notes were found burning in the old town hall near the river. So says Brask."], "supported", "Passed automatic checks"),
        ("In winter the big crew of Lanmore town came very late", ["In summer the big crew of Ostrel town came late"], "unsupported", "Name differs"),
        ("The crew of Lanmore came late again", ["The crew of somebody else came late again"], "partial", "Name not found"),
        ("He said “the crew came much too late”", ["The crew came far too late"], "unsupported", "Quote differs"),
        ("He said “BBC news came much too late”", ["BBC news came far too late"], "unsupported", "Quote differs"),
        ("He said “The crew came much too late”", ["Then the crew came far too late"], "unsupported", "Quote differs"),
        ("He said “the fire went out, the crew came”", ["So the fire went on. The crew left"], "unsupported", "Quote differs"),
        ("He said “the fire went out the crew came”", ["So the fire went out; the crew came"], "unsupported", "Quote differs"),
        ("The crew of Lanmore slept late again in the town", ["The crew of Ostrel came late again in the town"], "unsupported", "Name differs"),
    ],
)  # fmt: skip
def test_corners(text: str, sources: list[str], verdict: str, kind: str) -> None:
    passages = [passage(s, block=f"b{i}") for i, s in enumerate(sources)]
    found = outside(text, passages)
    assert (found.verdict, found.headline) == (verdict, kind)


def test_a_corrected_quote_keeps_the_case_of_its_first_letter() -> None:
    fixed = outside(
        "He said “the crew came much too late”", [passage("The crew came far too late")]
    ).correction
    assert fixed is not None
    assert fixed.text == "He said “the crew came far too late”"
    fixed = outside(
        "He said “The crew came much too late.”", [passage("Then the crew came far too late")]
    ).correction
    assert fixed is not None
    assert fixed.text == "He said “The crew came far too late.”"


def test_an_altered_quote_over_two_sentences_shows_both() -> None:
    found = outside(
        "He said “the fire went out, the crew came”", [passage("So the fire went on. The crew left")]
    )
    assert found.say is not None
    assert found.say.source.text == "on. The crew left"


def test_a_word_far_behind_is_not_marked() -> None:
    text = "The crew came late " * 14 + "with bananas, apples, pears and plums"
    found = outside(text, [passage("Late came the crew")])
    assert (found.verdict, found.short) == ("partial", "Part not found")
    assert found.say is not None
    assert found.say.draft.mark is None


def test_an_invented_source_without_any_near_text_has_no_anchor() -> None:
    found = outside(
        "The Deep Space Navigation Audit found bananas growing everywhere beneath purple mountains and ships."
    )
    assert (found.verdict, found.anchors) == ("unsupported", ())


def test_a_long_title_is_cut_short_in_the_labels() -> None:
    title = "A very long title of a source that nobody would ever want to read in a label"
    both = [
        passage("The bridge has 412 cables of steel"),
        passage("The bridge has 400 cables of steel", "s2", "b2", title),
    ]
    found = outside("The bridge has 412 cables of steel", both)
    assert found.say is not None
    assert len(found.say.labels[1]) < len(title)


# Hostile input


@settings(max_examples=120, deadline=None)
@given(
    st.text(st.sampled_from("The Ab.“”\"'12 km not%–-$(),;[]|:/May et al rose\n"), max_size=120)
    | st.text(max_size=120),
    st.lists(st.text(max_size=80), max_size=3),
    st.text(max_size=20),
)
def test_any_text_gets_a_verdict(text: str, sources: list[str], quote: str) -> None:
    passages = [passage(s, block=f"b{i}") for i, s in enumerate([*sources, text[::-1], text[:40]])]
    found = check_outside(claim(text), passages, NAMES)
    assert found.verdict in ("supported", "partial", "unsupported", "uncited", "conflict")
    for a in found.anchors:
        home = next(p for p in passages if p.block_id == a.block_id)
        assert home.text[a.char_start - home.char_start : a.char_end - home.char_start] == a.quote
    again = check_cited(claim(text, Cite("b", quote, 0)), {"b": passages[0]}, passages)
    assert again.checks


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(BOARD), min_size=1, max_size=4), st.integers(0, 3))
def test_verbatim_sentences_pass_among_any_candidates(passages: list[Passage], pick: int) -> None:
    home = passages[pick % len(passages)]
    for s in analyse(home).sentences:
        assert outside(s.text, passages).verdict == "supported"


@pytest.mark.parametrize(
    "piece", ["12 km ", "May 5, ", "“a b c” ", "http://a.b ", "Van Der ", "not ", "to 5 ", "et al. "]
)
@pytest.mark.parametrize(
    "length", [4500, 9000]
)  # what is longer is compared as a whole: the shorter one took longest
def test_long_hostile_passages_and_claims_end(piece: str, length: int) -> None:
    text = (piece * 3000)[:length]
    assert outside(text, [passage(text * 4)]).verdict


def test_dates_of_a_sentence_that_is_else_the_source_are_compared_in_order() -> None:
    text = "Output rose from 5 in 2021 to 7 in 2022."
    found = check_outside(claim("Output rose from 5 in 2021 to 7 in 2021."), [passage(text)])
    assert (found.verdict, found.headline) == ("unsupported", "Date differs")
    assert found.correction == Correction("Use 2022", text)


def test_a_date_in_another_sentence_does_not_excuse_the_one_in_its_place() -> None:
    source = [
        passage(
            "Contact with the orbiter was lost on 23 September 1999. Mars was reached on 15 September 1999."
        )
    ]
    found = check_outside(claim("All contact was lost on 15 September 1999."), source)
    assert (found.verdict, found.headline) == ("unsupported", "Date differs")
    vague = [
        passage("The line opened on 4 April 2011."),
        passage("Trams are counted each April.", block="b2"),
    ]
    found = check_outside(claim("So the line opened on 9 April 2011."), vague)
    assert (found.verdict, found.short) == ("unsupported", "Date: 9 or 4 April 2011")


def test_a_name_in_the_place_of_another_is_flagged_though_a_sentence_speaks_of_it() -> None:
    source = [
        passage(
            "The Lanmore Bridge was opened in May. The inquiry was led by Judge Marta Oduya. It took long."
        ),
    ]
    found = check_outside(claim("The inquiry was led by Lanmore Bridge."), source)
    assert (found.verdict, found.headline) == ("unsupported", "Name differs")
    assert check_outside(claim("The inquiry was led by Marta Oduya."), source).verdict == "supported"


def test_a_unit_in_the_place_of_another_is_flagged_though_the_figure_stands_twice() -> None:
    text = "Of these, 92 at six months (92%) and 87 at twelve."
    found = check_outside(
        claim("Of these, 92 at six months (92 percentage points) and 87 at twelve."), [passage(text)]
    )
    assert (found.verdict, found.headline) == ("unsupported", "Unit differs")


def test_a_direction_in_the_place_of_another_is_flagged_though_its_word_stands_elsewhere() -> None:
    text = "The rate after birth was lower and the rate after a loss was higher than in the whole population."
    found = check_outside(claim(text.replace("lower", "higher")), [passage(text)])
    assert (found.verdict, found.headline) == ("unsupported", "Direction differs")


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("Mice without IFN-γ fell ill.", "Mice without IFN-gamma fell ill."),
        ("Mice with SHP-2 fell ill.", "The SHP2 gene was on. Mice with it fell ill."),
        ("Mice with SHP2 fell ill.", "The SHP-2 gene was on. Mice with it fell ill."),
        ("Mice need the RANK-RANKL pathway to live.", "Mice need this pathway to live. RANK binds RANKL."),
        ("Embryonic stem cells (ESCs) fell ill.", "Embryonic stem cells fell ill."),
    ],
)
def test_names_in_another_spelling_are_found(said: str, source: str) -> None:
    assert check_outside(claim(said), [passage(source)]).verdict == "supported"


@pytest.mark.parametrize("name", ["SHP-3", "SHQ2", "IFN-α", "RANK-TRAIL", "MUC1-C"])
def test_names_that_only_look_alike_are_not(name: str) -> None:
    source = passage("Mice need this to live: SHP2, IFN-gamma, RANK and MUC1.")
    found = check_outside(claim(f"To live, mice need this: {name}."), [source])
    assert (found.verdict, found.checks[0].kind) != ("supported", "name")
    assert found.needs_you


@pytest.mark.parametrize(
    ("said", "source", "headline"),
    [
        ("It cost up to 5 million dollars.", "It cost over 5 million dollars.", "At least or at most"),
        ("It cost no more than 5 million dollars.", "It cost no less than 5 million dollars.", "At least or at most"),
        ("It cost at most 5 million dollars.", "It did not exceed 5 million dollars; that is the cost.", None),
        ("It cost no less than 5 million dollars.", "It cost at least 5 million dollars.", None),
        ("It ran over 5 weeks in 2020.", "It ran within 5 weeks in 2020.", None),
        ("Wages were larger than rents in 2020.", "Rents were larger than wages in 2020.", "Sides of a comparison differ"),
        ("Wages were larger than rents in 2020.", "Rents were smaller than wages in 2020.", None),
        ("Wages were larger than rents in 2020.", "Wages were smaller than rents in 2020.", "Direction differs"),
        ("In Oslo, wages were larger than rents.", "Wages were far larger in Oslo.", None),
    ],
)  # fmt: skip
def test_bounds_and_sides_of_a_comparison(said: str, source: str, headline: str | None) -> None:
    found = check_outside(claim(said), [passage(source)])
    if headline is None:
        assert found.verdict not in ("unsupported", "conflict")
    else:
        assert (found.verdict, found.headline) == ("unsupported", headline)
        assert found.short


def test_words_that_the_writer_put_into_a_quotation_are_for_a_person() -> None:
    found = outside("The burn was to bring “the first closest approach to about [far above] 226 km”.")
    assert (found.verdict, found.headline) == ("partial", "Words added to a quote")
    assert found.short == "Quote: \u201cfar above\u201d in square brackets is not the source's"
    assert found.say is not None
    assert found.say.draft.text[slice(*found.say.draft.mark or (0, 0))] == "[far above]"
    assert found.correction is not None
    assert found.correction.text == "The burn was to bring “the first closest approach to about 226 km”."
    assert outside(found.correction.text).verdict == "supported"
    two = outside("The burn was to bring “the [very] first closest approach to about [far above] 226 km”.")
    assert "\u201cvery\u201d and \u201cfar above\u201d in square brackets are" in two.short
    assert (
        outside("“[T]he burn was to bring the first closest approach to about 226 km”.").verdict
        == "supported"
    )
