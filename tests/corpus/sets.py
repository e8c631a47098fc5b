"""True sentences with the passages that bear them out: from the texts of the bench, from this project's own
samples and documentation, and from SciFact where its files are at hand.

Nothing in the development sets stands in the held-out sets: texts, files and abstracts go to one or the other.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from proofroom.domain.evidence import AnalysedPassage, Passage, SourceName, analyse
from proofroom.domain.evidence.words import tokens
from tests.corpus.planting import sentences_of
from tests.corpus.record import RECORD
from tests.corpus.texts import DEVELOPMENT, HELD_OUT, Text

Part = Literal["development", "held-out"]
ROOT = Path(__file__).parents[2]
_PROSE = ("docs/explanation", "docs/how-to", "docs/decisions", "docs/tutorial")
_SAMPLES = "src/proofroom/samples"
HELD_OUT_PAGES = (
    "docs/decisions/0002-legs-and-procrastinate.md", "docs/decisions/0004-plain-text-is-what-claims-count-in.md",
    "docs/explanation/context-envelopes.md", "docs/explanation/how-a-signature-covers-what-you-saw.md",
    "docs/explanation/tenancy-and-trust.md", "docs/how-to/check-a-draft.md", "docs/how-to/play-a-script.md",
    "docs/how-to/run-on-a-server.md", "docs/how-to/write-an-agent-definition.md",
)  # fmt: skip
"""Pages that the checks were not tuned on; every other page is for development."""


@dataclass(frozen=True)
class TrueSentence:
    """A true sentence and the passage that has it: `bears` is an index of the corpus' passages."""

    text: str
    bears: int


@dataclass(frozen=True)
class Judged:
    """A sentence in words of its own with the quote of a passage that a person judged it by."""

    text: str
    bears: int
    quote: str


@dataclass(frozen=True)
class Corpus:
    name: str
    sentences: tuple[TrueSentence, ...]
    """They stand in the passages word for word."""
    reworded: tuple[str, ...]
    """True sentences in other words."""
    passages: tuple[AnalysedPassage, ...]
    sources: tuple[SourceName, ...]
    supported: tuple[Judged, ...] = ()
    """Paraphrases that a person judged to be borne out by the quote."""
    contradicted: tuple[Judged, ...] = ()
    """Sentences that a person judged to be contradicted by the quote: the right quote for a wrong claim."""


def own_texts(part: Part) -> Corpus:
    """What stands in this repository: the bench's texts, samples and documentation."""
    texts = list(DEVELOPMENT) if part == "development" else [*HELD_OUT, *RECORD]
    if part == "development":  # the checks were written with the samples at hand
        texts += [_of_markdown(p) for p in sorted((ROOT / _SAMPLES).rglob("*.md")) if p.name != "draft.md"]
    pages = sorted(p for folder in _PROSE for p in (ROOT / folder).glob("*.md"))
    held_out = {ROOT / name for name in HELD_OUT_PAGES}
    texts += [_of_markdown(p) for p in pages if (p in held_out) == (part == "held-out")]
    return corpus_of_texts(f"texts of this repository, {part}", texts)


def _of_markdown(path: Path) -> Text:
    """The plain paragraphs of a Markdown file: no code, tables, lists, links or emphasis."""
    paragraphs: list[str] = []
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    title = path.stem
    for block in re.split(r"\n\s*\n", text):
        line = " ".join(block.split())
        if line.startswith("# "):
            title = line[2:]
        elif line and not re.match(r"[#>|!\-*:\d]", line) and not re.search(r"[`*_|<>\[\]]", line):
            paragraphs.append(line)
    return Text(title, tuple(paragraphs), ())


def corpus_of_texts(name: str, texts: Sequence[Text]) -> Corpus:
    passages: list[AnalysedPassage] = []
    sentences: list[TrueSentence] = []
    for i, text in enumerate(texts):
        at = 0
        for j, paragraph in enumerate(text.paragraphs):
            passage = Passage(f"s{i}", 1, f"s{i}b{j}", text.title, None, at, at + len(paragraph), paragraph)
            sentences += [TrueSentence(s, len(passages)) for s in sentences_of([paragraph])]
            passages.append(analyse(passage))
            at += len(paragraph) + 2
    return Corpus(
        name,
        tuple(sentences),
        tuple(r for t in texts for r in t.reworded),
        tuple(passages),
        tuple(SourceName(t.title) for t in texts),
    )


