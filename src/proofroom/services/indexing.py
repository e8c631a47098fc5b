"""Vectors for a project's passages: making them in the background, and how far that is.

The rows are the truth: a passage in use without a vector of the present model is one that is to be embedded. So the
work can stop anywhere and be gone on with by anybody, and doing it twice does nothing.
"""

import asyncio
from collections.abc import Callable
from uuid import UUID

from proofroom import queue
from proofroom.db import blocks as db_blocks
from proofroom.db import embeddings
from proofroom.db import sources as db_sources
from proofroom.db.tx import Database, Tx
from proofroom.domain.errors import NotFound, Unavailable
from proofroom.substrate import embedder, search
from proofroom.substrate.search import IndexState

# One transaction each: so long a passage that is retracted meanwhile may have to wait, and so much a crash repeats.
BATCH = 8


async def embed_project(
    db: Database,
    workspace_id: UUID,
    project_id: UUID,
    *,
    seconds: float | None = None,
    report: Callable[[int], None] | None = None,
) -> bool:
    """Embeds the passages that have no vector yet, the newest first, for `seconds` or until none is left that
    no other worker holds; answers whether there may be work for a next call. `report` hears of each batch how many
    it were.

    Several workers may do it at once: each takes passages that no other has. The model runs in a thread. Raises
    Unavailable when the database is away; what was committed stays.
    """
    chosen = await asyncio.to_thread(embedder.choice)
    if chosen.embedder is None:
        return False
    loop = asyncio.get_running_loop()
    until = None if seconds is None else loop.time() + seconds
    after: UUID | None = None
    while True:
        async with db.transaction(workspace_id) as tx:
            rows = await embeddings.claim(tx, project_id, chosen.embedder.model, after=after, limit=BATCH)
            if rows:
                texts = [embedder.passage(title, heading, text) for _, title, heading, text in rows]
                vectors = await asyncio.to_thread(embedder.embed, texts)
                if vectors is None:
                    return False
                await embeddings.write(
                    tx, project_id, chosen.embedder.model, [row[0] for row in rows], vectors.tolist()
                )
                await embeddings.announce(tx, project_id)
        if rows:
            after = rows[-1][0]
            if report is not None:
                report(len(rows))
        else:
            async with db.transaction(workspace_id) as tx:
                # The lock keeps captures out, so that none adds passages between the look and the mark.
                await db_blocks.lock_counts(tx, project_id)
                complete = await embeddings.complete(tx, project_id, chosen.embedder.model)
                if complete:
                    await embeddings.announce(tx, project_id)
                    return False
                # Passages came meanwhile, or others hold the last ones: whoever commits them looks again, as here.
                # Asking on and on would take the counts from those who capture.
                if not await embeddings.claim(tx, project_id, chosen.embedder.model, after=None, limit=1):
                    return False
            after = None
        if until is not None and loop.time() >= until:
            return True


async def state(tx: Tx, project_id: UUID) -> IndexState:
    """How far a project's index is. Raises NotFound (`project_not_found`)."""
    if not await db_sources.project_exists(tx, project_id):
        raise NotFound("project_not_found", f"No project {project_id} is here.", "List the projects.")
    return await search.index_state(tx, project_id)


async def rebuild(tx: Tx, project_id: UUID) -> IndexState:
    """Removes what another model made and has every missing vector made; answers the index as it is now.

    Vectors of the present model stay: made again they would be the same. Raises NotFound (`project_not_found`) and
    Unavailable (`no_embedder`).
    """
    now = await state(tx, project_id)
    if now.model is None:
        raise Unavailable(
            "no_embedder",
            f"There is nothing to make vectors with. {now.message}",
            "`proofroom doctor` says what is missing; search by words works.",
        )
    await db_blocks.lock_counts(tx, project_id)
    await embeddings.reopen(tx, project_id, now.model)
    await nudge(tx, project_id)
    await embeddings.announce(tx, project_id)
    return await search.index_state(tx, project_id)


async def nudge(tx: Tx, project_id: UUID) -> None:
    """Has a worker look whether vectors are missing; nothing when there is no embedder."""
    if embedder.wanted():
        await queue.defer(tx, queue.EMBED, project_id=str(project_id))


async def will_grow(tx: Tx, project_id: UUID) -> None:
    """To be called with the counts locked, before they are changed: nudges when a project without a gap gets one.

    While a gap is open somebody is at work on it, or the sweeper will see to it.
    """
    blocks, _ = await db_blocks.statistics(tx, project_id)
    if not blocks or await embeddings.mark(tx, project_id) is not None:
        await nudge(tx, project_id)
