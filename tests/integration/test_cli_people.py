"""Policy and people on the command line: settings, the dry run, votes, whose it is, comments, roles."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from proofroom.db import checkpoints, members
from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.tx import Database, new_id
from proofroom.services import people, review
from proofroom.services.access import LOCAL_WORKSPACE, Actor
from tests.integration.cli import Cli, Done

SOURCE = "# Notes\n\nThe board named a factor of 4.45 in its report of November 1999.\n"
RIGHT = """
label: a script of the tests
steps:
  - artifact:
      slot: note
      type: research_finding
      title: A note
      markdown: |
        The board named a factor of 4.45. [[{{ b:factor of 4.45 }}|a factor of 4.45]]
  - finish: {summary: Done}
"""
Act = Callable[[Database, Actor], Awaitable[str]]
WRONG = RIGHT.replace("named a factor of 4.45.", "named a factor of 9.99.")


@dataclass(frozen=True)
class Office:
    """The program on one data folder, and the other people of its workspace, who come in another way."""

    cli: Cli
    url: str

    def filed(self, script: str = RIGHT, project: str = "Desk", *more: str) -> str:
        """A session at its review."""
        name = "right.yaml" if script == RIGHT else "wrong.yaml"
        self.cli.write(name, script)
        found = self.cli.json(
            "work", "research", "What was the factor?", "--from", "notes.md", "--project", project,
            "--runtime", f"scripted:{name}", *more,
        )  # fmt: skip
        assert found["status"] == "pending_review"
        return found["session_id"]

    def member(self, name: str, role: str = "reviewer") -> str:
        return self.cli.json("admin", "user", "create", name, "--role", role)["id"]

    def sign_as(self, member: str, name: str, session: str) -> str:
        """Another member signs what waits; the checkpoint's status afterwards."""

        async def sign(db: Database, actor: Actor) -> str:
            async with db.transaction(LOCAL_WORKSPACE) as tx:
                waiting = await checkpoints.open_one(tx, UUID(session))
                assert waiting is not None
                done = await review.approve(
                    tx, actor, UUID(session), waiting.id, packet_digest=waiting.packet_digest
                )
            return done.checkpoint.status

        return self._as(sign, member, name)

    def reject_as(self, member: str, name: str, session: str, undo_seconds: int) -> str:
        """Another member rejects what waits, and can take it back for so long."""

        async def reject(db: Database, actor: Actor) -> str:
            async with db.transaction(LOCAL_WORKSPACE) as tx:
                waiting = await checkpoints.open_one(tx, UUID(session))
                assert waiting is not None
                done = await review.reject(
                    tx, actor, UUID(session), waiting.id, packet_digest=waiting.packet_digest,
                    rejection_reason="Not ours.", undo_seconds=undo_seconds,
                )  # fmt: skip
            return done.checkpoint.status

        return self._as(reject, member, name)

    def same_name(self, member: str, name: str) -> str:
        """Another member of this name, as an earlier release let be made."""

        async def add(db: Database, actor: Actor) -> str:
            async with db.transaction(LOCAL_WORKSPACE) as tx:
                await members.create(tx, new_id(), name, "reviewer")
            return name

        return self._as(add, member, name)

    def look_as(self, member: str, name: str, session: str) -> str:
        async def look(db: Database, actor: Actor) -> str:
            async with db.transaction(LOCAL_WORKSPACE) as tx:
                waiting = await checkpoints.open_one(tx, UUID(session))
                assert waiting is not None
                await people.look(tx, actor, waiting.id)
            return name

        return self._as(look, member, name)

    def _as(self, act: Act, member: str, name: str) -> str:
        async def body() -> str:
            db = Database(self.url)
            try:
                return await act(db, Actor(LOCAL_WORKSPACE, UUID(member), name, "reviewer"))
            finally:
                await db.dispose()

        return asyncio.run(body())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder, data = tmp_path_factory.mktemp("office"), tmp_path_factory.mktemp("data")
    server = EmbeddedPostgres.start(data)
    try:
        cli = Cli(folder, data, {"PROOFROOM_LEASE_SECONDS": "2"})
        cli.write("notes.md", SOURCE)
        yield Office(cli, server.url())
    finally:
        server.stop()


def ready(done: Done) -> Done:
    assert done.code == 0, done
    return done


