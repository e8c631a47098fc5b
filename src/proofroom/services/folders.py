"""Whether files could be put into a folder, found out before anybody signs for it. Nothing is made and nothing written.

It is a look, and no promise: a disk may fill up, and the worker that delivers may run on another machine. Where the
root of deliveries is not to be found on this one, nothing is refused.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from proofroom.domain.errors import InvalidInput
from proofroom.services.catalog import Catalog

T = TypeVar("T")
Args = TypeVarTuple("Args")
SECONDS = 1.0
"""How long a folder may take to answer: a network drive that is away never does."""
_LOOKERS = ThreadPoolExecutor(4, "folder")
"""Threads of their own: who looks at a drive that is away does not come back, and all else must not run out of them."""


async def targets(
    catalog: Catalog, asked: Sequence[Mapping[str, Any]], *, trusted: bool
) -> list[dict[str, Any]]:
    """Where deliveries go, as a session keeps it.

    Raises InvalidInput (`delivery_invalid`, `delivery_not_allowed`, `delivery_impossible`).
    """
    found = [_target(catalog, one, trusted=trusted) for one in asked]
    for n, target in enumerate(found):
        root = target.get("root")
        try:
            there = root is None or await _look(Path.is_dir, Path(root))
            why = await _looked_at(target) if there else None
        except TimeoutError:
            continue  # Silence proves nothing, a busy machine is slow, too. The review says that it does not answer.
        if why is not None:
            raise InvalidInput(
                "delivery_impossible",
                f"Nothing could be delivered to {asked[n]['path']}: {why}",
                hint="Name another folder, or have it put right first.",
                field=f"deliver_to.{n}.path",
            )
    return found


def _target(catalog: Catalog, target: Mapping[str, Any], *, trusted: bool) -> dict[str, Any]:
    kind, path = target.get("kind"), target.get("path")
    if kind != "folder" or not isinstance(path, str) or not path or "\x00" in path:
        raise InvalidInput(
            "delivery_invalid",
            "A delivery is {kind: folder, path: …}.",
            hint="Mail, webhooks and others are not part of this release.",
            field="deliver_to",
        )
    folder = {"kind": "folder", "path": str(catalog.delivery_folder(path, trusted=trusted))}
    # Looked at again when it is written: a link may have been put in its way by then.
    return folder if trusted else folder | {"root": str(catalog.delivery_root)}


async def hindrances(effects: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """{path, why} of the effects that could not be made as things stand now."""
    folders = [effect["target"] for effect in effects if effect["kind"] == "folder"]
    said = await asyncio.gather(*(hindrance(target) for target in folders))
    return [
        {"path": str(target["path"]), "why": why}
        for target, why in zip(folders, said, strict=True)
        if why is not None
    ]


async def hindrance(target: Mapping[str, Any]) -> str | None:
    """Why nothing could be written to a delivery's folder, in a sentence; None when nothing stands in the way."""
    try:
        return await _looked_at(target)
    except TimeoutError:
        return f"{target['path']} does not answer."


async def _looked_at(target: Mapping[str, Any]) -> str | None:
    root = target.get("root")
    return await _look(_hindrance, Path(target["path"]), None if root is None else Path(root))


async def _look(look: Callable[[*Args], T], *args: *Args) -> T:
    """Raises TimeoutError."""
    return await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(_LOOKERS, look, *args), SECONDS)


def _hindrance(folder: Path, root: Path | None) -> str | None:
    try:
        if root is not None and not folder.resolve().is_relative_to(root.resolve()):
            return f"{folder} leads out of the server's delivery root."
        there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
        if not there.is_dir():
            return f"{there} is not a folder."
        if not os.access(there, os.W_OK | os.X_OK):
            return f"{there} may not be written to."
        if os.statvfs(there).f_bavail == 0:
            return f"The disk of {there} is full."
    except OSError as error:
        return f"{folder} cannot be looked at: {error.strerror or type(error).__name__}."
    return None
