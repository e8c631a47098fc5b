"""The examples of the documentation, run as they stand, page by page, on one data folder.

```console test      lines with `$ ` are run; `# exit N` after a command names its exit code, 0 without it;
                     lines below must occur in its output in this order, `…` standing for anything
```python test       run as a program on the same data folder
```python http-test  the same, against a server of its own
```yaml FILE.yaml    written into the folder in which the page's examples run
```yaml definition   an agent definition that must be accepted
```yaml prices       a price table that must be accepted
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proofroom.agents.factory import parse_definition
from proofroom.agents.prices import parse_prices
from proofroom.db.embedded import EmbeddedPostgres

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(
    r"^```(console test|python test|python http-test|yaml \S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
PAGES = {p: BLOCK.findall(p.read_text("utf-8")) for p in sorted(DOCS.rglob("*.md"))}
HERE = Path(__file__).parent


class Runner:
    """One process that runs the examples, on a data folder of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._process = subprocess.Popen(
            [sys.executable, HERE / "one_process.py"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, place: Path, **task: Any) -> tuple[int, str]:
        """(exit code, what was said) of `argv` or of a `program`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"cwd": str(place), **task}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["code"], answer["said"]

    def stop(self) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """The database is up for the whole module, so that no command starts one."""
    folder = tmp_path_factory.mktemp("data")
    kept = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("PROOFROOM_")}
    server = EmbeddedPostgres.start(folder)
    try:
        runner = Runner(
            kept | {"PROOFROOM_DATA_DIR": str(folder), "PROOFROOM_EMBEDDER": "off", "COLUMNS": "400"}
        )
        try:
            yield runner
        finally:
            runner.stop()
    finally:
        server.stop()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that looks like a checkout."""
    for name in ("docs", "src"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.mark.parametrize(
    "page", [p for p, found in PAGES.items() if found], ids=lambda p: str(p.relative_to(DOCS))
)
def test_examples(page: Path, place: Path, runner: Runner) -> None:
    for kind, text in PAGES[page]:
        if kind == "console test":
            run_console(text, place, runner)
        elif kind == "python test":
            run_python(text, place, runner)
        elif kind == "python http-test":
            with_server(text, place, runner)
        elif kind == "yaml definition":
            assert parse_definition(text, name=page.name).name
        elif kind == "yaml prices":
            assert parse_prices(text, name=page.name).models
        else:
            (place / kind.removeprefix("yaml ")).write_text(text, "utf-8")


def run_console(text: str, place: Path, runner: Runner) -> None:
    for command, expected in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n?)*)", text, re.MULTILINE):
        line, _, wanted_code = command.partition("  # exit ")
        words = shlex.split(line)
        assert words[0] == "proofroom"
        code, said = runner.run(place, argv=words[1:])
        assert code == int(wanted_code or 0), f"$ {command}\n{said}"
        for wanted in (one for one in expected.splitlines() if one.strip()):
            pattern = ".*".join(re.escape(part.strip()) for part in wanted.split("…"))
            assert re.search(pattern, said), f"$ {command}\nlacks: {wanted}\n{said}"


def run_python(text: str, place: Path, runner: Runner) -> None:
    code, said = runner.run(place, program=text)
    assert code == 0, said


def with_server(text: str, place: Path, runner: Runner) -> None:
    command = [sys.executable, "-c", "from proofroom.cli import main; main()", "up"]
    up = subprocess.Popen(
        [*command, "--no-sample", "--no-open", "--port", "0", "--json"],
        cwd=place, env=runner.environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with up:
        try:
            assert up.stdout is not None
            lines: list[str] = []
            while not lines or lines[-1] not in ("}\n", ""):
                lines.append(up.stdout.readline())
            assert "http://127.0.0.1:8787" in text
            run_python(
                text.replace("http://127.0.0.1:8787", json.loads("".join(lines))["url"]), place, runner
            )
        finally:
            up.terminate()
