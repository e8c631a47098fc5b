"""The sample workspace keeps its promises: errors planted as told, figures that add up."""

from __future__ import annotations

import re
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

import proofroom

pd: Any = import_module("pandas")  # it carries no types of its own
SAMPLES = Path(proofroom.__file__).parent / "samples"
MANIFEST: dict[str, Any] = yaml.safe_load((SAMPLES / "sample.yaml").read_text(encoding="utf-8"))
PROJECTS: dict[str, dict[str, Any]] = {p["key"]: p for p in MANIFEST["projects"]}
CHECK, REPORT = PROJECTS["check"], PROJECTS["report"]
KINDS = {item["kind"]: item for item in CHECK["reveal"]}
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
MONTH = re.compile("January|February|March|April|May|June|July|August|September|October|November|December")
DIRECTION = re.compile(
    r"\b(not|never|no|more|less|rose|fell|above|below|over|under\w*|before|after)\b", re.IGNORECASE
)


def text_of(name: str) -> str:
    return (SAMPLES / name).read_text(encoding="utf-8")


def passages(name: str) -> list[str]:
    """Paragraphs of a Markdown file, headings left out."""
    return [p for p in text_of(name).split("\n\n") if p.strip() and not p.startswith("#")]


def sentences(name: str) -> list[str]:
    """Sentences of a Markdown file: they end in a full stop, before a capital or the end."""
    return [s.strip() for p in passages(name) for s in re.split(r"(?<=[.”])\s+(?=[A-Z])", p.strip())]


DRAFT = CHECK["check"]["draft"]
SOURCES = {entry["file"]: text_of(entry["file"]) for entry in CHECK["sources"]}
ALL_SOURCES = "\n\n".join(SOURCES.values())


def test_every_named_file_exists_and_none_is_left_over() -> None:
    new_year = REPORT["report"]["new_year"]
    named = {entry["file"] for p in PROJECTS.values() for entry in p["sources"]}
    named |= {DRAFT, new_year["file"], new_year["replaces"], REPORT["report"]["last"]["report"]}
    there = {str(f.relative_to(SAMPLES)) for f in SAMPLES.rglob("*") if f.suffix in {".md", ".csv"}}
    assert named == there
    assert MANIFEST["opens_on"] in PROJECTS
    assert PROJECTS["yours"]["sources"] == []


def test_the_title_of_each_note_is_its_heading() -> None:
    for project in (CHECK, REPORT):
        for entry in project["sources"]:
            if entry["file"].endswith(".md"):
                first, _, rest = text_of(entry["file"]).partition("\n")
                assert first == f"# {entry['title']}"
                assert rest.strip().startswith("Drawn from ")
                assert "is ours" in rest.strip().split("\n\n")[0]
    assert text_of(DRAFT).startswith(f"# {CHECK['check']['title']}\n")


def test_the_draft_has_twelve_sentences_and_six_planted_errors() -> None:
    found = sentences(DRAFT)
    assert len(found) == CHECK["check"]["claims"] == 12
    assert set(KINDS) == {"number", "date", "quote", "invented_source", "conflict", "meaning"}
    assert len(CHECK["reveal"]) == 6
    for item in CHECK["reveal"]:
        assert text_of(DRAFT).count(item["text"]) == 1
        assert found[item["n"] - 1] == item["text"]
        assert item["correction"] not in text_of(DRAFT) or not item["correction"]
    assert [item["kind"] for item in CHECK["reveal"] if item["only_a_reader"]] == ["meaning"]


def test_the_label_gives_no_error_away() -> None:
    label = CHECK["check"]["label"]
    assert not NUMBER.search(label)
    for item in CHECK["reveal"]:
        assert item["draft_says"] not in label
        assert item["record_says"] not in label


def test_the_quote_is_altered_by_one_word_and_the_original_stands_in_a_source() -> None:
    altered, original = KINDS["quote"]["draft_says"], KINDS["quote"]["record_says"]
    assert f"“{altered}”" in text_of(DRAFT)
    assert altered not in ALL_SOURCES
    assert f"“{original}”" in ALL_SOURCES
    pairs = list(zip(altered.split(), original.split(), strict=True))
    assert [(a, b) for a, b in pairs if a != b] == [("testing", "coding")]


@pytest.mark.parametrize("kind", ["number", "date"])
def test_the_wrong_value_is_in_no_source_and_the_right_one_is(kind: str) -> None:
    item = KINDS[kind]
    assert item["draft_says"] in item["text"]
    assert item["draft_says"] not in ALL_SOURCES
    assert item["record_says"] in ALL_SOURCES
    assert item["text"].replace(item["draft_says"], item["record_says"]) == item["correction"]


def test_the_invented_source_is_unknown() -> None:
    item = KINDS["invented_source"]
    assert item["draft_says"] in item["text"]
    assert "Audit" not in ALL_SOURCES
    assert "2000" not in ALL_SOURCES


def test_the_two_values_in_conflict_stand_in_different_sources() -> None:
    first, second = KINDS["conflict"]["values"]
    assert first["source"] != second["source"]
    for here, there in ((first, second), (second, first)):
        assert here["value"] in SOURCES[here["source"]]
        assert here["value"] not in SOURCES[there["source"]]
        assert any(
            "first closest approach was planned" in p and here["value"] in p for p in passages(here["source"])
        )
    assert sum(first["value"] in text for text in SOURCES.values()) == 1


