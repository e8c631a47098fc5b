"""What people call things: sessions, projects and sources by id, by a part of it, or by name."""

from uuid import UUID

from proofroom.db import lookup, members, projects, work_sessions
from proofroom.db import sources as db_sources
from proofroom.db.models import Member, Project, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.errors import Conflict, InvalidInput, NotFound

SHORTEST = 6


def short(session_id: object) -> str:
    """The end of an id, by which people may name it: beginnings are alike, because they are the time."""
    return str(session_id)[-12:]


async def session(tx: Tx, given: str) -> WorkSession:
    """Raises NotFound (`session_not_found`), InvalidInput (`id_too_short`), Conflict (`id_ambiguous`)."""
    if given.strip().lower() == "last":
        newest = await work_sessions.page(tx, limit=1)
        if not newest:
            raise NotFound(
                "session_not_found", "There is no work session yet.", hint="Begin one with `proofroom work`."
            )
        return newest[0]
    return await work_sessions.get(
        tx, await _id(tx, "session", given, "session_not_found", "`proofroom sessions` lists them.")
    )


async def project(tx: Tx, given: str) -> Project:
    """By exact name or id. Raises NotFound (`project_not_found`), Conflict (`project_ambiguous`)."""
    found = await named_project(tx, given)
    if found is None:
        known = [p.name for p in await projects.page(tx, limit=20)]
        raise NotFound(
            "project_not_found",
            f"There is no project {given[:200]!r}.",
            hint="There are: " + "; ".join(known) + "." if known else "There is no project yet.",
        )
    return found


async def named_project(tx: Tx, given: str) -> Project | None:
    """The same, None when there is none."""
    named = await projects.by_name(tx, given.strip())
    if len(named) > 1:
        raise Conflict(
            "project_ambiguous",
            f"{len(named)} projects are called {given[:200]!r}.",
            hint="Name one by its id: " + ", ".join(str(p.id) for p in named[:5]) + ".",
        )
    if named:
        return named[0]
    part = given.strip().lower()
    matching = await lookup.ids(tx, "project", part) if len(part) >= SHORTEST else []
    return await projects.get(tx, matching[0]) if len(matching) == 1 else None


async def only_project(tx: Tx, given: str | None) -> Project:
    """The named project, or the only one there is; else raises InvalidInput (`project_required`)."""
    if given is not None:
        return await project(tx, given)
    known = await projects.page(tx, limit=20)
    if len(known) == 1:
        return known[0]
    raise InvalidInput(
        "project_required",
        "No project was named." if known else "There is no project yet.",
        hint="Use --project with one of: " + "; ".join(p.name for p in known) + "."
        if known
        else "Make one with `proofroom source add FILE --project NAME`.",
        field="--project",
    )


async def member(tx: Tx, given: str) -> Member:
    """By exact name or id. Raises NotFound (`member_not_found`), Conflict (`member_ambiguous`)."""
    everybody = await members.everybody(tx)
    wanted = given.strip()
    found = [m for m in everybody if m.name == wanted or str(m.id) == wanted.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        raise Conflict(
            "member_ambiguous",
            f"{len(found)} members are called {given[:80]!r}.",
            hint="Name one by its id: " + ", ".join(str(m.id) for m in found[:5]) + ".",
        )
    raise NotFound(
        "member_not_found",
        f"There is no member {given[:80]!r}.",
        hint="There are: " + "; ".join(m.name for m in everybody[:20]) + ".",
    )


async def source(tx: Tx, given: str, in_project: str | None) -> UUID:
    """A source's id by id, part of it, title or file name. Raises NotFound, Conflict (`source_ambiguous`)."""
    for candidate in [await project(tx, in_project)] if in_project else await projects.page(tx, limit=200):
        named = [
            s for s in await db_sources.page(tx, candidate.id, limit=10_000) if given in (s.title, s.filename)
        ]
        live = [s for s in named if s.retracted_at is None] or named
        if len(live) > 1:
            raise Conflict(
                "source_ambiguous",
                f"{len(live)} sources of {candidate.name} are called {given[:200]!r}.",
                hint="Name one by its id: " + ", ".join(str(s.id) for s in live[:5]) + ".",
            )
        if live:
            return live[0].id
    return await _id(tx, "source", given, "source_not_found", "`proofroom source list` lists them.")


async def memory(tx: Tx, given: str) -> UUID:
    """An item of memory by id or part of it. Raises as `session` does, with `memory_not_found`."""
    return await _id(tx, "memory", given, "memory_not_found", "`proofroom memory list` lists them.")


async def delivery(tx: Tx, given: str) -> UUID:
    """Raises NotFound (`delivery_not_found`), InvalidInput (`id_too_short`), Conflict (`id_ambiguous`)."""
    return await _id(tx, "delivery", given, "delivery_not_found", "`proofroom deliveries list` lists them.")


async def _id(tx: Tx, kind: str, given: str, code: str, hint: str) -> UUID:
    part = given.strip().lower()
    if len(part) < SHORTEST:
        raise InvalidInput(
            "id_too_short",
            f"{given[:80]!r} is too short to tell which {kind} is meant.",
            hint=f"Give at least {SHORTEST} characters of the id. {hint}",
        )
    found = await lookup.ids(tx, kind, part)
    if not found:
        raise NotFound(code, f"There is no {kind} {given[:80]!r}.", hint=hint[:1].upper() + hint[1:])
    if len(found) > 1:
        raise Conflict(
            "id_ambiguous",
            f"More than one {kind} id begins or ends with {part}.",
            hint="Give more of it, such as its last 12 characters: "
            + ", ".join(short(f) for f in found)
            + ".",
        )
    return found[0]
