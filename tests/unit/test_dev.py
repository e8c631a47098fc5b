"""dev.py: what it installs is what pyproject asks for, it leaves alone what is up to date, it notices
leftovers.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import dev  # noqa: E402
import devsetup  # noqa: E402

sys.path.remove(str(ROOT))


@pytest.mark.parametrize("name", sorted(devsetup.dependencies()))
def test_a_lock_was_made_from_what_pyproject_asks_for(name: str) -> None:
    text = (devsetup.LOCKS / f"{name}.lock").read_text()
    assert devsetup.lock_mark(devsetup.dependencies()[name]) in text.splitlines(), "run: python3 dev.py lock"


@pytest.mark.parametrize("name", sorted(devsetup.dependencies()))
def test_a_lock_pins_everything_by_hash_and_names_no_place(name: str) -> None:
    lines = (devsetup.LOCKS / f"{name}.lock").read_text().splitlines()
    entries = [line for line in lines if line and not line.startswith(("#", " "))]
    assert entries
    assert all(re.match(r"[a-z0-9.-]+(\[[a-z,-]+\])?==\S+", entry) for entry in entries)
    assert all(line.endswith("\\") for line in entries)
    assert not [line for line in lines if "://" in line or line.startswith("-")]


def test_the_runtime_lock_is_part_of_the_development_lock() -> None:
    pins = {
        name: {
            line.split(" ")[0]
            for line in (devsetup.LOCKS / f"{name}.lock").read_text().splitlines()
            if "==" in line
        }
        for name in ("runtime", "dev")
    }
    assert pins["runtime"] < pins["dev"]


def test_the_web_ui_lock_names_no_place() -> None:
    assert '"resolved"' not in (ROOT / "ui" / "package-lock.json").read_text()


def test_the_wheel_is_told_to_hold_the_built_ui() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["artifacts"] == [f"{devsetup.STATIC.relative_to(ROOT).as_posix()}/**"]


def test_a_digest_changes_with_names_contents_and_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devsetup, "ROOT", tmp_path)
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("b")
    first = devsetup.digest([one, two])
    assert devsetup.digest([two, one]) == first
    assert devsetup.digest([one, two], "more") != first
    one.write_text("b")
    two.write_text("a")
    assert devsetup.digest([one, two]) != first


def test_the_callers_settings_and_keys_do_not_reach_the_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwanted = (
        "DATABASE_URL",
        "PROOFROOM_DATA",
        "ANTHROPIC_API_KEY",
        "PGHOST",
        "PYTEST_ADDOPTS",
        "PYTHONPATH",
    )
    for name in unwanted:
        monkeypatch.setenv(name, "leaked")
    monkeypatch.setenv("LANG", "C.UTF-8")
    env = dev.clean_env(tmp_path)
    assert "leaked" not in env.values()
    assert env["LANG"] == "C.UTF-8"
    assert env["TMPDIR"] == str(tmp_path)
    assert env["PATH"].split(os.pathsep)[0] == str(dev.BIN)


@pytest.mark.parametrize(
    ("key", "installed"), [("a-key", "extra-claude"), ("", "runtime"), (None, "runtime")]
)
def test_with_a_key_running_installs_what_claude_takes(
    monkeypatch: pytest.MonkeyPatch, key: str | None, installed: str
) -> None:
    done: list[object] = []
    monkeypatch.setattr(dev, "sync", done.append)
    monkeypatch.setattr(dev, "replace_process", lambda *command: done.append(command[1:]))
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    dev.run(["--port", "0"])
    assert done == [installed, ("up", "--port", "0")]
    assert (devsetup.LOCKS / f"{installed}.lock").is_file()


@pytest.mark.parametrize("arguments", [["--help"], ["7", "--kills", "5", "-h"]])
def test_asking_what_fault_runs_take_runs_none(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    done: list[object] = []

    def become(*command: object) -> None:
        done.append(command[1:])
        raise SystemExit  # as another program, nothing of this one goes on

    monkeypatch.setattr(dev, "sync", lambda _: None)
    monkeypatch.setattr(dev, "replace_process", become)
    monkeypatch.setattr(dev, "pytest", lambda *_, **__: pytest.fail("the fault tests ran"))
    monkeypatch.setattr(dev.subprocess, "run", lambda *_, **__: pytest.fail("a fault run began"))
    with pytest.raises(SystemExit):
        dev.faults(arguments)
    assert done == [("-m", "tests.faults.harness.run", "--help")]


@pytest.mark.parametrize("by", ["environment", "command line"])
def test_a_process_left_behind_is_found(tmp_path: Path, by: str) -> None:
    assert dev.leftovers(tmp_path, patience=0) == {}
    place = [str(tmp_path)] if by == "command line" else []
    env = {"PATH": os.environ["PATH"]} if by == "command line" else dev.clean_env(tmp_path)
    program = "import sys; print(flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, *place], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        found = dev.leftovers(tmp_path, patience=0)
        assert list(found) == [process.pid]
        assert "sys.stdin.read" in found[process.pid]
        process.kill()
    assert dev.leftovers(tmp_path, patience=0) == {}


def test_pytest_fails_when_a_test_leaves_a_process(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "BIN", Path(sys.executable).parent)
    (tmp_path / "test_leaves.py").write_text(
        "import subprocess, sys\n"
        "def test_leaves(capfd):\n"
        "    child = 'print(flush=True); import signal; signal.pause()'\n"
        "    p = subprocess.Popen([sys.executable, '-c', child], stdout=subprocess.PIPE)\n"
        "    p.stdout.readline()\n"
        "    p.returncode = 0  # so that it is forgotten without a warning\n"
        "    p.stdout.close()\n"
    )
    monkeypatch.setattr(dev, "LEFTOVER_SECONDS", 0.2)
    with pytest.raises(dev.Failure, match="left processes behind"):
        dev.pytest(["-q", "-p", "no:cacheprovider", str(tmp_path)])
    out = capfd.readouterr().out
    assert "1 passed" in out
    pid = re.search(r"left behind: process (\d+): .*signal\.pause", out)
    assert pid is not None
    command = Path("/proc", pid[1], "cmdline")
    assert not command.exists() or command.read_bytes() == b""  # gone, or dead and not collected yet


def test_a_failed_step_shows_its_output_and_what_to_do(capfd: pytest.CaptureFixture[str]) -> None:
    program = "import sys; print('the reason'); sys.exit(3)"
    with pytest.raises(dev.Failure, match=r"frobnicating failed \(exit 3, output above\)\. Do better\."):
        devsetup.call([sys.executable, "-c", program], "frobnicating", advice="Do better.")
    assert "the reason" in capfd.readouterr().out
    with pytest.raises(dev.Failure, match="frobnicating failed: /nowhere: No such file"):
        devsetup.call(["/nowhere"], "frobnicating")


def test_lanes_run_beside_each_other_to_their_ends_and_every_failure_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    both = threading.Barrier(2, timeout=60)

    def meets() -> None:
        both.wait()  # neither lane gets on without the other

    def fails() -> None:
        meets()
        raise dev.Failure("The first went wrong.")

    def goes_on() -> None:
        dev.stage("second", meets)
        dev.stage("third", lambda: None)

    dev.side_by_side(goes_on, meets)
    capsys.readouterr()
    with pytest.raises(dev.Failure, match=r"^The first went wrong\.$"):
        dev.side_by_side(lambda: dev.stage("first", fails), goes_on)
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[:2] for line in lines) == [
        ["FAILED", "first"],
        ["ok", "second"],
        ["ok", "third"],
    ]
    with pytest.raises(dev.Failure, match=r"^The first went wrong\.\nThe first went wrong\.$"):
        dev.side_by_side(fails, fails)
    with pytest.raises(ZeroDivisionError):
        dev.side_by_side(lambda: print(1 // 0), lambda: None)


def test_without_apt_the_one_command_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(dev.Failure, match="apt-get install -y chromium"):
        devsetup.apt_install("chromium", "The browser tests need Chromium.")


def test_a_checkout_without_the_web_ui_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devsetup, "ROOT", tmp_path)
    with pytest.raises(dev.Failure, match="no web UI"):
        devsetup.build_ui()


@pytest.mark.parametrize("arguments", [["nonsense"], ["sync", "nonsense"]])
def test_wrong_use_fails_without_a_traceback(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "dev.py"), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"dev.py {arguments[0]}: ")
    assert "Traceback" not in done.stderr


def test_an_older_python_can_read_it() -> None:
    """So that the message about the version is what a user of one sees."""
    import ast

    for name in ("dev.py", "devsetup.py"):
        ast.parse((ROOT / name).read_text(), feature_version=(3, 8))
