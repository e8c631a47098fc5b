"""Planted errors against the evidence checks: what is caught, and what is flagged without need.

    python bench/evidence.py [--set development|held-out] [--scifact DIR] [--limit N] [--show KIND] [--json]

Takes true sentences, plants one error in each copy (`tests/corpus/planting.py`, which knows nothing of the
checks) and checks the copy against its sources, once as a draft from outside and once as an agent's claim that
cites a passage. Untouched copies and paraphrases measure the false alarms.

`flagged` is what must be settled before signing (unsupported or conflict), `needs you` everything that is shown as
needing a person, `named` where the comparison that fits the error is the one that differs. The bars stand on
"needs you"; no bar bounds paraphrases, wrong claims under a right quote, and contradicted claims. Intervals are
Wilson's, 95 %.

`--scifact` takes a folder with SciFact's `corpus.jsonl.gz`, `queries.train.jsonl` and `evidence.train.jsonl`
(Wadden et al., EMNLP 2020); without it, a folder `shared/data/scifact` beside the checkout is used if it is there.
Ends with 1 when a bar is not reached.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.corpus.measure import (  # noqa: E402 -- the checkout's own tests, not an installed package
    BARS,
    CONTRADICTED,
    KINDS,
    REWORDED,
    VERBATIM,
    WRONG_CLAIM,
    Bench,
    Tally,
    below,
    cited_items,
    outside_items,
    wilson,
)
from tests.corpus.sets import Corpus, own_texts, scifact  # noqa: E402

ERRORS = (*KINDS, WRONG_CLAIM, CONTRADICTED)
TRUE = (VERBATIM, REWORDED)


def measure(corpus: Corpus, seed: int, rounds: int) -> dict[str, dict[str, Tally]]:
    bench = Bench(corpus)
    return {
        "draft from outside": bench.run(outside_items(corpus, seed, rounds)),
        "cited claims": bench.run(cited_items(corpus, seed, rounds)),
    }


def show(corpus: Corpus, path: str, tallies: Mapping[str, Tally], seconds: float) -> None:
    print(f"\n{corpus.name}, {path}: {len(corpus.sources)} sources, {len(corpus.passages)} passages")
    head = f"{'items':>6} {'needs you':>10} {'recall':>7}  {'95 %':<13} {'flagged':>12} {'named':>6}"
    print(f"  {'planted error':<14} {head}")
    for kind in ERRORS:
        if kind in tallies:
            print(_row(kind, tallies[kind], BARS.get(kind)))
    print(
        f"  {'true sentence':<14} {'items':>6} {'needs you':>10} {'alarms':>7}  {'95 %':<13} {'flagged':>12}"
    )
    for kind in TRUE:
        if kind in tallies:
            print(_row(kind, tallies[kind], None))
    print(f"  {sum(t.items for t in tallies.values())} checks in {seconds:.1f} s")


def _row(kind: str, t: Tally, bar: float | None) -> str:
    low, high = wilson(t.needs_you, t.items)
    named = f"{t.named / t.items:>6.3f}" if kind in KINDS else ""
    return (
        f"  {kind:<14} {t.items:>6} {t.needs_you:>10} {t.needs_you / t.items:>7.3f}  {f'{low:.3f}–{high:.3f}':<13}"
        f" {t.flagged:>5} {t.flagged / t.items:>6.3f} {named}{f'  bar {bar}' if bar else ''}"
    ).rstrip()


def as_json(tallies: Mapping[str, Tally]) -> dict[str, Any]:
    return {
        kind: {
            "items": t.items,
            "needs_you": t.needs_you,
            "flagged": t.flagged,
            "named": t.named,
            "share": t.needs_you / t.items,
            "interval": wilson(t.needs_you, t.items),
        }
        for kind, t in tallies.items()
    }


def list_them(kind: str, tallies: Mapping[str, Tally]) -> None:
    """What was missed of an error, or flagged without need."""
    t = tallies.get(kind)
    for item, claims in (t.alarms if kind in TRUE else t.missed) if t else ():
        print(f"  {item.markdown}\n      true: {item.true}")
        for c in claims:
            print(f"      {c.verdict}, {c.headline}: {c.short}")
            print(
                f"        {'; '.join(f'{k.kind} {k.result} {k.draft} | {k.source}' for k in c.checks[:-1])}"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description="Planted errors against the evidence checks.")
    parser.add_argument("--set", choices=("development", "held-out"), default="held-out", dest="part")
    beside = ROOT.parent / "shared" / "data" / "scifact"
    parser.add_argument("--scifact", type=Path, default=beside if beside.is_dir() else None)
    parser.add_argument("--limit", type=int, default=150, help="how many abstracts of SciFact to draft from")
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often each sentence is altered in each way"
    )
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument(
        "--show", metavar="KIND", help="print what was missed, or flagged without need, of a kind"
    )
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    corpora = [(own_texts(args.part), args.rounds)]
    if args.scifact:
        corpora.append((scifact(args.scifact, args.part, args.seed, args.limit), 1))
    found: dict[str, Any] = {}
    low: list[str] = []
    for corpus, rounds in corpora:
        started = time.perf_counter()
        for path, tallies in measure(corpus, args.seed, rounds).items():
            seconds = time.perf_counter() - started
            found[f"{corpus.name}, {path}"] = as_json(tallies)
            low += [f"{corpus.name}, {path}: {what}" for what in below(tallies)]
            if not args.json:
                show(corpus, path, tallies, seconds)
            if args.show:
                list_them(args.show, tallies)
    if args.json:
        print(json.dumps({"seed": args.seed, "figures": found, "below": low}, indent=1))
    else:
        print("\nbelow the bar: " + "; ".join(low) if low else "\nevery figure reaches its bar")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
