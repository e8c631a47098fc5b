"""What the command line prints, and with which exit code it ends."""

import io
import json
import unicodedata
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.cli import common, doctor, gather, output, serve
from proofroom.cli.commands import app, run_app
from proofroom.domain.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    PreconditionRequired,
    ProofroomError,
    TooLarge,
    Unavailable,
    UnsupportedMedia,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("x", "x"), 2),
        (TooLarge("x", "x"), 2),
        (UnsupportedMedia("x", "x"), 2),
        (NotFound("x", "x"), 3),
        (Conflict("x", "x"), 4),
        (PreconditionRequired("x", "x"), 4),
        (NotAllowed("x", "x"), 5),
        (ProofroomError("not_authenticated", "x"), 5),
        (Unavailable("x", "x"), 1),
        (ProofroomError("x", "x"), 1),
    ],
)
def test_every_family_of_errors_has_its_exit_code(error: ProofroomError, code: int) -> None:
    assert output.exit_code(error) == code


@given(st.text())
def test_safe_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = output.safe(text)
    obeyed = {c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")}
    assert obeyed <= {"\n", "\u200c", "\u200d"}
    assert output.safe(shown) == shown


def test_safe_keeps_what_can_be_read() -> None:
    assert output.safe("Zürich – 4,45 ×\tπ \U0001f600\r\nnext") == "Zürich – 4,45 ×    π \U0001f600\nnext"
    assert output.safe("a\u202eb\x1b[2Jc\u2066d") == "ab[2Jcd"
    assert output.one_line("two\nlines and more", 9) == "two line…"


@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.dictionaries(st.text(), inner)))
def test_json_says_the_same_without_raw_control_characters(value: object) -> None:
    said = io.StringIO()
    with redirect_stdout(said):
        output.print_json(value)
    assert json.loads(said.getvalue()) == value
    assert not any(
        ord(c) < 32 or 127 <= ord(c) < 160 or 0x202A <= ord(c) <= 0x202E for c in said.getvalue() if c != "\n"
    )


def test_wrong_use_is_a_json_document_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["check", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "usage"
    assert run_app(["nonsense"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "[usage]" in said.err


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    from typer.main import get_command

    def walk(command: object, path: list[str]) -> list[list[str]]:
        below = getattr(command, "commands", None)
        if below is None:
            return [path]
        return [p for name, one in below.items() for p in walk(one, [*path, name])]

    commands = walk(get_command(app), [])
    assert len(commands) > 25
    for path in commands:
        assert run_app([*path, "--help"]) == 0
        said = capsys.readouterr().out
        assert "Example:" in said, path
        if path[0] != "help":
            assert "--json" in said, path


def test_folders_are_searched_for_what_can_be_read(tmp_path: Path) -> None:
    for name in ("a.md", "deep/a.md", "deep/b.CSV", ".hidden/c.md", ".d.md", "e.exe"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = gather.gather([str(tmp_path), str(tmp_path / "a.md"), "https://example.org/x"])
    names = [i.url or str(Path(i.name).relative_to(tmp_path)) for i in found.items]
    assert names == ["a.md", "deep/a.md", "deep/b.CSV", "https://example.org/x"]
    assert [i.title is not None for i in found.items] == [True, True, False, False]
    assert [Path(s).name for s in found.skipped] == ["e.exe"]


@pytest.mark.parametrize(
    ("name", "code"), [("nothing", "path_not_found"), ("empty", "no_files"), ("pipe", "not_a_file")]
)
def test_what_is_named_and_cannot_be_used(tmp_path: Path, name: str, code: str) -> None:
    import os

    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput) as raised:
        gather.gather([str(tmp_path / name)])
    assert raised.value.code == code
    assert raised.value.hint


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "MAX_FILES", 2)
    for n in range(3):
        (tmp_path / f"{n}.md").write_text("x")
    with pytest.raises(InvalidInput) as raised:
        gather.gather([str(tmp_path)])
    assert raised.value.code == "too_many_files"


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.0.4", False), ("example.org", False)],
)  # fmt: skip
def test_only_loopback_is_local(host: str, local: bool) -> None:
    assert serve.is_loopback(host) is local


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(InvalidInput) as raised:
        serve.bind("192.0.2.1", 0)
    assert raised.value.code == "address_unusable"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PROOFROOM_PORT", "99999"), ("DATABASE_URL", "mysql://x"), ("PROOFROOM_LOG_LEVEL", "loud")],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidInput) as raised:
        common.load_settings()
    assert (raised.value.code, raised.value.field) == ("settings_invalid", variable)
    assert value not in str(raised.value) or variable != "DATABASE_URL"


def test_passwords_are_masked_wherever_a_url_holds_them() -> None:
    shown = doctor.mask("database_url", "postgresql://u:secret@h:5/d?password=secret&host=/run")
    assert "secret" not in shown
    assert "u:•••@h:5/d" in shown
    assert doctor.mask("anthropic_api_key", "sk-secret") == "set, hidden"


def test_of_many_steps_each_tenth_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    def lines(total: int) -> list[str]:
        with output.make_out(False).progress("Comparing", total) as steps:
            for done in range(1, total + 1):
                steps.at(done, total, "claims compared")
        return capsys.readouterr().err.splitlines()

    assert len(lines(100)) == 100
    assert lines(2_000) == [f"  {n}/2000 claims compared" for n in (1, *range(200, 2_001, 200))]
