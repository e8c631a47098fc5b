"""`proofroom check` as a person runs it: a draft with twenty planted errors against its sources.

    python bench/check_draft.py [--seed N]

Writes the held-out texts as Markdown sources and a draft of true sentences with five errors each of the four
kinds (a number, a date, an altered quotation, an invented source) in a folder of its own, runs the real command,
and prints what it caught and what it flagged without need. A caught error is one whose sentence is unsupported
or in conflict; "needs you" counts the softer verdicts too.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.corpus.planting import (
    plant_date,
    plant_number,
    plant_quote,
    plant_source,
    sentences_of,
)
from tests.corpus.texts import DEVELOPMENT, HELD_OUT

KINDS = {"number": plant_number, "date": plant_date, "quote": plant_quote, "source": plant_source}
EACH = 5


def main() -> int:
    parser = argparse.ArgumentParser(description="Twenty planted errors against the real command.")
    parser.add_argument("--seed", type=int, default=7)
    rng = random.Random(parser.parse_args().seed)
    texts = (*HELD_OUT, *DEVELOPMENT)
    true = sentences_of(p for t in texts for p in t.paragraphs)
    draft: dict[str, str | None] = {}
    for kind, plant in KINDS.items():
        candidates = [s for s in true if s not in draft]
        rng.shuffle(candidates)
        made = [(s, planted) for s in candidates if (planted := plant(s, rng)) is not None and planted != s]
        for sentence, planted in made[:EACH]:
            draft[planted] = kind
            true.remove(sentence)
        if len(made) < EACH:
            print(f"only {len(made)} {kind} errors could be planted in these texts")
    rng.shuffle(true)
    draft |= dict.fromkeys(true[:30])
    lines = list(draft)
    rng.shuffle(lines)
    with tempfile.TemporaryDirectory(prefix="proofroom-bench-") as name:
        folder = Path(name)
        (folder / "sources").mkdir()
        for i, text in enumerate(texts):
            content = f"# {text.title}\n\n" + "\n\n".join(text.paragraphs) + "\n"
            (folder / "sources" / f"{i}.md").write_text(content, encoding="utf-8")
        (folder / "draft.md").write_text("# Draft\n\n" + "\n\n".join(lines) + "\n", encoding="utf-8")
        done = subprocess.run(
            [
                sys.executable, "-c", "from proofroom.cli import main; main()", "check", str(folder / "draft.md"),
                "--from", str(folder / "sources"), "--data", str(folder / "data"), "--json",
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode not in (0, 1):
            print(done.stdout, done.stderr)
            return 2
        claims = {" ".join(c["text"].split()): c for c in json.loads(done.stdout)["claims"]}
    report(draft, claims)
    return 0


def report(draft: dict[str, str | None], claims: dict[str, dict[str, object]]) -> None:
    planted, caught, seen, alarms = Counter[str](), Counter[str](), Counter[str](), 0
    untouched = 0
    for sentence, kind in draft.items():
        claim = claims.get(" ".join(sentence.split()))
        needs = claim is not None and bool(claim["needs_you"])
        if kind is None:
            untouched += 1
            alarms += needs
            continue
        planted[kind] += 1
        seen[kind] += needs
        caught[kind] += claim is not None and claim["verdict"] in ("unsupported", "conflict")
    print("proofroom check draft.md --from sources/")
    print(f"{'planted':<10} {'errors':>6} {'caught':>7} {'needs you':>10}")
    for kind in KINDS:
        print(f"{kind:<10} {planted[kind]:>6} {caught[kind]:>7} {seen[kind]:>10}")
    print(f"{'all':<10} {planted.total():>6} {caught.total():>7} {seen.total():>10}")
    for sentence, kind in draft.items():
        claim = claims.get(" ".join(sentence.split()))
        if kind is not None and (claim is None or claim["verdict"] not in ("unsupported", "conflict")):
            print(f"not caught ({kind}, {claim and claim['verdict']}): {sentence}")
    print(f"falsely flagged: {alarms} of {untouched} untouched sentences")


if __name__ == "__main__":
    sys.exit(main())
