"""`python3 dev.py bench`: every benchmark that needs nothing but this checkout, one after the other, in one table.

    python3 dev.py bench [NAMES] [--json FILE] [--small]

NAMES are those of files in bench/; without any, all of the list. Those that keep their figures make the table and the
JSON file (`.cache/bench/all.json` unless a place is given); of the others it holds whether their bars were held.
`--small` is to see that everything works: its figures mean nothing. Exits 1 when a bar is missed, 2 when one broke.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ground import ROOT, Row, machine, say_machine

HERE = Path(__file__).parent
KEPT = ROOT / ".cache" / "bench"
# What each is told for a small run. The first four keep their figures in a file.
MEASURED: dict[str, Sequence[str]] = {
    "lifecycle": "--lifecycles 20 --warm-up 8 --rounds 1 --approvals 10 --idle 3".split(),
    "waiting": "--waiting 200 --history 1000 --rounds 1 --approvals 5 --idle 3 --requests 20".split(),
    "viewers": "--viewers 50 --events 20 --slow 2".split(),
    "page": "--waiting 100 --loads 1 --steps 10".split(),
}
JUDGED: dict[str, Sequence[str]] = {
    "check_draft": [],
    "check_tables": "--sizes 20x30".split(),
    "evidence": [],
    "revisions": [],
    "capture": "--documents 100".split(),
    "search": "--blocks 2000 --small-blocks 200 --documents 50".split(),
    "offline_session": "--runs 1".split(),
}


def run(name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """One benchmark: its exit code, seconds and, where it keeps them, figures."""
    print(f"== {name}", flush=True)
    kept = KEPT / f"{name}.json"
    kept.unlink(missing_ok=True)
    began = time.perf_counter()
    keep = ["--json", str(kept)] if name in MEASURED else []
    done = subprocess.run([sys.executable, str(HERE / f"{name}.py"), *arguments, *keep], check=False)
    found: dict[str, Any] = {
        "bench": name, "exit": done.returncode, "seconds": round(time.perf_counter() - began, 1), "rows": [],
    }  # fmt: skip
    return found | (json.loads(kept.read_text()) if kept.exists() else {})


def table(found: list[dict[str, Any]]) -> str:
    lines: list[str] = []
    for one in found:
        lines += ["", f"{one['bench']}  ({one['seconds']:.0f} s)"]
        for row in one["rows"]:
            lines.append("  " + Row(**{k: v for k, v in row.items() if k != "held"}).line())
        if not one["rows"]:
            said = {0: "every bar held", 1: "a bar was missed, see above"}
            lines.append(f"  {said.get(one['exit'], 'broke, see above')}")
    return "\n".join(lines)


def main() -> int:
    known = MEASURED | JUDGED
    parser = argparse.ArgumentParser(
        prog="dev.py bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--json", type=Path, metavar="FILE", default=KEPT / "all.json")
    parser.add_argument("--small", action="store_true", help="only to see that everything works")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - set(known))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(known)}")
    KEPT.mkdir(parents=True, exist_ok=True)
    say_machine()
    before = machine()
    found = [run(name, known[name] if given.small else []) for name in given.names or known]
    print(table(found))
    document = {
        "proofroom": version("proofroom"), "machine": before, "load_after": machine()["load"],
        "small": given.small, "benches": found,
    }  # fmt: skip
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    print(f"\nkept in {given.json}")
    return 2 if any(one["exit"] not in (0, 1) for one in found) else max(one["exit"] for one in found)


if __name__ == "__main__":
    sys.exit(main())
