"""People around a review over HTTP: policy, votes, roles, the inbox, the lease, comments and figures."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from proofroom.services import access
from tests.integration.api.support import FLAGGED, NOTE, SOURCE, Api, World

ROLES = ("viewer", "requester", "reviewer", "admin")


@dataclass
class Crew:
    """Members of the world's workspace, each with a client of their own; and a stranger with theirs."""

    world: World
    clients: dict[str, Api] = field(default_factory=dict[str, Api])
    ids: dict[str, str] = field(default_factory=dict[str, str])

    async def join(self, name: str, role: str) -> Api:
        made = await self.world.api.ok("POST", "/members", 201, json={"name": name, "role": role})
        key = await self.world.api.ok("POST", "/api-keys", 201, json={"name": "t", "member_id": made["id"]})
        return self._keep(name, made["id"], key["key"])

    async def stranger(self) -> Api:
        workspace, member = await access.create_workspace(self.world.db, "Theirs", "Stranger")
        async with self.world.db.transaction(workspace) as tx:
            key = (await access.create_api_key(tx, member, "t"))[1]
        return self._keep("Stranger", str(member), key)

    def _keep(self, name: str, member_id: str, key: str) -> Api:
        self.ids[name] = member_id
        self.clients[name] = Api(self.world.app, key=key)
        return self.clients[name]


@pytest_asyncio.fixture
async def crew(world: World) -> AsyncIterator[Crew]:
    crew = Crew(world)
    yield crew
    for client in crew.clients.values():
        await client.http.aclose()


async def review(world: World, script: str = NOTE, **policy: Any) -> tuple[str, str, dict[str, Any]]:
    """(project, path of the session, its checkpoint) under this policy."""
    project = await world.project()
    if policy:
        await world.api.ok("PATCH", f"/projects/{project}/policy", json=policy)
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(script))
    return project, path, checkpoint


async def past(world: World, path: str, column: str) -> None:
    async with world.db.transaction(world.actor.workspace_id) as tx:
        await tx.execute(
            text(
                f"UPDATE work_checkpoints SET {column} = now() - interval '1 second' WHERE session_id = :id"
            ),
            {"id": path.rsplit("/", 1)[1]},
        )


async def test_two_sign_and_every_step_is_told(world: World, crew: Crew) -> None:
    one, two = await crew.join("One", "reviewer"), await crew.join("Two", "reviewer")
    _, path, checkpoint = await review(world, quorum=2)
    at, digest = f"{path}/checkpoints/{checkpoint['id']}", {"packet_digest": checkpoint["packet_digest"]}
    assert checkpoint["signing"] == {"quorum": 2, "separate_duties": False, "barred": []}
    first = await one.ok("POST", f"{at}/approve", json=digest)
    assert first["status"] == "pending_review"
    assert first["checkpoint"]["decision"] is None
    assert [v["name"] for v in first["checkpoint"]["votes"]] == ["One"]
    (listed,) = [i for i in (await two.ok("GET", "/checkpoints"))["items"] if i["id"] == checkpoint["id"]]
    assert (listed["signing"]["quorum"], len(listed["votes"])) == (2, 1)
    again = await one.problem("POST", f"{at}/approve", 409, "already_voted", json=digest)
    assert again["hint"]
    await two.problem("POST", f"{at}/approve", 409, "stale_packet", json={"packet_digest": "0" * 64})
    second = await two.ok("POST", f"{at}/approve", json=digest)
    assert (second["status"], second["checkpoint"]["status"]) == ("queued", "approved")
    assert [v["name"] for v in second["checkpoint"]["decision"]["votes"]] == ["One", "Two"]
    assert (await world.drive(path.rsplit("/", 1)[1])).status == "completed"
    await one.problem("POST", f"{at}/approve", 409, "already_decided", json=digest)
    events = (await world.api.ok("GET", f"{path}/events", params={"limit": 200}))["items"]
    (voted,) = [e["data"] for e in events if e["type"] == "voted"]
    assert voted == {"checkpoint_id": checkpoint["id"], "by": "One", "votes": 1, "needed": 2}


