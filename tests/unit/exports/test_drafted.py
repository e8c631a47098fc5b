"""An exported text says who drafted it, in the words of the pages."""

import pytest

from proofroom.agents.runtimes.host import Host
from proofroom.agents.runtimes.registry import available_runtimes
from proofroom.exports.drafted import LABELS, drafted_by
from proofroom.settings import Settings

FOR_READERS = {"external", "pydantic_ai"}
"""Named otherwise than on the pages, where `your own` and `other` are the user's."""


@pytest.mark.parametrize(
    ("runtime", "said"),
    [
        ("extractive", "Drafted by: quote finder, no AI used."),
        ("claude", "Drafted by: Claude."),
        ("claude:opus", "Drafted by: Claude (opus)."),
        ("pydantic_ai:ollama:llama3.3:70b", "Drafted by: a model of another provider (ollama:llama3.3:70b)."),
        ("scripted:/srv/scripts/a.yaml", "Drafted by: script."),
        ("later:one", "Drafted by: later (one)."),
        ("claude:a\n[x](http://y)", "Drafted by: Claude (axhttp://y)."),
        ("none", None),
    ],
)
def test_who_drafted_it(runtime: str, said: str | None) -> None:
    assert drafted_by(runtime) == said


def test_every_runtime_has_the_label_of_the_pages() -> None:
    offered = {r["name"]: r["label"] for r in available_runtimes(Host(Settings()))}
    assert set(offered) == set(LABELS)
    assert {n: label for n, label in LABELS.items() if n not in FOR_READERS} == {
        n: label for n, label in offered.items() if n not in FOR_READERS
    }
