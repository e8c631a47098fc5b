"""Agents of one's own in processes of their own, against a real server: the examples, and kills between two posts."""

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from devsetup import find_node, venv_packages
from tests.integration.test_kill9 import PATIENCE, process, until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "external"
NOTES = (
    "Worked out again after the loss, the closest approach of the orbiter came to 57 km.\n\n"
    "The board found that the software gave the impulse in pound-force seconds.\n\n"
    "Operations had asked for a fifth correction, and it was not made.\n"
)
TASK = "What was the closest approach of the orbiter?"


def command(name: str) -> list[str]:
    if name.endswith(".py"):
        return [
            sys.executable,
            "-I",
            "-S",
            str(EXAMPLES / name),
        ]  # -S: what is not in the library is not there
    return [str(find_node(venv_packages()).program), str(EXAMPLES / name)]


@contextmanager
def server(data: Path, log: Path, **environment: str) -> Generator[tuple[str, Any]]:
    """(its address, its process), on an embedded database of its own."""
    kept = os.environ.pop("DATABASE_URL", None)
    arguments = ("up", "--no-open", "--no-sample", "--port", "0", "--data", str(data), "--json")
    try:
        with process(*arguments, log=log, **environment) as running:
            deadline = time.monotonic() + PATIENCE
            while (found := re.search(r'"url": ?"([^"]+)"', log.read_text())) is None:
                assert running.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield found[1], running
    finally:
        if kept is not None:
            os.environ["DATABASE_URL"] = kept


