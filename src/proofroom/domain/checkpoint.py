"""The human gate: what a reviewer is shown, sealed by a digest, and what a decision must satisfy."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from proofroom.domain.canonical import digest
from proofroom.domain.errors import Conflict, InvalidInput, PreconditionRequired

PACKET_VERSION = 3
READ_PACKETS = (2, 3)
"""The versions that open and signed packets may have; each is compared in its own form."""

MAY_STAND = frozenset({"supported", "partial", "uncited"})
"""Verdicts that may be signed over in silence. Any other (unsupported, conflict, one that is not known here) is
edited away or acknowledged with a reason, and calling a claim an opinion lifts none."""

MAX_UNDO_SECONDS = 60


class CheckpointStatus(StrEnum):
    PENDING_REVIEW = "pending_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class Decision(StrEnum):
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"


def held_decision(status: str, pending: bool, decision: Mapping[str, Any] | None) -> Decision | None:
    """The decision that was made on a checkpoint and can still be taken back; None when there is none.

    A row that is pending and says something else was tampered with: it counts as an approval, whose seal is looked at.
    """
    if status != CheckpointStatus.PENDING_REVIEW or not pending:
        return None
    said = (decision or {}).get("decision")
    return Decision(said) if said in set(Decision) else Decision.APPROVE


class AcknowledgementKind(StrEnum):
    """Why a flag is signed over: the reader takes it as it is, or holds that the check erred."""

    ACCEPTED = "accepted"
    CHECK_WAS_WRONG = "check_was_wrong"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One line of reason for signing over a flagged claim. `kind` feeds the figures on the checks."""

    claim_id: str
    reason: str
    kind: AcknowledgementKind = AcknowledgementKind.ACCEPTED


def packet_digest(packet: Mapping[str, Any]) -> str:
    """What a decision is made on: SHA-256 of the packet's canonical JSON (RFC 8785), as hex."""
    return digest(packet)


def in_version_2(packet: Mapping[str, Any]) -> dict[str, Any]:
    """A packet in the form that it had before version 3: without the task's configuration, what was kept before, and
    which decision approvals were carried from.
    """
    older = {name: value for name, value in packet.items() if name != "task_configuration"}
    artifacts = [{k: v for k, v in a.items() if k != "kept_before"} for a in packet["artifacts"]]
    source = packet.get("carried_from")
    if source is not None:
        source = {k: v for k, v in source.items() if k != "decision"}
    return older | {"version": 2, "artifacts": artifacts, "carried_from": source}


def require_digest(given: str | None, packet: Mapping[str, Any], stored: str) -> None:
    """Refuses a decision that does not name exactly the packet that is there.

    Raises PreconditionRequired (`packet_digest_required`) when none is named, Conflict (`stale_packet`) when
    it is another one, and Conflict (`packet_altered`) when the stored packet is not what its digest says.
    """
    if not given:
        raise PreconditionRequired(
            "packet_digest_required",
            "A decision must name the packet it was made on.",
            hint="Send the packet_digest of the checkpoint that you looked at.",
        )
    if not is_sealed_by(stored, packet):
        raise Conflict(
            "packet_altered",
            "The stored packet is not the one that was sealed.",
            hint="Nothing was decided. Tell whoever runs this server; the session can be forked.",
        )
    if given != stored:
        raise Conflict(
            "stale_packet",
            "What you looked at has changed since. Nothing was decided.",
            hint="Look at the current packet and decide again.",
        )


def is_sealed_by(stored: str, packet: Mapping[str, Any]) -> bool:
    """Whether a packet is the one that its digest names."""
    try:
        return packet_digest(packet) == stored
    except ValueError:  # what has no canonical form was never sealed
        return False


