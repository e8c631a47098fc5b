"""Questions that a section of a source answers as a whole: its heading says what the question asks about.

"What are the known limitations?" is answered by what stands under the heading "Known limitations", whatever its words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from proofroom.agents.runtimes.extractive.sentences import BELOW, Sentence
from proofroom.agents.runtimes.extractive.words import STOP, overlap, stem, tokens

FITS = 0.5
"""The overlap of a heading's words with the question's from which the section counts as its answer."""
NEARLY = 0.2
_PATH = re.compile(r"\s*(?:\u203a|>|\|)\s*")


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading of a source, in reading order."""

    heading: str
    sentences: tuple[Sentence, ...]


def sections_for(sentences: Sequence[Sentence], question: str, most: int = 2) -> list[Section]:
    """The sections whose heading fits the question, the best first."""
    words = heading_stems(question)
    fits: dict[tuple[str, str], float] = {}
    held: dict[tuple[str, str], list[Sentence]] = {}
    names: dict[tuple[str, str], str] = {}
    for one in sentences:
        if not one.heading or one.demoted >= 0.65:
            continue
        parts = [part for part in _PATH.split(one.heading) if part]
        fit, at = max(
            ((overlap(heading_stems(part), words), -n) for n, part in enumerate(parts)), default=(0.0, 0)
        )
        if fit < FITS:
            continue
        key = (one.source_id, BELOW.join(parts[: 1 - at]))
        fits[key] = fit
        names[key] = parts[-at]
        held.setdefault(key, []).append(one)
    best = sorted(fits, key=lambda key: -fits[key])
    best = [key for key in best if fits[key] >= fits[best[0]] - NEARLY][:most]
    return [Section(names[key], tuple(sorted(held[key], key=place))) for key in best]


def heading_stems(text: str) -> list[str]:
    """The words that carry meaning in a heading: "next" does in "Next steps"."""
    return [stem(word) for word in tokens(text) if word == "next" or word not in STOP]


def place(sentence: Sentence) -> tuple[int, int]:
    """Where a sentence stands in its source."""
    return int(sentence.block.get("char_start") or 0), sentence.at
