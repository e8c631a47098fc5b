"""Where long passages are cut, and how fast: ours beside semchunk, on the same paragraphs with the same limit.

    python bench/segmentation.py [--data DIR]

Paragraphs are those of this repository's documentation, each on one line, and with --data the abstracts of a
collection in BEIR's shape (corpus.jsonl.gz). Prints, for what is longer than a passage may be: the share of cuts at
the end of a sentence and after an abbreviation, the share of pieces under 150 characters, whether a character other
than white space was lost, and the speed.
"""

import argparse
import gzip
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import semchunk  # pyright: ignore[reportMissingTypeStubs]

from proofroom.substrate.segmentation import MAX_CHARS, split_long

ROOT = Path(__file__).parent.parent
Cut = Callable[[str], list[tuple[int, int]]]
_END = re.compile(r"[.!?:][\"'”’)\]`*]*\Z")
_ABBREVIATION = re.compile(r"\b(?:et al|e\.g|i\.e|vs|Figs?|Dr|Prof|approx|ca|cf|[A-Z])\.\Z")
_SMALL = 150


def ours(text: str) -> list[tuple[int, int]]:
    return split_long(text, 0, len(text))


_chunker: Any = cast(Any, semchunk).chunkerify(len, MAX_CHARS, memoize=False)


def theirs(text: str) -> list[tuple[int, int]]:
    return _chunker(text, offsets=True)[1]


def measure(texts: list[str], cut: Cut) -> str:
    start = time.process_time()
    found = [cut(text) for text in texts]
    spent = time.process_time() - start
    cuts = ends = short_forms = small = pieces = lost = 0
    for text, spans in zip(texts, found, strict=True):
        at = 0
        for n, (first, last) in enumerate(spans):
            lost += bool(text[at:first].strip())
            at = last
            pieces += 1
            small += last - first < _SMALL
            if n + 1 < len(spans):
                cuts += 1
                words = text[first:last].rstrip()
                short = _ABBREVIATION.search(words[-12:]) is not None
                short_forms += short
                ends += not short and _END.search(words[-12:]) is not None
        lost += bool(text[at:].strip())
    return (
        f"{ends / cuts:6.1%} at a sentence's end, {short_forms / cuts:5.1%} after an abbreviation,"
        f" {small / pieces:5.1%} of pieces under {_SMALL}, {lost} lost,"
        f" {sum(map(len, texts)) / 1e6 / spent:.0f} million characters a second"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    pages = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md"))]
    sets = {"docs": [" ".join(page.split()) for page in pages]}
    if given.data:
        with gzip.open(given.data / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
            sets["abstracts"] = [str(item["text"]) for item in map(json.loads, lines)]
    for name, texts in sets.items():
        long = [text for text in texts if len(text) > MAX_CHARS]
        for label, cut in (("ours", ours), ("semchunk", theirs)):
            print(f"{name:10}{len(long):6,} texts  {label:9} {measure(long, cut)}")


if __name__ == "__main__":
    main()