def test_the_error_of_meaning_passes_every_comparison() -> None:
    """All words, names, numbers, dates and directions of the sentence stand in one passage of a source."""
    item = KINDS["meaning"]
    (passage,) = [p for p in passages(item["source"]) if all(name in p for name in item["names"])]
    words = re.findall(r"[\w-]+", item["text"].lower())
    assert set(words) <= set(re.findall(r"[\w-]+", passage.lower()))
    assert sorted(words) == sorted(re.findall(r"[\w-]+", item["correction"].lower()))
    assert item["text"] != item["correction"]
    assert item["correction"] in passage
    for pattern in (NUMBER, DIRECTION, MONTH):
        assert set(pattern.findall(item["text"])) <= set(pattern.findall(passage))


def test_the_six_sound_sentences_rest_on_one_passage_each() -> None:
    planted = {item["n"] for item in CHECK["reveal"]}
    sound = [s for n, s in enumerate(sentences(DRAFT), 1) if n not in planted]
    assert len(sound) == 6
    everything = [p for name in SOURCES for p in passages(name)]
    for sentence in sound:
        words = set(re.findall(r"[a-z]{4,}", sentence.lower()))
        names = re.findall(r"(?<=\w )[A-Z][a-z]+(?: [A-Z]\w+)*", sentence)
        exact = NUMBER.findall(sentence) + names
        covers = [p for p in everything if all(piece in p for piece in exact)]
        best = max(len(words & set(re.findall(r"[a-z]{4,}", p.lower()))) / len(words) for p in covers)
        assert best >= 0.8, (sentence, best)


def test_every_number_in_the_sources_belongs_to_a_checked_fact_or_to_the_record_it_names() -> None:
    facts = " ".join(f"{f['claim']} {f['value']} {' '.join(f['checked'])}" for f in CHECK["facts"])
    for name in SOURCES:
        for passage in passages(name)[1:]:
            for number in NUMBER.findall(passage):
                assert number in facts, (name, number)
    assert all(f["checked"] for p in (CHECK, REPORT) for f in p["facts"])


def table(name: str) -> Any:
    frame = pd.read_csv(SAMPLES / name)
    assert list(frame.columns) == ["year", "energy_source", "net_generation_thousand_mwh"]
    assert not frame.isna().to_numpy().any()
    return frame


def by_year(frame: Any, energy_source: str) -> dict[int, int]:
    rows = frame[frame["energy_source"] == energy_source]
    return {int(y): int(v) for y, v in zip(rows["year"], rows["net_generation_thousand_mwh"], strict=True)}


OLD = table(REPORT["report"]["last"]["source"])
NEW = table(REPORT["report"]["new_year"]["file"])


def test_the_new_table_is_the_old_one_and_one_more_year() -> None:
    year = REPORT["report"]["new_year"]["year"]
    pd.testing.assert_frame_equal(NEW[NEW["year"] < year].reset_index(drop=True), OLD)
    assert set(NEW["year"]) - set(OLD["year"]) == {year}
    assert NEW.groupby("year")["energy_source"].nunique().eq(9).all()
    assert len(NEW) == 90


def test_the_sources_of_a_year_add_up_to_the_published_total() -> None:
    published = REPORT["facts"][0]["published_totals"]
    totals = NEW.groupby("year")["net_generation_thousand_mwh"].sum()
    assert set(totals.index) == set(published)
    for year, total in published.items():
        assert abs(int(totals[year]) - total) <= 2


def test_the_config_names_columns_of_the_table() -> None:
    config = REPORT["report"]["config"]
    assert {*config["measures"], *config["dimensions"], config["period"]} == set(NEW.columns)


def test_the_new_headline_contradicts_the_table_and_the_correction_agrees() -> None:
    new_year = REPORT["report"]["new_year"]
    truth = new_year["truth"]
    series = by_year(NEW, truth["energy_source"])
    before, after = series[truth["before"]["year"]], series[truth["after"]["year"]]
    assert (before, after) == (truth["before"]["value"], truth["after"]["value"])
    assert after - before == truth["change"] < 0
    assert round(100 * (after - before) / before, 1) == truth["change_percent"]
    headline = new_year["draft_headline"]
    assert truth["flagged_word"] in headline
    assert f"{after:,}" in headline, "the figure is right, only the direction is wrong"
    assert truth["direction"] in new_year["corrected_headline"]
    assert f"{after:,}" in new_year["corrected_headline"]
    assert f"{before:,}" in new_year["corrected_headline"]
    (revealed,) = REPORT["reveal"]
    assert revealed["text"] == headline
    assert f"{-truth['change']:,}" in revealed["truth"]
    assert "2.1%" in revealed["truth"]
    years = sorted(y for y in series if y < new_year["year"])
    rises = [series[b] > series[a] for a, b in pairwise(years)]
    assert rises == [True] * 8, "eight years of growth, as the explanation says"


def test_last_years_report_says_what_the_old_table_says() -> None:
    last = REPORT["report"]["last"]
    text = text_of(last["report"])
    assert text.startswith(f"# {last['title']}\n")
    assert last["headline"] in text
    year = last["year"]
    for energy_source, verb in (
        ("Solar photovoltaic", "rose"),
        ("Conventional hydroelectric", "rose"),
        ("wood and wood-derived fuels", "fell"),
    ):
        series = by_year(OLD, energy_source[0].upper() + energy_source[1:])
        change = 100 * (series[year] - series[year - 1]) / series[year - 1]
        assert (change > 0) == (verb == "rose")
        assert re.search(
            rf"{energy_source}(?: generation)? {verb} by {abs(change):.1f}% to {series[year]:,}\b", text
        )
    wind = by_year(OLD, "Wind")
    assert (
        f"rose to {wind[year]:,} thousand megawatthours in {year}, from {wind[year - 1]:,} in {year - 1}"
        in text
    )
    total = int(OLD[OLD["year"] == year]["net_generation_thousand_mwh"].sum())
    assert f"{total:,}" in text
    assert f"{100 * wind[year] / total:.1f}%" in text