def flagged_claims(packet: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """(artifact, claim) for each claim that must be settled before signing, in reading order."""
    return [
        (artifact, claim)
        for artifact in packet.get("artifacts", ())
        for claim in artifact.get("claims", ())
        if claim.get("verdict") not in MAY_STAND
    ]


def check_reasons(packet: Mapping[str, Any], acknowledged: Sequence[Acknowledgement]) -> None:
    """Every reason is about a claim of the packet, and has words.

    Raises InvalidInput: `reason_required`, `unknown_claim`.
    """
    known = Counter(c["id"] for a in packet.get("artifacts", ()) for c in a.get("claims", ()))
    for item in acknowledged:
        if item.claim_id not in known:
            raise InvalidInput(
                "unknown_claim",
                f"No claim {item.claim_id} is in this packet.",
                hint="Acknowledge claims of the packet that you name.",
                field="acknowledged",
            )
        if not item.reason.strip():
            raise InvalidInput(
                "reason_required",
                "Signing over a flag needs a reason.",
                hint="One line is enough; it is kept in the record.",
                field="acknowledged",
            )


def check_acknowledged(packet: Mapping[str, Any], acknowledged: Sequence[Acknowledgement]) -> None:
    """Every flagged claim has a reason, and every reason is about a claim of the packet.

    Raises InvalidInput: `unacknowledged_claims` with the claims, `reason_required`, `unknown_claim`.
    """
    check_reasons(packet, acknowledged)
    known = Counter(c["id"] for a in packet.get("artifacts", ()) for c in a.get("claims", ()))
    # Ids are digests cut short: an agent can find two texts of one id, and a reason for one is none for the other.
    given = {item.claim_id for item in acknowledged if known[item.claim_id] == 1}
    missing = [(a, c) for a, c in flagged_claims(packet) if c["id"] not in given]
    if missing:
        count = len(missing)
        raise InvalidInput(
            "unacknowledged_claims",
            f"{count} flagged claim{'s' if count > 1 else ''} must be corrected or kept with a reason.",
            hint="Edit each away, or acknowledge it with one line of reason.",
            field="acknowledged",
            extra={
                "claims": [
                    {
                        "claim_id": c["id"], "n": c.get("n"), "artifact_id": a["artifact_id"],
                        "text": c["text"], "verdict": c["verdict"],
                    }
                    for a, c in missing
                ]
            },
        )  # fmt: skip


def adds_a_flag(before: Mapping[str, Any], after: Mapping[str, Any], settled: Collection[str]) -> bool:
    """Whether an edited packet holds a flagged claim that neither stood there before nor is acknowledged."""
    known = {c["id"] for _, c in flagged_claims(before)}
    return any(c["id"] not in known and c["id"] not in settled for _, c in flagged_claims(after))


_RULES = ("version", "policy_version", "policy", "signing", "risk")
"""Parts of a packet that say how it is decided on, and nothing of the work."""


def only_the_rules_moved(signed: Mapping[str, Any], fresh: Mapping[str, Any]) -> bool:
    """Whether two packets differ in the rules of signing at most: the work is what was signed, and by newer rules
    somebody looks again. A packet of another release cannot be compared part by part; it counts as that, too.
    """
    if signed.get("version") != fresh.get("version"):
        return True
    before, after = ({k: v for k, v in p.items() if k not in _RULES} for p in (signed, fresh))
    return digest(before) == digest(after)


def apart_from(packet: Mapping[str, Any], artifact_ids: Collection[str]) -> dict[str, Any]:
    """The packet without some of its artifacts and without what is summed up over all of them.

    Edits may change the artifacts they are about, whether what was asked for is met now, and nothing else: the
    rest must still be what was shown. With no artifact named it is the whole packet.
    """
    if not artifact_ids:
        return dict(packet)
    kept = [a for a in packet.get("artifacts", ()) if a["artifact_id"] not in artifact_ids]
    effects = [e for e in packet.get("effects", ()) if e.get("kind") != "notice"]
    summed_up = ("summary", "risk", "reread")
    rest = {k: v for k, v in packet.items() if k not in summed_up} | {"artifacts": kept, "effects": effects}
    if "obligations" in packet:
        judged = ("state", "note")
        rest["obligations"] = [{k: v for k, v in o.items() if k not in judged} for o in packet["obligations"]]
    return rest