async def test_a_repeated_vote_with_its_key_is_the_same_answer(world: World, crew: Crew) -> None:
    one = await crew.join("One", "reviewer")
    _, path, checkpoint = await review(world, quorum=2)
    at, digest = f"{path}/checkpoints/{checkpoint['id']}", {"packet_digest": checkpoint["packet_digest"]}
    key = {"Idempotency-Key": "vote"}
    first = await one.ok("POST", f"{at}/approve", json=digest, headers=key)
    assert await one.ok("POST", f"{at}/approve", json=digest, headers=key) == first
    gone = await one.ok("POST", f"{at}/withdraw")
    assert gone["checkpoint"]["votes"] == []
    await one.problem("POST", f"{at}/withdraw", 409, "nothing_to_withdraw")


async def test_who_asked_or_edited_does_not_sign_where_duties_are_separated(world: World, crew: Crew) -> None:
    editor, other = await crew.join("Editor", "reviewer"), await crew.join("Other", "reviewer")
    _, path, checkpoint = await review(world, separate_duties=True)
    at, digest = f"{path}/checkpoints/{checkpoint['id']}", {"packet_digest": checkpoint["packet_digest"]}
    refused = await world.api.problem("POST", f"{at}/approve", 403, "duties_separated", json=digest)
    assert "somebody else" in refused["detail"]
    (artifact,) = checkpoint["packet"]["artifacts"]
    document = await world.api.ok("GET", f"{path}/artifacts/{artifact['artifact_id']}")
    body = document["body"].replace("The closest", "Then the closest")
    stale = await editor.problem(
        "POST", f"{at}/approve", 409, "stale_packet",
        json=digest | {"edits": [{"artifact_id": artifact["artifact_id"], "body": body}]},
    )  # fmt: skip
    current = stale["checkpoint"]
    assert set(current["signing"]["barred"]) == {str(world.actor.member_id), crew.ids["Editor"]}
    now, digest = f"{path}/checkpoints/{current['id']}", {"packet_digest": current["packet_digest"]}
    await editor.problem("POST", f"{now}/approve", 403, "duties_separated", json=digest)
    assert (await other.ok("POST", f"{now}/approve", json=digest))["status"] == "queued"


@pytest.mark.parametrize("verb", ["reject", "request-changes"])
async def test_who_may_not_sign_may_still_say_no(world: World, crew: Crew, verb: str) -> None:
    await crew.join("Other", "reviewer")
    _, path, checkpoint = await review(world, separate_duties=True)
    body: dict[str, Any] = {"packet_digest": checkpoint["packet_digest"], "rejection_reason": "No."}
    if verb == "request-changes":
        body = {"packet_digest": checkpoint["packet_digest"], "changes": [{"comment": "Say when."}]}
    await world.api.ok("POST", f"{path}/checkpoints/{checkpoint['id']}/{verb}", json=body)


async def test_what_each_role_may_do(world: World, crew: Crew) -> None:
    for role in ROLES:
        crew.clients[role] = await crew.join(f"A {role}", role)
        crew.ids[role] = crew.ids[f"A {role}"]
    await crew.join("second reviewer", "reviewer")
    project, path, checkpoint = await review(world)
    at = f"{path}/checkpoints/{checkpoint['id']}"
    filed = {"agent_type": "research", "task_description": "What was it?"}
    wrong = {"packet_digest": "0" * 64}  # whoever may decide gets as far as the packet
    mover = crew.ids["second reviewer"]
    table: list[tuple[str, str, str, Any, int]] = [
        # who may at least, method, path, body, the answer to whoever may
        ("viewer", "GET", "/checkpoints", None, 200),
        ("viewer", "GET", f"/checkpoints/{checkpoint['id']}", None, 200),
        ("viewer", "GET", f"/checkpoints/{checkpoint['id']}/comments", None, 200),
        ("viewer", "GET", f"/projects/{project}/policy", None, 200),
        ("viewer", "GET", f"{path}/policy", None, 200),
        ("viewer", "GET", "/analytics/summary", None, 200),
        ("viewer", "GET", "/members", None, 200),
        ("requester", "POST", f"/projects/{project}/work-sessions", filed, 201),
        ("requester", "POST", f"/checkpoints/{checkpoint['id']}/comments", {"text": "Hm."}, 201),
        ("reviewer", "POST", f"/checkpoints/{checkpoint['id']}/lease", {"take": True}, 200),
        ("reviewer", "PATCH", f"/checkpoints/{checkpoint['id']}", {"assignee": mover}, 200),
        ("reviewer", "POST", f"{at}/approve", wrong, 409),
        ("reviewer", "POST", f"{at}/reject", wrong | {"rejection_reason": "x"}, 409),
        ("reviewer", "POST", f"{at}/request-changes", wrong | {"changes": [{"comment": "x"}]}, 409),
        ("reviewer", "POST", f"{at}/withdraw", None, 409),
        ("admin", "PATCH", f"/projects/{project}/policy", {}, 200),
        ("admin", "PATCH", f"/members/{mover}", {"role": "reviewer"}, 200),
        ("admin", "POST", "/members", {"name": "New", "role": "viewer"}, 201),
        ("admin", "POST", "/api-keys", {"name": "t", "member_id": mover}, 201),
    ]
    for least, method, address, body, answer in table:
        for role in ROLES:
            options: dict[str, Any] = {} if body is None else {"json": body}
            response = await crew.clients[role].send(method, address, **options)
            if ROLES.index(role) < ROLES.index(least):
                assert (response.status_code, response.json()["code"]) == (403, "not_allowed"), (
                    role, method, address,
                )  # fmt: skip
            else:
                assert response.status_code == answer, (role, method, address, response.text[:300])
    assert (await world.api.ok("GET", at))["status"] == "pending_review"


