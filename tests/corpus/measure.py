"""Planted errors through the product's own path: Markdown, claims, checks; counted for each kind of error.

A draft from outside is checked against the passages that a search would give; a claim of an agent cites one, as
`[[b1|quote]]`, and is checked against that.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from proofroom.domain.document import parse_markdown
from proofroom.domain.evidence import AnalysedPassage, Claim, check_cited, check_outside, split_claims
from tests.corpus.planting import alter_words, frame_quote, plant_all
from tests.corpus.sets import Candidates, Corpus

_NAMES_IT = {
    "number": {"number"}, "date": {"date", "number"}, "quote": {"quote", "citation"}, "source": {"citation"},
    "name": {"name", "citation"}, "unit": {"number", "date"}, "negation": {"negation"}, "denial": {"negation"},
    "direction": {"direction", "negation"},
}  # fmt: skip
KINDS = tuple(_NAMES_IT)
BARS = {
    "number": 0.95, "date": 0.95, "quote": 0.95, "source": 0.95, "name": 0.8, "unit": 0.8, "negation": 0.8,
    "denial": 0.8, "direction": 0.8,
}  # fmt: skip
ALARMS = 0.05
VERBATIM, REWORDED = "verbatim", "paraphrased"
WRONG_CLAIM, CONTRADICTED = "wrong claim", "contradicted"


@dataclass(frozen=True)
class Item:
    """A piece of Markdown to check. `kind` is a planted error or one of the names above; `bears` is the passage
    that it cites as b1, None for a draft from outside."""

    kind: str
    markdown: str
    true: str
    bears: int | None = None


@dataclass
class Tally:
    """`flagged` counts what must be settled before signing (unsupported or conflict), `needs_you` what is shown as
    needing a person, `named` where the comparison that fits the error is the one that differs."""

    items: int = 0
    flagged: int = 0
    needs_you: int = 0
    named: int = 0
    missed: list[tuple[Item, Sequence[Claim]]] = field(default_factory=list[tuple[Item, Sequence[Claim]]])
    alarms: list[tuple[Item, Sequence[Claim]]] = field(default_factory=list[tuple[Item, Sequence[Claim]]])


def outside_items(corpus: Corpus, seed: int, rounds: int) -> Iterator[Item]:
    """Drafts from outside: planted errors, true sentences, quotations of them, paraphrases."""
    rng = random.Random(seed)
    sentences = [s.text for s in corpus.sentences]
    for p in plant_all(sentences, rng, rounds):
        yield Item(p.kind, p.text, p.true)
    for s in sentences:
        yield Item(VERBATIM, s, s)
        framed = frame_quote(s, rng)
        if framed:
            yield Item(VERBATIM, framed, s)
    for s in corpus.reworded:
        yield Item(REWORDED, s, s)
    for j in corpus.contradicted:
        yield Item(CONTRADICTED, j.text, j.quote)


def cited_items(corpus: Corpus, seed: int, rounds: int) -> Iterator[Item]:
    """Claims of an agent: an error in the sentence under a true quote, an error in the quote, a passage that was
    never given, and true quotes under sentences that say something else."""
    rng = random.Random(seed)
    sentences = [s.text for s in corpus.sentences]
    home = {s.text: s.bears for s in corpus.sentences}
    planted = plant_all(sentences, rng, rounds)
    for p in planted:
        yield Item(p.kind, cite(p.text, "b1", quote_of(p.true, rng)), p.true, home[p.true])
    for s in corpus.sentences:
        quote = quote_of(s.text, rng)
        yield Item(VERBATIM, cite(s.text, "b1", quote), s.text, s.bears)
        altered = alter_words(quote, rng)
        if altered and altered not in corpus.passages[s.bears].passage.text:
            yield Item("quote", cite(s.text, "b1", altered), s.text, s.bears)
        if rng.random() < 0.3:
            yield Item("source", cite(s.text, f"b{rng.randrange(40, 99)}", quote), s.text, s.bears)
    for s in corpus.sentences:
        other = rng.choice(corpus.sentences)
        if corpus.passages[other.bears].passage.source_id != corpus.passages[s.bears].passage.source_id:
            markdown = cite(s.text, "b1", quote_of(other.text, rng))
            yield Item(WRONG_CLAIM, markdown, other.text, other.bears)
    for p in rng.sample(planted, min(len(planted), len(sentences))):
        other = rng.choice(corpus.sentences)
        if home[p.true] != other.bears:
            yield Item(WRONG_CLAIM, cite(p.text, "b1", quote_of(other.text, rng)), other.text, other.bears)
    for j in corpus.supported:
        yield Item(REWORDED, cite(j.text, "b1", j.quote), j.quote, j.bears)
    for j in corpus.contradicted:
        yield Item(CONTRADICTED, cite(j.text, "b1", j.quote), j.quote, j.bears)


def quote_of(sentence: str, rng: random.Random) -> str:
    """The whole sentence, or a stretch of it, as an agent would cite it."""
    words = sentence.split(" ")
    if len(words) < 10 or rng.random() < 0.5:
        return sentence
    size = rng.randint(6, len(words) - 2)
    at = rng.randrange(0, len(words) - size + 1)
    return " ".join(words[at : at + size])


def cite(sentence: str, alias: str, quote: str) -> str:
    return f"{sentence} [[{alias}|{quote}]]"


class Bench:
    """Checks items against one corpus."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.candidates = Candidates(corpus.passages)

    def check(self, item: Item) -> list[Claim]:
        """The claims of the item's Markdown, checked."""
        claims = split_claims(parse_markdown(item.markdown))
        if item.bears is None:
            return [check_outside(c, self.candidates.best(c.text), self.corpus.sources) for c in claims]
        passage = self.corpus.passages[item.bears]
        near = self._near(item.bears)
        return [check_cited(c, {"b1": passage}, near, self.corpus.sources) for c in claims]

    def _near(self, index: int) -> list[AnalysedPassage]:
        passages = self.corpus.passages
        return [
            p
            for p in passages[max(0, index - 2) : index + 3]
            if p.passage.source_id == passages[index].passage.source_id and p is not passages[index]
        ]

    def run(self, items: Iterator[Item]) -> dict[str, Tally]:
        """What the checks say of each item, by kind."""
        out: defaultdict[str, Tally] = defaultdict(Tally)
        for item in items:
            claims, tally = self.check(item), out[item.kind]
            needs = any(c.needs_you for c in claims)
            tally.items += 1
            tally.needs_you += needs
            tally.flagged += any(c.verdict in ("unsupported", "conflict") for c in claims)
            tally.named += needs and any(names_it(item.kind, c) for c in claims)
            (tally.alarms if needs else tally.missed).append((item, claims))
        return dict(out)


def names_it(kind: str, claim: Claim) -> bool:
    """Whether a comparison of the right kind is what differs."""
    kinds = _NAMES_IT.get(kind, set[str]())
    return any(c.kind in kinds and c.result in ("differs", "not_found", "conflict") for c in claim.checks)


def wilson(hits: int, of: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % score interval of a share.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212.
    """
    if not of:
        return 0.0, 1.0
    p = hits / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def below(tallies: Mapping[str, Tally]) -> list[str]:
    """The bars that are not reached, in words."""
    low: list[str] = []
    for kind, bar in BARS.items():
        t = tallies.get(kind)
        if t is not None and t.needs_you < bar * t.items:
            low.append(f"{kind}: {t.needs_you} of {t.items}, the bar is {bar}")
    t = tallies.get(VERBATIM)
    if t is not None and t.needs_you >= ALARMS * t.items:
        low.append(f"false alarms: {t.needs_you} of {t.items} verbatim sentences, the bar is {ALARMS}")
    return low
