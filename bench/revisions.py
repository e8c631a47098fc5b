"""Approvals carried over revisions: what a reviewer reads again, and that nothing altered is ever carried.

    python bench/revisions.py [--seed N] [--rounds N] [--json]

Base versions are made from the bench's texts and the sample's sources: every sentence stands in a report and cites
its passage. Each revision alters k claims in one way (a number, date, name, negation, wording, citation, the
source's version, order, insertion, deletion, a heading) and gives every citation a new alias, as another iteration
does. The alterations are made and remembered here, by position; the rule that carries approvals sees only the two
versions. "needless" are claims that nobody altered, that passed both times, and that are shown again all the same,
because something beside them changed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path

from proofroom.domain.carry import Seen, carried, reading_left
from proofroom.domain.document import ArtifactDocument, Block, Heading, Paragraph, Ref
from proofroom.domain.evidence import (
    AnalysedPassage,
    Passage,
    SourceName,
    analyse,
    check_cited,
    claim_to_json,
    split_claims,
)
from proofroom.domain.evidence.sentences import split_sentences

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.corpus.planting import (  # noqa: E402 -- the checkout's own tests, not an installed package
    plant_date,
    plant_name,
    plant_negation,
    plant_number,
)
from tests.corpus.texts import DEVELOPMENT, HELD_OUT  # noqa: E402

STRANGERS = ("Wexcombe", "Tamsin Orley", "Quenby", "Aldous Ferrier", "Pellmore Works")
ADDED = (
    "The figures were published later.",
    "Nobody had asked for that before.",
    "A second report is expected.",
    "This was not disputed.",
)
HOW_MANY = (1, 2, 4)


@dataclass(frozen=True)
class Sentence:
    """A sentence of a report: the paragraph of the source that it cites, in which version, and whether altered."""

    text: str
    cites: int | None
    version: int = 1
    altered: bool = False


@dataclass(frozen=True)
class Report:
    title: str
    source: tuple[str, ...]
    paragraphs: tuple[tuple[Sentence, ...], ...]
    heading: str = "What is known"
    current: int = 1


@dataclass
class Row:
    """Sums over the revisions of one kind."""

    kind: str
    revisions: int = 0
    claims: int = 0
    altered: int = 0
    altered_carried: int = 0
    unaltered: int = 0
    needless: int = 0
    words: int = 0
    of: int = 0
    wrong: list[str] = field(default_factory=list[str])

    @property
    def share(self) -> float:
        return self.words / self.of if self.of else 0.0


def bases() -> list[Report]:
    texts = [(t.title, t.paragraphs) for t in (*DEVELOPMENT, *HELD_OUT)]
    folder = resources.files("proofroom.samples") / "mars-climate-orbiter" / "sources"
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".md"):
            parts = [" ".join(p.split()) for p in entry.read_text(encoding="utf-8").split("\n\n")]
            prose = [
                p for p in parts if p[:1].isalpha() and p.endswith(".") and "|" not in p and "*" not in p
            ]
            if len(prose) >= 3:
                texts.append((entry.name, tuple(prose)))
    texts.append(("All of them", tuple(p for _, paragraphs in texts for p in paragraphs)))
    return [
        Report(
            title,
            tuple(paragraphs),
            tuple(
                tuple(Sentence(p[a:b], n) for a, b in split_sentences(p)) for n, p in enumerate(paragraphs)
            ),
        )
        for title, paragraphs in texts
    ]


def escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in "\\`*_[]<>~&" else c for c in text)


def build(report: Report, rng: random.Random) -> tuple[ArtifactDocument, dict[str, Passage]]:
    """The report as an agent hands it in, with aliases of its own, and the passages behind them."""
    names = rng.sample(range(1000, 10_000), len(report.source) * 2)
    alias = {(n, v): f"b{names[n * 2 + v - 1]}" for n in range(len(report.source)) for v in (1, 2)}
    blocks: list[Block] = [Heading(1, report.heading)]
    for paragraph in report.paragraphs:
        said = [
            escaped(s.text) + ("" if s.cites is None else f" [[{alias[s.cites, s.version]}]]")
            for s in paragraph
        ]
        blocks.append(Paragraph(" ".join(said)))
    passages = {
        name: Passage(
            "source", version, f"block-{n}", report.title, None, 0, len(report.source[n]), report.source[n]
        )
        for (n, version), name in alias.items()
    }
    refs = {name: Ref(p.source_id, p.version, p.block_id) for name, p in passages.items()}
    return ArtifactDocument(report.title, tuple(blocks), refs), passages


@lru_cache(maxsize=4096)
def read(passage: Passage) -> AnalysedPassage:
    return analyse(passage)


def seen(report: Report, rng: random.Random) -> Seen:
    document, passages = build(report, rng)
    names = [SourceName(report.title)]
    known = {name: read(p) for name, p in passages.items()}
    claims = [claim_to_json(check_cited(c, known, (), names)) for c in split_claims(document, "report")]
    return Seen(document, claims)


# The alterations


Alter = Callable[[Report, int, random.Random], Report | None]


def _with(report: Report, place: tuple[int, int], sentences: Sequence[Sentence]) -> Report:
    """The report with other sentences in the place of one."""
    p, s = place
    paragraph = report.paragraphs[p]
    changed = (*paragraph[:s], *sentences, *paragraph[s + 1 :])
    paragraphs = (*report.paragraphs[:p], *((changed,) if changed else ()), *report.paragraphs[p + 1 :])
    return replace(report, paragraphs=paragraphs)


def _places(report: Report, rng: random.Random) -> list[tuple[int, int]]:
    found = [
        (p, s)
        for p, sentences in enumerate(report.paragraphs)
        for s, one in enumerate(sentences)
        if not one.altered
    ]
    rng.shuffle(found)
    return found


def each(change: Callable[[Sentence, random.Random], Sequence[Sentence] | None]) -> Alter:
    """Alters k sentences, one after the other."""

    def alter(report: Report, k: int, rng: random.Random) -> Report | None:
        done = 0
        for place in sorted(_places(report, rng)[: k * 6], key=lambda _: rng.random()):
            p, s = place
            if (
                p >= len(report.paragraphs)
                or s >= len(report.paragraphs[p])
                or report.paragraphs[p][s].altered
            ):
                continue
            made = change(report.paragraphs[p][s], rng)
            if made is not None:
                report = _with(report, place, made)
                done += 1
            if done == k:
                return report
        return None

    return alter


def worded(plant: Callable[[str, random.Random], str | None]) -> Alter:
    def change(sentence: Sentence, rng: random.Random) -> Sequence[Sentence] | None:
        text = plant(sentence.text, rng)
        return None if text is None or text == sentence.text else [replace(sentence, text=text, altered=True)]

    return each(change)


def _reword(text: str, rng: random.Random) -> str:
    return f"{rng.choice(('As is known', 'By all accounts', 'In the end'))}, {text[0].lower()}{text[1:]}"


def _cite_other(report: Report, k: int, rng: random.Random) -> Report | None:
    if len(report.source) < 2:
        return None

    def change(sentence: Sentence, rng: random.Random) -> Sequence[Sentence] | None:
        others = [n for n in range(len(report.source)) if n != sentence.cites]
        return [replace(sentence, cites=rng.choice(others), altered=True)]

    return each(change)(report, k, rng)


def _insert(sentence: Sentence, rng: random.Random) -> Sequence[Sentence]:
    new = Sentence(rng.choice(ADDED), sentence.cites, sentence.version, altered=True)
    return [new, sentence] if rng.random() < 0.5 else [sentence, new]


def _swap(report: Report, k: int, rng: random.Random) -> Report | None:
    for _ in range(k):
        places = _places(report, rng)
        if len(places) < 2:
            return None
        first, second = places[:2]
        a, b = (report.paragraphs[p][s] for p, s in (first, second))
        if a.text == b.text:
            return None
        report = _with(report, first, [replace(b, altered=True)])
        report = _with(report, second, [replace(a, altered=True)])
    return report


def _newer_source(cited: bool) -> Alter:
    """The source has a second version; the report cites it, or still cites the first. Every claim is affected."""

    def alter(report: Report, _k: int, _rng: random.Random) -> Report:
        moved = tuple(
            tuple(replace(s, version=2 if cited else 1, altered=True) for s in p) for p in report.paragraphs
        )
        return replace(report, paragraphs=moved, current=2)

    return alter


def _retitle(report: Report, _k: int, _rng: random.Random) -> Report:
    """The heading says the opposite of all that stands under it."""
    altered = tuple(tuple(replace(s, altered=True) for s in p) for p in report.paragraphs)
    return replace(report, paragraphs=altered, heading="What is not known")


KINDS: Mapping[str, Alter] = {
    "number": worded(plant_number),
    "date": worded(plant_date),
    "name": worded(lambda text, rng: plant_name(text, rng, STRANGERS)),
    "negation": worded(plant_negation),
    "reworded": worded(_reword),
    "citation": _cite_other,
    "inserted": each(_insert),
    "deleted": each(lambda _sentence, _rng: []),
    "reordered": _swap,
    "source, cited anew": _newer_source(True),
    "source, not cited anew": _newer_source(False),
    "heading": _retitle,
    "nothing": lambda report, _k, _rng: report,
}


def altered_claims(report: Report, now: Seen) -> set[str]:
    """Ids of the claims that stand where something was altered, by position alone."""
    spans: list[tuple[int, int, int]] = []
    for index, paragraph in enumerate(report.paragraphs, start=1):
        at = 0
        for sentence in paragraph:
            if sentence.altered:
                spans.append((index, at, at + len(sentence.text)))
            at += len(sentence.text) + 1
    return {
        str(c["id"])
        for c in now.claims
        for index, start, end in spans
        if c["path"][0] == index and c["char_start"] < end and start < c["char_end"]
    }


def measure(row: Row, base: Report, revised: Report, rng: random.Random) -> None:
    before, now = seen(base, rng), seen(revised, rng)
    kept = set(carried(before, now, current={"source": revised.current}))
    altered = altered_claims(revised, now)
    was_fine = {c["text"] for c in before.claims if not c["needs_you"]}
    fine = {
        str(c["id"])
        for c in now.claims
        if c["id"] not in altered and not c["needs_you"] and c["text"] in was_fine
    }
    words, of = reading_left(now, kept)
    row.revisions += 1
    row.claims += len(now.claims)
    row.altered += len(altered)
    row.altered_carried += len(kept & altered)
    row.wrong += [str(c["text"]) for c in now.claims if c["id"] in kept & altered]
    row.unaltered += len(fine)
    row.needless += len(fine - kept)
    row.words += words
    row.of += of


def run(seed: int, rounds: int, texts: Sequence[Report]) -> list[Row]:
    """One row of sums for each kind of alteration, over every base text, every k and some rounds."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for kind, alter in KINDS.items():
        row = Row(kind)
        for base in texts:
            for k in HOW_MANY:
                for _ in range(rounds):
                    revised = alter(base, k, rng)
                    if revised is not None:
                        measure(row, base, revised, rng)
        rows.append(row)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description="Approvals carried over revisions.")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = run(given.seed, given.rounds, bases())
    if given.json:
        print(json.dumps([asdict(r) | {"share": round(r.share, 4)} for r in rows], indent=1))
    else:
        print(
            f"{'altered':<24}{'revisions':>10}{'claims':>8}{'altered':>9}{'carried':>9}{'needless':>14}{'to read':>10}"
        )
        for r in rows:
            needless = f"{r.needless} of {r.unaltered}"
            print(
                f"{r.kind:<24}{r.revisions:>10}{r.claims:>8}{r.altered:>9}{r.altered_carried:>9}{needless:>14}"
                f"{r.share:>10.1%}"
            )
        print("\n“carried” counts altered claims that would have kept an approval; it must be 0.")
        for r in rows:
            for text in r.wrong:
                print(f"carried although altered ({r.kind}): {text}")
    return 1 if any(r.altered_carried for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
