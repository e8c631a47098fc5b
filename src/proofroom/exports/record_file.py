"""What a record is as bytes, written and verified without a database.

The file is one JSON object. Each member of the header, each entry, packet and artifact is one line, its value in
canonical JSON (RFC 8785); the seal in the last line but one is the SHA-256 of all bytes before that line. So there is
one way to write what a record says, and every byte counts.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from proofroom.domain import audit
from proofroom.domain.canonical import canonical, digest
from proofroom.domain.errors import InvalidInput

FORMAT = 2
HEADER: Mapping[str, type] = {
    "proofroom_record": int, "session_id": str, "title": str, "status": str, "exported_at": str, "count": int,
    "head": str,
}  # fmt: skip
LISTS = ("entries", "packets", "artifacts")
SINGULAR = {"entries": "entry", "packets": "packet", "artifacts": "artifact"}
ENTRY: Mapping[str, type | None] = {
    "n": int, "at": str, "kind": str, "commitment": str, "previous": None, "hash": str, "salt": None,
    "content": None,
}  # fmt: skip
PACKET: Mapping[str, type | None] = {"checkpoint_id": str, "packet_digest": str, "packet": None}
ARTIFACT: Mapping[str, type | None] = {"artifact_id": str, "version": int, "digest": str, "content": None}
MEMBERS = {"entries": ENTRY, "packets": PACKET, "artifacts": ARTIFACT}

ENDED = {
    "completed": "completed", "failed": "failed", "rejected": "failed", "expired": "failed",
    "cancelled": "cancelled", "retried": None,
}  # fmt: skip
"""Kinds of entries that settle a session, and the status they leave it in; None: it is not settled any more."""

_SEAL = b'"seal":'


@dataclass(frozen=True, slots=True)
class Checked:
    """What verifying came to. `why` names the first broken place, None when the record is intact. `redacted` counts
    entries, packets and artifacts whose content was deleted."""

    why: str | None
    session_id: str = ""
    title: str = ""
    count: int = 0
    head: str | None = None
    redacted: int = 0


def write(
    header: Mapping[str, Any],
    entries: Sequence[audit.Entry],
    packets: Sequence[Mapping[str, Any]],
    artifacts: Sequence[Mapping[str, Any]],
) -> bytes:
    """The record as bytes, sealed. `header` lacks `proofroom_record`; packets and artifacts have the members of
    PACKET and ARTIFACT. Raises ValueError for what has no canonical form."""
    rows = [{k: getattr(e, k) for k in ENTRY} for e in entries]
    return _bytes(
        {"proofroom_record": FORMAT, **header}, {"entries": rows, "packets": packets, "artifacts": artifacts}
    )


def _bytes(header: Mapping[str, Any], lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    lines = [b"{"]
    lines += [canonical(name) + b":" + canonical(header[name]) + b"," for name in HEADER]
    for name in LISTS:
        lines.append(canonical(name) + b":[")
        rows = [canonical(row) for row in lists[name]]
        lines += [row + b"," for row in rows[:-1]] + rows[-1:]
        lines.append(b"],")
    body = b"\n".join(lines) + b"\n"
    return body + _SEAL + canonical(hashlib.sha256(body).hexdigest()) + b"\n}\n"


def check(data: bytes, head: str | None = None) -> Checked:
    """Verifies a record. `head` is the head of its chain as it was kept elsewhere.

    Raises InvalidInput (`record_unreadable`) for what is no record of this format.
    """
    try:
        document: Any = json.loads(data)
        said = _format(document)
    except (ValueError, RecursionError) as error:
        if b"proofroom_record" not in data and b'"entries"' not in data:
            raise unreadable("it is not JSON") from error
        return Checked(f"{_place(data, _line_of(error, data))} was changed, or what follows it is missing")
    if said != FORMAT:
        shown = str(said)[:20]
        raise unreadable(
            f"its format is {shown}, not {FORMAT}"
            + ("; the header of that one was not covered: export it again" if said == 1 else "")
        )
    misshapen = _misshapen(document)
    if misshapen is not None:
        return Checked(misshapen)
    lists = {name: cast(list[dict[str, Any]], document[name]) for name in LISTS}
    entries = [audit.Entry(document["session_id"], **row) for row in lists["entries"]]
    why = (
        audit.broken_at(entries, head=document["head"], count=document["count"])
        or _packets_broken(lists["packets"], entries)
        or _artifacts_broken(lists["artifacts"], lists["packets"], entries)
        or _header_broken(document, entries)
        or _bytes_broken(data, document, lists)
    )
    if why is None and head is not None and head.strip().lower() != document["head"]:
        why = "it holds together, but its head is another one than the one given: it was written anew"
    gone = [row for rows in lists.values() for row in rows if _gone(row)]
    return Checked(
        why, document["session_id"], document["title"], document["count"], document["head"], len(gone)
    )


def _gone(row: Mapping[str, Any]) -> bool:
    return row["salt"] is None if "salt" in row else row.get("packet", row.get("content")) is None


def _format(document: Any) -> Any:
    if not isinstance(document, dict) or "proofroom_record" not in document:
        raise unreadable("it is not a record of this program")
    return cast(dict[str, Any], document)["proofroom_record"]


def unreadable(why: str) -> InvalidInput:
    return InvalidInput(
        "record_unreadable",
        f"This cannot be read as a record: {why}.",
        hint="Name a file that `proofroom export SESSION --format record --out FILE` wrote.",
        field="RECORD",
    )


def _misshapen(document: dict[str, Any]) -> str | None:
    for name, kind in HEADER.items():
        if not _is(document.get(name), kind):
            return f"the header was changed: {name} is missing or of another kind"
    for name in (*LISTS, "seal"):
        if not isinstance(document.get(name), str if name == "seal" else list):
            return f"{name} is missing or was changed"
    unknown = set(document) - {*HEADER, *LISTS, "seal"}
    if unknown:
        return f"the header was changed: {min(unknown)[:40]!r} does not belong there"
    for name in LISTS:
        for position, row in enumerate(document[name], start=1):
            members = MEMBERS[name]
            if not isinstance(row, dict) or set(cast(dict[str, Any], row)) != set(members):
                return f"{SINGULAR[name]} {position} was changed"
            for member, kind in members.items():
                value = cast(dict[str, Any], row)[member]
                if kind is not None and not _is(value, kind):
                    return f"{SINGULAR[name]} {position} was changed: {member}"
    for position, row in enumerate(document["entries"], start=1):
        if any(row[m] is not None and not isinstance(row[m], str) for m in ("previous", "salt")):
            return f"entry {position} was changed"
    return None


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _digest_of(value: Any) -> str | None:
    try:
        return digest(value)
    except ValueError:
        return None


def _said(entry: audit.Entry) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], entry.content) if isinstance(entry.content, dict) else {}


def digests_named(entries: Sequence[audit.Entry]) -> set[Any]:
    """Digests of the packets that a chain speaks of: opened, put in place of another, voted on, signed."""
    return {_said(e).get(k) for e in entries for k in ("packet_digest", "sealed_digest")}


def _packets_broken(packets: Sequence[Mapping[str, Any]], entries: Sequence[audit.Entry]) -> str | None:
    """Each packet is the one that its digest names, the chain names each, and those signed are there."""
    named = digests_named(entries)
    for position, row in enumerate(packets, start=1):
        packet: Any = row["packet"]
        if packet is not None and (
            not isinstance(packet, dict)
            or _digest_of(packet) != row["packet_digest"]
            or cast(dict[str, Any], packet).get("checkpoint_id") != row["checkpoint_id"]
        ):
            return f"packet {position} was changed"
        if row["packet_digest"] not in named:
            return f"packet {position} is not one that the chain names"
    there = [row["packet_digest"] for row in packets]
    if len(set(there)) != len(there):
        return "a packet is there twice"
    for entry in entries:
        signed = _said(entry).get("sealed_digest") if entry.kind == "approved" else None
        if signed is not None and signed not in there:
            return f"the packet that entry {entry.n} signs is missing"
    return None


def _artifacts_broken(
    artifacts: Sequence[Mapping[str, Any]],
    packets: Sequence[Mapping[str, Any]],
    entries: Sequence[audit.Entry],
) -> str | None:
    """Each artifact is the one that a packet names, and those of signed packets are there."""
    approved = {_said(e).get("sealed_digest") for e in entries if e.kind == "approved"}
    named: set[tuple[Any, ...]] = set()
    wanted: dict[tuple[Any, ...], str] = {}
    for row in packets:
        for shown in _shown(row["packet"]):
            key = (shown.get("artifact_id"), shown.get("version"), shown.get("digest"))
            named.add(key)
            if row["packet_digest"] in approved:
                wanted[key] = str(shown.get("title"))[:80]
    there: set[tuple[Any, ...]] = set()
    for position, row in enumerate(artifacts, start=1):
        if row["content"] is not None and _digest_of(row["content"]) != row["digest"]:
            return f"artifact {position} was changed"
        key = (row["artifact_id"], row["version"], row["digest"])
        if key not in named:
            return f"artifact {position} is not one that a packet names"
        if key in there:
            return f"artifact {position} is there twice"
        there.add(key)
    missing = next((title for key, title in wanted.items() if key not in there), None)
    return None if missing is None else f"the signed artifact “{missing}” is missing"


def _shown(packet: Any) -> Sequence[Mapping[str, Any]]:
    """A packet's artifacts. Whoever wrote the file may have written anything."""
    listed: Any = cast(dict[str, Any], packet).get("artifacts") if isinstance(packet, dict) else None
    found = cast(list[Any], listed) if isinstance(listed, list) else []
    keys = ("artifact_id", "version", "digest")
    return [
        cast(dict[str, Any], a) for a in found
        if isinstance(a, dict) and all(isinstance(cast(dict[str, Any], a).get(k), str | int) for k in keys)
    ]  # fmt: skip