def refused(done: Done, code: int, name: str) -> Done:
    assert done.code == code, done
    assert f"[{name}" in done.err
    return done


def test_a_policy_is_set_shown_and_refused_by_name(office: Office) -> None:
    cli = office.cli
    office.filed(RIGHT, "Rules")
    office.member("Ada")
    office.member("Ben")
    shown = ready(cli("policy", "show", "--project", "Rules"))
    assert "policy version 0" in shown.out
    changed = cli.json(
        "policy", "set", "--project", "Rules", "quorum.public=2", "separate_duties=true", "due_hours=24",
        "remind_hours=4.5", "expire_hours=null",
    )  # fmt: skip
    assert changed["version"] == 1
    assert changed["settings"] == {
        "quorum": {"internal_draft": 1, "internal_record": 1, "named_recipient": 1, "public": 2},
        "separate_duties": True, "policy_may_sign": None, "due_hours": 24, "remind_hours": 4.5,
        "expire_hours": None,
    }  # fmt: skip
    shown = ready(cli("policy", "show", "-p", "Rules"))
    for words in (
        "public 2",
        "after 24 hours, with a reminder 4.5 hours before",
        "version 1, ",
        "Local user",
    ):
        assert words in shown.out
    assert re.search(r"expires +never", shown.out)
    assert cli.json("policy", "show", "-p", "Rules") == changed

    set_ = ("policy", "set", "-p", "Rules")
    refused(cli(*set_, "quorum=0"), 2, "policy_invalid, at quorum.internal_draft")
    refused(cli(*set_, "quorum=two"), 2, "policy_invalid")
    refused(cli(*set_, "colour=red"), 2, "policy_invalid, at colour")
    refused(cli(*set_, "quorum=9"), 2, "quorum_unreachable")
    refused(cli(*set_, "quorum"), 2, "option_invalid")
    refused(cli(*set_, "quorum.=2"), 2, "option_invalid")
    refused(cli(*set_, "quorum=1", "quorum.public=2"), 2, "option_invalid")
    refused(cli(*set_, "due_hours=1", "due_hours=2"), 2, "option_invalid")
    refused(cli(*set_, "due_hours=8", "--version", "0"), 4, "policy_changed")
    refused(cli("policy", "show", "-p", "Nowhere"), 3, "project_not_found")
    assert cli.json("policy", "show", "-p", "Rules")["version"] == 1
    assert cli.json(*set_, "due_hours=8", "--version", "1")["version"] == 2


def test_the_dry_run_says_which_rule_decides(office: Office) -> None:
    cli = office.cli
    session = office.filed(WRONG, "Dry run")
    said = cli.json("policy", "explain", session)
    assert [(g["gate"], g["stops"]) for g in said["gates"]] == [
        ("plan", False), ("mid", False), ("final", True),
    ]  # fmt: skip
    text = ready(cli("policy", "explain", session)).out
    assert "opted in no, signatures 1" in text
    assert "[]" not in text
    lines = text.splitlines()
    assert lines[1].split() == ["gate", "policy", "decided", "by", "because"]
    assert lines[4].startswith("final stops    always ends at the final gate")
    assert "Risk: medium (internal draft). 1 claim needs a person." in text
    assert "Signing: 1 signature." in text
    assert "flags 1" in text
    before = cli.json("show", session)
    cli.json("policy", "explain", session)
    assert cli.json("show", session) == before


def test_two_sign_and_the_first_is_told_whom_it_waits_for(office: Office) -> None:
    cli = office.cli
    eve = office.member("Eve")
    session = office.filed(RIGHT, "Two")
    cli.json("policy", "set", "-p", "Two", "quorum=2")
    stale = refused(cli("approve", session), 4, "stale_packet")
    assert "proofroom review" in stale.err
    shown = ready(cli("review", session)).out
    assert "0 of 2 signatures: none yet. It waits for 2 people." in shown
    signed = ready(cli("approve", session))
    assert "1 of 2 signatures: Local user. It waits for another person." in signed.out
    assert "It waits for others." in signed.out
    refused(cli("approve", session), 4, "already_voted")
    (listed,) = [i for i in cli.json("review")["items"] if i["session_id"] == session]
    assert [v["name"] for v in listed["votes"]] == ["Local user"]
    assert "1 of 2 signatures" in ready(cli("review")).out
    assert office.sign_as(eve, "Eve", session) == "approved"
    assert cli.json("retry", session)["status"] == "completed"


