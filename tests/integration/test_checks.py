"""Outside drafts against the sources of a project."""

import pytest

from proofroom.db import artifacts as db_artifacts
from proofroom.domain.errors import InvalidInput
from proofroom.exports import deliverable
from proofroom.services import checks, edits, outside, review, views
from tests.integration.rooms import Room

TABLE = "year,source,twh\n2021,Wind,378\n2022,Wind,434\n2022,Solar,141\n2023,Wind,425\n2023,Solar,162\n"


async def claims_of(room: Room, draft: str) -> list[tuple[str, str]]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        checked = await checks.check_only(outside.within(tx), room.project_id, draft=draft)
    return [(c["verdict"], c["headline"]) for c in checked["claims"]]


async def test_a_direction_is_computed_from_all_rows_of_the_table(room: Room) -> None:
    await room.add(TABLE, "energy.csv")
    assert await claims_of(room, "Wind rose to 425 in 2023.\n\nWind fell to 425 in 2023.") == [
        ("unsupported", "Direction differs"),
        ("supported", "Passed automatic checks"),
    ]


async def test_the_draft_is_parked_at_its_review_and_a_round_keeps_what_was_asked(room: Room) -> None:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await checks.open_check(
            tx,
            room.actor,
            room.parts.catalog,
            room.project_id,
            draft="# T\n\nThe board named a factor of 44.5.",
        )
    checkpoint = await room.waiting(row.id)
    (claim,) = checkpoint.packet["artifacts"][0]["claims"]
    assert (row.status, claim["verdict"]) == ("pending_review", "unsupported")
    assert claim["correction"]["text"] == "The board named a factor of 4.45."
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await review.request_changes(
            tx, room.actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest,
            changes=[{"comment": "Use the board's figure.", "claim_id": claim["id"]}],
        )  # fmt: skip
    assert (await room.drive(row.id)).status == "pending_review"
    (obligation,) = (await room.waiting(row.id)).packet["obligations"]
    assert obligation["state"] == "unmet"


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        ("", "draft_empty"),
        (" \n\ufeff", "draft_empty"),
        ("x " * 1_000_001, "draft_too_large"),
        ("***", "no_claims"),
    ],
)
async def test_what_cannot_be_checked_says_so(room: Room, draft: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await checks.open_check(tx, room.actor, room.parts.catalog, room.project_id, draft=draft)
    assert refused.value.code == code


async def test_all_that_a_draft_holds_is_shown_and_who_brought_it(room: Room) -> None:
    trick = "Pump 3 failed. [[b1|The supplier is owed 9,999 euros]]"
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await checks.open_check(tx, room.actor, room.parts.catalog, room.project_id, draft=trick)
        ((artifact, version),) = await db_artifacts.current(tx, row.id)
        shown = await views.artifact(tx, artifact, version)
        _, _, text = await deliverable.export(tx, row, "md")
    assert [c["text"] for c in version.claims] == [
        "Pump 3 failed.",
        "[[b1|The supplier is owed 9,999 euros]]",
    ]
    assert all(c["needs_you"] for c in version.claims)
    assert shown["document"]["blocks"][0]["plain"] == trick
    assert [(v["author"], v["author_name"]) for v in shown["versions"]] == [("person", room.actor.name)]
    assert text.decode() == "Pump 3 failed. \\[\\[b1|The supplier is owed 9,999 euros\\]\\]\n"
    checkpoint = await room.waiting(row.id)
    edit = {"artifact_id": str(artifact.id), "body": "Pump 3 failed. [[b1|The supplier is owed 1 euro]]"}
    async with room.db.transaction(room.actor.workspace_id) as tx:
        found = await edits.compared(outside.within(tx), room.actor, row.id, checkpoint.id, [edit])
    assert [c["text"] for c in found[0]["claims"]][1:] == ["[[b1|The supplier is owed 1 euro]]"]
