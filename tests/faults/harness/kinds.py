"""The kinds of sessions that the harness files, and what each must have come to when it is completed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.harness import models

NOTES = (
    "# Notes\n\nThe board named a factor of 4.45 in its report of November 1999.\n\n"
    "The planned altitude was 226 km.\n\nThe craft was lost behind the planet.\n"
)

Step = Mapping[str, Any]

USAGE: Step = {"usage": {"tokens_in": 20, "tokens_out": 5}}
FINISH: Step = {"finish": {"summary": "Done"}}
PLAN: Step = {"plan": [{"title": "Read"}, {"title": "Write"}]}
ASK: Step = {"ask": {"question": "Which unit?", "save": "unit"}}


def search(words: str) -> Step:
    return {"search": {"query": words}}


def wait(seconds: float) -> Step:
    return {"wait": seconds}


def progress(done: int) -> Step:
    return {"progress": {"done": done, "total": 3}}


def finding(slot: str, words: str = "The planned altitude was 226 km.") -> Step:
    return {
        "artifact": {
            "slot": slot,
            "type": "research_finding",
            "title": slot.capitalize(),
            "markdown": f"{words} [[{{{{ b:{words} }}}}|{words}]]",
        }
    }


FACTOR = "The board named a factor of 4.45 in its report of November 1999."


@dataclass(frozen=True)
class Kind:
    """One kind of session: the steps of its iterations, what a person does at its gates, and what must be there.

    `gates` are the kinds of the checkpoints of a completed session, in order. `weight` is how often it is filed.
    """

    name: str
    weight: int
    iterations: Mapping[int, Sequence[Step]]
    gates: Sequence[str]
    strategy: str = "final_only"
    end: str = "completed"
    undo: int = 0
    delivers: bool = True
    draft: str = ""
    runtime: str = ""
    """Where it is not a script: `iterations` then say only what its turns come to."""

    def script(self) -> dict[str, Any]:
        return {"uses_model": True, "iterations": {n: list(s) for n, s in self.iterations.items()}}

    def calls(self) -> Counter[tuple[int, str]]:
        """How often each tool has been called in each iteration."""
        names = {
            "search": "search_context", "artifact": "emit_artifact", "plan": "emit_plan",
            "ask": "ask_reviewer", "progress": "report_progress",
        }  # fmt: skip
        return Counter(
            (n, names[word])
            for n, steps in self.iterations.items()
            for step in steps
            for word in step
            if word in names
        )

    def versions(self) -> Counter[str]:
        """How many versions each slot has."""
        if self.draft:
            return Counter({"draft": 1})
        return Counter(
            str(step["artifact"]["slot"])
            for steps in self.iterations.values()
            for step in steps
            if "artifact" in step
        )

    def turns(self) -> int:
        return sum("usage" in step for steps in self.iterations.values() for step in steps)


KINDS: Sequence[Kind] = (
    Kind(
        "plain", 5,
        {1: [USAGE, search("altitude"), wait(0.03), USAGE, finding("altitude"), USAGE, progress(1), FINISH]},
        ["final"],
    ),
    Kind(
        "strict", 3,
        {
            1: [
                USAGE, PLAN, USAGE, search("factor"), finding("factor", FACTOR), wait(0.05), USAGE, ASK, USAGE,
                finding("altitude"), FINISH,
            ]
        },
        ["plan", "mid", "final"], strategy="checkpoint_required",
    ),
    Kind(
        "question", 2,
        {1: [USAGE, search("altitude"), USAGE, ASK, wait(0.03), USAGE, finding("altitude"), FINISH]},
        ["mid", "final"],
    ),
    Kind(
        "changes", 3,
        {
            1: [USAGE, finding("altitude"), FINISH],
            2: [USAGE, search("factor"), wait(0.03), finding("altitude", FACTOR), FINISH],
        },
        ["final", "final"], undo=1,
    ),
    Kind(
        "long", 2,
        {
            1: [
                *(
                    step
                    for n, words in enumerate(["altitude", "factor", "board", "planet", "report"])
                    for step in (USAGE, search(words), wait(0.1), progress(n))
                ),
                USAGE, finding("altitude"), finding("factor", FACTOR), FINISH,
            ]
        },
        ["final"], undo=1,
    ),
    Kind("rejected", 1, {1: [USAGE, search("altitude"), finding("altitude"), FINISH]}, ["final"], end="failed", undo=1),
    Kind(
        "cancelled", 1, {1: [USAGE, search("altitude"), wait(0.5), finding("altitude"), FINISH]}, [],
        end="cancelled",
    ),
    Kind(
        "model", 2,
        {1: [USAGE, search("altitude"), USAGE, finding("altitude"), USAGE, progress(1), USAGE]},
        ["final"], runtime=models.RUNTIME,
    ),
    Kind(
        "check", 1, {}, ["final"], delivers=False,
        draft="The planned altitude was 226 km.\n\nThe craft was lost behind the planet.\n",
    ),
)  # fmt: skip
