"""`check`: a draft against its sources, from the command line."""

from collections.abc import Iterator

import pytest

from tests.integration.cli import Cli, running_database

SOURCE = """# The bridge

The bridge was opened on 4 May 1912. It is 640 metres long and rests on 12 piers.
The engineer said: "No pier stands deeper than nine metres."
"""
DRAFT = """# A short history

The bridge was opened on 4 May 1912. It is 460 metres long. It rests on 12 piers.
"""


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    folder, data = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("data")
    cli = Cli(folder, data, {})
    cli.write("sources/bridge.md", SOURCE)
    cli.write("sources/data.bin", "not read")
    cli.write("draft.md", DRAFT)
    with running_database(data):
        yield cli


def test_a_wrong_number_is_shown_beside_its_source_line(cli: Cli) -> None:
    done = cli("check", "draft.md", "--from", "sources/")
    assert done.code == 1
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert any(line.startswith("Draft says") and "460" in line for line in lines)
    assert any(line.startswith("Source says") and "640" in line for line in lines)
    at = SOURCE.index("640 metres")
    place = f"The bridge, version 1, line 3, characters {at} to {at + len('640 metres')}"
    assert any(place in line for line in lines), done.out
    assert any("Not compared: meaning" in line for line in lines)
    assert "1 need you, 2 passed automatic checks." in done.out
    assert "It is yours to read." in done.out
    assert "Left out" in done.err

    found = cli.json("check", "draft.md", "--from", "sources/", code=1)
    assert found["summary"] == {"claims": 3, "needs_you": 1, "passed": 2, "opinions": 0}
    flagged = next(c for c in found["claims"] if c["needs_you"])
    assert flagged["verdict"] == "unsupported"
    assert flagged["anchors"][0]["quote"] == SOURCE[at : at + len("640 metres")]
    assert cli.json("sessions")["items"] == []
    nothing = cli("source", "list")
    assert nothing.code == 2
    assert "[project_required" in nothing.err  # the project of a check does not stay
    gone = found["sources"][0]["project_id"]
    for command in (
        ("check", "draft.md", "--from", "sources/", "--project", gone),
        ("check", "draft.md", "--review", "--project", gone),
        ("work", "research", "How long is it?", "--project", gone),
        ("source", "add", "sources/bridge.md", "--project", gone),
    ):
        refused = cli(*command)
        assert refused.code == 4, refused
        assert "takes no new work and no new sources" in refused.err
        assert "Reading the sources" not in refused.err


def test_nothing_to_look_at_is_exit_0(cli: Cli) -> None:
    cli.write("right.md", DRAFT.replace("460", "640"))
    done = cli("check", "right.md", "--from", "sources/bridge.md")
    assert done.code == 0
    assert "0 need you, 3 passed" in done.out


def test_with_review_it_can_be_signed(cli: Cli) -> None:
    opened = cli.json("check", "draft.md", "--from", "sources/", "--review", "--out", "signed", code=1)
    assert opened["status"] == "pending_review"
    flagged = next(c for c in opened["claims"] if c["needs_you"])
    signed = cli("approve", opened["session_id"], "--ack", f"{flagged['id']}=The draft is older.")
    assert signed.code == 0, signed
    assert sorted(p.suffix for p in (cli.folder / "signed").iterdir()) == [".json", ".md"]


def test_a_long_draft_says_how_far_it_is_and_can_be_signed(cli: Cli) -> None:
    lines = [f"Pier {n} of the bridge rests on rock." for n in range(200)]
    cli.write("long.md", "\n\n".join([*lines, "It is 460 metres long."]))
    done = cli("check", "long.md", "--from", "sources/bridge.md", "--json")
    assert done.json["summary"]["claims"] == 201
    told = [line.split() for line in done.err.splitlines() if line.endswith("claims compared")]
    assert told[-1] == ["201/201", "claims", "compared"]
    assert 2 <= len(told) <= 10  # without a terminal a line for each tenth at most
    opened = cli.json("check", "long.md", "--from", "sources/bridge.md", "--review", code=done.code or 0)
    assert opened["status"] == "pending_review"
    assert opened["summary"] == done.json["summary"]
    assert [c["text"] for c in opened["claims"]] == [c["text"] for c in done.json["claims"]]


def test_drafts_and_sources_that_cannot_be_used(cli: Cli) -> None:
    cli.write("empty.md", " \n")
    (cli.folder / "binary.md").write_bytes(bytes(range(256)) * 8)
    cli.write("sources/deep/copy.md", DRAFT)
    for arguments, code in (
        (["nothing.md", "--from", "sources/"], "draft_not_found"),
        (["sources", "--from", "sources/"], "draft_not_text"),
        (["empty.md", "--from", "sources/"], "draft_empty"),
        (["binary.md", "--from", "sources/"], "draft_not_text"),
        (["draft.md", "--from", "draft.md"], "draft_is_source"),
        (["draft.md", "--from", "sources/deep"], "draft_is_source"),
        (["draft.md"], "sources_missing"),
        (["draft.md", "--from", "sources/", "--out", "x"], "out_without_review"),
    ):
        done = cli("check", *arguments, "--json")
        assert (done.code, done.json["error"]["code"]) == (2, code), arguments


def test_a_draft_that_was_sent_back_is_handed_in_again_and_compared(cli: Cli) -> None:
    opened = cli.json("check", "draft.md", "--from", "sources/bridge.md", "--review", code=1)
    session = opened["session_id"]
    sent = cli.json(
        "request-changes", session, "number equals: long = 640 metres", "--passage", "460 metres long"
    )
    (asked,) = sent["next_checkpoint"]["packet"]["obligations"]
    assert (asked["state"], asked["passage"]) == ("unmet", "460 metres long")
    unknown = cli("request-changes", session, "x", "--passage", "not there")
    assert (unknown.code, "[unknown_passage" in unknown.err) == (2, True)
    wrong = cli("request-changes", session, "x", "--met", "2")
    assert (wrong.code, "[unknown_obligation" in wrong.err) == (2, True)

    cli.write("second.md", DRAFT.replace("460 metres", "640 metres"))
    shown = cli("revise", session, "second.md")
    assert shown.code == 0, shown.err
    assert "Asked for, 1. Met: number equals: long = 640 metres" in shown.out
    assert "words to read" in shown.out
    diff = cli("diff", session)
    assert "It is [-460-]{+640+} metres long." in " ".join(diff.out.replace("[-460-] ", "[-460-]").split())
    found = cli.json("diff", session, "--from", "1", "--to", "2", "--artifact", "draft")
    assert [c["text"].strip() for c in found["items"][0]["changes"] if c["kind"] == "added"] == ["640"]
    assert cli("diff", session, "--to", "9").code == 3
    assert cli("diff", session, "--artifact", "none").code == 3
    again = cli("request-changes", session, "at most 90 words\nnumber equals: long").out
    assert "Compared with the next version: at most 90 words" in again
    assert "Yours to judge, in free words: number equals: long" in again
    assert "Asked for, 2. Open: at most 90 words; number equals: long" in cli("review", session).out
    signed = cli.json("approve", session, "--yes", "--met", "1", "--met", "2")
    assert signed["checkpoint"]["decision"]["judged"][0]["state"] == "met"
    assert signed["status"] == "completed"
