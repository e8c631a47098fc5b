"""The main job on the command line: work, review, decisions, deliveries, and being stopped in the middle of it."""

import csv
import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pptx import Presentation

from proofroom.testing.model_server import ModelServer
from tests.integration.cli import Cli, Done, running_database

SIGNING = """# Signatures

A checkpoint holds a packet: artifact versions with digests, claim verdicts and the effects of an approval.
The packet digest is the SHA-256 of the packet's canonical JSON. Every decision names the digest it was made on.

## Exactly what was seen

When a reviewer signs, the signature names the packet digest. If anything in the packet changed since the
reviewer saw it, the digest differs and the decision is refused as stale.
"""
FIGURES = "year,source,gwh\n2021,wind,100.5\n2021,solar,50.25\n2022,wind,120.5\n2022,solar,75.75\n"
TASK = "How does a signature cover exactly what the reviewer saw?"
WRONG = """
label: a script of the tests
steps:
  - plan: [{title: Look}]
  - artifact:
      slot: note
      type: generic_output
      title: A note
      markdown: |
        The packet digest is the SHA-512 of the canonical JSON. [[{{ b:packet digest is }}|is the SHA-512]]
  - finish: {summary: Done}
"""


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    folder, data = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("data")
    cli = Cli(folder, data, {"PROOFROOM_LEASE_SECONDS": "2"})
    cli.write("docs/signing.md", SIGNING)
    cli.write("docs/notes/more.txt", "A second text that speaks of signatures: a reviewer signs once.\n")
    cli.write("figures.csv", FIGURES)
    with running_database(data):
        yield cli


def ready(done: Done) -> Done:
    assert done.code == 0, done
    return done


def test_research_stops_at_its_checkpoint_and_a_signature_delivers_it(cli: Cli) -> None:
    done = ready(cli("work", "research", TASK, "--from", "docs/", "--out", "out/", "--json"))
    found = done.json
    assert found["status"] == "pending_review"
    assert not (cli.folder / "out").exists()
    texts = {
        s["id"]: (cli.folder / "docs").rglob(s["filename"]).__next__().read_text() for s in found["sources"]
    }
    anchors = [a for art in found["artifacts"] for c in art["claims"] for a in c["anchors"]]
    assert anchors
    for anchor in anchors:
        assert texts[anchor["source_id"]][anchor["char_start"] : anchor["char_end"]] == anchor["quote"]
    session = found["session_id"]

    shown = ready(cli("review", session[-12:]))
    assert found["checkpoint"]["packet_digest"] in shown.out
    assert "passed automatic checks" in shown.out
    assert "Meaning is not compared" in shown.out
    assert session in {i["session_id"] for i in cli.json("review")["items"]}

    signed = ready(cli("approve", session))
    assert "Completed." in signed.out
    written = sorted((cli.folder / "out").iterdir())
    assert [p.suffix for p in written] == [".md", ".json"]
    assert anchors[0]["quote"] in written[0].read_text()
    assert str(written[0]) in signed.out
    record = json.loads(written[1].read_text())
    assert record["packet_digest"] == found["checkpoint"]["packet_digest"]
    assert record["decision"]["packet_shown"] is True

    again = cli("approve", session)
    assert again.code == 4
    assert "[nothing_waits]" in again.err
    assert cli.json("show", "last")["session"]["status"] == "completed"


def test_a_report_signed_unseen_says_so_and_its_figures_are_those_of_the_table(cli: Cli) -> None:
    found = cli.json(
        "work",
        "reporting",
        "How did generation change?",
        "--from",
        "figures.csv",
        "--out",
        "report",
        "--approve",
    )
    assert found["status"] == "completed"
    assert [d["status"] for d in found["deliveries"]] == ["delivered"]
    gates = cli.json("show", found["session_id"])["checkpoints"]
    assert [g["decision"]["packet_shown"] for g in gates] == [False]
    tables = [b for b in found["artifacts"][0]["document"]["blocks"] if b["type"] == "table"]
    cells = {str(c) for t in tables for row in t["rows"] for c in row if c is not None}
    rows = list(csv.DictReader(FIGURES.splitlines()))
    for year in ("2021", "2022"):
        total = sum(Decimal(r["gwh"]) for r in rows if r["year"] == year)
        assert str(total) in cells


