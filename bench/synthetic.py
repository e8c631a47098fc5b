"""Made-up English-looking text for the benchmarks of speed: words by Zipf's law, sentences, paragraphs.

Word frequencies follow f(r) ~ 1 / (r + 2.7) ** 1.07 (Zipf and Mandelbrot), the most frequent words being English
function words, so a block has about as many rare and common terms as a real one. It says nothing, so it measures speed
and never quality.
"""

import random
from collections.abc import Iterator
from itertools import accumulate

from proofroom.substrate.terms import STOP_WORDS

_ONSETS = tuple(
    "b br c ch cl d dr f fl g gr h j k l m n p pl pr r s sc sh sl sp st str t th tr v w z".split()
)
_NUCLEI = ("a", "e", "i", "o", "u", "ai", "ea", "ee", "io", "oa", "ou")
_CODAS = ("", "", "", "b", "ck", "d", "l", "ll", "m", "n", "nt", "p", "r", "rd", "rt", "sk", "st", "t", "x")


class Writer:
    """Writes text from one seed, the same every time."""

    def __init__(self, seed: int = 4, words: int = 60_000) -> None:
        self.rng = random.Random(seed)
        self.words = _words(self.rng, words)
        self._weights = list(accumulate(1 / (rank + 2.7) ** 1.07 for rank in range(1, words + 1)))

    def some(self, n: int) -> list[str]:
        """`n` words as they occur, repeats among them."""
        return self.rng.choices(self.words, cum_weights=self._weights, k=n)

    def sentence(self) -> str:
        words = self.some(self.rng.randint(8, 26))
        if self.rng.random() < 0.15:
            words.insert(len(words) // 2, str(self.rng.randint(2, 9_999)))
        return " ".join(words).capitalize() + "."

    def paragraph(self, chars: int) -> str:
        """Whole sentences, `chars` characters or a little more."""
        said = self.sentence()
        while len(said) < chars:
            said += " " + self.sentence()
        return said

    def document(self, chars: int) -> str:
        """A Markdown document with a title, headings and paragraphs."""
        parts = [f"# {' '.join(self.some(5)).capitalize()}"]
        while sum(map(len, parts)) < chars:
            if len(parts) % 4 == 3:
                parts.append(f"## {' '.join(self.some(3)).capitalize()}")
            parts.append(self.paragraph(self.rng.randint(200, 800)))
        return "\n\n".join(parts) + "\n"

    def common(self, n: int) -> Iterator[str]:
        """Questions of 2 to 4 of the thirty most frequent words that are no function words."""
        for _ in range(n):
            yield " ".join(self.rng.sample(self.words[len(STOP_WORDS) :][:30], self.rng.randint(2, 4)))

    def queries(self, n: int) -> Iterator[str]:
        """Questions of 3 to 12 words, common ones and rare ones as in the texts."""
        for _ in range(n):
            yield " ".join(self.some(self.rng.randint(3, 12)))


def _words(rng: random.Random, n: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < n:
        syllables = rng.choices((1, 2, 3, 4), weights=(1, 5, 6, 2))[0]
        word = "".join(
            rng.choice(_ONSETS) + rng.choice(_NUCLEI) + rng.choice(_CODAS) for _ in range(syllables)
        )
        if len(word) > 2:
            found[word] = None
    return [*sorted(STOP_WORDS), *sorted(found, key=len)][:n]  # the common ones are short, as in a language
