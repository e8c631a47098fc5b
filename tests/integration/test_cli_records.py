"""Sources, search, admin, export and verify on the command line; and hostile text on a terminal."""

import json
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli import Cli, running_database

HOSTILE = (
    "The lamp\x1b[31m is \u202ered\u202c and \x9b2Jbright. [bold red]Markup[/bold red] :smile: stays text.\n"
)


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    folder, data = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("data")
    cli = Cli(folder, data, {})
    cli.write("a.md", "# Lamps\n\nThe green lamp stands in the hall. It was bought in 1998.\n")
    cli.write("b.txt", HOSTILE)
    with running_database(data):
        yield cli


def test_sources_are_added_found_and_retracted(cli: Cli) -> None:
    added = cli.json("source", "add", "a.md", "b.txt", "--project", "Lamps")
    assert [s["status"] for s in added["items"]] == ["ready", "ready"]
    again = cli.json("source", "add", "a.md", "--project", "Lamps")
    assert [s["id"] for s in again["items"]] == [added["items"][0]["id"]]

    hits = cli.json("search", "green lamp", "--project", "Lamps")["items"]
    source = (cli.folder / "a.md").read_text()
    assert source[hits[0]["char_start"] : hits[0]["char_end"]] == hits[0]["text"]
    assert hits[0]["source_title"] == "Lamps"
    assert "line 3" in cli("search", "green lamp", "--project", "Lamps").out

    lost = cli("search", "lamp", "--project", "Nowhere")
    assert lost.code == 3
    assert "[project_not_found]" in lost.err
    retracted = cli.json("source", "retract", "Lamps", "--project", "Lamps", "--reason", "Sold.")
    assert retracted["dependents"] == {"envelopes": [], "sessions": [], "artifacts": [], "memory": []}
    assert "retracted" in cli("source", "list", "--project", "Lamps").out
    assert "1 passages" not in cli("source", "list", "--project", "Lamps").out
    assert cli.json("search", "green", "--project", "Lamps")["items"] == []
    twice = cli("source", "retract", added["items"][0]["id"][-12:], "--reason", "Sold.")
    assert twice.code == 4


def test_a_source_is_restored_and_deleted(cli: Cli) -> None:
    cli.write("c.md", "# Lenses\n\nThe amber lens was ground in Jena in 1877.\n")
    cli.json("source", "add", "c.md", "--project", "Lenses")
    named = ("Lenses", "--project", "Lenses")
    assert cli("source", "restore", *named, "--reason", "Why not.").code == 4
    cli.json("source", "retract", *named, "--reason", "A mistake.")
    assert cli.json("source", "restore", *named, "--reason", "It was.")["retracted_at"] is None
    unsure = cli("source", "delete", *named, "--reason", "She asked.")
    assert unsure.code == 4
    assert "Nothing was deleted." in unsure.err
    assert cli.json("search", "amber lens", "--project", "Lenses")["items"]
    done = cli.json("source", "delete", *named, "--reason", "She asked.", "--yes")
    assert (done["reason"], done["deleted"]["versions"]) == ("She asked.", 1)
    assert cli.json("search", "amber lens", "--project", "Lenses")["items"] == []


def test_hostile_text_stays_text(cli: Cli) -> None:
    name = "evil\x1b]0;owned\x07.txt"
    (cli.folder / name).write_text(HOSTILE + "once more")
    cli("source", "add", name, "--project", "Hostile")
    for arguments in (["search", "lamp", "-p", "Hostile"], ["source", "list", "-p", "Hostile"]):
        done = cli(*arguments)
        assert done.code == 0, done
        assert _controls(done.out + done.err) == set()
    shown = cli("search", "lamp", "-p", "Hostile").out
    assert "[bold red]Markup[/bold red] :smile:" in shown
    raw = cli("search", "lamp", "-p", "Hostile", "--json")
    assert _controls(raw.out) == set()
    assert raw.json["items"][0]["text"].startswith("The lamp\x1b[31m is \u202ered")