def test_what_is_decided_and_can_be_taken_back_waits_for_nobody(office: Office) -> None:
    cli = office.cli
    session = office.filed(RIGHT, "Held")
    assert session in [i["session_id"] for i in cli.json("review")["items"]]
    assert office.reject_as(office.member("Ida"), "Ida", session, 60) == "pending_review"
    assert session not in [i["session_id"] for i in cli.json("review")["items"]]
    said = re.compile(r"reject by Ida, which takes effect at \S+Z unless it is taken back")
    for command in ("review", "show"):
        shown = ready(cli(command, session)).out
        assert said.search(shown), shown
        assert "proofroom approve" not in shown
    error = refused(cli("approve", session), 4, "already_decided").err
    assert "is being rejected, decided by Ida" in error


def test_what_is_held_is_taken_back_and_what_took_effect_is_not(office: Office) -> None:
    cli = office.cli
    session = office.filed(RIGHT, "Back")
    error = refused(cli("withdraw", session), 4, "nothing_to_withdraw").err
    assert "nothing is decided" in error
    assert office.reject_as(office.member("Gus"), "Gus", session, 60) == "pending_review"
    assert re.search(r"rejection by Gus, held until \S+Z", ready(cli("sessions")).out)
    for command in ("review", "show"):
        assert f"proofroom withdraw {session[-12:]}" in ready(cli(command, session)).out
    out = ready(cli("withdraw", session)).out  # an admin, of a colleague's
    assert "Taken back. Nothing came of it." in out
    assert "It waits for you." in out
    assert "proofroom approve" in out
    (event,) = [e for e in cli.json("show", session)["events"] if e["type"] == "withdrawn"]
    assert event["data"]["by"] == "Local user"

    cli.json("policy", "set", "-p", "Back", "quorum=2")
    refused(cli("approve", session), 4, "stale_packet")
    assert office.sign_as(office.member("Hal"), "Hal", session) == "pending_review"
    assert office.reject_as(office.member("Ivo"), "Ivo", session, 60) == "pending_review"
    found = cli.json("withdraw", session)
    assert (found["status"], found["checkpoint"]["held"], found["checkpoint"]["decision"]) == (
        "pending_review", None, None,
    )  # fmt: skip
    assert [v["name"] for v in found["checkpoint"]["votes"]] == ["Hal"]
    assert found["next_checkpoint"]["id"] == found["checkpoint"]["id"]
    error = cli("withdraw", session, "--json")
    assert (error.code, error.json["error"]["code"]) == (4, "nothing_to_withdraw")

    assert office.sign_as(office.member("Jan"), "Jan", session) == "approved"
    assert cli.json("retry", session)["status"] == "completed"
    error = refused(cli("withdraw", session), 4, "nothing_to_withdraw").err
    assert "it is completed" in error
    refused(cli("withdraw", "abcdef012345"), 3, "session_not_found")


def test_ones_own_signature_is_taken_back_while_others_are_missing(office: Office) -> None:
    cli = office.cli
    office.member("Kim")
    office.filed(RIGHT, "Own")
    cli.json("policy", "set", "-p", "Own", "quorum=2")
    session = office.filed(RIGHT, "Own")
    ready(cli("approve", session))
    out = ready(cli("withdraw", session)).out
    assert "It waits for you." in out
    assert "signatures" not in out
    ready(cli("approve", session))


def test_a_held_decision_that_became_void_is_told_where_it_waits(office: Office) -> None:
    cli = office.cli
    session = office.filed(RIGHT, "Void")
    assert office.reject_as(office.member("Una"), "Una", session, 60) == "pending_review"
    (source,) = cli.json("source", "list", "-p", "Void")["items"]
    ready(cli("source", "delete", source["id"], "--reason", "Not for us", "--yes"))
    why = "A source that it rests on was deleted."
    said = f"The rejection of Una did not take effect. {why} Look at it again and decide anew."
    for command in ("review", "show"):
        out = " ".join(ready(cli(command, session)).out.split())
        assert out.count(said) == 1, out
        assert "proofroom approve" in out
    assert cli.json("review", session)["void_decision"]["name"] == "Una"
    ready(cli("reject", session, "--reason", "Without its source it is nothing."))
    assert "did not take effect" not in ready(cli("show", session)).out.split("final gate")[-1]


