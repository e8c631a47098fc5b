"""A session's hash chain. Each entry commits to its content with a salt; the content stays beside the chain,
so that it can be deleted and the chain still holds. Deleting takes both, content and salt: what has no salt
cannot be proven, so nothing may stand there.

commitment = SHA-256(salt ‖ canonical JSON of the content); hash = SHA-256 of the canonical JSON of
{session_id, n, at, kind, commitment, previous}. The head of the chain stands in the session row.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from proofroom.domain.canonical import canonical, digest

_SALT = re.compile(r"[0-9a-f]{32}")


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
    """The salted commitment to a JSON value, as hex.

    Raises ValueError when `salt` is not 32 lower-case hex characters, or `content` not canonical JSON. Only
    with a salt of one length can no byte move between salt and content and leave the commitment as it was.
    """
    if not _SALT.fullmatch(salt):
        raise ValueError("a salt is 32 lower-case hex characters")
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


def _hash_holds(entry: Entry) -> bool:
    facts = (entry.session_id, entry.n, entry.at, entry.kind, entry.commitment, entry.previous)
    try:
        return _hash(*facts) == entry.hash
    except ValueError:  # what has no canonical form was never written
        return False


def _content_holds(entry: Entry) -> bool:
    if entry.salt is None:
        return entry.content is None
    try:
        return commit(entry.salt, entry.content) == entry.commitment
    except ValueError:
        return False


def broken_at(entries: Sequence[Entry], *, head: str | None, count: int) -> str | None:
    """The first place where a chain does not hold, in words; None when it is intact."""
    previous: str | None = None
    for position, entry in enumerate(entries, start=1):
        if entry.n != position:
            return f"entry {position} is missing or out of order"
        if entry.previous != previous:
            return f"entry {position} does not follow entry {position - 1}"
        if not _hash_holds(entry):
            return f"entry {position} was changed"
        if not _content_holds(entry):
            return f"the content of entry {position} was changed"
        previous = entry.hash
    if len(entries) != count:
        return f"{len(entries)} entries are there, {count} were written"
    if previous != head:
        return "the last entry is not the head of the chain"
    return None
