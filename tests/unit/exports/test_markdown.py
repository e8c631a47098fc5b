"""What people read: footnotes for citations, and no work without bound on hostile text."""

from typing import Any

from proofroom.domain.document import Ref, parse_markdown
from proofroom.exports import html, markdown

REF = Ref("s1", 1, "b-1")


def anchor(quote: str) -> dict[str, Any]:
    return {"block_id": "b-1", "quote": quote, "char_start": 1200, "char_end": 1215, "page": 3}


def test_a_citation_becomes_a_footnote_that_says_where_the_words_stand() -> None:
    document = parse_markdown(
        "It was low. [[b1|came to\n57 km]] Again. [[b1|came to\n57 km]]", title="T", refs={"b1": REF}
    )
    text = markdown.render(document, [{"anchors": [anchor("came to 57 km")]}], {"s1": "Notes"})
    assert text == (
        "# T\n\nIt was low.[^1] Again.[^1]\n\n"
        "[^1]: “came to 57 km” Notes, version 1, page 3, characters 1,200 to 1,215\n"
    )


def test_a_citation_of_nothing_says_so_and_none_of_its_words() -> None:
    document = parse_markdown("Low. [[b9|The supplier is owed 9,999 euros]]", title="T")
    text = markdown.render(document, [], {})
    assert text.endswith("Low.[^1]\n\n[^1]: The source of this is not known.\n")


def test_words_that_no_evidence_showed_are_not_delivered() -> None:
    document = parse_markdown("Low. [[b1|owed 9,999 euros]] High. [[b1]]", title="T", refs={"b1": REF})
    text = markdown.render(document, [{"anchors": [anchor("came to 57 km")]}], {"s1": "*Notes*"})
    assert text.endswith("[^1]: \\*Notes\\*, version 1\n[^2]: \\*Notes\\*, version 1\n")


def test_a_note_has_the_words_of_the_source_as_the_evidence_showed_them() -> None:
    document = parse_markdown("Low. [[b1|it *Came* to “57” km]]", title="T", refs={"b1": REF})
    text = markdown.render(document, [{"anchors": [anchor('it came to "57"\nkm')]}], {"s1": "Notes"})
    assert '[^1]: “it came to "57" km” Notes, version 1' in text


def test_a_note_of_the_draft_is_text_and_takes_nothing_away() -> None:
    document = parse_markdown("Low.[^1] [[b1|came to 57 km]]\n\n[^1]: x (9,999)", title="T", refs={"b1": REF})
    text = markdown.render(document, [{"anchors": [anchor("came to 57 km")]}], {"s1": "N"}, piece="2-")
    assert "Low.\\[^1\\][^2-1]" in text
    assert "\\[^1\\]: x (9,999)" in text
    page = html.page("T", text)
    assert "[^1]: x (9,999)" in page
    assert "[^2-1]: “came to 57 km” N, version 1" in page


def test_a_title_is_text_and_is_not_said_twice() -> None:
    assert markdown.render(parse_markdown("# A *b*\n\nLow."), [], {}).startswith("# A *b*\n\nLow.")
    titled = parse_markdown("Low.", title="[a](http://b.example) <!-- c -->")
    assert markdown.render(titled, [], {}).startswith("# \\[a\\](http://b.example) \\<!-- c -->\n")
    assert markdown.render(parse_markdown("Low.", title=""), [], {}) == "Low.\n"


def test_a_page_shows_where_its_links_lead() -> None:
    page = html.page("T", "[mended](https://mallory.example/pay?a=1&b) <https://own.example> ![x](y.png)")
    assert "mended</a> <small>(https://mallory.example/pay?a=1&amp;b)</small>" in page
    assert page.count("https://own.example") == 2
    assert "<img" not in page


def test_citations_that_are_never_closed_stay_text_and_cost_one_pass() -> None:
    document = parse_markdown("The orbit is 5 km. " + "[[a|" * 50_000, title="T")
    text = markdown.render(document, [], {})
    assert "[^1]" not in text
    closed_far_away = parse_markdown("[[a|" * 20_000 + "x" * 20_000 + "]]", title="T")
    assert markdown.render(closed_far_away, [], {})


def test_a_page_shows_hostile_text_as_text() -> None:
    page = html.page("<script>alert(1)</script>", "<img src=x onerror=alert(1)> [a](javascript:alert(1))")
    assert "<script>" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
