"""Delivery to a folder: each file whole or not at all, and the same file when it is made again."""

import asyncio
import contextlib
import errno
import os
from collections.abc import Mapping
from pathlib import Path

from proofroom import faults
from proofroom.engine.effects import Effect, NotSent

_FULL = (errno.ENOSPC, errno.EDQUOT)


async def send(effect: Effect) -> list[str]:
    """Writes the effect's files and answers their names.

    Raises NotSent (`folder_full`, `folder_unwritable`, `folder_leads_out`).
    """
    root = effect.target.get("root")
    folder = Path(str(effect.target["path"]))
    mark = f"{effect.idempotency_key[:16]}.{effect.attempt}"
    return await asyncio.to_thread(
        _write, folder, None if root is None else Path(str(root)), effect.files, mark
    )


def _write(folder: Path, root: Path | None, files: Mapping[str, bytes], mark: str) -> list[str]:
    """`mark` names this attempt; what an earlier one of the same effect left half-written is taken away."""
    # A folder asked for over HTTP may by a link made since not be under its root any more.
    if root is not None and not folder.resolve().is_relative_to(root.resolve()):
        raise NotSent(
            "folder_leads_out",
            f"{folder} leads out of the server's delivery root. Nothing was written; put the folder back in its place,"
            " then send it again.",
            for_good=True,
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f".*.{mark.partition('.')[0]}.*.part"):
            left.unlink(missing_ok=True)
        for name, content in files.items():
            _put(folder, name, content, mark)
        _flush(folder)
    except OSError as error:
        raise _not_written(folder, error) from error
    return list(files)


def _put(folder: Path, name: str, content: bytes, mark: str) -> None:
    """Written beside its place, on the disk for sure, then moved there."""
    temporary = folder / f".{name[:40]}.{mark}.part"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        faults.point("delivery_half_written", folder)
        temporary.chmod(0o644)
        temporary.replace(folder / name)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _flush(folder: Path) -> None:
    """The names too outlive a power cut. Some file systems cannot flush a folder; then the files must do."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _not_written(folder: Path, error: OSError) -> NotSent:
    why = error.strerror or type(error).__name__
    if error.errno in _FULL:
        return NotSent("folder_full", f"The disk of {folder} is full. Make room on it; it is tried again.")
    return NotSent(
        "folder_unwritable",
        f"Nothing could be written to {folder}: {why}. Make it a folder that the server may write to.",
    )