def scifact(folder: Path, part: Part, seed: int, limit: int) -> Corpus:
    """Abstracts of SciFact (Wadden et al., EMNLP 2020) as sources and their sentences as drafts; its supported
    claims are paraphrases, its contradicted ones wrong claims with the right quote.

    Abstracts with an even number are for development, the others for the reported figure. `limit` abstracts are
    drafted from, four times as many more are searched too.
    """
    rng = random.Random(seed)
    docs: dict[str, dict[str, Any]] = {}
    with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            doc = json.loads(line)
            if (int(doc["_id"]) % 2 == 0) == (part == "development"):
                docs[doc["_id"]] = doc
    claims = {row["_id"]: row["text"] for row in _rows(folder / "queries.train.jsonl")}
    labels: dict[tuple[str, str], tuple[str, list[int]]] = {}
    for row in _rows(folder / "evidence.train.jsonl"):
        if row["doc"] in docs:
            labels.setdefault((row["query"], row["doc"]), (row["label"], row["sentences"]))
    ids = sorted({doc for _, doc in labels})
    rng.shuffle(ids)
    drafted = set(ids[:limit])
    others = [i for i in sorted(docs) if i not in drafted]
    rng.shuffle(others)
    passages: list[AnalysedPassage] = []
    sentences: list[TrueSentence] = []
    place: dict[str, int] = {}
    for i in [*ids[:limit], *others[: 4 * limit]]:
        doc = docs[i]
        if i in drafted:
            sentences += [TrueSentence(s, len(passages)) for s in doc["sentences"] if _whole(s, doc["text"])][
                :4
            ]
        place[i] = len(passages)
        passages.append(analyse(Passage(i, 1, i, doc["title"], None, 0, len(doc["text"]), doc["text"])))
    judged: dict[str, list[Judged]] = {"SUPPORT": [], "CONTRADICT": []}
    for (query, doc), (label, at) in sorted(labels.items()):
        quote = str(docs[doc]["sentences"][at[0]]).strip() if doc in drafted else ""
        if quote and quote in docs[doc]["text"]:
            judged[label].append(Judged(claims[query], place[doc], quote))
    return Corpus(
        f"SciFact, {part}",
        tuple(sentences),
        tuple(j.text for j in judged["SUPPORT"]),
        tuple(passages),
        tuple(SourceName(p.passage.source_title) for p in passages),
        tuple(judged["SUPPORT"]),
        tuple(judged["CONTRADICT"]),
    )


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    return map(json.loads, path.read_text(encoding="utf-8").splitlines())


def _whole(sentence: str, text: str) -> bool:
    return (
        60 <= len(sentence) <= 320
        and sentence in text
        and sentence[0].isupper()
        and sentence[-1] == "."
        and not re.search(r"[\[\]|`*_<>\\&]", sentence)
    )


def _terms(text: str) -> set[str]:
    """What a search goes by: stems of words, and figures."""
    return {t.stem or t.low for t in tokens(text) if t.stem or t.low[0].isdigit()}


class Candidates:
    """The passages that share the rarest words with a sentence, as a search would give them."""

    def __init__(self, passages: Sequence[AnalysedPassage]) -> None:
        self.passages = passages
        self.df: Counter[str] = Counter()
        self.stems = [_terms(p.passage.text) for p in passages]
        for stems in self.stems:
            self.df.update(stems)

    def best(self, text: str, k: int = 12) -> list[AnalysedPassage]:
        stems = _terms(text)
        weight = {s: 1 / (1 + self.df[s]) for s in stems}
        scored = [(sum(weight[s] for s in stems & have), i) for i, have in enumerate(self.stems)]
        scored.sort(key=lambda x: (-x[0], x[1]))
        return [self.passages[i] for score, i in scored[:k] if score > 0]
