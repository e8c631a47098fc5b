"""A record holds as it was written and in no other way: every byte, every line, every length."""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

import pytest

from proofroom.domain import audit
from proofroom.domain.canonical import digest
from proofroom.domain.errors import InvalidInput
from proofroom.exports import record_file

CONTENT = {"type": "report", "title": "Dépôt", "document": {"blocks": [{"text": "57 km\n\u2028"}]}}
ARTIFACT = {"artifact_id": "a1", "version": 1, "digest": digest(CONTENT), "content": CONTENT}
PACKET = {
    "checkpoint_id": "c1", "confidence": 0.5,
    "artifacts": [{"artifact_id": "a1", "version": 1, "digest": ARTIFACT["digest"], "title": "Dépôt"}],
}  # fmt: skip
SEALED = digest(PACKET)
HEADER = {
    "session_id": "s1", "title": "A title", "status": "completed", "exported_at": "2026-11-25T10:00:00+00:00",
}  # fmt: skip
SAID: list[tuple[str, Any]] = [
    ("session_created", {"by": "m1", "title": "A title"}),
    ("checkpoint_opened", {"checkpoint_id": "c1", "packet_digest": SEALED}),
    ("approved", {"by": "m1", "packet_digest": SEALED, "sealed_digest": SEALED}),
    ("completed", {"packet_digest": SEALED}),
]


def chain(said: Sequence[tuple[str, Any]] = SAID) -> list[audit.Entry]:
    entries: list[audit.Entry] = []
    for n, (kind, content) in enumerate(said, start=1):
        entries.append(
            audit.link(
                session_id="s1", n=n, at=f"2026-11-25T10:00:0{n}.000+00:00", kind=kind,
                previous=entries[-1].hash if entries else None, salt=f"{n:032x}", content=content,
            )
        )  # fmt: skip
    return entries


def record(
    entries: list[audit.Entry] | None = None,
    packets: Sequence[Any] = ({"checkpoint_id": "c1", "packet_digest": SEALED, "packet": PACKET},),
    artifacts: Sequence[Any] = (ARTIFACT,),
    **header: Any,
) -> bytes:
    entries = chain() if entries is None else entries
    ends = {"count": len(entries), "head": entries[-1].hash}
    return record_file.write(HEADER | ends | header, entries, packets, artifacts)


GOOD = record()


def why(data: bytes, head: str | None = None) -> str:
    """Where it is broken, or why it is no record."""
    try:
        said = record_file.check(data, head).why
    except InvalidInput as error:
        said = error.message if error.code == "record_unreadable" else None
    assert said, "a broken record was found intact"
    return said


def resealed(data: bytes) -> bytes:
    """As somebody leaves it who knows how a seal is made."""
    body = data[: data.rindex(b'"seal"')]
    return body + b'"seal":"' + hashlib.sha256(body).hexdigest().encode() + b'"\n}\n'


def test_what_was_written_is_intact() -> None:
    found = record_file.check(GOOD, chain()[-1].hash.upper() + "\n")
    assert (found.why, found.session_id, found.title, found.count, found.redacted) == (
        None, "s1", "A title", 4, 0,
    )  # fmt: skip
    assert json.loads(GOOD)["entries"][2]["content"]["by"] == "m1"


def test_another_head_is_a_record_written_anew() -> None:
    assert "written anew" in why(GOOD, "0" * 64)


def test_every_bit_of_every_byte_counts() -> None:
    places: set[str] = set()
    for at in range(len(GOOD)):
        for bit in range(8):
            flipped = bytearray(GOOD)
            flipped[at] ^= 1 << bit
            places.add(re.sub(r"[\d“”]+", "#", why(bytes(flipped))[:24]))
    print(
        f"{len(GOOD) * 8} records with one bit flipped, 0 found intact; {len(places)} kinds of places named"
    )


def test_every_length_counts() -> None:
    for length in range(len(GOOD)):
        why(GOOD[:length])
    for more in (b"\n", b" ", b"x", b"\x00", b"{}", GOOD):
        why(GOOD + more)
        why(more + GOOD)


LINES = GOOD.split(b"\n")
ENTRIES = range(LINES.index(b'"entries":[') + 1, LINES.index(b'"packets":['))
ENTRY_LINES = [n for n in ENTRIES if LINES[n].startswith(b"{")]


def joined(entry_lines: Sequence[bytes]) -> bytes:
    """The record with other entry lines, commas where they belong, sealed again."""
    rows = [line.rstrip(b",") for line in entry_lines]
    lines = [row + b"," for row in rows[:-1]] + rows[-1:]
    return resealed(b"\n".join([*LINES[: ENTRY_LINES[0]], *lines, *LINES[ENTRY_LINES[-1] + 1 :]]))