def test_signing_unseen_is_one_vote_and_says_what_is_missing(office: Office) -> None:
    cli = office.cli
    eve = office.member("Mia")
    office.filed(RIGHT, "Unseen")
    cli.json("policy", "set", "-p", "Unseen", "quorum=2")
    work = (
        "work", "research", "What was the factor?", "--from", "notes.md", "--project", "Unseen",
        "--runtime", "scripted:right.yaml", "--approve", "--json",
    )  # fmt: skip
    found = ready(cli(*work)).json
    assert found["status"] == "pending_review"
    vote = cli.json("show", found["session_id"])["checkpoints"][-1]
    assert [v["name"] for v in vote["votes"]] == ["Local user"]
    assert office.sign_as(eve, "Mia", found["session_id"]) == "approved"
    cli.json("policy", "set", "-p", "Unseen", "quorum=1", "separate_duties=true")
    stopped = cli(*work)
    assert stopped.code == 4
    error = stopped.json["error"]
    assert (error["code"], error["status"]) == ("needs_a_person", "pending_review")
    assert "somebody else signs" in error["message"]
    refused(cli("approve", error["session_id"]), 5, "duties_separated")
    assert (
        "Not by Local user, who asked for it or edited it." in ready(cli("review", error["session_id"])).out
    )


def test_what_needs_a_person_stands_first_each_in_a_sentence(office: Office) -> None:
    cli = office.cli
    session = office.filed(WRONG, "Flags")
    text = ready(cli("review", session)).out
    assert text.index("Needs you (") < text.index("A note  (version 1")
    (line,) = [x for x in text.splitlines() if x.strip().startswith("- ") and "claim 1, unsupported" in x]
    assert "9.99" in line
    assert "4.45" in line
    assert "1 need you, 0 passed automatic checks." in text
    assert "Risk: medium" in text

    refused(cli("approve", session), 2, "unacknowledged_claims")
    refused(cli("approve", session, "--wrong-check", "1"), 2, "option_invalid, at --wrong-check")
    refused(cli("approve", session, "--wrong-check", "9=x"), 2, "unknown_claim")
    signed = cli.json("approve", session, "--wrong-check", "1=The report says so.")
    assert signed["status"] == "completed"
    (kept,) = signed["checkpoint"]["decision"]["acknowledged"]
    assert (kept["reason"], kept["kind"]) == ("The report says so.", "check_was_wrong")


def test_whose_it_is_until_when_and_what_is_said(office: Office) -> None:
    cli = office.cli
    zoe, viewer = office.member("Zoe"), office.member("Vic", "viewer")
    session = office.filed(RIGHT, "Whose")
    assigned = ready(cli("assign", session, "Zoe", "--due", "2099-12-01T17:00+00:00"))
    assert "It is for Zoe, due 2099-12-01 17:00 UTC." in assigned.out
    shown = cli.json("assign", session, "--expires", "2099-12-02T17:00+01:00")
    assert shown["assignee"] == {"id": zoe, "name": "Zoe"}
    assert shown["expires_at"] == "2099-12-02T16:00:00Z"
    line = "for Zoe, due 2099-12-01 17:00 UTC, expires 2099-12-02 16:00 UTC"
    assert line in ready(cli("review")).out
    assert line[1:] in ready(cli("review", session)).out
    office.look_as(zoe, "Zoe", session)
    assert "Zoe looks at it now" in ready(cli("review", session)).out

    refused(cli("assign", session, viewer), 2, "assignee_cannot_sign")
    refused(cli("assign", session, "Nobody here"), 3, "member_not_found")
    refused(cli("assign", session), 2, "option_invalid, at MEMBER")
    refused(cli("assign", session, "--due", "tomorrow"), 2, "option_invalid, at --due")
    office.same_name(zoe, "Zoe")
    refused(cli("assign", session, "Zoe"), 4, "member_ambiguous")
    cleared = cli.json("assign", session, "none", "--due", "none", "--expires", "none")
    assert (cleared["assignee"], cleared["due_at"], cleared["expires_at"]) == (None, None, None)

    assert "Nobody has said anything yet." in ready(cli("comments", session)).out
    made = cli.json("comment", session, "Is that the final report?", "--claim", "1")
    assert made["claim_id"]
    ready(cli("comment", session, "It is."))
    refused(cli("comment", session, "  "), 2, "comment_empty")
    refused(cli("comment", session, "x", "--claim", "9"), 2, "unknown_claim")
    for shown in (ready(cli("comments", session)).out, ready(cli("review", session)).out):
        assert re.search(r"Local user, .* UTC, on claim 1: Is that the final report\?", shown)
        assert re.search(r"Local user, [^,]* UTC: It is\.", shown)
    assert [c["text"] for c in cli.json("comments", session)["items"]] == [
        "Is that the final report?", "It is.",
    ]  # fmt: skip
    cli.json("approve", session)
    ready(cli("comment", session, "Thank you."))  # also after it was decided
    refused(cli("assign", session, "none"), 4, "nothing_waits")


