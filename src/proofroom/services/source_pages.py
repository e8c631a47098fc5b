"""Pages of a PDF as pictures, drawn in the processes that read files."""

from dataclasses import dataclass
from uuid import UUID

from proofroom.db import sources as db_sources
from proofroom.db.tx import Tx
from proofroom.domain.canonical import digest
from proofroom.domain.errors import InvalidInput, NotFound, ProofroomError
from proofroom.services import sources
from proofroom.substrate.isolation import draw_isolated


@dataclass(frozen=True, slots=True)
class PageAsked:
    """A page of a PDF to be drawn: its file and number, the words to mark, and how far down they stand (0 to 1)."""

    data: bytes
    page: int
    quote: str
    share: float


PICTURE = "1"
"""Rises when the same page is drawn otherwise."""


async def picture_of(
    tx: Tx, source_id: UUID, page: int, version: int | None, start: int | None, end: int | None
) -> tuple[int, str]:
    """(version number, a name of the picture), found without reading the file: the same name is the same picture, for
    as long as the source and the file of that version are there.

    Raises NotFound (`source_not_found`, `source_deleted`, `version_not_found`).
    """
    source = await sources.get(tx, source_id)
    number = version if version is not None else max(source.version, 1)
    sha256 = await db_sources.original_kept(tx, source_id, number)
    if sha256 is None:
        raise _no_file(source.title, source.version, number)
    return number, digest([PICTURE, str(source_id), number, sha256, page, start, end])


def _no_file(title: str, current: int, number: int) -> NotFound:
    return NotFound(
        "version_not_found",
        f"“{title}” has no file in version {number}.",
        f"Its current version is {current}; the file of a replaced one may have been let go.",
    )


async def page_asked(
    tx: Tx, source_id: UUID, page: int, version: int | None, start: int | None, end: int | None
) -> PageAsked:
    """What is needed to draw a page; `start` and `end` are code points of the stored text.

    Raises NotFound (`source_not_found`, `version_not_found`, `page_not_found`).
    """
    source = await sources.get(tx, source_id)
    number = version if version is not None else max(source.version, 1)
    row = await db_sources.version(tx, source_id, number)
    if row is None or row.original is None or row.text is None:
        raise _no_file(source.title, source.version, number)
    place = next((p for p in row.pages if p["page"] == page), None)
    if place is None or not row.original.startswith(b"%PDF-"):
        raise NotFound(
            "page_not_found",
            f"“{source.title}” has no page {page} that can be drawn.",
            "Only pages of a PDF are drawn; read its text.",
        )
    first, last = place["char_start"], place["char_end"]
    begin, stop = max(start or 0, first), min(end or 0, last)
    share = (begin - first) / max(1, last - first)
    return PageAsked(row.original, page, row.text[begin:stop] if begin < stop else "", share)


async def drawn(asked: PageAsked) -> bytes:
    """The page as PNG. Raises InvalidInput (`unreadable_file`, `parse_timeout`, `parse_crashed`), TooLarge
    (`parse_too_large`) and Unavailable (`drawing_busy`): a page that is too much is a mistake of its file, not of ours.
    """
    try:
        return await draw_isolated(asked.data, asked.page, asked.quote, asked.share)
    except ProofroomError as error:
        if error.code not in ("parse_timeout", "parse_crashed"):
            raise
        raise InvalidInput(error.code, f"The page cannot be drawn. {error.message}", error.hint) from error
