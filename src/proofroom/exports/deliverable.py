"""What a session yields: its artifacts as one readable file, and what was signed beside it."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import projects, work_sessions
from proofroom.db.models import ArtifactVersion, WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.canonical import digest
from proofroom.domain.document import ArtifactDocument, escaped, from_json
from proofroom.domain.errors import InvalidInput
from proofroom.exports import html, markdown, record
from proofroom.exports.drafted import drafted_by
from proofroom.exports.names import delivered_name, file_name

FORMATS = ("md", "html", "json", "record")
LATER = ("pdf", "docx", "pptx", "xlsx")


def digest_of(version: ArtifactVersion, artifact_type: str) -> str:
    """The digest of a version's content as it stands now."""
    return digest({"type": artifact_type, "title": version.title, "document": version.document})


async def files(tx: Tx, checkpoint: WorkCheckpoint) -> dict[str, bytes]:
    """File names and contents of a signed packet: the readable text, in the formats that its configuration names
    (`formats`, Markdown without it), and the packet with its signature.

    Names hold the session too, so that work of the same title lies in one folder, and are the same at each attempt.
    Titles, claims and source titles are the packet's: what is delivered is what was signed, whatever became of
    the rows since.
    """
    packet = checkpoint.packet
    session = await work_sessions.get(tx, checkpoint.session_id)
    title = str(packet.get("title", session.title))
    name = delivered_name(title, session.id)
    pieces: list[Piece] = []
    for shown in packet["artifacts"]:
        version = await db_artifacts.version(tx, UUID(shown["artifact_id"]), int(shown["version"]))
        named = {k: t for k, t in shown.get("sources", {}).items() if t is not None}
        pieces.append(Piece(from_json(version.document), shown["claims"], named))
    text = await asyncio.to_thread(_text, title, pieces, str(packet.get("runtime", session.runtime)))
    record = {
        "session_id": str(session.id), "title": title, "packet": checkpoint.packet,
        "packet_digest": checkpoint.packet_digest, "decision": checkpoint.decision,
    }  # fmt: skip
    asked = packet.get("task_configuration", {}).get("formats") or ()
    wanted = [known for known in ("md", "html") if known in asked] or ["md"]
    found: dict[str, bytes] = {}
    if "md" in wanted:
        found[f"{name}.md"] = text.encode()
    if "html" in wanted:
        found[f"{name}.html"] = (await asyncio.to_thread(html.page, title, text)).encode()
    return found | {f"{name}.signed.json": await asyncio.to_thread(_indented, record)}


async def export(tx: Tx, session: WorkSession, wanted: str) -> tuple[str, str, bytes]:
    """(file name, media type, content) of a session's current artifacts, signed or not, or of its record.

    Raises InvalidInput (`unknown_format`, `format_not_available`, `nothing_to_export`).
    """
    if wanted not in FORMATS:
        later = wanted in LATER
        raise InvalidInput(
            "format_not_available" if later else "unknown_format",
            f"{wanted[:20]} is not part of this release."
            if later
            else f"There is no format {wanted[:20]!r}.",
            hint=f"Use one of {', '.join(FORMATS)}.",
            field="format",
        )
    if wanted == "record":
        return await record.export(tx, session)
    current = await db_artifacts.current(tx, session.id)
    if not current:
        raise InvalidInput(
            "nothing_to_export",
            "This session has produced nothing yet.",
            hint="Wait until it has.",
            field="format",
        )
    name = file_name(session.title)
    if wanted == "json":
        documents = [{"slot": a.slot, "type": a.artifact_type, **_version(v)} for a, v in current]
        return f"{name}.json", "application/json", await asyncio.to_thread(_indented, documents)
    documents = await asyncio.to_thread(lambda: [from_json(v.document) for _, v in current])
    texts = [(document, v.claims) for document, (_, v) in zip(documents, current, strict=True)]
    cited = {r.source_id for document, _ in texts for r in document.refs.values()}
    titles = await projects.source_titles(tx, session.project_id, cited)
    pieces = [Piece(document, claims, titles) for document, claims in texts]
    text = await asyncio.to_thread(_text, session.title, pieces, session.runtime)
    if wanted == "html":
        page = await asyncio.to_thread(html.page, session.title, text)
        return f"{name}.html", "text/html; charset=utf-8", page.encode()
    return f"{name}.md", "text/markdown; charset=utf-8", text.encode()


def _indented(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _version(version: ArtifactVersion) -> dict[str, Any]:
    return {
        "title": version.title, "version": version.version, "document": version.document,
        "claims": version.claims, "signed": version.signed_at is not None,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """An artifact as it is written out: its document, its claims in JSON, the titles of sources by their ids."""

    document: ArtifactDocument
    claims: Sequence[Mapping[str, Any]]
    titles: Mapping[str, str]


def _text(title: str, pieces: Sequence[Piece], runtime: str) -> str:
    drafted = drafted_by(runtime)
    end = "" if drafted is None else f"\n{drafted}\n"
    if len(pieces) == 1:
        return markdown.render(pieces[0].document, pieces[0].claims, pieces[0].titles) + end
    parts = [f"# {escaped(title)}\n"]
    for n, piece in enumerate(pieces, start=1):
        parts.append(markdown.render(piece.document, piece.claims, piece.titles, level=2, piece=f"{n}-"))
    return "\n".join(parts) + end