async def test_a_role_is_changed_at_once_and_the_last_admin_stays_one(world: World, crew: Crew) -> None:
    one = await crew.join("One", "reviewer")
    _, path, checkpoint = await review(world)
    at = f"{path}/checkpoints/{checkpoint['id']}"
    changed = await world.api.ok("PATCH", f"/members/{crew.ids['One']}", json={"role": "viewer"})
    assert changed["role"] == "viewer"
    await one.problem(
        "POST", f"{at}/approve", 403, "not_allowed", json={"packet_digest": checkpoint["packet_digest"]}
    )
    me = str(world.actor.member_id)
    await world.api.problem("PATCH", f"/members/{me}", 409, "last_admin", json={"role": "reviewer"})
    await world.api.problem("PATCH", f"/members/{me}", 422, "unknown_role", json={"role": "owner"})
    await world.api.problem(
        "PATCH", f"/members/{path[-36:]}", 404, "member_not_found", json={"role": "admin"}
    )
    renamed = await world.api.ok(
        "PATCH", f"/members/{crew.ids['One']}", json={"name": "Una", "role": "admin"}
    )
    assert (renamed["name"], renamed["role"]) == ("Una", "admin")
    assert (await one.ok("PATCH", f"/members/{me}", json={"role": "reviewer"}))["role"] == "reviewer"
    await one.ok("PATCH", f"/members/{me}", json={"role": "admin"})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"quorum": 0}, "policy_invalid"),
        ({"quorum": {"everybody": 2}}, "policy_invalid"),
        ({"quorum": {"public": "2"}}, "policy_invalid"),
        ({"due_hours": -1}, "policy_invalid"),
        ({"remind_hours": 4}, "policy_invalid"),
        ({"separate_duties": None}, "policy_invalid"),
        ({"quorum": 3}, "quorum_unreachable"),
        ({"quorum": True}, "validation_error"),
        ({"quorum": "2"}, "validation_error"),
        ({"separate_duties": "yes"}, "validation_error"),
        ({"due_hours": "24"}, "validation_error"),
        ({"due_hours": True}, "validation_error"),
        ({"colour": "red"}, "validation_error"),
    ],
)
async def test_a_policy_that_cannot_be_says_which_member_is_wrong(
    world: World, body: dict[str, Any], code: str
) -> None:
    project = await world.project()
    problem = await world.api.problem("PATCH", f"/projects/{project}/policy", 422, code, json=body)
    assert str(problem).count(next(iter(body))) >= 1
    assert (await world.api.ok("GET", f"/projects/{project}/policy"))["version"] == 0


