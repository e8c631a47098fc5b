"""What a session's hash chain says of a checkpoint: the packet it holds, the votes on it, its approval.

The rows of a checkpoint can be rewritten in place. The chain was written when they were, so what the two do not
say alike was not seen, voted on or signed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from proofroom.domain.audit import Entry
from proofroom.domain.signing import signing_of


def _content(entry: Entry) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], entry.content) if isinstance(entry.content, Mapping) else {}


def sealed_digest(entries: Sequence[Entry], checkpoint_id: str) -> str | None:
    """The digest of the packet that the chain last put before a person at this checkpoint.

    A reviewer's own edits move it on: their approval names the digest shown and the one sealed. None when the
    chain knows no such checkpoint, or its content was deleted.
    """
    found: str | None = None
    for entry in entries:
        said = _content(entry)
        opened = entry.kind == "checkpoint_opened" and said.get("checkpoint_id") == checkpoint_id
        replaced = entry.kind == "superseded" and said.get("superseded_by") == checkpoint_id
        if opened or replaced:
            found = said.get("packet_digest")
        elif found is not None and entry.kind == "approve_pending" and said.get("packet_digest") == found:
            found = said.get("sealed_digest")
    return found


def votes_of(entries: Sequence[Entry], checkpoint_id: str, digest: str) -> list[Mapping[str, Any]]:
    """The votes on a packet that were given and not taken back, in order."""
    votes: list[Mapping[str, Any]] = []
    for entry in entries:
        said = _content(entry)
        if entry.kind == "voted" and said.get("packet_digest") == digest:
            votes.append(said)
        elif entry.kind == "approve_pending" and said.get("packet_digest") == digest:
            votes += [v for v in said.get("votes", ()) if v not in votes]
        elif entry.kind == "withdrawn" and said.get("checkpoint_id") == checkpoint_id:
            votes = [v for v in votes if v.get("by") != said.get("vote_of")]
    return votes


def was_written(entries: Sequence[Entry], kind: str, content: Mapping[str, Any] | None) -> bool:
    """Whether the chain holds an entry of this kind that says exactly this."""
    return content is not None and any(e.kind == kind and e.content == content for e in entries)


_ENDS_WHAT_IS_HELD = frozenset(
    {"withdrawn", "superseded", "approved", "rejected", "changes_requested", "expired", "cancelled"}
)


def is_held(entries: Sequence[Entry], kind: str, content: Mapping[str, Any] | None) -> bool:
    """Whether a decision that can still be taken back was made, as exactly this, and not taken back since.

    A session has one open review at a time: whatever ended one ended what was held there.
    """
    for entry in reversed(entries):
        if content is not None and entry.kind == kind and entry.content == content:
            return True
        if entry.kind in _ENDS_WHAT_IS_HELD:
            return False
    return False


def signed_by_enough(packet: Mapping[str, Any], decision: Mapping[str, Any]) -> bool:
    """Whether an approval carries as many different people's signatures as its packet asks for, none of them
    somebody who may not sign it. Policy signs alone, and only where one signature is enough."""
    signing = signing_of(packet)
    votes: Sequence[Mapping[str, Any]] = decision.get("votes") or [decision]
    people = {vote.get("by") for vote in votes}
    return len(people) >= signing.quorum and not people & set(signing.barred)
