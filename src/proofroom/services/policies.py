"""A project's policy: its settings, what policy says of a session, and what it would say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import members, policies, projects
from proofroom.db.models import ProjectPolicy, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.canonical import digest
from proofroom.domain.errors import Conflict, InvalidInput
from proofroom.domain.policy import (
    POLICY_VERSION,
    Facts,
    Gate,
    Pause,
    Strategy,
    Trigger,
    explain,
)
from proofroom.domain.policy_settings import (
    PolicySettings,
    settings_from_json,
    settings_to_json,
    stored_settings,
)
from proofroom.domain.risk import Risk, assess, consequence_of, risk_to_json, subjects_of
from proofroom.services.access import SIGNERS, Actor, require
from proofroom.services.meanwhile import changed_meanwhile
from proofroom.services.views import at

HISTORY = 10
"""How many of the last decisions on the same kind of work policy looks back on."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The settings that hold in a project and their version; 0 means that nothing was ever set."""

    version: int
    settings: PolicySettings


async def in_force(tx: Tx, project_id: UUID) -> InForce:
    row = await policies.current(tx, project_id)
    if row is None:
        return InForce(0, PolicySettings())
    return InForce(row.version, stored_settings(row.settings))


async def show(tx: Tx, project_id: UUID, *, may_sign: bool = False) -> dict[str, Any]:
    """{project_id, version, rules, settings, may_sign, workspace_may_sign, history}.

    Raises NotFound (`project_not_found`)."""
    await projects.get(tx, project_id)
    held = await in_force(tx, project_id)
    names = await members.names(tx)
    return {
        "project_id": str(project_id), "version": held.version, "rules": POLICY_VERSION,
        "settings": settings_to_json(held.settings), "may_sign": await _opted_in(tx, project_id, may_sign),
        "workspace_may_sign": await workspace_may_sign(tx, may_sign),
        "history": [_version_json(v, names) for v in await policies.versions(tx, project_id)],
    }  # fmt: skip


def _version_json(row: ProjectPolicy, names: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "version": row.version, "settings": row.settings, "by": names.get(row.created_by),
        "at": at(row.created_at),
    }  # fmt: skip


async def change(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    changes: Mapping[str, Any],
    *,
    version: int | None = None,
    may_sign: bool = False,
) -> dict[str, Any]:
    """Writes a new version of the settings if they differ; what is not named stays as it is.

    Packets that wait under the old one become stale: whoever decides sees them again. Raises NotAllowed,
    InvalidInput (`policy_invalid`, `quorum_unreachable`), Conflict (`policy_changed`) when `version` is not the
    one that holds or somebody else was first.
    """
    require(actor, "admin")
    await projects.get(tx, project_id)
    held = await in_force(tx, project_id)
    before = settings_to_json(held.settings)
    wanted = changed(held.settings, changes)
    if version is not None and version != held.version:
        raise _policy_changed(held.version)
    await _require_enough_people(tx, wanted)
    after = settings_to_json(wanted)
    if after != before:
        added = await policies.add(tx, project_id, held.version + 1, after, actor.member_id)
        if added is None:
            raise _policy_changed(held.version + 1)
    return await show(tx, project_id, may_sign=may_sign)


def changed(held: PolicySettings, changes: Mapping[str, Any]) -> PolicySettings:
    """The settings after a change; what is not named stays as it is. Raises InvalidInput (`policy_invalid`)."""
    before = settings_to_json(held)
    return settings_from_json(
        before | {**changes, "quorum": _merged(before["quorum"], changes.get("quorum"))}
    )


def _merged(before: Mapping[str, int], wanted: Any) -> Any:
    if isinstance(wanted, Mapping):
        return {**before, **cast(Mapping[str, Any], wanted)}
    return before if wanted is None else wanted


def _policy_changed(current: int) -> Conflict:
    return changed_meanwhile("policy_changed", "this project's policy", current)


async def _require_enough_people(tx: Tx, settings: PolicySettings) -> None:
    """A setting that nobody could ever satisfy is refused: its work would wait for ever."""
    able = sum(m.role in SIGNERS for m in await members.everybody(tx))
    needed = max(settings_to_json(settings)["quorum"].values()) + (1 if settings.separate_duties else 0)
    if needed > 1 and able < needed:
        raise InvalidInput(
            "quorum_unreachable",
            f"This needs {needed} people who may sign; this workspace has {able}.",
            hint="Add reviewers first, or ask for fewer signatures.",
            field="quorum" if not settings.separate_duties else "separate_duties",
        )