async def test_a_policy_is_written_on_the_version_that_was_looked_at(world: World) -> None:
    project = await world.project()
    at = f"/projects/{project}/policy"
    first = await world.api.ok("PATCH", at, json={"due_hours": 24, "version": 0})
    assert (first["version"], first["settings"]["due_hours"]) == (1, 24)
    stale = await world.api.problem("PATCH", at, 409, "policy_changed", json={"due_hours": 8, "version": 0})
    assert stale["version"] == 1
    cleared = await world.api.ok("PATCH", at, json={"due_hours": None, "version": 1})
    assert (cleared["version"], cleared["settings"]["due_hours"]) == (2, None)


async def test_a_change_of_policy_makes_what_waits_stale_by_reading_nothing(world: World) -> None:
    project, path, checkpoint = await review(world)
    at = f"{path}/checkpoints/{checkpoint['id']}"
    await world.api.ok("PATCH", f"/projects/{project}/policy", json={"due_hours": 24})
    for _ in range(2):  # however often one looks
        assert (await world.api.ok("GET", at))["packet_digest"] == checkpoint["packet_digest"]
        await world.api.ok("GET", f"{path}/policy")
    stale = await world.api.problem(
        "POST", f"{at}/approve", 409, "stale_packet", json={"packet_digest": checkpoint["packet_digest"]}
    )
    assert stale["checkpoint"]["packet"]["policy"]["version"] == 1


async def test_the_dry_run_names_the_rule_that_decides(world: World) -> None:
    _, path, _ = await review(world, FLAGGED)
    said = await world.api.ok("GET", f"{path}/policy")
    assert [(g["gate"], g["stops"]) for g in said["gates"]] == [
        ("plan", False), ("mid", False), ("final", True),
    ]  # fmt: skip
    assert said["gates"][2]["rules"][-1] == {"rule": "always ends at the final gate", "says": "stop"}
    assert said["facts"]["flags"] == 1


async def test_a_decision_after_the_time_is_up_is_refused_before_the_clock_comes_by(world: World) -> None:
    _, path, checkpoint = await review(world, expire_hours=1)
    at = f"{path}/checkpoints/{checkpoint['id']}"
    assert checkpoint["expires_at"] is not None
    await past(world, path, "expires_at")
    digest = {"packet_digest": checkpoint["packet_digest"]}
    late = await world.api.problem("POST", f"{at}/approve", 409, "review_expired", json=digest)
    assert late["expires_at"]
    await world.api.problem(
        "POST", f"{at}/reject", 409, "review_expired", json=digest | {"rejection_reason": "No."}
    )
    await world.api.problem(
        "PATCH", f"/checkpoints/{checkpoint['id']}", 409, "review_expired", json={"expires_at": None}
    )


async def test_the_inbox_says_whose_it_is_and_until_when(world: World, crew: Crew) -> None:
    one = await crew.join("One", "reviewer")
    await crew.join("Viewer", "viewer")
    _, _, checkpoint = await review(world, due_hours=24)
    at = f"/checkpoints/{checkpoint['id']}"
    assert checkpoint["due_at"] is not None
    changed = await world.api.ok("PATCH", at, json={"assignee": crew.ids["One"]})
    assert changed["assignee"] == {"id": crew.ids["One"], "name": "One"}
    assert [i["id"] for i in (await one.ok("GET", "/checkpoints?assignee=me"))["items"]] == [checkpoint["id"]]
    await world.api.problem("PATCH", at, 422, "assignee_cannot_sign", json={"assignee": crew.ids["Viewer"]})
    await world.api.problem("PATCH", at, 422, "unknown_member", json={"assignee": checkpoint["id"]})
    later = await world.api.ok("PATCH", at, json={"due_at": "2099-01-01T12:00:00Z"})
    assert later["due_at"] == "2099-01-01T12:00:00Z"
    assert later["packet_digest"] == checkpoint["packet_digest"]


def who(shown: dict[str, Any]) -> tuple[str | None, list[str]]:
    """Who is named where one is, and all who look."""
    return shown["looking"] and shown["looking"]["name"], [one["name"] for one in shown["lookers"]]


