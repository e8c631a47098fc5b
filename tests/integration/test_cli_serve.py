"""`up`, `worker`, `migrate`, `doctor`: programs that start, say when they are ready, and stop without a trace."""

import json
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from proofroom.testing.model_server import ModelServer
from tests.integration.cli import Cli, left_behind, running_database

READY = re.compile(r"Proofroom is ready on (http://127\.0\.0\.1:\d+)")


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    folder, data = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("data")
    cli = Cli(folder, data, {"PROOFROOM_SHUTDOWN_SECONDS": "3", "PROOFROOM_SWEEP_SECONDS": "0.5"})
    cli.write("notes.md", "# Notes\n\nThe lamp is red. A red lamp means stop.\n")
    yield cli
    assert left_behind(data) == []


def children(pid: int) -> list[int]:
    """The processes that a process has started, as Linux tells them."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(one) for thread in threads for one in (thread / "children").read_text().split()]


@contextmanager
def standing_still(pid: int) -> Generator[None]:
    """A process stands still, and is gone afterwards: stopped it would not see that whoever started it ended."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def started(cli: Cli, *arguments: str) -> Generator[tuple["subprocess.Popen[str]", str]]:
    """The process and the first line that it printed."""
    process = cli.start(*arguments)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise AssertionError(process.communicate()[1])
        yield process, line
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_up_serves_works_and_stops_on_ctrl_c(cli: Cli) -> None:
    with started(cli, "up", "--port", "0", "--no-sample") as (process, line):
        found = READY.search(line)
        assert found, line
        url = found.group(1)
        assert httpx.get(f"{url}/api/ready").status_code == 200
        assert httpx.get(f"{url}/api/me").json()["mode"] == "local"

        taken = cli("up", "--port", url.rpartition(":")[2])
        assert taken.code == 4
        assert "[port_in_use]" in taken.err
        assert "which is a Proofroom" in taken.err

        # A command beside it shares the server; whoever of the two claims the work, it comes to rest once.
        found = cli.json("work", "research", "What does a red lamp mean?", "--from", "notes.md")
        assert found["status"] == "pending_review"

        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Stopped." in err
    assert "Traceback" not in out + err
    assert left_behind(cli.data) == []


def test_a_session_survives_the_killing_of_everything(cli: Cli) -> None:
    with started(cli, "up", "--port", "0", "--no-sample", "--json") as (process, first):
        assert process.stdout is not None
        text = first
        while not text.rstrip().endswith("}"):
            text += process.stdout.readline()
        assert json.loads(text)["worker"] is True
        process.kill()
        process.wait()
    waiting = cli.json("review")["items"]
    assert [w["agent_type"] for w in waiting] == ["research"]
    assert cli.json("approve", "last")["status"] == "completed"
    assert left_behind(cli.data) == []


def test_a_worker_alone_does_what_was_queued(cli: Cli) -> None:
    with running_database(cli.data), started(cli, "worker", "--concurrency", "1") as (process, line):
        assert "worker is ready" in line
        session = cli.json("fork", "last", "--task", "What does a red lamp mean?")["session_id"]
        assert cli.json("retry", session)["status"] == "pending_review"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    unknown = cli("worker", "--queues", "legs,lost")
    assert unknown.code == 2
    assert "[unknown_queue" in unknown.err


def test_beyond_this_machine_a_key_is_required(cli: Cli) -> None:
    with running_database(cli.data):
        key = cli.json("admin", "api-key", "create", "test")["key"]
        settings = cli.settings | {"PROOFROOM_ALLOWED_HOSTS": "127.0.0.1"}
        with started(Cli(cli.folder, cli.data, settings), "api", "--host", "0.0.0.0", "--port", "0") as (
            process,
            line,
        ):
            assert process.stdout is not None
            found = READY.search(line)
            assert found, line
            assert "API key" in process.stdout.readline()
            assert httpx.get(f"{found.group(1)}/api/projects").status_code == 401
            told = {"Authorization": f"Bearer {key}"}
            assert httpx.get(f"{found.group(1)}/api/projects", headers=told).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


def test_a_comparison_does_not_hold_up_the_end_and_who_waits_is_told(cli: Cli) -> None:
    cli.write("old.md", "The mill opened in 1980.\n")
    cli.write("new.md", "The mill opened in 1990.\n")
    with running_database(cli.data):
        cli.json("source", "add", "old.md", "--project", "Mill")
        with started(cli, "api", "--port", "0") as (process, line):
            found = READY.search(line)
            assert found, line
            with httpx.Client(base_url=found.group(1), timeout=60) as client:
                projects = client.get("/api/projects").json()["items"]
                (project,) = (one["id"] for one in projects if one["name"] == "Mill")
                path = f"/api/projects/{project}/contradictions"
                assert client.get(path).json()["items"] == []
                cli.json("source", "add", "new.md", "--project", "Mill")
                (comparing,) = children(process.pid)
                with (
                    standing_still(comparing),  # now it takes its limit, half a minute
                    ThreadPoolExecutor(1) as beside,
                    Path(f"/proc/{comparing}/fd/0").open("rb", buffering=0) as given,
                ):
                    asked = beside.submit(client.get, path)
                    assert select.select([given], [], [], 60)[0]  # the passages have come
                    process.send_signal(signal.SIGTERM)
                    answer = asked.result()
                    assert not Path(f"/proc/{comparing}").exists()
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
                assert answer.json()["code"] == "comparing_stopped"
            _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert "Traceback" not in err


