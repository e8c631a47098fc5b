"""The parser process: limits, crashes and hangs cost one file and nothing else."""

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from proofroom.domain.errors import ProofroomError, TooLarge, UnsupportedMedia
from proofroom.substrate import isolation
from proofroom.substrate.capture import parse
from proofroom.substrate.extracted import Limits
from proofroom.substrate.isolation import COMMAND, ParserPool, parse_isolated

PAGE = "# Größe 🌍\n\nThe factor is 4.45.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n".encode()


@pytest.fixture
def pool() -> Iterator[ParserPool]:
    pool = ParserPool(1)
    yield pool
    pool.close()


def reading(code: str, *, setup: str = "") -> tuple[str, ...]:
    """A parser process whose `parse` is `code` (a function body with data, name and limits at hand)."""
    program = (
        "import os, signal, json\nimport proofroom.substrate.capture as capture\n"
        "import proofroom.substrate.worker as worker\nfrom proofroom.substrate.extracted import Extracted\n"
        f"def parse(data, name, kind, limits, report):\n{textwrap.indent(code, '    ')}\n"
        f"capture.parse = parse\n{setup}worker.main()\n"
    )
    return (sys.executable, "-c", program)


def outcome(command: tuple[str, ...], limits: Limits) -> tuple[str, list[int]]:
    """(the error's code, processes that are left)"""
    pool = ParserPool(1, command)
    try:
        with pytest.raises(ProofroomError) as caught:
            pool.parse(b"Any file.", "a.txt", None, limits)
        assert caught.value.hint
        return caught.value.code, pool.pids()
    finally:
        pool.close()


def test_the_answer_is_that_of_parse(pool: ParserPool) -> None:
    assert pool.parse(PAGE, "a.md", None, Limits()) == parse(PAGE, "a.md")


def test_reports_come_before_the_answer_and_not_too_many_of_them() -> None:
    body = (
        "for n in range(1, 10_001):\n    report(n, 10_000, 'pages')\n"
        "worker.time.sleep(2 * worker.REPORT_SECONDS)\nreport(10_000, 10_000, 'pages')\n"
        "return Extracted('x', 'text/plain', 'test')"
    )
    heard: list[tuple[int, int, str]] = []
    pool = ParserPool(1, reading(body))
    try:
        extracted = pool.parse(b"a", None, None, Limits(), lambda *said: heard.append(said))
    finally:
        pool.close()
    assert extracted.text == "x"
    assert heard[-1] == (10_000, 10_000, "pages")
    assert len(heard) < 1_000


def test_a_refusal_keeps_its_family_and_code(pool: ParserPool) -> None:
    with pytest.raises(UnsupportedMedia) as picture:
        pool.parse(b"\x89PNG\r\n\x1a\n" + bytes(90), "a.png", None, Limits())
    with pytest.raises(TooLarge) as large:
        pool.parse(b"Words.", "a.txt", None, Limits(text_chars=2))
    assert (picture.value.code, large.value.code) == ("unsupported_type", "text_too_large")


def test_a_warm_process_is_used_again_and_a_dead_one_replaced(pool: ParserPool) -> None:
    pool.parse(PAGE, "a.md", None, Limits())
    (first,) = pool.pids()
    pool.parse(PAGE, "a.md", None, Limits())
    assert pool.pids() == [first]
    death = os.pidfd_open(first)
    os.kill(first, signal.SIGKILL)
    assert select.select([death], [], [], 20)[0]
    os.close(death)
    assert pool.parse(PAGE, "a.md", None, Limits()).blocks
    assert pool.pids() != [first]


def test_a_warm_process_that_goes_home_as_it_is_asked_is_not_a_crash() -> None:
    """It answers one file and ends, in order, on the next: a fresh process reads that one."""
    body = "count.append(1)\nif len(count) > 1:\n    os._exit(0)\nreturn Extracted('x', 'text/plain', 'test')"
    pool = ParserPool(1, reading(body, setup="count = []\n"))
    try:
        assert [pool.parse(b"a", None, None, Limits()).text for _ in range(3)] == ["x", "x", "x"]
    finally:
        pool.close()


