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


def test_a_citation_of_nothing_says_so() -> None:
    document = parse_markdown("Low. [[b9|words]]", title="T")
    assert "[^1]: “words” (the source is not known)" in markdown.render(document, [], {})


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