async def test_all_who_look_are_seen_and_each_ends_their_own_look(world: World, crew: Crew) -> None:
    one, two, three = [await crew.join(name, "reviewer") for name in ("One", "Two", "Three")]
    _, path, checkpoint = await review(world)
    at = f"/checkpoints/{checkpoint['id']}/lease"
    assert who(await one.ok("POST", at, json={})) == ("One", ["One"])
    assert who(await two.ok("POST", at, json={})) == ("One", ["One", "Two"])
    assert who(await three.ok("POST", at, json={})) == ("One", ["One", "Two", "Three"])
    again = await one.ok("POST", at, json={})
    assert who(again) == ("One", ["One", "Two", "Three"])
    assert who(await two.ok("GET", f"/checkpoints/{checkpoint['id']}")) == who(again)
    (listed,) = (await world.api.ok("GET", "/checkpoints"))["items"]
    assert who(listed) == who(again)
    assert who(await two.ok("POST", at, json={"take": True})) == ("Two", ["One", "Two", "Three"])
    assert who(await one.ok("POST", at, json={})) == ("Two", ["One", "Two", "Three"])
    assert who(await three.ok("DELETE", at)) == ("Two", ["One", "Two"])  # only one's own look ends
    assert who(await three.ok("DELETE", at)) == ("Two", ["One", "Two"])
    assert who(await two.ok("DELETE", at)) == ("One", ["One"])
    assert who(await one.ok("DELETE", at)) == (None, [])
    # Each coming and going is told once, and a look that goes on is not.
    told = [
        e["type"] for e in (await world.api.ok("GET", f"{path}/events"))["items"] if "looked" in e["type"]
    ]
    assert told == ["looked_at"] * 4 + ["looked_away"] * 3


async def test_a_look_that_nobody_renews_is_gone_with_the_next_one(world: World, crew: Crew) -> None:
    one, two = await crew.join("One", "reviewer"), await crew.join("Two", "reviewer")
    _, path, checkpoint = await review(world)
    at = f"/checkpoints/{checkpoint['id']}/lease"
    await one.ok("POST", at, json={})
    async with world.db.transaction(world.actor.workspace_id) as tx:
        await tx.execute(
            text(
                "UPDATE work_checkpoints SET looking_until = now() - interval '1 second',"
                " lookers = jsonb_set(lookers, '{0,until}', to_jsonb(now() - interval '1 second'))"
                " WHERE session_id = :id"
            ),
            {"id": path.rsplit("/", 1)[1]},
        )
    assert who(await two.ok("POST", at, json={})) == ("Two", ["Two"])
    # A release that knows no list says who looks by the other columns.
    async with world.db.transaction(world.actor.workspace_id) as tx:
        await tx.execute(
            text("UPDATE work_checkpoints SET lookers = '[]' WHERE session_id = :id"),
            {"id": path.rsplit("/", 1)[1]},
        )
    assert who(await one.ok("POST", at, json={})) == ("Two", ["Two", "One"])


async def test_comments_are_of_one_workspace_and_have_a_place(world: World, crew: Crew) -> None:
    asker, stranger = await crew.join("Asker", "requester"), await crew.stranger()
    _, path, checkpoint = await review(world)
    at = f"/checkpoints/{checkpoint['id']}/comments"
    (artifact,) = checkpoint["packet"]["artifacts"]
    claim = artifact["claims"][0]["id"]
    key = {"Idempotency-Key": "once"}
    made = await asker.ok("POST", at, 201, json={"text": " Which pass?\x00 ", "claim_id": claim}, headers=key)
    assert await asker.ok("POST", at, 201, json={"text": " Which pass?\x00 ", "claim_id": claim}, headers=key)
    assert (made["text"], made["artifact_id"]) == ("Which pass?\ufffd", artifact["artifact_id"])
    for body, code in (
        ({"text": ""}, "comment_empty"),
        ({"text": "x", "claim_id": "c_0"}, "unknown_claim"),
        ({"text": "x", "artifact_id": checkpoint["id"]}, "unknown_artifact"),
        ({"text": 1}, "validation_error"),
        ({}, "validation_error"),
    ):
        await asker.problem("POST", at, 422, code, json=body)
    await world.api.ok("POST", at, 201, json={"text": "The second."})
    listed = await world.api.ok("GET", at)
    assert [(c["by"]["name"], c["text"]) for c in listed["items"]] == [
        ("Asker", "Which pass?\ufffd"), ("Reviewer", "The second."),
    ]  # fmt: skip
    assert [c["text"] for c in (await world.api.ok("GET", f"{at}?limit=1"))["items"]] == ["Which pass?\ufffd"]
    assert (await world.api.ok("GET", f"{path}/checkpoints/{checkpoint['id']}"))["status"] == "pending_review"
    await stranger.problem("GET", at, 404, "checkpoint_not_found")
    await stranger.problem("POST", at, 404, "checkpoint_not_found", json={"text": "Mine."})