def test_a_process_that_is_killed_from_outside_does_not_cost_its_file(tmp_path: Path) -> None:
    """As by an administrator, or by a machine without memory: the file is read once more, and only once."""
    body = (
        "if os.path.exists(name):\n    os.remove(name)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "return Extracted('x', 'text/plain', 'test')"
    )
    flag = tmp_path / "flag"
    pool = ParserPool(1, reading(body))
    try:
        flag.touch()
        assert pool.parse(b"a", str(flag), None, Limits()).text == "x"
        assert not flag.exists()
    finally:
        pool.close()
    code, left = outcome(reading("os.kill(os.getpid(), signal.SIGKILL)"), Limits())
    assert (code, left) == ("parse_crashed", [])


def test_a_program_that_ends_does_not_wait_for_what_is_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = ParserPool(1, (sys.executable, "-c", "import signal; signal.pause()"))
    monkeypatch.setattr(isolation, "_pool", pool)
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(pool.parse, b"Any file.", "a.txt", None, Limits())
        while not pool.pids():
            assert not reading.done()
        isolation.end_parsers()
        assert isinstance(reading.exception(20), ProofroomError)
    assert pool.pids() == []


def test_a_hanging_process_is_stopped() -> None:
    code, left = outcome((sys.executable, "-c", "import signal; signal.pause()"), Limits(wall_seconds=1))
    assert (code, left) == ("parse_timeout", [])


def test_a_process_that_computes_for_ever_is_stopped() -> None:
    code, left = outcome(reading("while True: pass"), Limits(cpu_seconds=1, wall_seconds=120))
    assert (code, left) == ("parse_timeout", [])


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux only")
def test_a_process_that_takes_all_memory_is_refused() -> None:
    code, _ = outcome(reading("bytearray(1 << 40)"), Limits())
    assert code == "parse_too_large"


@pytest.mark.parametrize(
    "body", ["os.kill(os.getpid(), signal.SIGSEGV)", "os._exit(0)", "raise ValueError('a bug in a library')"]
)
def test_a_process_that_dies_is_a_crash_of_this_file_only(body: str) -> None:
    code, left = outcome(reading(body), Limits())
    assert (code, left) == ("parse_crashed", [])


def test_deep_recursion_is_refused() -> None:
    code, _ = outcome(reading("return parse(data, name, kind, limits, report)"), Limits())
    assert code == "parse_too_deep"


def test_what_a_library_prints_does_not_spoil_the_answer() -> None:
    pool = ParserPool(1, reading("print('noise', flush=True)\nreturn Extracted('x', 'text/plain', 'test')"))
    try:
        assert pool.parse(b"a", None, None, Limits()).text == "x"
    finally:
        pool.close()


def test_the_process_gets_no_secret_and_may_write_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-for-parsers")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@h/d")
    body = (
        "said = dict(os.environ)\n"
        f"try:\n    os.write(os.open({str(tmp_path / 'x')!r}, os.O_CREAT | os.O_WRONLY), b'x')\n"
        "except OSError as error:\n    said['write'] = type(error).__name__\n"
        "return Extracted(json.dumps(said), 'text/plain', 'test')"
    )
    pool = ParserPool(1, reading(body))
    try:
        seen = json.loads(pool.parse(b"a", None, None, Limits()).text)
    finally:
        pool.close()
    assert "ANTHROPIC_API_KEY" not in seen
    assert "DATABASE_URL" not in seen
    assert seen["write"] == "OSError"


def test_the_process_ends_with_the_program_even_when_that_is_killed() -> None:
    program = (
        "from proofroom.substrate.isolation import ParserPool\nfrom proofroom.substrate.extracted import Limits\n"
        "import signal\npool = ParserPool(1)\npool.parse(b'a', 'a.txt', None, Limits())\n"
        "print(pool.pids()[0], flush=True)\nsignal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        watched = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        assert select.select([watched], [], [], 20)[0]
        os.close(watched)


async def test_from_async_code() -> None:
    assert (await parse_isolated(PAGE, "a.md")).title == "Größe 🌍"
    assert COMMAND[-1] == "proofroom.substrate.worker"