def test_approve_never_signs_over_a_flag_by_itself(cli: Cli) -> None:
    script = cli.write("wrong.yaml", WRONG)
    work = ["work", "research", TASK, "--from", "docs/", "--runtime", f"scripted:{script.name}"]
    stopped = cli(*work, "--approve", "--json")
    assert stopped.code == 4
    error = stopped.json["error"]
    assert error["code"] == "needs_a_person"
    assert error["status"] == "pending_review"
    session, flagged = error["session_id"], error["claims"]
    assert flagged

    refused = cli("approve", session)
    assert refused.code == 2
    assert "[unacknowledged_claims" in refused.err
    nowhere = cli("approve", session, "--ack", "99=why not")
    assert nowhere.code == 2
    assert "[unknown_claim" in nowhere.err
    stale = cli("approve", session, "--digest", "0" * 64, *_acks(flagged))
    assert stale.code == 4
    assert "[stale_packet]" in stale.err
    assert cli.json("show", session)["session"]["status"] == "pending_review"

    signed = cli.json("approve", session, *_acks(flagged), "--feedback", "fine")
    assert signed["status"] == "completed"
    decision = signed["checkpoint"]["decision"]
    assert [(a["claim_id"], a["reason"], a["kind"]) for a in decision["acknowledged"]] == [
        (c["claim_id"], "known", "accepted") for c in flagged
    ]
    assert decision["feedback"] == "fine"


def _acks(flagged: list[dict[str, Any]]) -> list[str]:
    return [part for c in flagged for part in ("--ack", f"{c['n']}=known")]


def test_changes_questions_rejection_and_forks(cli: Cli) -> None:
    script = cli.write(
        "asking.yaml",
        """
label: a script of the tests
iterations:
  1:
    - plan: [{title: Look}]
    - ask:
        question: "Which one?"
        schema: {type: object, required: [which], properties: {which: {type: string, title: Which}}}
        save: choice
    - artifact:
        {slot: note, type: generic_output, title: A note, markdown: "> [!opinion]\\n> You chose {{ answer.which }}."}
    - finish: {summary: Done}
  2:
    - artifact: {slot: note, type: generic_output, title: A note, markdown: "> [!opinion]\\n> Changed."}
    - finish: {summary: Done}
""",
    )
    found = cli.json(
        "work", "research", TASK, "--from", "docs/", "--runtime", f"scripted:{script}", "--approve", code=4
    )
    assert found["error"]["code"] == "needs_a_person"
    session = found["error"]["session_id"]
    assert "Which one?" in cli("review", session).out
    missing = cli("approve", session)
    assert missing.code == 2
    assert "[answers_invalid" in missing.err
    at_final = cli.json("approve", session, "--answer", "which=the second")
    assert at_final["status"] == "pending_review"
    assert "You chose the second." in cli("show", session).out

    changed = cli.json("request-changes", session, "Say it differently.")
    assert changed["status"] == "pending_review"
    assert changed["session"]["iteration"] == 2
    assert "Changed." in cli("show", session).out

    rejected = cli("reject", session, "--reason", "Not what was asked.")
    assert rejected.code == 0
    assert "[rejected]" in rejected.out
    forever = cli("retry", session)
    assert forever.code == 4
    assert "[not_retryable]" in forever.err
    forked = cli.json("fork", session, "--task", "Another one", "--runtime", "extractive")
    assert forked["status"] == "initialized"
    cancelled = cli.json("cancel", forked["session_id"])
    assert cancelled["status"] == "cancelled"
    twice = cli("cancel", forked["session_id"])
    assert twice.code == 4
    assert "[wrong_status]" in twice.err


def test_killed_in_the_middle_and_run_again(cli: Cli, tmp_path: Path) -> None:
    """Killed for good between two artifacts: `retry` goes on, and nothing is there twice."""
    go = tmp_path / "go"
    session = _start_and_stop(cli, tmp_path, go, signal.SIGKILL, -signal.SIGKILL)
    go.touch()
    again = cli.json("retry", session)
    assert again["status"] == "pending_review"
    shown = cli.json("show", session)
    assert [(a["slot"], a["version"]) for a in shown["artifacts"]] == [("one", 1), ("two", 1)]
    assert shown["session"]["leg"] == 2
    assert cli.json("approve", session)["status"] == "completed"


