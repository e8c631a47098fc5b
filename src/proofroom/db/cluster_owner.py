"""Who the embedded PostgreSQL runs as, and what that user needs to reach its files.

An ordinary user runs the server as themselves and nothing here does anything. PostgreSQL refuses to run as
root, so root needs another user: the owner of the data directory if that is not root (a later run of that
user then finds everything in order), else a system user named `proofroom`, created on first use.

That user must be able to pass through the parents of the data directory and of the server's programs, and on
many machines `/root` has mode 0700. Making such directories readable for everybody would be a bad bargain, so
exactly one user is given exactly one right on exactly those parents: to pass (`x` in a POSIX access control
list, as in acl(5)). Where the file system has no such lists, `x` for others is set instead and the log says
so.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import stat
import struct
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from proofroom.domain.errors import ProofroomError

if sys.platform != "win32":
    import pwd

SERVICE_USER = "proofroom"

_log = logging.getLogger(__name__)

# The extended attribute of a POSIX access control list: a version, then (tag, permissions, id) entries.
_ACL_NAME = "system.posix_acl_access"
_ACL_VERSION = 2
_ACL_ENTRY = struct.Struct("<HHI")
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_GROUP_CLASS = frozenset({_USER, _GROUP_OBJ, _GROUP})
_NO_ID = 0xFFFFFFFF
_PASS = 1


@dataclass(frozen=True, slots=True)
class Owner:
    """The user that the server runs as. `switch` is true when that is not the user of this process."""

    uid: int
    gid: int
    name: str
    switch: bool

    def own(self, path: Path) -> None:
        """Give `path` to this user; nothing to do unless we are root."""
        if self.switch:
            os.chown(path, self.uid, self.gid)


def choose_owner(places: Iterable[Path]) -> Owner:
    """The user for a cluster. `places` are the cluster's directory and its parent, nearest first; they need
    not exist.

    Raises ProofroomError `embedded_user` when root has no user to run the server as.
    """
    uid = os.geteuid()
    if uid != 0:
        return Owner(uid, os.getegid(), str(uid), switch=False)
    for place in places:
        entry = _named_owner(place)
        if entry is not None:
            return Owner(entry.pw_uid, entry.pw_gid, entry.pw_name, switch=True)
    entry = _service_user()
    return Owner(entry.pw_uid, entry.pw_gid, entry.pw_name, switch=True)


def _named_owner(place: Path) -> pwd.struct_passwd | None:
    try:
        uid = place.stat().st_uid
        return pwd.getpwuid(uid) if uid != 0 else None
    except (FileNotFoundError, KeyError):
        return None


def _service_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        pass
    hint = (
        "Run Proofroom as an ordinary user, or create the system user yourself "
        f"(useradd --system {SERVICE_USER}), or set DATABASE_URL to a PostgreSQL server."
    )
    useradd = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if useradd is None:
        raise ProofroomError(
            "embedded_user", "PostgreSQL does not run as root, and this system has no useradd command.", hint
        )
    done = subprocess.run(
        [
            useradd,
            "--system",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/bin/false",
            SERVICE_USER,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        # Another process may have created the user in the meantime: what counts is that it is there.
        entry = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        raise ProofroomError(
            "embedded_user",
            f"PostgreSQL does not run as root, and the system user {SERVICE_USER} could not be created: "
            f"{done.stderr.strip() or 'useradd failed'}.",
            hint,
        ) from None
    _log.info("created the system user %s to run PostgreSQL, which does not run as root", SERVICE_USER)
    return entry


def let_reach(owner: Owner, directory: Path) -> None:
    """Let `owner` pass through every parent of `directory` (an absolute path without links)."""
    if not owner.switch:
        return
    opened = [str(parent) for parent in reversed(directory.parents) if _allow_pass(parent, owner)]
    if opened:
        _log.info("gave the user %s the right to pass through %s", owner.name, ", ".join(opened))


def let_read(owner: Owner, tree: Path) -> None:
    """Let everybody read a tree of installed programs, as packages normally are.

    Only needed when root installed them under a umask such as 077; the tree's first file tells.
    """
    if not owner.switch or _readable_for_others(tree):
        return
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder, name)
            mode = stat.S_IMODE(file.stat().st_mode)
            file.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _readable_for_others(tree: Path) -> bool:
    first_file = next((p for p in sorted(tree.rglob("*")) if p.is_file()), tree)
    return all(p.stat().st_mode & stat.S_IROTH for p in (tree, first_file))


def _allow_pass(directory: Path, owner: Owner) -> bool:
    """Give `owner` search permission on `directory` if it lacks it; true when something was changed."""
    info = directory.stat()
    if info.st_uid == owner.uid:
        may = bool(info.st_mode & stat.S_IXUSR)
        if not may:
            directory.chmod(stat.S_IMODE(info.st_mode) | stat.S_IXUSR)
        return not may
    if info.st_mode & stat.S_IXOTH and (info.st_gid != owner.gid or info.st_mode & stat.S_IXGRP):
        return False
    return _allow_pass_by_list(directory, owner.uid, info.st_mode)


def _allow_pass_by_list(directory: Path, uid: int, mode: int) -> bool:
    unsupported = {errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
    if sys.platform == "linux":
        try:
            entries = _read_list(directory, mode)
            wanted = with_pass(entries, uid)
            if wanted == entries:
                return False
            os.setxattr(directory, _ACL_NAME, _pack_list(wanted))
        except OSError as error:
            if error.errno not in unsupported:
                raise
        else:
            return True
    _log.warning(
        "%s has a file system without access control lists: every user may now pass through it (not list it)",
        directory,
    )
    directory.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
    return True


_Entry = tuple[int, int, int]


def with_pass(entries: tuple[_Entry, ...], uid: int) -> tuple[_Entry, ...]:
    """The access control list `entries` with the right to pass for `uid`, and no more rights for anybody
    else.
    """
    mask = next((perm for tag, perm, _ in entries if tag == _MASK), None)
    kept: list[_Entry] = []
    own = _PASS
    for tag, perm, id_ in entries:
        if tag == _MASK:
            continue
        # A right that the old mask withheld stays withheld when the mask below grows.
        effective = perm & mask if mask is not None and tag in _GROUP_CLASS else perm
        if tag == _USER and id_ == uid:
            own |= effective
            continue
        kept.append((tag, effective, id_))
    kept.append((_USER, own, uid))
    new_mask = 0
    for tag, perm, _ in kept:
        if tag in _GROUP_CLASS:
            new_mask |= perm
    kept.append((_MASK, new_mask, _NO_ID))
    return tuple(sorted(kept, key=lambda entry: (entry[0], entry[2])))


def _read_list(directory: Path, mode: int) -> tuple[_Entry, ...]:
    if sys.platform != "linux":
        return ()
    try:
        raw = os.getxattr(directory, _ACL_NAME)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        user, group, other = (mode >> 6) & 7, (mode >> 3) & 7, mode & 7
        return ((_USER_OBJ, user, _NO_ID), (_GROUP_OBJ, group, _NO_ID), (_OTHER, other, _NO_ID))
    found = [(int(tag), int(perm), int(id_)) for tag, perm, id_ in _ACL_ENTRY.iter_unpack(raw[4:])]
    return tuple(sorted(found, key=lambda entry: (entry[0], entry[2])))


def _pack_list(entries: tuple[_Entry, ...]) -> bytes:
    return struct.pack("<I", _ACL_VERSION) + b"".join(_ACL_ENTRY.pack(*entry) for entry in entries)