def test_a_role_is_changed_and_the_last_admin_stays_one(office: Office) -> None:
    cli = office.cli
    member = office.member("Lou", "viewer")
    assert cli.json("admin", "user", "change", member, "--role", "reviewer", "--name", "Louise") == {
        "id": member, "name": "Louise", "role": "reviewer",
    }  # fmt: skip
    refused(cli("admin", "user", "change", member, "--role", "owner"), 2, "unknown_role")
    refused(cli("admin", "user", "change", "here", "--role", "admin"), 3, "user_not_found")
    refused(cli("admin", "user", "change", str(LOCAL_WORKSPACE), "--role", "admin"), 3, "member_not_found")
    local = next(u["id"] for u in cli.json("admin", "user", "list")["items"] if u["role"] == "admin")
    refused(cli("admin", "user", "change", local, "--role", "viewer"), 4, "last_admin")
    theirs = cli.json("admin", "workspace", "create", "Theirs", "--admin", "Ida")
    other, admin = theirs["id"], theirs["admin_id"]
    refused(cli("admin", "user", "change", admin, "--role", "viewer"), 3, "member_not_found")
    refused(cli("admin", "user", "change", admin, "--role", "viewer", "--workspace", other), 4, "last_admin")


def test_memory_is_listed_decided_and_changed(office: Office) -> None:
    cli = office.cli
    session = office.filed(RIGHT, "Kept")
    ready(cli("approve", session, "--yes"))
    kept = ("--project", "Kept")
    (item,) = cli.json("memory", "list", *kept, "--state", "proposed")["items"]
    listed = ready(cli("memory", "list", *kept))
    assert "proposed  passage      The board named a factor of 4.45." in listed.out
    assert f"from session {session[-12:]}" in listed.out
    refused(cli("memory", "retire", item["id"], *kept, "--reason", "x"), 4, "memory_not_accepted")
    assert "accepted" in ready(cli("memory", "accept", item["id"][-12:], *kept)).out
    refused(cli("memory", "reject", item["id"], *kept, "--reason", "x"), 4, "already_decided")
    found = cli.json("search", "factor named", *kept)["items"]
    assert item["id"] in [f["block_id"] for f in found]
    note = cli.json("memory", "add", "Name units.", *kept, "--kind", "lesson", "--until", "2999-01-01T00:00Z")
    assert (note["kind"], note["state"], note["scope"]["agent_type"]) == ("lesson", "accepted", None)
    changed = cli.json("memory", "edit", note["id"], *kept, "--agent", "research", "--until", "never")
    assert (changed["scope"]["agent_type"], changed["expires_at"], changed["version"]) == (
        "research",
        None,
        2,
    )
    refused(cli("memory", "edit", note["id"], *kept, "--text", "x", "--version", "1"), 4, "memory_changed")
    refused(cli("memory", "edit", note["id"], *kept, "--until", "tomorrow"), 2, "option_invalid, at --until")
    refused(cli("memory", "list", *kept, "--state", "old"), 2, "option_invalid, at --state")
    refused(cli("memory", "accept", "00000000", *kept), 3, "memory_not_found")
    gone = ready(cli("memory", "retire", note["id"], item["id"], *kept, "--reason", "A new style guide."))
    assert gone.out.count("retired") == 2
    assert "for research in this project" in gone.out
