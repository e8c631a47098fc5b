"""Who may sign a packet, and how many signatures release it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proofroom.domain.errors import Conflict, NotAllowed


@dataclass(frozen=True, slots=True)
class Signing:
    """What a final packet asks for. `barred`: ids of those who asked for the work or edited it, where duties are
    separated."""

    quorum: int = 1
    separate_duties: bool = False
    barred: tuple[str, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether one person may both edit and sign."""
        return self.quorum == 1 and not self.separate_duties


def signing_to_json(signing: Signing) -> dict[str, Any]:
    return {
        "quorum": signing.quorum, "separate_duties": signing.separate_duties, "barred": list(signing.barred),
    }  # fmt: skip


def signing_of(packet: Mapping[str, Any]) -> Signing:
    """What a packet asks for; one that says nothing needs one signature."""
    said: Mapping[str, Any] = packet.get("signing") or {}
    return Signing(
        int(said.get("quorum", 1)), bool(said.get("separate_duties", False)), tuple(said.get("barred", ()))
    )


def require_may_sign(signing: Signing, member_id: str, name: str) -> None:
    """Raises NotAllowed (`duties_separated`) for whoever asked for the work or edited it."""
    if member_id in signing.barred:
        raise NotAllowed(
            "duties_separated",
            f"{name} asked for this work or edited it; in this project somebody else signs it.",
            hint="Ask another reviewer. Asking for changes and rejecting are open to you.",
        )


def standing(
    votes: Sequence[Mapping[str, Any]], digest: str, may_sign: Collection[str], signing: Signing
) -> list[Mapping[str, Any]]:
    """The votes that still count: on this packet, by people who may still sign, one for each."""
    found: dict[str, Mapping[str, Any]] = {}
    for vote in votes:
        member = str(vote.get("by"))
        if vote.get("packet_digest") == digest and member in may_sign and member not in signing.barred:
            found.setdefault(member, vote)
    return list(found.values())


def require_new_vote(votes: Sequence[Mapping[str, Any]], member_id: str, signing: Signing) -> None:
    """Raises Conflict (`already_voted`) when the member's signature is there already."""
    if any(vote.get("by") == member_id for vote in votes):
        raise Conflict(
            "already_voted",
            f"You have signed this; it needs {signing.quorum} different people.",
            hint="Another reviewer signs next. Withdraw your signature to take it back.",
        )