def test_ctrl_c_gives_the_session_back(cli: Cli, tmp_path: Path) -> None:
    go = tmp_path / "go"
    session = _start_and_stop(cli, tmp_path, go, signal.SIGINT, 128 + signal.SIGINT)
    go.touch()
    assert cli.json("retry", session)["status"] == "pending_review"


def _start_and_stop(cli: Cli, tmp_path: Path, go: Path, number: signal.Signals, expected: int) -> str:
    script = tmp_path / "slow.yaml"
    script.write_text(f"""
label: a script of the tests
steps:
  - artifact: {{slot: one, type: generic_output, title: The first, markdown: "> [!opinion]\\n> One."}}
  - wait_for_file: "{go}"
  - artifact: {{slot: two, type: generic_output, title: The second, markdown: "> [!opinion]\\n> Two."}}
  - finish: {{summary: Done}}
""")
    process = cli.start("work", "research", TASK, "--from", "docs/", "--runtime", f"scripted:{script}")
    assert process.stderr is not None
    session, said = "", []
    for line in process.stderr:
        said.append(line)
        if line.startswith("Session "):
            session = line.split()[1]
        if "The first" in line:
            break
    assert session, said
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == expected, (said, err)
    assert "Traceback" not in err
    return session


WRONG_REQUESTS = [
    ([TASK], 2, "sources_missing"),
    ([TASK, "--from", "nowhere.md"], 2, "path_not_found"),
    ([TASK, "--from", "docs", "--strategy", "never"], 2, "unknown_strategy"),
    ([TASK, "--from", "docs", "--set", "depth=bottomless"], 2, "config_invalid"),
    ([TASK, "--from", "docs", "--budget-usd", "0"], 2, "budget_invalid"),
    ([TASK, "--from", "docs", "--runtime", "scripted:none.yaml"], 2, "script_not_found"),
    ([TASK, "--from", "docs", "--out", "figures.csv"], 2, "out_not_a_folder"),
    ([TASK, "--from", "http://127.0.0.1/x"], 2, "no_source_ready"),
]


def test_wrong_requests_say_what_is_wrong_and_leave_nothing_open(cli: Cli) -> None:
    for arguments, code, error in WRONG_REQUESTS:
        done = cli("work", "research", *arguments, "--json")
        assert (done.code, done.json["error"]["code"]) == (code, error), arguments
        assert done.json["error"]["hint"]
    assert cli.json("sessions", "--status", "initialized", "--status", "queued")["items"] == []


def test_a_key_that_is_refused_is_said_before_anything_is_read_or_filed(cli: Cli) -> None:
    there = len(cli.json("sessions")["items"])
    with ModelServer() as server:
        keys = {"ANTHROPIC_API_KEY": "a-key-that-is-wrong", "ANTHROPIC_BASE_URL": server.url}
        wrong = replace(cli, settings=cli.settings | keys)
        done = wrong("work", "research", TASK, "--from", "docs")
    assert done.code == 1
    assert "The key is refused" in done.err
    assert "Reading" not in done.out + done.err
    assert len(cli.json("sessions")["items"]) == there