async def test_another_workspace_gets_404_on_all_of_it(world: World, crew: Crew) -> None:
    one, stranger = await crew.join("One", "reviewer"), await crew.stranger()
    project, path, checkpoint = await review(world)
    at = f"/checkpoints/{checkpoint['id']}"
    for method, address, body in (
        ("GET", f"/projects/{project}/policy", None),
        ("PATCH", f"/projects/{project}/policy", {"due_hours": 1}),
        ("GET", f"{path}/policy", None),
        ("POST", f"{at}/lease", {}),
        ("DELETE", f"{at}/lease", None),
        ("PATCH", at, {"assignee": None}),
        ("PATCH", f"/members/{crew.ids['One']}", {"role": "viewer"}),
        ("GET", f"/analytics/summary?project_id={project}", None),
    ):
        options: dict[str, Any] = {} if body is None else {"json": body}
        response = await stranger.send(method, address, **options)
        assert response.status_code == 404, (method, address, response.text[:300])
    assert (await stranger.ok("GET", "/analytics/summary"))["sessions"] == {}
    await world.api.problem("PATCH", at, 422, "unknown_member", json={"assignee": crew.ids["Stranger"]})
    assert (await world.api.ok("GET", f"/projects/{project}/policy"))["version"] == 0
    assert (await one.ok("GET", "/me"))["role"] == "reviewer"


async def test_a_check_that_was_wrong_is_kept_and_counted(world: World) -> None:
    project, path, checkpoint = await review(world, FLAGGED)
    (artifact,) = checkpoint["packet"]["artifacts"]
    first = checkpoint["attention"][0]
    assert (first["kind"], first["claim_id"]) == ("unsupported", artifact["claims"][0]["id"])
    assert "75 km" in first["sentence"]
    assert "57 km" in first["sentence"]
    at, digest = f"{path}/checkpoints/{checkpoint['id']}", {"packet_digest": checkpoint["packet_digest"]}
    kept = {"claim_id": first["claim_id"], "reason": "The report says so.", "kind": "check_was_wrong"}
    await world.api.problem(
        "POST", f"{at}/approve", 422, "validation_error",
        json=digest | {"acknowledged": [kept | {"kind": "i_like_it"}]},
    )  # fmt: skip
    done = await world.api.ok("POST", f"{at}/approve", json=digest | {"acknowledged": [kept]})
    assert done["checkpoint"]["decision"]["acknowledged"] == [kept]
    await world.drive(path.rsplit("/", 1)[1])
    evidence = (await world.api.ok("GET", f"/analytics/summary?project_id={project}"))["evidence"]
    assert evidence["check_was_wrong"] == 1
    assert evidence["check_was_wrong_by"] == {"number": 1}
    none = await world.api.ok("GET", "/analytics/summary", params={"from": "2099-01-01T00:00:00Z"})
    assert none["evidence"]["check_was_wrong"] == 0
    await world.api.problem("GET", "/analytics/summary?from=yesterday", 422, "validation_error")
    assert UUID(project)


async def test_a_policy_says_what_the_workspace_says_and_that_nothing_was_signed_before_is_no_fault(
    world: World, crew: Crew
) -> None:
    project, path, _ = await review(world)
    at = f"/projects/{project}/policy"
    assert (await world.api.ok("GET", at))["workspace_may_sign"] is False
    said = await world.api.ok("PATCH", at, json={"policy_may_sign": True})
    assert (said["may_sign"], said["workspace_may_sign"]) == (True, False)
    await world.api.problem("GET", f"{path}/since-last", 404, "no_earlier_work")
    quiet = await world.api.send("GET", f"{path}/since-last?quiet=true")
    assert (quiet.status_code, quiet.content) == (204, b"")
