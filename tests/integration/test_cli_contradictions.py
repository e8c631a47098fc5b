"""`contradictions`: what a project's sources disagree on, from the command line."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli import Cli, running_database


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    folder, data = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("data")
    cli = Cli(folder, data, {})
    cli.write("old.md", "The bridge was opened on 4 May 1998.\n")
    cli.write("new.md", "The bridge was opened on 14 May 1998.\n")
    cli.write("other.md", "Nothing of it.\n")
    with running_database(data):
        yield cli


def test_both_sides_are_told_with_their_sources(cli: Cli) -> None:
    cli("source", "add", "old.md", "other.md", "--project", "Apart")
    none = cli("contradictions", "--project", "Apart")
    assert (none.code, "No passages were found that disagree." in none.out) == (0, True)
    cli("source", "add", "new.md", "--project", "Apart")
    done = cli("contradictions", "--project", "Apart")
    assert "bridge opened: “14 May 1998” and “4 May 1998”" in done.out
    assert "The bridge was opened on 4 May 1998." in done.out
    assert "3 of 3 passages compared." in done.out
    (item,) = cli("contradictions", "--project", "Apart", "--source", "old.md", "--json").json["items"]
    assert item["a"]["says"] == "4 May 1998"
    assert cli("contradictions", "--project", "Apart", "--source", "other.md", "--json").json["found"] == 0


def test_a_source_of_another_project_is_not_there(cli: Cli) -> None:
    cli("source", "add", "other.md", "--project", "Elsewhere")
    known = cli("source", "list", "--project", "Elsewhere", "--json").json["items"][0]["id"]
    done = cli("contradictions", "--project", "Apart", "--source", known, "--json")
    assert done.code == 3, done


def test_it_is_broken_off_at_once(cli: Cli) -> None:
    # So many that the process that compares them is there for long enough to be stopped; it has half a minute then.
    lines = (f"The crane number {n} of the quay lifts {n % 89} crates." for n in range(4_000))
    cli.write("cranes.md", "\n\n".join(lines))
    assert cli("source", "add", "cranes.md", "--project", "Cranes").code == 0
    process = cli.start("contradictions", "--project", "Cranes")
    comparing = 0
    try:
        while not comparing and process.poll() is None:
            comparing = _comparing(process)
        assert comparing, process.communicate()
        os.kill(comparing, signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=25)
        assert (process.returncode, "[interrupted]" in err) == (130, True), err
        assert not Path(f"/proc/{comparing}").exists()
    finally:
        process.kill()
        process.communicate()
        with contextlib.suppress(ProcessLookupError):  # stopped it would not see that the program ended
            if comparing:
                os.kill(comparing, signal.SIGKILL)


def _comparing(process: "subprocess.Popen[str]") -> int:
    """The process that a command has started to compare passages, 0 as long as there is none."""
    for thread in Path(f"/proc/{process.pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for one in (thread / "children").read_text().split():
                if b"proofroom.substrate.worker" in Path(f"/proc/{one}/cmdline").read_bytes():
                    return int(one)
    return 0
