"""Approvals that are carried over: nothing altered ever, and what is untouched does not have to be read again."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.carry import NO_TARGETS, Seen, Targets, carried, reading_left, unchanged
from proofroom.domain.document import (
    ArtifactDocument,
    Block,
    Chart,
    Column,
    Computation,
    Heading,
    ListBlock,
    Opinion,
    Paragraph,
    Quote,
    Table,
    parse_markdown,
)
from proofroom.domain.evidence import split_claims

CURRENT = {"s1": 1, "s2": 3}
NOTES = (
    "# What happened\n\nIt was launched in 1998. It was lost. Nobody was hurt.\n\n"
    "The board met. It named a cause.\n"
)


def seen(document: ArtifactDocument | str, **changed: dict[str, Any]) -> Seen:
    """Every claim supported by version 1 of s1; `changed` alters claims by their text."""
    read = parse_markdown(document, title="T") if isinstance(document, str) else document
    claims = [
        {
            "id": c.id, "n": c.n, "text": c.text, "kind": c.kind, "path": list(c.path),
            "char_start": c.char_start, "char_end": c.char_end, "verdict": "supported", "opinion": c.opinion,
            "needs_you": False, "headline": "Passed", "say": None, "checks": [],
            "anchors": [] if c.kind != "sentence" else [anchor("s1", 1)],
        }
        | changed.get(c.text, {})
        for c in split_claims(read, "report")
    ]  # fmt: skip
    return Seen(read, claims)


def anchor(source: str, version: int) -> dict[str, Any]:
    return {"source_id": source, "version": version, "block_id": "b", "quote": "q", "role": "supports"}


def kept(before: Seen, after: Seen, targets: Targets = NO_TARGETS, **current: int) -> list[str]:
    """Texts of what is carried."""
    ids = carried(before, after, targets, current=CURRENT | current)
    return [str(c["text"]) for c in after.claims if c["id"] in ids]


def test_an_untouched_version_is_carried_whole() -> None:
    before = seen(NOTES)
    assert kept(before, seen(NOTES)) == [c["text"] for c in before.claims]
    assert reading_left(before, carried(before, before, current=CURRENT)) == (2, 20)  # the heading's words


@pytest.mark.parametrize(
    ("old", "new", "carried_texts"),
    [
        # An altered sentence takes along what is read after it in its block, and the one before it.
        ("1998", "1999", ["The board met.", "It named a cause."]),
        ("It was lost", "It was found", ["The board met.", "It named a cause."]),
        ("Nobody was hurt", "Two were hurt", ["It was launched in 1998."]),
        ("The board met", "The board left", ["It was launched in 1998.", "It was lost.", "Nobody was hurt."]),
        (
            "It named a cause",
            "It named none",
            ["It was launched in 1998.", "It was lost.", "Nobody was hurt."],
        ),
        ("What happened", "What did not happen", []),
        (" Nobody was hurt.", "", ["It was launched in 1998."]),
    ],
)
def test_what_stands_beside_something_altered_is_read_again(
    old: str, new: str, carried_texts: list[str]
) -> None:
    assert kept(seen(NOTES), seen(NOTES.replace(old, new))) == carried_texts


def test_another_title_or_another_heading_above_changes_what_is_said() -> None:
    before = seen(NOTES)
    assert kept(before, Seen(replace(before.document, title="Myths"), before.claims)) == []
    deeper = "# A\n\n## B\n\nIt was lost.\n\n## C\n\nIt was found.\n"
    assert kept(seen(deeper), seen(deeper.replace("## B", "## Not B"))) == ["It was found."]
    assert kept(seen(deeper), seen(deeper.replace("# A\n", "# Not A\n"))) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"verdict": "partial"},
        {"needs_you": True},
        {"anchors": [anchor("s1", 1) | {"quote": "other"}]},
        {"anchors": [anchor("s1", 1) | {"block_id": "c"}]},
        {"anchors": []},
        {"checks": [{"kind": "number", "result": "same"}]},
        {"say": {"draft": {"text": "x"}}},
    ],
)
def test_another_verdict_or_other_evidence_is_not_carried(changed: dict[str, Any]) -> None:
    moved = {"It was lost.": changed}
    untouched = ["It was launched in 1998.", "Nobody was hurt.", "The board met.", "It named a cause."]
    assert kept(seen(NOTES), seen(NOTES, **moved)) == untouched
    assert kept(seen(NOTES, **moved), seen(NOTES)) == untouched


def test_what_needed_a_person_is_never_carried() -> None:
    flagged = {"It was lost.": {"needs_you": True, "verdict": "unsupported"}}
    assert "It was lost." not in kept(seen(NOTES, **flagged), seen(NOTES, **flagged))


def test_a_newer_or_retracted_source_ends_the_approval_of_what_rests_on_it() -> None:
    other = {"It was lost.": {"anchors": [anchor("s2", 3)]}}
    both = seen(NOTES, **other)
    assert len(kept(both, both)) == 5
    assert kept(both, both, s1=2) == ["It was lost."]
    without = {k: v for k, v in CURRENT.items() if k != "s2"}
    assert len(carried(both, both, current=without)) == 4
    stale = seen(NOTES, **{"It was lost.": {"anchors": [anchor("s1", 1), anchor("s2", 2)]}})
    assert "It was lost." not in kept(stale, stale)


def test_what_a_change_was_about_is_not_carried() -> None:
    before = seen(NOTES)
    assert "It was lost." not in kept(before, before, Targets(claims=["It was  lost."]))
    assert len(kept(before, before, Targets(claims=["It was  lost."]))) == 4
    assert kept(before, before, Targets(passages=["lost. Nobody"])) == [
        "It was launched in 1998.",
        "The board met.",
        "It named a cause.",
    ]
    assert kept(before, before, Targets(passages=["hurt.\n\nThe board"])) == [
        "It was launched in 1998.",
        "It was lost.",
        "It named a cause.",
    ]
    assert len(kept(before, before, Targets(passages=["not there", " "]))) == 5


def test_of_two_equal_sentences_each_is_carried_once_and_only_in_its_place() -> None:
    twice = "It rose.\n\nIt rose.\n"
    assert kept(seen(twice), seen(twice)) == ["It rose.", "It rose."]
    assert kept(seen(twice), seen(twice + "\nIt rose.\n")) == ["It rose.", "It rose."]
    assert kept(seen("A fell.\n\nIt rose.\n"), seen("B fell.\n\nIt rose.\n")) == []


def test_the_kind_of_block_counts() -> None:
    for other in (Quote, Opinion):
        before = ArtifactDocument("T", (Paragraph("It was lost."),))
        after = ArtifactDocument("T", (other("It was lost."),))
        assert kept(seen(before), seen(after)) == []
    items = ("It was lost.", "It was found.")
    ordered, bullets = (ArtifactDocument("T", (ListBlock(o, items),)) for o in (True, False))
    assert kept(seen(ordered), seen(bullets)) == []
    assert kept(seen(ordered), seen(ordered)) == list(items)


def test_a_list_reads_against_its_lead_in() -> None:
    listed = "These hold:\n\n- It was lost.\n- It was seen.\n- It was fine.\n"
    assert kept(seen(listed), seen(listed.replace("These hold", "These do not hold"))) == []


def test_the_marks_of_what_is_struck_out_are_text() -> None:
    assert kept(seen("It was not lost."), seen("It was ~~not~~ lost.")) == []
    struck = "It was ~~not~~ lost."
    assert kept(seen(struck), seen(struck)) == [struck]


@pytest.mark.parametrize("begin", ["", "- "])
def test_what_leads_elsewhere_now_is_read_again(begin: str) -> None:
    linked = f"{begin}It was [lost](https://a.example)."
    assert kept(seen(linked), seen(linked)) == ["It was lost."]
    assert kept(seen(linked), seen(linked.replace("a.example", "b.example"))) == []
    assert kept(seen(linked), seen(linked.replace(")", ' "titled")'))) == []


def test_the_names_of_citations_do_not_count() -> None:
    assert kept(seen("It was lost. [[b1|q]]"), seen("It was lost. [[b7|q]]")) == ["It was lost."]


def computed(version: int = 1) -> Computation:
    return Computation("s1", version, 0)


def with_table(rows: tuple[tuple[str | None, ...], ...], version: int = 1) -> ArtifactDocument:
    columns = (Column("year"), Column("energy", "TWh"))
    return ArtifactDocument("T", (Table(columns, rows, "Energy", computed(version)),))


def test_cells_and_series_stand_and_fall_with_their_table_or_chart() -> None:
    before = with_table((("2021", "378"), ("2022", None)))
    assert len(kept(seen(before), seen(before))) == 2
    assert kept(seen(before), seen(with_table((("2021", "378"), ("2022", "434"))))) == []
    assert kept(seen(with_table((("2021", "378"),), 2)), seen(with_table((("2021", "378"),), 2))) == []
    assert reading_left(seen(before), ()) == (7, 7)

    def chart(mark: str) -> ArtifactDocument:
        spec = {"mark": mark, "encoding": {"y": {"field": "energy", "type": "quantitative"}}}
        return ArtifactDocument("T", (Chart("Energy by year", spec, computed()),))

    assert len(kept(seen(chart("bar")), seen(chart("bar")))) == 1
    assert kept(seen(chart("bar")), seen(chart("line"))) == []


def test_a_claim_that_its_document_does_not_hold_is_never_carried() -> None:
    stray = Seen(parse_markdown("It was found.", title="T"), seen(NOTES).claims)
    assert kept(stray, stray) == []


WORDS = ("Orbiter", "board", "probe", "engine", "panel", "crew", "radio", "comet")
SENTENCES = [f"The {w} {verb}." for w in WORDS for verb in ("failed", "held", "moved", "was lost")]


@st.composite
def revisions(draw: st.DrawFn) -> tuple[Seen, Seen, Targets, dict[str, int]]:
    """A version, one made from it by random alterations, what was asked to change, and the sources as they are."""
    texts = draw(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12))
    opinions = draw(st.sets(st.integers(0, 20), max_size=2))
    verdicts = draw(st.dictionaries(st.sampled_from(SENTENCES), st.booleans(), max_size=3))
    changed = list(texts)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(changed)))
        match draw(st.sampled_from(["alter", "insert", "delete", "swap"])):
            case "insert":
                changed.insert(at, draw(st.sampled_from(SENTENCES)))
            case _ if at >= len(changed):
                pass
            case "alter":
                changed[at] = draw(st.sampled_from(SENTENCES))
            case "delete":
                del changed[at]
            case _:
                changed[at], changed[0] = changed[0], changed[at]
    split = draw(st.integers(1, 4))
    moved = draw(
        st.dictionaries(st.sampled_from(SENTENCES), st.sampled_from([anchor("s2", 3), anchor("s2", 2)]))
    )
    before = seen(_document(texts, split, opinions), **{t: {"needs_you": n} for t, n in verdicts.items()})
    flipped = {t: {"anchors": [a]} for t, a in moved.items()}
    after = seen(_document(changed, split, draw(st.sampled_from([opinions, set[int]()]))), **flipped)
    targets = Targets(
        draw(st.lists(st.sampled_from(SENTENCES), max_size=2)),
        draw(st.lists(st.sampled_from(WORDS), max_size=1)),
    )
    return before, after, targets, draw(st.sampled_from([CURRENT, {"s1": 2, "s2": 3}, {"s2": 3}, {"s1": 1}]))


def _document(texts: list[str], split: int, opinions: set[int]) -> ArtifactDocument:
    blocks: list[Block] = [Heading(1, "All of it")]
    for n, i in enumerate(range(0, len(texts), split)):
        blocks.append((Opinion if n in opinions else Paragraph)(" ".join(texts[i : i + split])))
    return ArtifactDocument("T", tuple(blocks))


@given(revisions())
def test_nothing_altered_is_ever_carried(case: tuple[Seen, Seen, Targets, dict[str, int]]) -> None:
    """Judged from the texts alone: each carried claim has an equal one before it between the same neighbours, each of
    which is used once."""
    before, after, targets, current = case
    ids = carried(before, after, targets, current=current)
    used: set[int] = set()
    for i, claim in enumerate(after.claims):
        if claim["id"] not in ids:
            continue
        assert not claim["needs_you"]
        assert claim["text"] not in targets.claims
        assert not any(p in claim["text"] for p in targets.passages)
        assert all(current.get(a["source_id"]) == a["version"] for a in claim["anchors"])
        twin = next(
            (
                j
                for j, c in enumerate(before.claims)
                if j not in used
                and {k: c[k] for k in ("text", "verdict", "opinion", "needs_you", "anchors", "checks")}
                == {k: claim[k] for k in ("text", "verdict", "opinion", "needs_you", "anchors", "checks")}
                and _around(before, j) == _around(after, i)
            ),
            None,
        )
        assert twin is not None
        used.add(twin)
    left, of = reading_left(after, ids)
    assert 0 <= left <= of


def _around(seen_: Seen, i: int) -> tuple[str, str]:
    """The sentence before a claim, and the one after it in its paragraph."""
    claims = seen_.claims
    follows = i + 1 < len(claims) and claims[i + 1]["path"] == claims[i]["path"]
    return claims[i - 1]["text"] if i else "", claims[i + 1]["text"] if follows else ""


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12), st.integers(1, 4))
def test_an_unaltered_version_is_not_read_again(texts: list[str], split: int) -> None:
    same = seen(_document(texts, split, set()))
    assert len(carried(same, same, current=CURRENT)) == len(same.claims)
    assert reading_left(same, carried(same, same, current=CURRENT))[0] == 3  # the heading


def test_a_claim_that_was_kept_with_a_reason_is_known_again_while_nothing_about_it_changed() -> None:
    needs = {"needs_you": True, "verdict": "unsupported"}
    before = seen(NOTES, **{"It named a cause.": needs})
    (old,) = [c["id"] for c in before.claims if c["needs_you"]]
    assert unchanged(before, before, [old]) == {old: old}
    assert unchanged(before, before, []) == {}
    assert unchanged(before, seen(NOTES), [old]) == {}
    assert (
        unchanged(before, seen(NOTES.replace("met.", "slept."), **{"It named a cause.": needs}), [old]) == {}
    )
