"""Seeded errors against the evidence checks: what is caught, and what is flagged without need.

    python bench/evidence_planted.py [--set development|held-out] [--scifact DIR] [--limit N] [--show]

Takes true sentences from the source texts, plants one error in each copy (a changed number, a shifted date,
an altered quote, an invented source, a swapped name, a wrong unit, a turned negation or direction), and
checks the copy against the sources. The planting knows nothing of the checks: it works with its own few
regular expressions and a fixed seed. Untouched copies and hand-written paraphrases measure the false
alarms.

`--scifact` takes a folder with SciFact's `corpus.jsonl.gz`, `queries.train.jsonl` and `evidence.train.jsonl`
(Wadden et al., EMNLP 2020); sentences of its abstracts then join the figures, in a table of their own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofroom.domain.evidence import (
    AnalysedPassage,
    Claim,
    ClaimText,
    Passage,
    SourceName,
    analyse,
    check_outside,
)
from proofroom.domain.evidence.words import tokens
from tests.corpus.texts import DEVELOPMENT, HELD_OUT, Text

MONTHS = "January February March April May June July August September October November December".split()
_MONTH = "|".join(MONTHS)
_DATE = re.compile(rf"\b(?:(\d{{1,2}}) )?({_MONTH})(?: (\d{{1,2}}),?)?(?: (\d{{4}}))?\b")
_YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d.,]\d|\d)")
_NUMBER = re.compile(r"(?<![\w.,:/-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w:/-]|[.,]\d)")
_QUOTE = re.compile(r"“([^”]+)”")
_NAME = re.compile(r"(?<=[a-z,;] )(?:[A-Z][a-z]+(?: [A-Z][a-z]+)+|[A-Z][a-z]{3,})")
_UNITS = {
    " km ": " miles ", " m ": " km ", " kg": " g", " mg ": " g ", " million": " billion", " minutes": " hours",
    " weeks": " months", " days": " weeks", " percent": " percentage points", "$": "€", "€": "£", "£": "$",
    " kWh": " MWh", " tonnes": " kg", " micrograms": " milligrams", " km/h": " m/s", " bar": " Pa",
    " months": " years", "%": " percentage points", " months.": " weeks.", " mm ": " cm ", " years": " months",
    " days.": " weeks.", " m.": " km.", " GN": " MN", " ml": " l",
}  # fmt: skip
_TURNS = {
    "rose": "fell", "fell": "rose", "increased": "decreased", "decreased": "increased", "dropped": "climbed",
    "more": "less", "less": "more", "above": "below", "below": "above", "before": "after", "after": "before",
    "longer": "shorter", "higher": "lower", "lower": "higher", "largest": "smallest", "lowest": "highest",
    "highest": "lowest", "down": "up", "up": "down", "larger": "smaller", "increase": "decrease",
    "decrease": "increase", "reduced": "increased", "worse": "better",
}  # fmt: skip
_SOURCES = (
    "According to the Halvorsen Audit of 2011, {}",
    "The Whitfield Commission Report found that {}",
    "A study by Marchetti et al. (2009) showed that {}",
    "The Northgate Survey of March 2000 reported that {}",
    "As Professor Quillon wrote in the Journal of Applied Prudence, {}",
    "An article in the Bexley Gazette claimed that {}",
    "{} (https://www.example.org/reports/9921.pdf).",
)
_STRANGERS = (
    "Wexcombe",
    "Tamsin Orley",
    "Brightwater Group",
    "Quenby",
    "Aldous Ferrier",
    "Northgate",
    "Pellmore Works",
)


@dataclass(frozen=True)
class Planted:
    kind: str
    true: str
    text: str


def _swap(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def plant_number(text: str, rng: random.Random) -> str | None:
    taken = [m.span() for m in _DATE.finditer(text) if m.group(1) or m.group(3) or m.group(4)]
    taken += [m.span() for m in _YEAR.finditer(text)] + [m.span() for m in _QUOTE.finditer(text)]
    hits = [m for m in _NUMBER.finditer(text) if not any(a <= m.start() < b for a, b in taken)]
    if not hits:
        return None
    m = rng.choice(hits)
    old = m.group()
    digits = [i for i, c in enumerate(old) if c.isdigit()]
    for _ in range(20):
        kind = rng.randrange(3)
        if kind == 0:  # another digit
            i = rng.choice(digits)
            new = _swap(old, i, i + 1, rng.choice("123456789"))
        elif kind == 1 and "." in old:  # the point moves
            new = str(float(old.replace(",", "")) * 10).rstrip("0").rstrip(".")
        else:  # a multiple
            new = f"{float(old.replace(',', '')) * rng.choice((2, 3, 10)):,.12g}"
        if new != old and float(new.replace(",", "")) != float(old.replace(",", "")):
            return _swap(text, m.start(), m.end(), new)
    return None


def plant_date(text: str, rng: random.Random) -> str | None:
    hits: list[tuple[int, int, str]] = []
    for m in _DATE.finditer(text):
        for g in (1, 3):
            if m.group(g):
                day = int(m.group(g))
                hits.append((*m.span(g), str(day + 5 if day <= 23 else day - 5)))
        if m.group(1) or m.group(3) or m.group(4):
            hits.append((*m.span(2), rng.choice([x for x in MONTHS if x != m.group(2)])))
    hits += [
        (*m.span(), str(int(m.group()) + rng.choice((-10, -2, -1, 1, 2, 10)))) for m in _YEAR.finditer(text)
    ]
    quotes = [m.span() for m in _QUOTE.finditer(text)]
    hits = [h for h in hits if not any(a <= h[0] < b for a, b in quotes)]
    return _swap(text, *rng.choice(hits)) if hits else None


def plant_quote(text: str, rng: random.Random) -> str | None:
    m = _QUOTE.search(text)
    if m is None:
        return None
    words = m.group(1).split(" ")
    i = rng.randrange(1, len(words))
    kind = rng.randrange(3)
    if kind == 0:
        words[i] = rng.choice([w for w in ("always", "test", "seldom", "others", "kept") if w != words[i]])
    elif kind == 1:
        del words[i]
    else:
        words.insert(i, rng.choice(("clearly", "also", "not")))
    return _swap(text, *m.span(1), " ".join(words))


def plant_source(text: str, rng: random.Random) -> str | None:
    pattern = rng.choice(_SOURCES)
    return pattern.format(text.rstrip(".") if pattern.startswith("{}") else text[0].lower() + text[1:])


def plant_name(text: str, rng: random.Random, others: Sequence[str]) -> str | None:
    quotes = [m.span() for m in _QUOTE.finditer(text)]
    hits = [
        m
        for m in _NAME.finditer(text)
        if m.group() not in MONTHS and not any(a <= m.start() < b for a, b in quotes)
    ]
    if not hits:
        return None
    m = rng.choice(hits)
    pool = [
        n for n in (*others, *_STRANGERS) if n not in text and not set(n.split()) & set(m.group().split())
    ]
    return _swap(text, m.start(), m.end(), rng.choice(pool)) if pool else None


def plant_unit(text: str, rng: random.Random) -> str | None:
    hits: list[tuple[int, int, str]] = []
    for unit, other in _UNITS.items():
        before = r"(?<=\d)" if not unit.startswith(("$", "€", "£")) else ""
        after = r"(?=\d)" if unit in "$€£" else (r"(?![\w/])" if unit[-1].isalpha() else "")
        hits += [(*m.span(), other) for m in re.finditer(before + re.escape(unit) + after, text)]
    return _swap(text, *rng.choice(hits)) if hits else None


def plant_negation(text: str, rng: random.Random) -> str | None:
    swaps = [(m, "") for m in re.finditer(r"\b(?:not|never) ", text)]
    verbs = r"\b(was|were|is|are|had|has|could|should|can|will) (?!not\b|never\b|no\b)(?=[a-z])"
    swaps += [(m, f"{m.group(1)} not ") for m in re.finditer(verbs, text)]
    swaps += [
        (m, "Some " if m.group()[0] == "N" else "some ") for m in re.finditer(r"\b[Nn]o (?=[a-z])", text)
    ]
    swaps += [(m, _TURNS[m.group()]) for m in re.finditer(r"\b(" + "|".join(_TURNS) + r")\b", text)]
    quotes = [m.span() for m in _QUOTE.finditer(text)]
    options = [
        _swap(text, *m.span(), new) for m, new in swaps if not any(a <= m.start() < b for a, b in quotes)
    ]
    return rng.choice(options) if options else None


def sentences_of(texts: Iterable[str]) -> list[str]:
    """Plain split at full stops; the texts were written so that this is enough."""
    out: list[str] = []
    for text in texts:
        out += [s.strip() for s in re.split(r"(?<=[.!?”])(?<!Dr\.) (?=[A-Z])", text) if len(s.split()) > 3]
    return out


def plant_all(sentences: Sequence[str], rng: random.Random, rounds: int) -> list[Planted]:
    names = sorted({m.group() for s in sentences for m in _NAME.finditer(s) if m.group() not in MONTHS})
    makers: dict[str, Callable[[str], str | None]] = {
        "number": lambda s: plant_number(s, rng),
        "date": lambda s: plant_date(s, rng),
        "quote": lambda s: plant_quote(s, rng),
        "source": lambda s: plant_source(s, rng),
        "name": lambda s: plant_name(s, rng, names),
        "unit": lambda s: plant_unit(s, rng),
        "negation": lambda s: plant_negation(s, rng),
    }
    seen: set[tuple[str, str]] = set()
    out: list[Planted] = []
    for kind, make in makers.items():
        for _ in range(rounds):
            for s in sentences:
                text = make(s)
                if text is not None and text != s and (kind, text) not in seen:
                    seen.add((kind, text))
                    out.append(Planted(kind, s, text))
    return out


# Checking -----------------------------------------------------------------------------------------

_RIGHT = {  # which comparisons name the error
    "number": {"number"}, "date": {"date", "number"}, "quote": {"quote"}, "source": {"citation"},
    "name": {"name", "citation"}, "unit": {"number", "date"}, "negation": {"negation", "direction"},
}  # fmt: skip
KINDS = tuple(_RIGHT)


@dataclass(frozen=True)
class Corpus:
    name: str
    sentences: tuple[str, ...]
    """True sentences that stand in the passages word for word."""
    reworded: tuple[str, ...]
    """True sentences in other words."""
    passages: tuple[AnalysedPassage, ...]
    sources: tuple[SourceName, ...]


def corpus_of_texts(name: str, texts: Sequence[Text]) -> Corpus:
    passages: list[AnalysedPassage] = []
    for i, text in enumerate(texts):
        at = 0
        for j, paragraph in enumerate(text.paragraphs):
            passage = Passage(f"s{i}", 1, f"s{i}b{j}", text.title, None, at, at + len(paragraph), paragraph)
            passages.append(analyse(passage))
            at += len(paragraph) + 2
    return Corpus(
        name,
        tuple(sentences_of(p for t in texts for p in t.paragraphs)),
        tuple(r for t in texts for r in t.reworded),
        tuple(passages),
        tuple(SourceName(t.title) for t in texts),
    )


def corpus_of_scifact(folder: Path, rng: random.Random, limit: int, part: str) -> Corpus:
    """Abstracts as sources, their sentences as drafts, SciFact's supported claims as paraphrases.

    Abstracts with an even number are for development, the others for the reported figure.
    """
    docs: dict[str, dict[str, Any]] = {}
    with gzip.open(folder / "corpus.jsonl.gz", "rt") as lines:
        for line in lines:
            doc = json.loads(line)
            if (int(doc["_id"]) % 2 == 0) == (part == "development"):
                docs[doc["_id"]] = doc
    claims: dict[str, str] = {}
    for line in (folder / "queries.train.jsonl").read_text().splitlines():
        row = json.loads(line)
        claims[row["_id"]] = row["text"]
    wanted: dict[str, str] = {}
    for line in (folder / "evidence.train.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["label"] == "SUPPORT" and row["doc"] in docs:
            wanted[row["query"]] = row["doc"]
    ids = sorted(set(wanted.values()))
    rng.shuffle(ids)
    ids = ids[:limit]
    others = [i for i in sorted(docs) if i not in set(ids)]
    rng.shuffle(others)
    passages: list[AnalysedPassage] = []
    sentences: list[str] = []
    for i in [*ids, *others[: 4 * limit]]:
        doc = docs[i]
        passages.append(analyse(Passage(i, 1, i, doc["title"], None, 0, len(doc["text"]), doc["text"])))
        if i in set(ids):
            good = [
                s
                for s in doc["sentences"]
                if 60 <= len(s) <= 320 and s in doc["text"] and s[0].isupper() and s[-1] == "."
            ]
            sentences += good[:4]
    reworded = [claims[q] for q, d in sorted(wanted.items()) if d in set(ids)]
    return Corpus(
        f"SciFact, {part}",
        tuple(sentences),
        tuple(reworded),
        tuple(passages),
        tuple(SourceName(p.passage.source_title) for p in passages),
    )


class Candidates:
    """The passages that share the rarest words with a sentence, as a search would give them."""

    def __init__(self, passages: Sequence[AnalysedPassage]) -> None:
        self.passages = passages
        self.df: Counter[str] = Counter()
        self.stems = [frozenset[str]().union(*(s.stems for s in p.sentences)) for p in passages]
        for stems in self.stems:
            self.df.update(stems)

    def best(self, text: str, k: int = 20) -> list[AnalysedPassage]:
        stems = {t.stem for t in tokens(text) if t.stem}
        weight = {s: 1 / (1 + self.df[s]) for s in stems}
        scored = [(sum(weight[s] for s in stems & have), i) for i, have in enumerate(self.stems)]
        scored.sort(key=lambda x: (-x[0], x[1]))
        return [self.passages[i] for score, i in scored[:k] if score > 0]


def check(text: str, corpus: Corpus, candidates: Candidates) -> Claim:
    claim = ClaimText("c", 1, text, "sentence", (0,), 0, len(text))
    return check_outside(claim, candidates.best(text), corpus.sources)


def names_it(kind: str, claim: Claim) -> bool:
    return any(
        c.kind in _RIGHT[kind] and c.result in ("differs", "not_found", "conflict") for c in claim.checks
    )


def report(corpus: Corpus, seed: int, rounds: int, show: bool) -> dict[str, float]:
    rng = random.Random(seed)
    candidates = Candidates(corpus.passages)
    planted = plant_all(corpus.sentences, rng, rounds)
    total, caught, named = Counter[str](), Counter[str](), Counter[str]()
    started = time.perf_counter()
    for p in planted:
        claim = check(p.text, corpus, candidates)
        total[p.kind] += 1
        caught[p.kind] += claim.needs_you
        named[p.kind] += claim.needs_you and names_it(p.kind, claim)
        if show and not (claim.needs_you and names_it(p.kind, claim)):
            print(
                f"  {'missed' if not claim.needs_you else 'unnamed'} {p.kind}: {p.text}\n      true: {p.true}"
            )
            print(f"      {claim.verdict}, {claim.headline}")
    flags = {"untouched": corpus.sentences, "reworded": corpus.reworded}
    alarms = Counter[str]()
    for name, texts in flags.items():
        for text in texts:
            claim = check(text, corpus, candidates)
            alarms[name] += claim.needs_you
            if show and claim.needs_you:
                print(f"  alarm {name}: {text}\n      {claim.verdict}, {claim.headline}: {claim.short}")
    seconds = time.perf_counter() - started
    print(f"\n{corpus.name}: {len(planted)} planted errors, {len(corpus.passages)} passages")
    print(f"  {'error':<10} {'planted':>8} {'flagged':>8} {'recall':>8} {'named':>8}")
    figures: dict[str, float] = {}
    for kind in KINDS:
        if total[kind]:
            figures[kind] = caught[kind] / total[kind]
            right = named[kind] / total[kind]
            print(f"  {kind:<10} {total[kind]:>8} {caught[kind]:>8} {figures[kind]:>8.3f} {right:>8.3f}")
    for name, texts in flags.items():
        if texts:
            figures[name] = alarms[name] / len(texts)
            print(f"  false alarms, {name:<10} {alarms[name]:>4} of {len(texts):>4} {figures[name]:>8.3f}")
    print(f"  {seconds:.1f} s for {len(planted) + sum(map(len, flags.values()))} sentences")
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description="Planted errors against the evidence checks.")
    parser.add_argument("--set", choices=("development", "held-out"), default="held-out")
    parser.add_argument("--scifact", type=Path, help="a folder with SciFact's files")
    parser.add_argument("--limit", type=int, default=60, help="how many abstracts of SciFact to draft from")
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often each sentence is altered in each way"
    )
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--show", action="store_true", help="print every miss and every false alarm")
    args = parser.parse_args()
    texts = DEVELOPMENT if args.set == "development" else HELD_OUT
    figures = [report(corpus_of_texts(f"our texts, {args.set}", texts), args.seed, args.rounds, args.show)]
    if args.scifact:
        corpus = corpus_of_scifact(args.scifact, random.Random(args.seed), args.limit, args.set)
        figures.append(report(corpus, args.seed, 1, args.show))
    bars = {
        "number": 0.95,
        "date": 0.95,
        "quote": 0.95,
        "source": 0.95,
        "name": 0.8,
        "unit": 0.8,
        "negation": 0.8,
    }
    low = [f"{k} {f[k]:.3f}" for f in figures for k, bar in bars.items() if f.get(k, 1.0) < bar]
    low += [f"false alarms {f['untouched']:.3f}" for f in figures if f["untouched"] > 0.05]
    print("\nbelow the bar: " + ", ".join(low) if low else "\nevery figure reaches its bar")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
