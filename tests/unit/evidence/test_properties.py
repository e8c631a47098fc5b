"""Whatever a document or a source says: nothing raises, and every range is where it says it is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofroom.domain.document import (
    ArtifactDocument,
    Cite,
    Column,
    Computation,
    Heading,
    ListBlock,
    Opinion,
    Paragraph,
    Quote,
    Table,
    parse_markdown,
    plain,
)
from proofroom.domain.evidence import (
    Claim,
    ClaimText,
    Passage,
    SourceName,
    check_cited,
    check_outside,
    claim_from_json,
    claim_to_json,
    split_claims,
    summary,
)

pytestmark = pytest.mark.no_cover  # examples cover; what is drawn here does not
PIECES = (
    "The bridge", "was not", "opened", "on 4 April 2011", "1.2 bn", "12 %", "0.12", "rose", "fell to", "€18.4 million",
    "Judge Marta Oduya", "“the effect is real”", "\"", "“", "”", ". ", "! ", "? ", "…", "[[b1|", "[[b1|opened]]",
    "[[b9]]",    "]]", "**", "*", "_", "`", "|", "\n", "\n\n",
    "- ", "1. ", "# ", "> ", "| a | b |\n|---|---|\n| 1 | 2 |\n", "≥",
    "−5",    "1,2,3", "١٢", "IL-10", "β-catenin", "et al. (2009)", "https://example.org/a.", "09:04:52", "10–14",
    "no", "e.g. ",
    "between 3 and", "\u200b", "\ud83d\ude80", "ﬁ", "ſ", "İ",
)  # fmt: skip
words = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=14).map(" ".join)
cells = st.none() | words
tables = st.integers(1, 3).flatmap(
    lambda n: st.builds(
        Table,
        st.lists(words, min_size=n, max_size=n).map(
            lambda names: tuple(Column(name, "TWh") for name in names)
        ),
        st.lists(st.lists(cells, min_size=n, max_size=n).map(tuple), max_size=3).map(tuple),
        st.none(),
        st.none() | st.just(Computation("s", 1, 0)),
    )
)
blocks = (
    st.builds(Paragraph, words)
    | st.builds(Quote, words)
    | st.builds(Opinion, words)
    | st.builds(Heading, st.just(2), words)
    | st.builds(ListBlock, st.booleans(), st.lists(words, max_size=3).map(tuple))
    | tables
)
documents = st.lists(blocks, max_size=4).map(lambda b: ArtifactDocument("T", tuple(b))) | words.map(
    parse_markdown
)


def element(document: ArtifactDocument, claim: ClaimText) -> str:
    """The plain text of the element that a claim was cut from."""
    block = document.blocks[claim.path[0]]
    if isinstance(block, ListBlock):
        return plain(block.items[claim.path[1]]).text
    if isinstance(block, Table):
        return plain(block.rows[claim.path[1]][claim.path[2]] or "").text
    assert isinstance(block, Paragraph | Quote | Opinion | Heading)
    return plain(block.text).text


@settings(max_examples=200, deadline=None)
@given(documents)
def test_every_claim_stands_where_it_says(document: ArtifactDocument) -> None:
    claims = split_claims(document, "n")
    assert [c.n for c in claims] == list(range(1, len(claims) + 1))
    assert len({c.id for c in claims}) == len(claims)
    for claim in claims:
        shown = element(document, claim)[claim.char_start : claim.char_end]
        assert shown == claim.text[claim.own : claim.own + len(shown)]
        assert shown
        if claim.kind == "sentence":
            assert (shown, claim.own) == (claim.text, 0)


def passage(text: str, source: str = "s1", block: str = "b1") -> Passage:
    return Passage(source, 1, block, "A report of 2011", None, 7, 7 + len(text), text)


def right(claim: ClaimText, found: Claim, *passages: Passage) -> None:
    """A checked claim is the claim that went in, in JSON and back, with anchors that quote their source."""
    assert (found.id, found.text, found.path) == (claim.id, claim.text, claim.path)
    assert claim_from_json(claim_to_json(found)) == found
    assert found.checks
    for a in found.anchors:
        home = next(p for p in passages if (p.source_id, p.block_id) == (a.source_id, a.block_id))
        assert a.quote == home.text[a.char_start - home.char_start : a.char_end - home.char_start]


@settings(max_examples=200, deadline=None)
@given(documents, words, words)
def test_nothing_raises_and_every_anchor_quotes_its_source(
    document: ArtifactDocument, one: str, two: str
) -> None:
    given_passages = (passage(one), passage(two, "s2", "b2"))
    names = [SourceName("A report of 2011", "report.md")]
    for claim in split_claims(document):
        right(claim, check_outside(claim, given_passages, names, given_passages), *given_passages)
        found = check_cited(claim, {"b1": given_passages[0]}, given_passages[1:], names)
        right(claim, found, *given_passages)
        if claim.unread:  # in an outside draft it is text as it was typed
            assert found.verdict == "unsupported"
        if not claim.unread and any(c.ref != "b1" for c in claim.cites):
            assert found.verdict == "unsupported"
        if not claim.unread and not claim.cites:
            assert found.verdict == "uncited"


@settings(max_examples=200, deadline=None)
@given(words, words)
def test_a_quote_that_does_not_stand_in_its_passage_is_never_supported(text: str, quote: str) -> None:
    claim = ClaimText(
        "c", 1, text, "sentence", (0,), 0, len(text), cites=(Cite("b1", f"{quote} zyx", len(text)),)
    )
    assert check_cited(claim, {"b1": passage(text)}).verdict == "unsupported"


@settings(max_examples=100, deadline=None)
@given(documents)
def test_a_summary_accounts_for_every_claim(document: ArtifactDocument) -> None:
    checked = [
        check_outside(c, [passage("The bridge was opened on 4 April 2011.")]) for c in split_claims(document)
    ]
    told = summary(checked)
    assert told["claims"] == len(checked)
    assert told["needs_you"] + told["passed"] + told["opinions"] == len(checked)
    assert told["passed"] == sum(c.verdict == "supported" for c in checked)
