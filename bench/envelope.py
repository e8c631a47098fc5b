"""What the envelope's rules leave out and tell, on a collection in BEIR's shape: repetitions, disagreements, marks.

    python bench/envelope.py --data DIR [--queries N] [--documents N]

DIR holds corpus.jsonl.gz ({"_id", "title", "text"}) and queries.*.jsonl ({"_id", "text"}).

Repetitions: each document is offered again, altered. What says the same should be dropped; what differs in a figure,
name, negation or word must stay. Disagreements: nothing is planted, so every one that is told among the best documents
for a query counts as a false alarm (a reader may find some of them true). Marks: every one is a false alarm.
"""

import argparse
import gzip
import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bm25s  # pyright: ignore[reportMissingTypeStubs]

from proofroom.domain import alike
from proofroom.domain.alike import Duplicates
from proofroom.domain.contradictions import find_contradictions
from proofroom.domain.evidence.sentences import split_sentences
from proofroom.domain.marks import marks_of, repetitive

SMALL = {"the": "these", "a": "the", "of": "for", "that": "which", "which": "that", "by": "with", "these": "the",
         "this": "the", "for": "of", "to": "for", "in": "on", "with": "by"}  # fmt: skip
BEST = 80


def small_words(text: str, picker: random.Random) -> str | None:
    words = text.split(" ")
    for _ in range(20):
        at = picker.randrange(len(words))
        words[at] = SMALL.get(words[at], words[at])
    return " ".join(words)


def plurals(text: str, picker: random.Random) -> str | None:
    words = text.split(" ")
    for _ in range(4):
        at = picker.randrange(len(words))
        if words[at].isalpha() and words[at].islower() and len(words[at]) > 5 and not words[at].endswith("s"):
            words[at] += "s"
    return " ".join(words)


def shorter(text: str, _: random.Random) -> str | None:
    sentences = split_sentences(text)
    return text[: sentences[max(0, len(sentences) - 2)][1]]


def lines(text: str, _: random.Random) -> str | None:
    return re.sub(r" (?=\w)", "\n", text)


def figure(text: str, picker: random.Random) -> str | None:
    found = list(re.finditer(r"\d+", text))
    if not found:
        return None
    one = picker.choice(found)
    return f"{text[: one.start()]}{int(one.group()) + 1}{text[one.end() :]}"


def negation(text: str, picker: random.Random) -> str | None:
    found = list(re.finditer(r" (?:is|was|were|are|can|may|did) ", text))
    return None if not found else f"{text[: (at := picker.choice(found).end())]}not {text[at:]}"


def name(text: str, picker: random.Random) -> str | None:
    found = list(re.finditer(r"(?<=[a-z] )[A-Z][A-Za-z0-9-]+", text))
    if not found:
        return None
    one = picker.choice(found)
    return f"{text[: one.start()]}Zeta{text[one.end() :]}"


def word(text: str, picker: random.Random) -> str | None:
    words = text.split(" ")
    found = [at for at, w in enumerate(words) if w.isalpha() and w.islower() and len(w) > 5]
    if not found:
        return None
    words[picker.choice(found)] = "gravel"
    return " ".join(words)


Edit = Callable[[str, random.Random], str | None]
DROP: tuple[Edit, ...] = (small_words, plurals, shorter, lines)
KEEP: tuple[Edit, ...] = (figure, negation, name, word)


def repetitions(texts: list[str]) -> None:
    seen = Duplicates()
    started = time.process_time()
    among = sum(seen.offer(str(n), text) is not None for n, text in enumerate(texts[:1_200]))
    spent = time.process_time() - started
    print(f"of {len(texts[:1_200])} different documents {among} dropped, {spent * 1e3:.0f} ms")
    for least in (0.5, 0.6, 0.7, 0.8, 0.9):
        alike.JACCARD = least
        told: list[str] = []
        for edit in (*DROP, *KEEP):
            picker = random.Random(7)
            tried = dropped = 0
            for text in texts[:300]:
                altered = edit(text, picker)
                if altered is None or altered == text:
                    continue
                one = Duplicates()
                one.offer("a", text)
                tried += 1
                dropped += one.offer("b", altered) is not None
            told.append(f"{edit.__name__} {dropped}/{tried}")
        print(f"from {least}: {', '.join(told)}")


def disagreements(texts: list[str], queries: list[str]) -> None:
    library: Any = bm25s
    index = library.BM25()
    index.index(library.tokenize(texts, show_progress=False), show_progress=False)
    told = looked_at = 0
    spent = 0.0
    for query in queries:
        places, _ = index.retrieve(
            library.tokenize([query], show_progress=False), k=min(BEST, len(texts)), show_progress=False
        )
        best = [texts[int(at)] for at in places[0]]
        started = time.process_time()
        found = find_contradictions(best)
        spent += time.process_time() - started
        told, looked_at = told + len(found), looked_at + len(best)
    print(
        f"{told} disagreements told in {len(queries)} × {BEST} documents, {spent / len(queries) * 1e3:.0f} ms each"
    )


def marked(texts: list[str]) -> None:
    started = time.process_time()
    found = sum(bool(marks_of(text)) for text in texts)
    spent = time.process_time() - started
    again = sum(repetitive(text) for text in texts)
    print(
        f"of {len(texts)} documents {found} marked, {again} repetitive, {spent / len(texts) * 1e6:.0f} µs each"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=150)
    parser.add_argument("--documents", type=int, default=100_000)
    given = parser.parse_args()
    with gzip.open(given.data / "corpus.jsonl.gz", "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file][: given.documents]
    queries = [
        json.loads(line)["text"]
        for path in sorted(given.data.glob("queries*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    marked(texts)
    repetitions(texts)
    disagreements(texts, queries[: given.queries])


if __name__ == "__main__":
    main()