def test_ctrl_c_while_the_database_is_made_leaves_no_server(tmp_path: Path) -> None:
    data = tmp_path / "fresh"
    process = Cli(tmp_path, data, {}).start("sessions")
    deadline = time.monotonic() + 60
    while not (data / "postgres" / "cluster").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "[interrupted]" in err
    assert left_behind(data) == []


def test_migrate_and_doctor(cli: Cli, tmp_path: Path) -> None:
    with running_database(cli.data):
        assert cli.json("migrate")["changed"] is False
        report: dict[str, Any] = cli.json("doctor")
    assert report["ok"] is True
    checks = {c["part"]: c for c in report["checks"]}
    assert checks["migrations"]["state"] == "ok"
    assert checks["row-level security"]["state"] == "ok"
    settings = {s["variable"]: s for s in report["settings"]}
    assert settings["PROOFROOM_DATA_DIR"]["origin"] == "environment, PROOFROOM_DATA_DIR"
    assert settings["PROOFROOM_PORT"]["origin"] == "default"

    secrets = {
        "DATABASE_URL": "postgresql://someone:hunter2@127.0.0.1:1/none?password=hunter3",
        "ANTHROPIC_API_KEY": "sk-hunter4",
        "PROOFROOM_AGENTS_DIR": str(tmp_path),
    }
    with ModelServer() as provider:
        secrets["ANTHROPIC_BASE_URL"] = provider.url
        done = Cli(cli.folder, cli.data, cli.settings | secrets)("doctor")
        listed = Cli(cli.folder, cli.data, cli.settings | secrets | {"PROOFROOM_AGENTS_DIR": ""})("doctor")
        assert [o.path for o in provider.others] == ["/v1/models"] * 2
    assert done.code == 1
    assert "hunter" not in done.out + done.err
    assert "BROKEN  runtime claude: Claude: not available" in listed.out
    assert "The key is refused" in listed.out
    assert "BROKEN  database" in done.out
    assert "someone:•••@127.0.0.1:1" in done.out

    wrong = Cli(cli.folder, cli.data, {"PROOFROOM_POOL_SIZE": "many"})("sessions", "--json")
    assert (wrong.code, wrong.json["error"]["code"]) == (2, "settings_invalid")
    assert wrong.json["error"]["field"] == "PROOFROOM_POOL_SIZE"
    away = Cli(cli.folder, cli.data, {"DATABASE_URL": "postgresql://x@127.0.0.1:1/none"})(
        "sessions", "--json"
    )
    assert (away.code, away.json["error"]["code"]) == (1, "database_unavailable")


def test_a_worker_serves_its_figures_and_logs_lines_of_json(cli: Cli) -> None:
    told = {"PROOFROOM_METRICS_PORT": "0", "PROOFROOM_LOG_FORMAT": "json", "PROOFROOM_LOG_LEVEL": "info"}
    with (
        running_database(cli.data),
        started(Cli(cli.folder, cli.data, cli.settings | told), "worker", "--json") as (process, first),
    ):
        assert process.stdout is not None
        text = first
        while not text.rstrip().endswith("}"):
            text += process.stdout.readline()
        url = json.loads(text)["metrics"]
        said = httpx.get(url).text
        assert "proofroom_event_loop_lag_seconds" in said
        assert "proofroom_database_connections_max 20" in said
        assert "proofroom_sessions" not in said  # the API tells what is over all processes
        assert httpx.get(url.replace("/metrics", "/api/health")).json()["status"] == "ok"
        assert httpx.get(url.replace("/metrics", "/api/projects")).status_code == 404
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert any(line["message"].endswith("takes up to 4 jobs at a time") for line in lines)
    assert all({"at", "level", "logger", "message"} <= line.keys() for line in lines)


def test_the_schema_goes_back_and_forth_when_it_is_meant(cli: Cli) -> None:
    with running_database(cli.data):
        head = cli.json("migrate")["to"]
        before = f"{int(head) - 1:04}"
        assert cli.json("migrate", "--to", before, code=4)["error"]["code"] == "goes_back"
        assert cli.json("migrate", "--to", "9999", code=2)["error"]["code"] == "unknown_revision"
        done = cli.json("migrate", "--to", before, "--yes")
        assert (done["from"], done["to"], done["head"], done["changed"]) == (head, before, head, True)
        assert cli.json("migrate")["to"] == head
