#!/usr/bin/env python3
"""Sets up, runs and tests Proofroom from a checkout. Needs Python 3.11 or later and nothing else.

    python3 dev.py run [ARGS]     set up what is missing, then `proofroom up ARGS`; with ANTHROPIC_API_KEY also Claude
    python3 dev.py test [ARGS]    set up, then every check and test; with ARGS only pytest ARGS
    python3 dev.py check          format, lint, types, import contracts
    python3 dev.py bench [ARGS]   the benchmarks, in one table and a JSON file; --help says which there are
    python3 dev.py faults [SEED] [--kills 500] [--sessions 2000]
                                  kills and other faults over many sessions, then the fault tests; prints its seed
    python3 dev.py screenshots [--all]
                                  the pictures of the documentation again; --all: every page into out/screenshots
    python3 dev.py sync [runtime] only set up
    python3 dev.py lock           choose versions again and write requirements/*.lock

Packages come from hashed lock files into .venv; Node comes with them. What is up to date is left alone:
stamps with hashes of the inputs lie in .venv and .cache, so a warm start does not even start a process.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from devsetup import (
    BIN,
    ROOT,
    Failure,
    apt_install,
    call,
    find_node,
    install_ui,
    lock,
    say,
    sync,
    sync_peers,
    venv_packages,
)

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROME_ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# Files stay together and are begun in the order of tests/conftest.py.
PROCESSORS = max(2, os.cpu_count() or 2)
BY_FILE = ("--dist=loadfile", "--no-loadscope-reorder")
# What is about the rules. What these do not cover counts as not covered; to measure other tests, which use the rules
# in passing, would take longer than the tests themselves. They compute and never wait.
RULES = (
    *("tests/unit/domain", "tests/unit/evidence", "tests/unit/substrate/test_envelope.py"),
    *("tests/unit/test_compute.py", "tests/unit/test_document.py", "tests/unit/test_redaction.py"),
    *("tests/unit/test_addresses.py", "tests/unit/exports"),
)
RULES_SUITE = [
    *(*RULES, f"--numprocesses={PROCESSORS}", *BY_FILE),
    *("--cov=proofroom.domain", "--cov-branch", "--cov-report=term", "--cov-fail-under=100"),
]
# What starts programs and waits for them leaves the processors idle now and then, so there are more processes than
# processors, each with a database server of its own where it needs one; the other units are done in between.
SYSTEM_SUITE = [
    *("tests/unit", "tests/stateful", "tests/integration", "tests/contract"),
    *(f"--ignore={path}" for path in RULES),
    *(f"--numprocesses={PROCESSORS + 3}", *BY_FILE, "--durations=25", "--durations-min=5"),
]
# These come by themselves: Playwright keeps an event loop running, in which no other could start. Pages wait for what
# is held for seconds, so here, too, there are more processes than processors.
BROWSER_SUITE = ["tests/browser", f"--numprocesses={PROCESSORS + 2}", *BY_FILE]
# What proves at length what a lighter version proves in the test run.
FAULT_TESTS = (
    "tests/faults", "tests/integration/test_tampering.py", "tests/integration/test_random_lives.py", "tests/stateful",
    "tests/unit/test_revisions.py", "tests/unit/evidence/test_corrections.py",
)  # fmt: skip
# The mark in the environment by which processes that a test run left behind are recognized.
RUN_MARK = "DEV_TEST_RUN"
LEFTOVER_SECONDS = 10.0


def clean_env(temp: Path | None = None) -> dict[str, str]:
    """The caller's environment without what could change a test: databases, settings, keys, Python and pytest
    options.
    """
    unwanted = (
        "PROOFROOM_",
        "PG",
        "ANTHROPIC_",
        "CLAUDE_",
        "OPENAI_",
        "GEMINI_",
        "PYTEST_",
        "COVERAGE_",
        "COV_",
    )
    # Without compiled files each of the hundreds of programs that the tests start compiles all libraries again.
    python = {"PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"}
    single = {"DATABASE_URL", "VIRTUAL_ENV", "GOOGLE_API_KEY", *python}
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in single and not name.startswith(unwanted)
    }
    env["PATH"] = f"{BIN}{os.pathsep}{env.get('PATH', os.defpath)}"
    if temp is not None:
        env["TMPDIR"] = str(temp)
        env[RUN_MARK] = temp.name
    return env


def stage(name: str, step: Callable[[], None]) -> None:
    """Run one stage and print its duration in one line, which stays whole when stages run beside each other."""
    began = time.monotonic()
    word = "FAILED"
    try:
        step()
        word = "ok"
    finally:
        print(f"{word:<7} {name:<28} {time.monotonic() - began:6.1f} s\n", end="", flush=True)


def tool(name: str, *command: str | Path, cwd: Path = ROOT, advice: str = "") -> None:
    stage(name, lambda: call(command, name, env=clean_env(), cwd=cwd, advice=advice))


def side_by_side(*lanes: Callable[[], None]) -> None:
    """Run lanes of stages beside each other, each to its end or its first failure; then raise what failed."""
    with ThreadPoolExecutor(len(lanes)) as pool:
        running = [pool.submit(lane) for lane in lanes]
    found = [problem for lane in running if (problem := lane.exception()) is not None]
    for problem in found:
        if not isinstance(problem, Failure):
            raise problem
    if found:
        raise Failure("\n".join(str(problem) for problem in found))


def static_checks(*, ui_tests: bool = False) -> None:
    """Format, lint, types and what the UI can be asked without a server. The types of Python take about as long as
    all the rest, in one process, so they have a lane of their own.
    """
    node = find_node(venv_packages())

    def everything_else() -> None:
        tool("format", BIN / "ruff", "format", "--check", ".", advice="Mend it with: .venv/bin/ruff format .")
        tool("lint", BIN / "ruff", "check", ".", advice="Some are mended by: .venv/bin/ruff check --fix .")
        stage("web UI packages", lambda: install_ui(node))
        tool("web UI types", node.program, "node_modules/typescript/bin/tsc", "--noEmit", cwd=ROOT / "ui")
        if ui_tests:
            tool("web UI tests", node.program, "node_modules/vitest/vitest.mjs", "run", cwd=ROOT / "ui")

    def types() -> None:
        tool("types", BIN / "basedpyright")
        if ui_tests:
            # Each process of a suite loads all tests and what they import. In a new environment each would compile it
            # all, at the same moment; so it is done once before, beside what needs one processor only.
            tool("loading the tests", BIN / "python", "-m", "pytest", "--collect-only", "-qqq", "tests")

    side_by_side(types, everything_else)


def check() -> None:
    sync("dev")
    static_checks()
    contracts = "tests/unit/test_import_contracts.py"
    tool("import contracts", BIN / "python", "-m", "pytest", "-q", contracts)


def test(arguments: Sequence[str]) -> None:
    """Everything, cheap stages first. pytest comes last and its summary closes the output."""
    stage("set up", lambda: sync("dev"))
    if not arguments:
        static_checks(ui_tests=True)
    ensure_browser()
    for part in [arguments] if arguments else [RULES_SUITE, SYSTEM_SUITE, BROWSER_SUITE]:
        pytest(part)


def ensure_browser() -> None:
    """The browser tests need Chromium or Chrome."""
    if any(shutil.which(name) for name in CHROMIUM) or CHROME_ON_MACOS.exists():
        return
    if sys.platform == "darwin":
        raise Failure("The browser tests need Chrome: install Google Chrome.")
    apt_install("chromium", "The browser tests need Chromium.")


def pytest(arguments: Sequence[str], **environment: str) -> None:
    """Run pytest in a temporary directory of its own; fail if it fails or leaves a process behind."""
    say("pytest")
    temp = Path(tempfile.mkdtemp(prefix="pr-"))
    try:
        done = subprocess.run(
            [BIN / "python", "-m", "pytest", *arguments],
            cwd=ROOT,
            env={**clean_env(temp), **environment},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        left = leftovers(temp, patience=LEFTOVER_SECONDS)
        for pid, command in left.items():
            print(f"left behind: process {pid}: {command[:200]}", flush=True)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if left:
            leftovers(temp, patience=LEFTOVER_SECONDS)
            raise Failure(
                "The tests left processes behind (listed above, now killed). A test must stop what it starts."
            )
        if done.returncode != 0:
            raise Failure(f"pytest failed (exit {done.returncode}).")
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def leftovers(temp: Path, *, patience: float) -> dict[int, str]:
    """Processes of a test run that are still there after `patience` seconds: process id and command line.

    They are known by the mark in their environment, or by `temp` in their command line (the database server,
    which starts with a clean environment).
    """
    deadline = time.monotonic() + patience
    while True:
        found = dict(_processes_of(temp))
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def _processes_of(temp: Path) -> Iterable[tuple[int, str]]:
    mark, place = f"{RUN_MARK}={temp.name}".encode(), os.fsencode(temp)
    proc = Path("/proc")
    if not (proc / "self" / "cmdline").exists():
        listed = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, check=False).stdout
        rows = (line.strip().partition(b" ") for line in listed.splitlines())
        yield from (
            (int(pid), command.decode(errors="replace")) for pid, _, command in rows if place in command
        )
        return
    for entry in proc.iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            if not command:  # a kernel thread or a zombie
                continue
            if place in command or mark in _read(entry / "environ").split(b"\0"):
                yield int(entry.name), command.replace(b"\0", b" ").decode(errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError):
            continue


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except PermissionError:
        return b""


def faults(arguments: Sequence[str]) -> None:
    """Kills over many sessions with one worker and with two (or as `--workers` says), then the fault tests, every
    change behind a signature's back and many lives drawn at random; all of it, whatever broke before.
    """
    sync("dev")
    given = list(arguments)
    if "-h" in given or "--help" in given:
        replace_process(BIN / "python", "-m", "tests.faults.harness.run", "--help")
    seed = given.pop(0) if given and given[0].isdecimal() else str(random.SystemRandom().randrange(2**32))
    again = " ".join(["python3 dev.py faults", seed, *given])
    say(f"faults with seed {seed}; the same again: {again}")
    harness = [BIN / "python", "-m", "tests.faults.harness.run", seed, *given]
    runs: list[list[str]] = [[]] if "--workers" in given else [["--workers", "1"], ["--workers", "2"]]
    broken = [
        " ".join(["the run", *workers])
        for workers in runs
        if subprocess.run([*harness, *workers], cwd=ROOT, env=clean_env(), check=False).returncode
    ]
    at_length = {
        "PROOFROOM_FAULT_SEED": seed, "PROOFROOM_TAMPER_ALL": "1",
        "PROOFROOM_LIVES_SEED": seed, "PROOFROOM_LIVES": "100",
    }  # fmt: skip
    for tests in FAULT_TESTS:
        try:
            pytest([tests], **at_length)
        except Failure as failure:
            broken.append(f"{tests}: {failure}")
    if broken:
        raise Failure(f"{'; '.join(broken)}: something did not hold (see above). The same again: {again}")


def replace_process(program: Path, *arguments: str) -> None:
    """Become another program: signals and the exit code are then its own."""
    sys.stdout.flush()
    os.execv(program, [str(program), *arguments])


def bench(arguments: Sequence[str]) -> None:
    sync("dev")
    sync_peers()
    replace_process(BIN / "python", str(ROOT / "bench" / "run.py"), *arguments)


def screenshots(arguments: Sequence[str]) -> None:
    unknown = [given for given in arguments if given != "--all"]
    if unknown:
        raise Failure(f"Screenshots know --all, not {unknown[0]}.")
    sync("dev")
    ensure_browser()
    pytest(["tests/browser/pictures.py"], PROOFROOM_PICTURES="all" if arguments else "")


def run(arguments: Sequence[str]) -> None:
    # With a key Claude does the work, which needs its extra: 160 MB that nobody else has to download.
    sync("extra-claude" if os.environ.get("ANTHROPIC_API_KEY") else "runtime")
    replace_process(BIN / "proofroom", "up", *arguments)


COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {
    "run": run,
    "test": test,
    "check": lambda _: check(),
    "bench": bench,
    "faults": faults,
    "screenshots": screenshots,
    "sync": lambda arguments: sync(arguments[0] if arguments else "dev"),
    "lock": lambda _: lock(),
    "help": lambda _: print(__doc__),
}


def main(arguments: Sequence[str]) -> int:
    name = arguments[0] if arguments else "help"
    try:
        # This line is reached on an older Python, too: nothing above needs a newer one to be read.
        if sys.version_info < (3, 11):  # noqa: UP036
            raise Failure(
                f"Python 3.11 or later is needed; this is {sys.version.split()[0]} ({sys.executable})."
            )
        if sys.platform == "win32":
            raise Failure("Proofroom runs on Linux and macOS. On Windows, use it inside WSL 2.")
        if name in ("-h", "--help"):
            name = "help"
        if name not in COMMANDS:
            raise Failure(f"There is no such command. There are: {', '.join(COMMANDS)}.")
        COMMANDS[name](arguments[1:])
    except Failure as failure:
        print(f"dev.py {name}: {failure}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
