"""Finding the sentences of the candidates that speak of a claim.

Each word of the claim weighs what its rarity among the candidates' sentences makes it worth; a sentence
scores the weight of the words, neighbouring word pairs, figures, dates and names that it shares with the
claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from proofroom.domain.evidence.amounts import agree as numbers_agree
from proofroom.domain.evidence.dates import agree as dates_agree
from proofroom.domain.evidence.features import AnalysedPassage, Sentence


@dataclass(frozen=True, slots=True)
class Found:
    """A sentence of a candidate: how much of the claim's word weight it holds (0 to 1) and its score for
    ranking.
    """

    passage: AnalysedPassage
    index: int
    coverage: float
    score: float

    @property
    def sentence(self) -> Sentence:
        return self.passage.sentences[self.index]


@dataclass(frozen=True, slots=True)
class Matches:
    """Sentences by falling score, and the weight of each stem of the claim."""

    found: tuple[Found, ...]
    weights: dict[str, float]

    def coverage(self, stems: frozenset[str] | set[str]) -> float:
        total = sum(self.weights.values())
        return sum(w for s, w in self.weights.items() if s in stems) / total if total else 0.0


_KEEP = 24


def find(claim: Sentence, passages: Sequence[AnalysedPassage]) -> Matches:
    """The best sentences of all passages for a claim; at most 24, only those that share something."""
    sentences = [(p, i, s) for p in passages for i, s in enumerate(p.sentences)]
    stems = sorted(claim.stems)
    df = dict.fromkeys(stems, 0)
    for _, _, s in sentences:
        for stem in claim.stems & s.stems:
            df[stem] += 1
    n = max(len(sentences), 1)
    weights = {stem: log(1 + n / (max(d, 1) + 0.5)) for stem, d in df.items()}
    total = sum(weights.values())
    mean = total / len(weights) if weights else 1.0
    names = {w for name in claim.names for w in name.words if len(w) > 2}
    figures = {t.low for t in claim.toks if t.low[0].isdigit()}
    rough: list[tuple[float, float, AnalysedPassage, int]] = []
    for p, i, s in sentences:
        shared = claim.stems & s.stems
        score = sum(weights[x] for x in shared)
        covered = score / total if total else 0.0
        score += mean * 0.6 * len(claim.pairs & s.pairs)
        if figures:
            score += mean * 0.4 * len(figures & s.words)
        if not score and not names:
            continue
        rough.append((score - 0.004 * mean * len(s.toks), covered, p, i))
    rough.sort(key=lambda r: (-r[0], r[2].passage.source_id, r[2].passage.char_start, r[3]))
    best: list[Found] = []
    for score, covered, p, i in rough[:_KEEP]:
        s = p.sentences[i]
        score += mean * 0.4 * _facts(claim, s)
        if names:
            score += mean * 0.5 * len(names & s.words)
        if s.text == claim.text:
            score += 10 * mean * max(1, len(weights))
        best.append(Found(p, i, covered, score))
    best.sort(key=lambda f: (-f.score, f.passage.passage.source_id, f.passage.passage.char_start, f.index))
    return Matches(tuple(best), weights)


def _facts(claim: Sentence, s: Sentence) -> float:
    """Figures and dates that agree."""
    same = 0.0
    for d in claim.numbers:
        same += any(numbers_agree(d, x) in ("same", "rounded", "near") for x in s.numbers)
    for d in claim.dates:
        same += any(dates_agree(d, x) == "same" for x in s.dates)
    return same
