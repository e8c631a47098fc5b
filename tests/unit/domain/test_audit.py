"""The hash chain: whatever is changed in it is found, and the place is named."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.audit import Entry, broken_at, commit, link
from proofroom.domain.canonical import digest

SALT = "00112233445566778899aabbccddeeff"
CONTENT = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-1000, 1000),
        st.text(st.characters(exclude_categories=("Cs",)), max_size=8),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def chain(contents: Sequence[Any]) -> list[Entry]:
    entries: list[Entry] = []
    for n, content in enumerate(contents, start=1):
        entries.append(
            link(
                session_id="0192",
                n=n,
                at=f"2026-11-22T10:00:{n:02}.000+00:00",
                kind="decided",
                previous=entries[-1].hash if entries else None,
                salt=f"{n:032x}",
                content=content,
            )
        )
    return entries


def check(entries: Sequence[Entry], whole: Sequence[Entry]) -> str | None:
    """Against the head and count of the chain as it was written."""
    return broken_at(entries, head=whole[-1].hash if whole else None, count=len(whole))


chains = st.lists(CONTENT, min_size=1, max_size=6).map(chain)


def test_a_link_as_the_method_says() -> None:
    entry = link(session_id="s", n=2, at="t", kind="k", previous="p", salt=SALT, content={"b": 1, "a": "é"})
    assert entry.commitment == hashlib.sha256(bytes.fromhex(SALT) + '{"a":"é","b":1}'.encode()).hexdigest()
    facts = f'{{"at":"t","commitment":"{entry.commitment}","kind":"k","n":2,"previous":"p","session_id":"s"}}'
    assert entry.hash == hashlib.sha256(facts.encode()).hexdigest()
    assert (entry.session_id, entry.n, entry.at, entry.kind, entry.previous) == ("s", 2, "t", "k", "p")
    assert (entry.salt, entry.content) == (SALT, {"b": 1, "a": "é"})


def test_the_same_content_under_another_salt_cannot_be_recognised() -> None:
    assert commit(SALT, "yes") != commit(SALT[::-1], "yes")


@pytest.mark.parametrize(
    "salt",
    ["", "00", SALT[:-2], SALT + "00", SALT.upper(), SALT[:-1] + " ", "g" * 32, SALT + "\n", "\u0660" * 32],
)
def test_a_salt_has_one_form(salt: str) -> None:
    with pytest.raises(ValueError, match="salt"):
        commit(salt, 1)


@given(chains)
def test_a_chain_as_written_is_intact(entries: list[Entry]) -> None:
    assert check(entries, entries) is None


def test_an_empty_chain() -> None:
    assert broken_at([], head=None, count=0) is None
    assert broken_at([], head="ab", count=0) == "the last entry is not the head of the chain"
    assert broken_at([], head=None, count=1) == "0 entries are there, 1 were written"


@given(chains, st.data())
def test_redacted_content_leaves_the_chain_whole(entries: list[Entry], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, len(entries) - 1)))
    redacted = [replace(e, salt=None, content=None) if i in gone else e for i, e in enumerate(entries)]
    assert check(redacted, entries) is None


def flip(text: str, at: int, bit: int) -> str | None:
    """The text with one bit flipped, or None when that is no text any more."""
    raw = bytearray(text.encode())
    raw[at % len(raw)] ^= 1 << bit
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


@given(chains, st.data())
def test_any_flipped_bit_is_found_and_its_entry_named(entries: list[Entry], data: st.DataObject) -> None:
    """The entry is written as JSON, one bit of the file is flipped, and it is read again."""
    i = data.draw(st.integers(0, len(entries) - 1))
    name = data.draw(
        st.sampled_from(
            ["session_id", "n", "at", "kind", "commitment", "previous", "hash", "salt", "content"]
        )
    )
    before = asdict(entries[i])
    written = json.dumps(before[name], ensure_ascii=False)
    changed = flip(written, data.draw(st.integers(0, 10_000)), data.draw(st.integers(0, 7)))
    try:
        value = json.loads(changed) if changed is not None else None
    except ValueError:
        return  # no longer JSON: the reader refuses it
    if changed is None or (value == before[name] and type(value) is type(before[name])):
        return
    if name in ("salt", "previous", "hash", "at", "kind", "commitment", "session_id") and not isinstance(
        value, str | None
    ):
        return  # of another type: the reader refuses it
    tampered = [*entries[:i], replace(entries[i], **{name: value}), *entries[i + 1 :]]
    found = check(tampered, entries)
    if digest(before[name]) == digest(value):  # 1 and 1.0 are one number in JSON
        assert found is None
        return
    assert found is not None
    assert f"entry {i + 1}" in found


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("session_id", "0193", "entry 2 was changed"),
        ("n", 3, "entry 2 is missing or out of order"),
        ("n", True, "entry 2 is missing or out of order"),
        ("at", "2026-11-22T10:00:03.000+00:00", "entry 2 was changed"),
        ("at", "\ud800", "entry 2 was changed"),
        ("kind", "withdrawn", "entry 2 was changed"),
        ("commitment", "0" * 64, "entry 2 was changed"),
        ("previous", None, "entry 2 does not follow entry 1"),
        ("previous", "0" * 64, "entry 2 does not follow entry 1"),
        ("hash", "0" * 64, "entry 2 was changed"),
        ("salt", "f" * 32, "the content of entry 2 was changed"),
        ("salt", "not hex", "the content of entry 2 was changed"),
        ("salt", f"{2:032X}"[:-1] + " ", "the content of entry 2 was changed"),
        ("salt", None, "the content of entry 2 was changed"),
        ("content", {"decision": "reject"}, "the content of entry 2 was changed"),
        ("content", None, "the content of entry 2 was changed"),
        ("content", float("nan"), "the content of entry 2 was changed"),
        ("content", "\udc00", "the content of entry 2 was changed"),
        ("content", 2**60, "the content of entry 2 was changed"),
    ],
)
def test_each_member_of_an_entry(name: str, value: Any, place: str) -> None:
    entries = chain([{"decision": "approve"}] * 3)
    tampered = [entries[0], replace(entries[1], **{name: value}), entries[2]]
    assert check(tampered, entries) == place


def test_the_last_entry_is_as_safe_as_the_others() -> None:
    entries = chain(["a", "b"])
    forged = link(
        session_id="0192",
        n=2,
        at=entries[1].at,
        kind="decided",
        previous=entries[0].hash,
        salt=SALT,
        content="c",
    )
    assert check([entries[0], forged], entries) == "the last entry is not the head of the chain"


def test_content_cannot_be_put_where_the_salt_is_gone() -> None:
    """Redacting takes away the proof; nothing may then stand there as if it were proven."""
    entries = chain(["rejected"])
    assert check([replace(entries[0], salt=None, content="approved")], entries) == (
        "the content of entry 1 was changed"
    )


def test_a_byte_cannot_move_from_the_content_into_the_salt() -> None:
    """The bytes hashed would be the same: 12 after a salt, or 2 after that salt and the byte of the 1."""
    entries = chain([12])
    moved = replace(entries[0], salt=(entries[0].salt or "") + "31", content=2)
    assert check([moved], entries) == "the content of entry 1 was changed"


def test_content_nested_too_deep_is_named_not_a_crash() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    entries = chain(["a"])
    assert check([replace(entries[0], content=deep)], entries) == "the content of entry 1 was changed"


@given(st.lists(CONTENT, min_size=2, max_size=6).map(chain), st.data())
def test_a_dropped_entry_is_found(entries: list[Entry], data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(entries) - 2))
    assert check(entries[:i] + entries[i + 1 :], entries) == f"entry {i + 1} is missing or out of order"


@given(st.lists(CONTENT, min_size=2, max_size=6).map(chain), st.data())
def test_entries_in_another_order_are_found(entries: list[Entry], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(entries))))
    first = next((p for p, i in enumerate(order) if i != p), None)
    found = check([entries[i] for i in order], entries)
    assert found == (None if first is None else f"entry {first + 1} is missing or out of order")


@given(chains, st.data())
def test_a_truncated_chain_is_found(entries: list[Entry], data: st.DataObject) -> None:
    keep = data.draw(st.integers(0, len(entries) - 1))
    assert check(entries[:keep], entries) == f"{keep} entries are there, {len(entries)} were written"


@given(chains)
def test_an_entry_repeated_or_added_is_found(entries: list[Entry]) -> None:
    n = len(entries)
    assert check([*entries, entries[-1]], entries) == f"entry {n + 1} is missing or out of order"
    more = chain([e.content for e in entries] + ["more"])
    assert check(more, entries) == f"{n + 1} entries are there, {n} were written"


@given(st.lists(CONTENT, min_size=2, max_size=6).map(chain), st.data())
def test_an_entry_renumbered_to_close_a_gap_is_found(entries: list[Entry], data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(entries) - 2))
    closed = [replace(e, n=n) for n, e in enumerate(entries[:i] + entries[i + 1 :], start=1)]
    found = check(closed, entries)
    assert found is not None
    assert f"entry {i + 1}" in found


def test_a_chain_written_anew_is_found_by_the_head() -> None:
    entries = chain(["approve", "deliver"])
    anew = chain(["reject", "deliver"])
    assert broken_at(anew, head=anew[-1].hash, count=2) is None
    assert check(anew, entries) == "the last entry is not the head of the chain"
