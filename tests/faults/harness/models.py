"""The model of the run: a scripted provider that outlives every kill, and so knows how often it was asked for what."""

import re
import time
from collections import Counter
from dataclasses import replace

from proofroom.testing.model_server import ModelServer, Reply, Step, call, forever, say
from proofroom.testing.plays import following
from proofroom.testing.wire import ModelRequest

RUNTIME = "pydantic_ai:anthropic:claude-sonnet-5-5"
QUOTE = "The planned altitude was 226 km."
SECONDS = 0.05
"""How long a turn takes, so that kills come in the middle of some."""
PLAY = (
    call("search_context", query="altitude"),
    call("emit_artifact", slot="altitude", type="research_finding", title="Altitude", markdown=QUOTE),
    call("report_progress", done=1, total=1, label="findings"),
    say("One finding."),
)
_NUMBER = re.compile(r"Number (\d+)\.")


def task(n: int) -> str:
    """The task of the n-th session, which the model is sent and by which it is known again."""
    return f"What was planned? Number {n}."


def provider() -> ModelServer:
    return ModelServer([forever(_step)])


def _step(request: ModelRequest) -> Step:
    time.sleep(SECONDS)
    reply = following(PLAY)(request)
    assert isinstance(reply, Reply)
    if not reply.tools or reply.tools[0].name != "emit_artifact":
        return reply
    (tool,) = reply.tools
    alias = request.said.partition(QUOTE)[0].rpartition("<<< b")[2].partition(" ")[0]
    cited = {**tool.arguments, "markdown": f"{QUOTE} [[b{alias}|{QUOTE}]]"}
    return replace(reply, tools=(replace(tool, arguments=cited),))


def asked(models: ModelServer) -> dict[int, Counter[int]]:
    """For each session's number, how often its turn after so many answered calls was asked for."""
    out: dict[int, Counter[int]] = {}
    for request in list(models.requests):
        found = _NUMBER.search(request.said)
        if found is not None:
            out.setdefault(int(found[1]), Counter())[len(request.results)] += 1
    return out