def _header_broken(document: Mapping[str, Any], entries: Sequence[audit.Entry]) -> str | None:
    """What the header says and the entries say, too."""
    status: str | None = None
    for entry in entries:
        if entry.kind in ENDED:
            status = ENDED[entry.kind]
        title = _said(entry).get("title") if entry.kind == "session_created" else None
        if title is not None and title != document["title"]:
            return "the header was changed: title"
    ended = document["status"] if document["status"] in ENDED.values() else None
    return None if ended == status else "the header was changed: status"


def _bytes_broken(
    data: bytes, document: Mapping[str, Any], lists: Mapping[str, list[dict[str, Any]]]
) -> str | None:
    """Whether the file is anything but the one way to write what it says, sealed."""
    try:
        written = _bytes(document, lists)
    except ValueError:
        return "a number was changed"
    if data == written:
        return None
    body, seal = data.rpartition(_SEAL)[0], written.rpartition(_SEAL)[0]
    if body == seal:
        return "the seal, or what follows it, was changed"
    was, now = seal.split(b"\n"), body.split(b"\n")
    line = next((n for n, (a, b) in enumerate(zip(was, now, strict=False), start=1) if a != b), len(was))
    return f"{_place(data, line)} is not written as it was"


def _line_of(error: Exception, data: bytes) -> int:
    if isinstance(error, json.JSONDecodeError):
        return error.lineno
    if isinstance(error, UnicodeDecodeError):
        return data.count(b"\n", 0, error.start) + 1
    return 1


def _place(data: bytes, line: int) -> str:
    """What stands in a line of the file, counted from 1."""
    section, first = "the header", 1
    for number, text in enumerate(data.split(b"\n")[:line], start=1):
        for name in LISTS:
            if text == canonical(name) + b":[":
                section, first = name, number
        if text.startswith(_SEAL):
            section = "the seal"
    if section in LISTS:
        return f"{SINGULAR[section]} {max(1, line - first)} (line {line})"
    return f"{section} (line {line})"