@pytest.fixture(scope="module")
def folder() -> Generator[Path]:
    """Not under pytest's own folder: every pytest that starts takes other users' way through it, and as root the
    database runs as a user of its own."""
    folder = Path(tempfile.mkdtemp(prefix="proofroom-tests-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def url(folder: Path) -> Generator[str]:
    """A server that all of the examples drive."""
    with server(folder / "examples", folder / "log") as (address, _):
        yield address


def client_of(address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=address, timeout=90)


class Reviewer:
    """A person with a project, and sessions in it."""

    def __init__(self, client: httpx.AsyncClient, project: str) -> None:
        self.client, self.project = client, project

    async def get(self, path: str) -> Any:
        return (await self.client.get(f"/api/projects/{self.project}{path}")).json()

    async def waiting(self, session: str) -> dict[str, Any]:
        """The checkpoint at which the session waits, once it does."""

        async def found() -> Any:
            shown = await self.get(f"/work-sessions/{session}")
            assert shown["status"] not in ("failed", "cancelled"), shown["failure"]
            return shown["checkpoint_id"]

        checkpoint = await until(found, "a checkpoint")
        return await self.get(f"/work-sessions/{session}/checkpoints/{checkpoint}")

    async def decide(self, session: str, verb: str, **more: Any) -> None:
        checkpoint = await self.waiting(session)
        path = f"/api/projects/{self.project}/work-sessions/{session}/checkpoints/{checkpoint['id']}/{verb}"
        body = {"packet_digest": checkpoint["packet_digest"], **more}
        answer = await self.client.post(path, json=body)
        assert answer.status_code == 200, answer.text


async def reviewer(client: httpx.AsyncClient) -> Reviewer:
    project = (await client.post("/api/projects", json={"name": "P"})).json()["id"]
    person = Reviewer(client, project)
    added = await client.post(f"/api/projects/{project}/sources", json={"text": NOTES, "title": "Notes"})

    async def ready() -> bool:
        return (await person.get(f"/sources/{added.json()['id']}"))["status"] == "ready"

    await until(ready, "the capture")
    return person


class Example:
    """One of the examples, running."""

    def __init__(self, running: asyncio.subprocess.Process) -> None:
        self.running = running
        self.said: list[str] = []

    @classmethod
    async def start(cls, name: str, url: str, *arguments: str) -> "Example":
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
        return cls(
            await asyncio.create_subprocess_exec(
                *command(name),
                *arguments,
                env=kept | {"PROOFROOM_URL": url},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        )

    async def hears(self, words: str) -> str:
        """The next line that begins so."""
        assert self.running.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while True:
                line = (await self.running.stdout.readline()).decode()
                assert line, f"it ended before saying {words!r}: {''.join(self.said)}"
                self.said.append(line)
                if line.startswith(words):
                    return line.removeprefix(words).strip()

    async def ends(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return await self.running.wait()

    async def kill(self) -> None:
        self.running.kill()
        await self.running.wait()


Starts = Callable[..., Awaitable[Example]]


@pytest.fixture
async def start(url: str) -> AsyncGenerator[Starts]:
    """Starts an example; none outlives its test, whose failure would else be followed by another test's."""
    started: list[Example] = []

    async def start(name: str, *arguments: str) -> Example:
        started.append(await Example.start(name, url, *arguments))
        return started[-1]

    yield start
    for example in started:
        if example.running.returncode is None:
            await example.kill()


@pytest.mark.parametrize("name", ["agent.py", "agent.ts"])
async def test_the_examples_run_from_the_task_to_the_signature(name: str, url: str, start: Starts) -> None:
    async with client_of(url) as client:
        person = await reviewer(client)
        given = ("--project", person.project, "--task", TASK, "--strategy", "checkpoint_required")
        agent = await start(name, *given)
        session = await agent.hears("session:")
        assert (await person.waiting(session))["reasons"] == ["plan"]
        await person.decide(session, "approve")
        await agent.hears("heard: plan_approved")
        assert (await person.waiting(session))["packet"]["question"]["text"] == "Is one sentence enough?"
        await person.decide(session, "approve", answers={"enough": True})
        await agent.hears("heard: answered")
        shown = await person.waiting(session)
        assert shown["kind"] == "final"
        await person.decide(
            session,
            "request-changes",
            changes=[{"comment": "Say in what unit the software gave the impulse."}],
        )
        await agent.hears("heard: changes_requested")
        final = (await person.waiting(session))["packet"]
        (artifact,) = final["artifacts"]
        assert [c["verdict"] for c in artifact["claims"]] == ["supported", "supported"]
        assert "pound-force seconds" in artifact["claims"][1]["text"]
        await person.decide(session, "approve")
        assert await agent.hears("ended:") == "completed"
        assert await agent.ends() == 0
        exported = await client.get(
            f"/api/projects/{person.project}/work-sessions/{session}/export?format=md"
        )
        assert "57 km" in exported.text


@pytest.mark.parametrize("name", ["agent.py", "agent.ts"])
async def test_an_example_that_was_killed_goes_on_where_it_was(name: str, url: str, start: Starts) -> None:
    async with client_of(url) as client:
        person = await reviewer(client)
        agent = await start(name, "--project", person.project, "--task", TASK)
        session = await agent.hears("session:")
        await agent.hears("stopped for a person: question")
        await agent.kill()
        await person.decide(session, "approve", answers={"enough": False})
        again = await start(name, "--project", person.project, "--session", session)
        await again.hears("heard: answered")
        await person.decide(session, "approve")
        assert await again.hears("ended:") == "completed"
        assert await again.ends() == 0
        events = (await person.get(f"/work-sessions/{session}/events?limit=200"))["items"]
        kinds = [e["type"] for e in events]
        assert [kinds.count(k) for k in ("plan_written", "said", "artifact_saved")] == [1, 1, 1]


@pytest.mark.parametrize("name", ["agent.py", "agent.ts"])
async def test_an_example_says_why_its_session_failed(name: str, url: str, start: Starts) -> None:
    async with client_of(url) as client:
        person = await reviewer(client)
        agent = await start(name, "--project", person.project, "--task", "Zebra quantum?")
        assert await agent.hears("heard: failed")
        assert await agent.hears("ended:") == "failed"
        assert await agent.ends() == 1


@pytest.mark.parametrize("name", ["agent.py", "agent.ts"])
async def test_an_example_that_is_refused_says_what_the_problem_says_and_no_more(
    name: str, start: Starts
) -> None:
    nowhere = "00000000-0000-7000-8000-000000000000"
    agent = await start(name, "--project", nowhere, "--task", TASK)
    said = await agent.hears("project_not_found:")
    assert "List the projects." in said
    assert await agent.ends() == 1
    assert len(agent.said) == 1


async def test_an_optional_question_that_was_left_open_is_still_answered(url: str) -> None:
    async with client_of(url) as client:
        person = await reviewer(client)
        session, path = await file(person)
        form = {"type": "object", "required": [], "properties": {"a": {"type": "boolean"}}}
        question = {"id": "q", "type": "question", "question": "Anything?", "form": form}
        posted = await client.post(f"{path}/agent-events", json={"leg": 1, "events": [question]})
        assert posted.json()["stopped"], posted.text
        await person.decide(session, "approve")
        answered = (await hears(client, path, "answered"))[-1]
        assert (answered["answers"], answered["question"]) == ({}, "Anything?")


async def file(person: Reviewer) -> tuple[str, str]:
    """(id, path) of a session in the first leg of its agent."""
    request = {"agent_type": "research", "task_description": TASK, "runtime": "external"}
    made = (await person.client.post(f"/api/projects/{person.project}/work-sessions", json=request)).json()
    session = f"/api/projects/{person.project}/work-sessions/{made['id']}"
    started = await person.client.post(f"{session}/execute", headers={"Prefer": "wait=60"})
    assert started.json()["status"] == "in_progress", started.text
    return made["id"], session


async def hears(client: httpx.AsyncClient, session: str, kind: str) -> list[dict[str, Any]]:
    """All that the agent heard when it has heard this."""
    heard: list[dict[str, Any]] = []
    cursor = ""
    async with asyncio.timeout(PATIENCE):
        while not heard or heard[-1]["type"] != kind:
            news = (await client.get(f"{session}/decisions?wait=30{cursor}")).json()
            heard += news["items"]
            cursor = f"&cursor={news['next_cursor']}"
    return heard


async def test_killing_everything_between_two_posts_loses_nothing_and_silence_is_noticed(
    folder: Path,
) -> None:
    """The database is killed, too; the agent posts its next event to what comes up again. An agent that never posts
    is lost by the sweeper of a running server."""
    data = folder / "killed"
    finding = {
        "id": "f", "type": "artifact", "slot": "f", "artifact_type": "research_finding", "title": "T",
        "markdown": "It was 57 km. [[b1|came to 57 km]]",
    }  # fmt: skip
    with server(data, folder / "first.log") as (address, running):
        async with client_of(address) as client:
            person = await reviewer(client)
            made, session = await file(person)
            sent = await client.post(f"{session}/agent-events", json={"leg": 1, "events": [finding]})
            assert sent.status_code == 200, sent.text
        running.kill()
        running.wait()
        pid = int((data / "postgres/cluster/postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
    with server(data, folder / "second.log", PROOFROOM_EXTERNAL_LEASE_SECONDS="1") as (address, _):
        async with client_of(address) as client:
            person.client = client
            both = {"leg": 1, "events": [finding, {"id": "d", "type": "done"}]}
            answer = (await client.post(f"{session}/agent-events", json=both)).json()
            assert [e["repeated"] for e in answer["events"]] == [True, False]
            assert answer["events"][0]["result"] == sent.json()["events"][0]["result"]
            await person.decide(made, "approve")
            assert [i["type"] for i in await hears(client, session, "completed")] == ["started", "completed"]

            _, session = await file(person)
            lost = (await hears(client, session, "failed"))[-1]
            assert lost["failure"]["code"] == "agent_lost"
            assert (await client.post(f"{session}/retry")).status_code == 202
            again = await hears(client, session, "retried")
            assert again[-1]["leg"] == 2
            late = await client.post(f"{session}/agent-events", json={"leg": 1, "events": []})
            assert late.json()["code"] in ("stale_leg", "wrong_status")