def test_an_entry_that_is_dropped_doubled_or_moved_is_named_though_the_seal_is_made_anew() -> None:
    rows = [LINES[n] for n in ENTRY_LINES]
    assert joined(rows) == GOOD
    last = len(rows) - 1
    for n in range(len(rows)):
        dropped = why(joined(rows[:n] + rows[n + 1 :]))
        expected = "3 entries are there, 4 were written" if n == last else f"entry {n + 1} is missing"
        assert dropped.startswith(expected)
        doubled = why(joined([*rows[: n + 1], *rows[n:]]))
        assert doubled == f"entry {n + 2} is missing or out of order"
        for other in range(n):
            moved = list(rows)
            moved[n], moved[other] = moved[other], moved[n]
            assert why(joined(moved)) == f"entry {other + 1} is missing or out of order"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"A title",\n', b'"Another",\n', "the header was changed: title"),
        (b'"completed",\n', b'"failed",\n', "the header was changed: status"),
        (b'"completed",\n', b'"queued",\n', "the header was changed: status"),
        (b'"count":4', b'"count":5', "4 entries are there, 5 were written"),
        (b'"head":"', b'"head":"0', "the last entry is not the head of the chain"),
        (b'"session_id":"s1"', b'"session_id":"s2"', "entry 1 was changed"),
        (b'"by":"m1","packet_digest"', b'"by":"m2","packet_digest"', "the content of entry 3 was changed"),
        (b'"confidence":0.5', b'"confidence":0.6', "packet 1 was changed"),
        (b"57 km", b"75 km", "artifact 1 was changed"),
        (b'"kind":"approved"', b'"kind":"rejected"', "entry 3 was changed"),
        (b'"packets":[', b'"packets":[ ', "is not written as it was"),
        (b'"n":2', b'"n":2.0', "entry 2 was changed: n"),
        (b'"n":2', b'"n":true', "entry 2 was changed: n"),
        (b'"salt":', b'"more":1,"salt":', "entry 1 was changed"),
        (b'"title":"A title",\n', b'"title":"A title",\n"also":1,\n', "'also' does not belong there"),
        (b'"title":"A title",\n', b"", "the header was changed: title is missing"),
        (b'"title":"A title",\n', b'"title":"B","title":"A title",\n', "the header (line 4)"),
        (b"{\n", b"{\n\n", "the header (line 2)"),
        (b'"previous":null', b'"previous":7', "entry 1 was changed"),
        (b'"confidence":0.5', b'"confidence":1e999', "packet 1 was changed"),
        (b'"confidence":0.5', b'"confidence":NaN', "packet 1 was changed"),
    ],
)  # fmt: skip
def test_a_change_is_named_though_the_seal_is_made_anew(old: bytes, new: bytes, said: str) -> None:
    assert old in GOOD
    assert said in why(resealed(GOOD.replace(old, new, 1)))


def test_without_a_new_seal_a_change_that_nothing_else_covers_shows_in_the_seal() -> None:
    assert (
        why(GOOD.replace(b"T10:00:00+00:00", b"T11:00:00+00:00"))
        == "the seal, or what follows it, was changed"
    )


def test_what_a_chain_signs_must_be_there() -> None:
    other: dict[str, Any] = {"checkpoint_id": "c2", "artifacts": []}
    stranger = {"checkpoint_id": "c2", "packet_digest": digest(other), "packet": other}
    mine = {"checkpoint_id": "c1", "packet_digest": SEALED, "packet": PACKET}
    assert why(record(packets=[], artifacts=[])) == "the packet that entry 3 signs is missing"
    assert why(record(packets=[mine, stranger])) == "packet 2 is not one that the chain names"
    assert why(record(packets=[mine, mine])) == "a packet is there twice"
    assert why(record(artifacts=[])) == "the signed artifact “Dépôt” is missing"
    assert why(record(artifacts=[ARTIFACT, ARTIFACT])) == "artifact 2 is there twice"
    assert why(record(artifacts=[ARTIFACT, ARTIFACT | {"version": 2}])) == (
        "artifact 2 is not one that a packet names"
    )
    assert why(record(packets=[mine | {"checkpoint_id": "c9"}])) == "packet 1 was changed"
    assert why(record(packets=[mine | {"packet": "text"}])) == "packet 1 was changed"


def test_deleted_content_leaves_the_record_whole() -> None:
    entries = chain()
    entries[0] = audit.Entry(
        **{f: getattr(entries[0], f) for f in ("session_id", "n", "at", "kind", "commitment", "previous", "hash")},
        salt=None, content=None,
    )  # fmt: skip
    found = record_file.check(record(entries, artifacts=[ARTIFACT | {"content": None}]))
    assert (found.why, found.redacted) == (None, 2)
    gone = {"checkpoint_id": "c1", "packet_digest": SEALED, "packet": None}
    assert record_file.check(record(packets=[gone], artifacts=[])).redacted == 1


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", b"null", b"\xff\xfe", b"PK\x03\x04", b'{"proofroom_record":1}',
        b'{"proofroom_record":"2"}', b'{"proofroom_record":3}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_record_of_this_format_is_unreadable(data: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        record_file.check(data)
    assert refused.value.code == "record_unreadable"
    assert refused.value.hint
