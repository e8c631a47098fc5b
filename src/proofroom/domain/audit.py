"""A session's hash chain. Each entry commits to its content with a salt; the content stays beside the chain,
so that it can be deleted and the chain still holds.

commitment = SHA-256(salt ‖ canonical JSON of the content); hash = SHA-256 of the canonical JSON of
{session_id, n, at, kind, commitment, previous}. The head of the chain stands in the session row.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from proofroom.domain.canonical import canonical, digest


@dataclass(frozen=True, slots=True)
class Entry:
    """`n` counts from 1; `at` is an ISO 8601 time in UTC; `salt` is 32 hex characters, gone when redacted."""

    session_id: str
    n: int
    at: str
    kind: str
    commitment: str
    previous: str | None
    hash: str
    salt: str | None
    content: Any


def commit(salt: str, content: Any) -> str:
    """The salted commitment to a JSON value, as hex."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical(content)).hexdigest()


def link(
    *, session_id: str, n: int, at: str, kind: str, previous: str | None, salt: str, content: Any
) -> Entry:
    """The next entry of a chain whose head is `previous`."""
    commitment = commit(salt, content)
    return Entry(
        session_id, n, at, kind, commitment, previous, _hash(session_id, n, at, kind, commitment, previous),
        salt, content,
    )  # fmt: skip


def _hash(session_id: str, n: int, at: str, kind: str, commitment: str, previous: str | None) -> str:
    return digest(
        {
            "session_id": session_id, "n": n, "at": at, "kind": kind, "commitment": commitment,
            "previous": previous,
        }
    )  # fmt: skip


def broken_at(entries: Sequence[Entry], *, head: str | None, count: int) -> str | None:
    """The first place where a chain does not hold, in words; None when it is intact."""
    previous: str | None = None
    for position, entry in enumerate(entries, start=1):
        if entry.n != position:
            return f"entry {position} is missing or out of order"
        if entry.previous != previous:
            return f"entry {position} does not follow entry {position - 1}"
        facts = {k: v for k, v in asdict(entry).items() if k not in ("hash", "salt", "content")}
        if digest(facts) != entry.hash:
            return f"entry {position} was changed"
        if entry.salt is not None and commit(entry.salt, entry.content) != entry.commitment:
            return f"the content of entry {position} was changed"
        previous = entry.hash
    if len(entries) != count:
        return f"{len(entries)} entries are there, {count} were written"
    if previous != head:
        return "the last entry is not the head of the chain"
    return None