async def packet_part(
    tx: Tx,
    session: WorkSession,
    kind: str,
    effects: list[dict[str, Any]],
    shown: list[dict[str, Any]],
    triggers: int,
) -> dict[str, Any]:
    """What a packet says of policy: settings in force, who signs, and for a final one the risk.

    `triggers`: how many ever came up in the session.
    """
    held = await in_force(tx, session.project_id)
    final = kind == "final"
    quorum = held.settings.needed(consequence_of(effects, shown)) if final else 1
    separate = final and held.settings.separate_duties
    barred = await authors(tx, session) if separate else []
    risk = _risk(effects, shown, triggers) if final else None
    return {
        "policy": {
            "rules": POLICY_VERSION, "version": held.version, "settings": settings_to_json(held.settings),
        },
        "signing": {"quorum": quorum, "separate_duties": separate, "barred": barred},
        "risk": None if risk is None else risk_to_json(risk),
    }  # fmt: skip


def _risk(
    effects: list[dict[str, Any]], shown: list[dict[str, Any]], triggers: int, overturned: int = 0
) -> Risk:
    flags = sum(bool(c["needs_you"]) for a in shown for c in a["claims"])
    return assess(
        effects, shown, flags=flags, triggers=triggers, overturned=overturned, subjects=_subjects(shown)
    )


def _subjects(shown: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return subjects_of(text for a in shown for text in (a["title"], *(c["text"] for c in a["claims"])))


async def authors(tx: Tx, session: WorkSession) -> list[str]:
    """Ids of who asked for the work, of who wrote a version of it, and of whose agent handed it in, in order."""
    editors = await db_artifacts.person_authors(tx, session.id)
    posters = await db_artifacts.posters(tx, session.id)
    return sorted({str(session.created_by), *(str(e) for e in editors), *posters})


async def facts(
    tx: Tx, row: WorkSession, packet: Mapping[str, Any] | None = None, *, may_sign: bool = False
) -> Facts:
    """What policy looks at, from what is recorded; without a packet nothing is known of the final gate.

    `may_sign`: the server allows policy to sign wherever a project says nothing.
    """
    triggers = await db_artifacts.triggers(tx, row.id)
    overturned = await policies.overturned(tx, row.project_id, row.agent_type, HISTORY)
    known = Facts(
        open_triggers=frozenset(
            Trigger(t.kind) for t in triggers if not t.settled and t.iteration == row.iteration
        ),
        any_trigger=bool(triggers),
        plan_approved=row.plan is not None and row.plan_approved == digest(row.plan),
        opted_in=await _opted_in(tx, row.project_id, may_sign),
        overturned=max(
            overturned, row.change_requests
        ),  # that this piece was sent back is never too long ago
    )
    return known if packet is None else with_packet(known, packet)


def with_packet(known: Facts, packet: Mapping[str, Any]) -> Facts:
    """What is known of a session, and of the final gate by its packet."""
    return replace(
        known,
        flags=packet["summary"]["needs_you"],
        external=not packet["risk"]["reversible"],
        signatures=packet["signing"]["quorum"],
        subjects=_subjects(packet["artifacts"]),
    )


async def _opted_in(tx: Tx, project_id: UUID, may_sign: bool) -> bool:
    said = (await in_force(tx, project_id)).settings.policy_may_sign
    return await workspace_may_sign(tx, may_sign) if said is None else said


async def workspace_may_sign(tx: Tx, may_sign: bool) -> bool:
    """Whether policy may sign in projects that say nothing of it."""
    workspace = await members.workspace(tx)
    return may_sign or (workspace is not None and workspace.settings.get("policy_may_sign") is True)


async def explain_session(
    tx: Tx, row: WorkSession, packet: Mapping[str, Any], *, may_sign: bool = False
) -> dict[str, Any]:
    """A dry run: what policy says of this session at each gate as it stands now, rule by rule. Changes nothing.

    `packet` is the final packet as it would be built now.
    """
    known = await facts(tx, row, packet, may_sign=may_sign)
    strategy = Strategy(row.approval_strategy)
    risk = _risk(packet["effects"], packet["artifacts"], len(packet["triggers"]), known.overturned)
    return {
        "session_id": str(row.id), "strategy": strategy.value, "policy": packet["policy"],
        "signing": packet["signing"], "risk": risk_to_json(risk),
        "facts": {
            "open_triggers": sorted(t.value for t in known.open_triggers), "any_trigger": known.any_trigger,
            "flags": known.flags, "plan_approved": known.plan_approved, "external": known.external,
            "opted_in": known.opted_in, "signatures": known.signatures, "overturned": known.overturned,
            "subjects": list(known.subjects),
        },
        "gates": [_gate(strategy, gate, known) for gate in Gate],
    }  # fmt: skip


def _gate(strategy: Strategy, gate: Gate, known: Facts) -> dict[str, Any]:
    verdict, answers = explain(strategy, gate, known)
    return {
        "gate": gate.value, "stops": isinstance(verdict, Pause), "because": list(verdict.because),
        "reasons": list(verdict.reasons) if isinstance(verdict, Pause) else [],
        "rules": [
            {
                "rule": a.rule,
                "says": "no opinion" if a.verdict is None
                else "stop" if isinstance(a.verdict, Pause) else "go on",
            }
            for a in answers
        ],
    }  # fmt: skip
