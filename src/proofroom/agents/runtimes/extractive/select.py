"""Which sentences answer a question: coverage of its words weighted by rarity, the place of their passage in the
search,
then MMR against repetition.

Nothing here knows what a sentence means. A score says how much of the question's wording a sentence shares and how well
its passage was found, no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from proofroom.agents.runtimes.extractive.answers import fit, is_sharp, kinds_of, said_by_fitting
from proofroom.agents.runtimes.extractive.sentences import Sentence
from proofroom.agents.runtimes.extractive.words import content_stems, is_generic, overlap

# RANK was chosen on every other claim of SciFact's train part (Wadden et al. 2020), by how many have a gold sentence
# among the first five: `bench/offline.py` shows the half that was held back. The others are older and not from there.
PAIR = 0.15
HEADING = 0.6
RANK = 1.6
UNLIKELY = 0.5
GENERIC_WEIGHT = 0.35
DEMOTE = 0.35
CUE = 2.5
"""What an answer of the wanted kind holds counts as much as this many of the question's rarest word, where its passage
is about the question. UNLIKELY is what the place of the passage counts for a sentence without it."""
FITTING = 0.5
_CUE = "?"
LIKELY_BEST = 0.8
"""Where a sentence holds what the question wants to know, others need this share of its score."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A sentence with its `score` and `coverage`: the weighted share, 0 to 1, of the question's words in it, in part
    those in its heading. `fits`: how far it holds the kind of answer that is wanted, 0 to 1."""

    sentence: Sentence
    score: float
    coverage: float
    fits: float = 0.0


@dataclass(slots=True)
class Pool:
    """Sentences to choose from, with what is needed to weigh words by their rarity among the passages."""

    sentences: Sequence[Sentence]
    passages: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    headings: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    seen_in: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        stems: dict[str, set[str]] = {}
        for one in self.sentences:
            passage, _ = one.key
            if passage not in stems:
                self.headings[passage] = frozenset(content_stems(one.heading))
                stems[passage] = {*self.headings[passage], *content_stems(one.source_title)}
            stems[passage].update(one.stems)
        self.passages = {key: frozenset(words) for key, words in stems.items()}
        for words in self.passages.values():
            for word in words:
                self.seen_in[word] = self.seen_in.get(word, 0) + 1

    def weights(self, question: Sequence[str]) -> dict[str, float]:
        """Weight of each word of a question: rare words of the passages count more, generic ones less."""
        total = max(len(self.passages), 1)
        out: dict[str, float] = {}
        for word in question:
            rarity = math.log(1 + (total + 1) / (self.seen_in.get(word, 0) + 0.5))
            out[word] = rarity * (GENERIC_WEIGHT if is_generic(word) else 1.0)
        return out

    def fitting(self, question: str) -> set[str]:
        """The passages that hold the kind of answer that the question wants."""
        if not kinds_of(question):
            return set()
        return {
            one.key[0] for one in self.sentences if one.demoted < 1 and fit(question, one.text) >= FITTING
        }

    def score(self, question: str) -> list[Scored]:
        """Every sentence with its score for the question, best first; ties keep the order of the passages."""
        words = content_stems(question)
        weights = self.weights(words)
        if not weights:
            return []
        asks = bool(kinds_of(question))
        named = said_by_fitting(question).intersection(weights)
        if asks:
            weights[_CUE] = CUE * max(weights.values())
        total = sum(weights.values())
        subject = {word: weight for word, weight in weights.items() if word != _CUE and word not in named}
        sharp = subject and is_sharp(question)
        about = {key: covered(subject, held) if sharp else 1.0 for key, held in self.passages.items()}
        pairs = {(a, b) for a, b in pairwise(words) if a != b}
        top = max((_rank(one) for one in self.sentences), default=0.0) or 1.0
        out: list[Scored] = []
        for one in self.sentences:
            if one.demoted >= 1:
                continue
            fits = fit(question, one.text) if asks else 0.0
            mine = {*one.stems, *named} if fits >= FITTING else set(one.stems)
            cue = fits * about[one.key[0]] * weights[_CUE] / total if asks else 0.0
            own = covered(weights, mine) + cue
            under = covered(weights, mine | self.headings[one.key[0]]) + cue
            score = own + HEADING * (under - own)
            if pairs:
                score += PAIR * len(pairs.intersection(pairwise(one.stems))) / len(pairs)
            likely = UNLIKELY + (1 - UNLIKELY) * fits if asks else 1.0
            score += RANK * likely * _rank(one) / top
            score *= max(1 - 2 * DEMOTE * one.demoted, 0.1)
            out.append(Scored(one, score, max(own, HEADING * under), fits))
        out.sort(key=lambda scored: -scored.score)
        return out


def search_words(question: str) -> str:
    """The question with the words that an answer of its kind tends to hold, for a search."""
    why = any(kind.name == "reason" for kind in kinds_of(question))
    return f"{question} cause reason because failure" if why else question


def _rank(sentence: Sentence) -> float:
    score = sentence.block.get("score")
    return float(score) if isinstance(score, int | float) and score > 0 else 0.0


def covered(weights: Mapping[str, float], words: Iterable[str]) -> float:
    """Share of the weight of the question's words that `words` hold, 0 to 1."""
    total = sum(weights.values())
    if total <= 0:
        return 0.0
    have = set(words)
    return sum(weight for word, weight in weights.items() if word in have) / total


def pick(scored: Sequence[Scored], most: int, *, novelty: float = 0.15, least: float = 0.0) -> list[Scored]:
    """At most `most` sentences by maximal marginal relevance (Carbonell and Goldstein 1998).

    `novelty` is the weight of being unlike the sentences already picked. Sentences under the score `least` are
    not picked, nor are near copies of a picked one from the same source.
    """
    pool = [one for one in scored if one.score >= least][: most * 12]
    picked: list[Scored] = []
    likeness = {one.sentence.key: 0.0 for one in pool}
    while pool and len(picked) < most:
        best = max(pool, key=lambda one: (1 - novelty) * one.score - novelty * likeness[one.sentence.key])
        picked.append(best)
        rest: list[Scored] = []
        for one in pool:
            if one is best:
                continue
            alike = overlap(one.sentence.stems, best.sentence.stems)
            likeness[one.sentence.key] = max(likeness[one.sentence.key], alike)
            if alike < 0.9:
                rest.append(one)
        pool = rest
    return picked
