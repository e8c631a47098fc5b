"""What the hash chain says of a checkpoint, from the entries that the services write."""

from typing import Any

from proofroom.domain import audit, seal

SESSION = "s"


def chain(*said: tuple[str, Any]) -> list[audit.Entry]:
    entries: list[audit.Entry] = []
    for n, (kind, content) in enumerate(said, start=1):
        previous = entries[-1].hash if entries else None
        entries.append(
            audit.link(
                session_id=SESSION, n=n, at="2026-11-25T10:00:00.000+00:00", kind=kind, previous=previous,
                salt="0" * 32, content=content,
            )
        )  # fmt: skip
    return entries


def opened(checkpoint: str, digest: str) -> tuple[str, Any]:
    return "checkpoint_opened", {"checkpoint_id": checkpoint, "packet_digest": digest}


def vote(by: str, digest: str) -> dict[str, Any]:
    return {"by": by, "packet_digest": digest}


def test_the_chain_names_the_packet_of_the_checkpoint_that_was_opened_or_replaced() -> None:
    replaced = ("superseded", {"checkpoint_id": "one", "superseded_by": "two", "packet_digest": "b"})
    entries = chain(opened("one", "a"), replaced)
    assert seal.sealed_digest(entries, "one") == "a"
    assert seal.sealed_digest(entries, "two") == "b"
    assert seal.sealed_digest(entries, "three") is None


def test_the_reviewers_own_edits_move_the_digest_on() -> None:
    edited = ("approve_pending", {"packet_digest": "a", "sealed_digest": "edited"})
    other = ("approve_pending", {"packet_digest": "z", "sealed_digest": "not this one"})
    assert seal.sealed_digest(chain(other, opened("one", "a"), other, edited), "one") == "edited"


def test_content_that_was_deleted_names_nothing() -> None:
    assert seal.sealed_digest(chain(("checkpoint_opened", None)), "one") is None


def test_votes_stand_until_they_are_taken_back() -> None:
    first, second, other = vote("ada", "a"), vote("bob", "a"), vote("cem", "old")
    entries = chain(
        opened("one", "a"), ("voted", first), ("voted", other), ("voted", second),
        ("withdrawn", {"checkpoint_id": "elsewhere", "vote_of": "bob"}),
        ("withdrawn", {"checkpoint_id": "one", "vote_of": "ada"}),
    )  # fmt: skip
    assert seal.votes_of(entries, "one", "a") == [second]


def test_the_last_vote_of_a_pending_approval_stands_when_an_earlier_one_is_taken_back() -> None:
    first, last = vote("ada", "a"), vote("bob", "a")
    pending = {"packet_digest": "a", "sealed_digest": "a", "votes": [first, last]}
    entries = chain(
        ("voted", first), ("approve_pending", pending | {"packet_digest": "old"}), ("approve_pending", pending),
        ("withdrawn", {"checkpoint_id": "one", "vote_of": "ada"}),
    )  # fmt: skip
    assert seal.votes_of(entries, "one", "a") == [last]


def test_an_entry_was_written_only_as_it_says() -> None:
    entries = chain(("approved", {"by": "ada"}))
    assert seal.was_written(entries, "approved", {"by": "ada"})
    assert not seal.was_written(entries, "approved", {"by": "bob"})
    assert not seal.was_written(entries, "approve_pending", {"by": "ada"})
    assert not seal.was_written(entries, "approved", None)


def test_signatures_are_counted_by_people_who_may() -> None:
    two: dict[str, Any] = {"signing": {"quorum": 2, "separate_duties": True, "barred": ["cem"]}}
    alone: dict[str, Any] = {"signing": {"quorum": 1, "separate_duties": False, "barred": []}}
    ada, bob, cem = ({"by": name} for name in ("ada", "bob", "cem"))
    assert seal.signed_by_enough(two, {"by": "bob", "votes": [ada, bob]})
    assert not seal.signed_by_enough(two, {"by": "ada", "votes": [ada, ada]})
    assert not seal.signed_by_enough(two, {"by": "cem", "votes": [ada, cem]})
    assert not seal.signed_by_enough(two, ada)
    assert seal.signed_by_enough(alone, ada)
    assert seal.signed_by_enough(alone, {"by": None})


def test_what_is_held_is_held_until_it_ends_and_is_not_held_again_by_the_same_words() -> None:
    said = {"decision": "reject", "by": "ada"}
    held = ("reject_pending", said)
    assert seal.is_held(chain(opened("one", "a"), held, ("commented", {})), "reject_pending", said)
    for ends in (
        "withdrawn",
        "superseded",
        "approved",
        "rejected",
        "changes_requested",
        "expired",
        "cancelled",
    ):
        ended = chain(opened("one", "a"), held, (ends, {"checkpoint_id": "one"}))
        assert not seal.is_held(ended, "reject_pending", said), ends
    assert seal.is_held(chain(held, ("withdrawn", {}), held), "reject_pending", said)
    assert not seal.is_held(chain(held), "approve_pending", said)
    assert not seal.is_held(chain(held), "reject_pending", said | {"by": "bob"})
    assert not seal.is_held(chain(("reject_pending", None)), "reject_pending", None)
    assert not seal.is_held([], "reject_pending", said)