def test_a_source_that_cannot_be_read_is_said_and_the_others_are_used(cli: Cli) -> None:
    (cli.folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    done = cli("work", "research", TASK, "--from", "docs/", "--from", "broken.pdf", "--json")
    assert done.code == 0
    assert "Not used: broken.pdf" in done.err
    assert [p["name"] for p in done.json["source_problems"]] == ["broken.pdf"]
    assert done.json["status"] == "pending_review"


def test_a_file_that_is_there_twice_is_named_and_slides_are_no_pages(cli: Cli) -> None:
    strategy = Presentation()
    slide: Any = strategy.slides.add_slide(strategy.slide_layouts[1])
    slide.shapes.title.text = "Harbour strategy"
    slide.placeholders[1].text = "Eelgrass covers 42 hectares."
    folder = cli.folder / "harbour"
    folder.mkdir()
    strategy.save(str(folder / "strategy.pptx"))
    (folder / "copy.pptx").write_bytes((folder / "strategy.pptx").read_bytes())
    (folder / "photo.png").write_bytes(b"\x89PNG")
    done = ready(cli("source", "add", "harbour/", "--project", "Harbour"))
    assert "harbour/strategy.pptx: the same bytes as harbour/copy.pptx, so one source" in done.out
    assert "Left out (of a kind that is not read): photo.png." in done.err
    assert "1 slide" in cli("source", "list", "--project", "Harbour").out
    assert "slide 1, characters" in cli("search", "eelgrass", "--project", "Harbour").out


def test_search_by_meaning_is_completed_and_told(cli: Cli) -> None:
    on = Cli(cli.folder, cli.data, cli.settings | {"PROOFROOM_EMBEDDER": "minilm"})
    cli.write("pets.txt", "The kitten naps on the sofa.\n")
    ready(on("source", "add", "pets.txt", "figures.csv", "--project", "Meaning"))
    found = on.json("search", "a sleeping cat", "--project", "Meaning")
    assert found["items"] == []
    assert (found["index"]["state"], found["index"]["mode"]) == ("building", "text")
    assert "0 of" in on("search", "kitten", "--project", "Meaning").out
    index = on.json("index", "--project", "Meaning", "--rebuild", "--wait")
    assert index["state"] == "complete"
    assert index["embedded"] == index["blocks"] > 0
    (item, *_) = on.json("search", "a sleeping cat", "--project", "Meaning")["items"]
    assert (item["source_title"], item["matched"]) == ("pets.txt", ["meaning"])
    only = on.json(
        "search", "a sleeping cat", "--project", "Meaning", "--type", "csv", "--source", "figures.csv"
    )
    assert "pets.txt" not in {i["source_title"] for i in only["items"]}
    assert (
        on.json("search", "x", "--project", "Meaning", "--mode", "magic", code=2)["error"]["code"]
        == "filter_invalid"
    )
    off = cli("index", "--project", "Meaning").out
    assert "Search by meaning is switched off" in off
    assert cli.json("index", "--project", "Meaning", "--rebuild", code=1)["error"]["code"] == "no_embedder"
    checks = {c["part"]: c for c in on.json("doctor")["checks"]}
    assert checks["embedder"]["state"] == "ok"


def test_an_agent_of_ones_own_is_told_how_to_drive_it(cli: Cli) -> None:
    filed = cli.json("work", "research", TASK, "--from", "docs/", "--runtime", "external")
    assert (filed["status"], filed["checkpoint"]) == ("initialized", None)
    done = cli("work", "research", TASK, "--from", "docs/", "--runtime", "external", "--approve")
    assert done.code == 0
    assert "your own agent" in done.out
    for said in ("proofroom up", "/execute", "/decisions?wait=60", "/agent-turn", "/agent-events"):
        assert said in done.out
    shown = cli("show", filed["session_id"])
    assert shown.code == 0
    key = cli.json("admin", "api-key", "create", "robot", "--scope", "agent")
    assert key["scope"] == "agent"
    assert [k["scope"] for k in cli.json("admin", "api-key", "list")["items"]] == ["agent"]
    assert "robot (agent)" in cli("admin", "api-key", "list").out
    assert cli("admin", "api-key", "create", "robot", "--scope", "god").code == 2


def test_what_was_not_delivered_is_listed_and_sent_again(cli: Cli) -> None:
    filed = cli.json("work", "research", TASK, "--from", "docs/", "--out", "blocked/press")
    (cli.folder / "blocked").write_text("in the way")
    refused = cli("work", "research", TASK, "--from", "docs/", "--out", "blocked/press")
    assert refused.code == 2
    assert "is not a folder" in refused.err
    failed = cli("approve", filed["session_id"], "--yes")
    assert failed.code == 1
    assert "Not written to" in failed.out
    (item,) = cli.json("deliveries", "list", "--status", "pending")["items"]
    assert item["tries"][0]["code"] == "folder_unwritable"
    again = cli("deliveries", "resend", item["id"][-12:])
    assert again.code == 1
    assert "tried 2 times" in again.out
    (cli.folder / "blocked").unlink()
    made = cli.json("deliveries", "resend", item["id"])
    assert (made["status"], made["attempts"]) == ("delivered", 3)
    assert len(list((cli.folder / "blocked" / "press").iterdir())) == 2
    assert cli("deliveries", "list", "--session", "last").out.count("delivered") == 1
    for code, kind, words in (
        (4, "delivery_made", ("deliveries", "resend", item["id"])),
        (4, "delivery_made", ("deliveries", "drop", item["id"])),
        (3, "delivery_not_found", ("deliveries", "drop", "abcdef012345")),
        (2, "unknown_status", ("deliveries", "list", "--status", "sent")),
    ):
        refused = cli(*words)
        assert (refused.code, f"[{kind}" in refused.err) == (code, True), refused