def _controls(text: str) -> set[str]:
    return {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs")}


def test_a_record_is_verified_offline(cli: Cli, tmp_path: Path) -> None:
    work = cli.json("work", "research", "Where is the green lamp?", "--from", "a.md", "--approve")
    assert work["status"] == "completed"
    file = tmp_path / "record.json"
    assert cli("export", "last", "--format", "record", "--out", str(file)).code == 0
    record = json.loads(file.read_text())
    head = record["head"]
    no_database = Cli(tmp_path, tmp_path / "none", {"DATABASE_URL": "postgresql://x@127.0.0.1:1/none"})
    intact = no_database.json("verify", str(file), "--head", head)
    assert (intact["intact"], intact["count"]) == (True, len(record["entries"]))
    assert no_database("verify", str(file), "--head", "0" * 64).code == 1

    written = file.read_bytes()
    count = len(record["entries"])
    for changed, said in (
        (written.replace(b'"completed",', b'"cancelled",', 1), "the header was changed: status"),
        (written.replace(b"Where is", b"Where was", 1), "the header was changed: title"),
        (written[:-200], "artifact 1"),
        (written[: len(written) // 2], "was changed, or what follows it is missing"),
        (written.replace(b"\n", b"\r\n"), "the header (line 1) is not written as it was"),
        (written + b"\n", "the seal, or what follows it, was changed"),
        (
            edited(record, lambda entries: entries[:-1]),
            f"{count - 1} entries are there, {count} were written",
        ),
        (edited(record, lambda entries: entries[1:]), "entry 1 is missing or out of order"),
        (edited(record, lambda entries: entries[::-1]), "entry 1 is missing or out of order"),
        (
            edited(record, lambda e: [*e[:2], e[2] | {"content": {"by": "somebody else"}}, *e[3:]]),
            "the content of entry 3 was changed",
        ),
    ):
        file.write_bytes(changed)
        broken = no_database("verify", str(file), "--json")
        assert broken.code == 1
        assert said in broken.json["why"]
        assert said in no_database("verify", str(file)).out
    file.write_text("[]")
    assert no_database("verify", str(file)).code == 2
    assert not (tmp_path / "none").exists()

    readable = cli("export", "last")
    assert "green lamp" in readable.out
    later = cli("export", "last", "--format", "pdf")
    assert later.code == 2
    assert "[format_not_available" in later.err


def edited(record: dict[str, Any], change: Callable[[list[Any]], list[Any]]) -> bytes:
    return json.dumps(record | {"entries": change(record["entries"])}).encode()


def test_workspaces_users_and_keys(cli: Cli) -> None:
    made = cli.json("admin", "workspace", "create", "Second", "--admin", "Ada")
    assert {w["name"] for w in cli.json("admin", "workspace", "list")["items"]} == {"My workspace", "Second"}
    whose = cli("admin", "api-key", "create", "laptop", "--workspace", made["id"])
    assert whose.code == 2
    assert "[user_required" in whose.err
    key = cli.json(
        "admin", "api-key", "create", "laptop", "--workspace", made["id"], "--user", made["admin_id"]
    )
    assert key["key"].startswith("pk_")
    listed = cli("admin", "api-key", "list", "--workspace", made["id"], "--json")
    assert key["key"] not in listed.out
    assert listed.json["items"][0]["user"] == "Ada"
    assert cli("admin", "api-key", "revoke", key["id"], "--workspace", made["id"]).code == 0
    assert cli("admin", "api-key", "revoke", key["id"], "--workspace", made["id"]).code == 4
    assert cli("admin", "user", "create", "Bob", "--role", "king").code == 2
    assert cli("admin", "user", "list", "--workspace", "nope").code == 3


def test_sessions_that_are_not_there(cli: Cli) -> None:
    for given, code, error in (
        ("abc", 2, "id_too_short"),
        ("ffffffffffff", 3, "session_not_found"),
        ("' OR 1=1 --", 3, "session_not_found"),
    ):
        done = cli("show", given, "--json")
        assert (done.code, done.json["error"]["code"]) == (code, error)
