"""A signed document as Markdown for people: each citation a footnote that says where the words stand.

A footnote has the words of the source that the evidence showed. What a citation quotes beyond that was before nobody's
eyes at the review, and is not delivered.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from proofroom.domain.document import ArtifactDocument, Heading, delivered, escaped, plain
from proofroom.exports.people import for_people


def render(
    document: ArtifactDocument,
    claims: Sequence[Mapping[str, Any]],
    titles: Mapping[str, str],
    *,
    level: int = 1,
    piece: str = "",
) -> str:
    """Markdown with footnotes. `titles` maps source ids to titles; `level` is the depth of the title; `piece`
    begins the name of each note.
    """
    anchors = {
        (a["block_id"], _words(a["quote"])): a for c in claims for a in c["anchors"] if a.get("block_id")
    }
    notes: list[str] = []
    numbers: dict[tuple[str, str], str] = {}

    def note(alias: str, quote: str) -> str:
        if (alias, quote) not in numbers:
            numbers[alias, quote] = f"[^{piece}{len(numbers) + 1}]"
            notes.append(f"{numbers[alias, quote]}: {_where(document, anchors, titles, alias, quote)}")
        return numbers[alias, quote]

    body = delivered(for_people(document, titles), note).strip()
    title = document.title.strip()
    first = next(iter(document.blocks), None)
    parts = [] if not title or _is_title(first, title) else [f"{'#' * level} {escaped(title)}"]
    parts.append(body)
    if notes:
        parts.append("\n".join(notes))
    return "\n\n".join(parts) + "\n"


def _is_title(first: object, title: str) -> bool:
    return isinstance(first, Heading) and plain(first.text).text.strip() == title


def _where(
    document: ArtifactDocument,
    anchors: Mapping[tuple[str, str], Mapping[str, Any]],
    titles: Mapping[str, str],
    alias: str,
    quote: str,
) -> str:
    ref = document.refs.get(alias)
    if ref is None:
        return "The source of this is not known."
    title = escaped(titles.get(str(ref.source_id), "a source of this project"))
    anchor = anchors.get((str(ref.block_id), _words(quote)))
    if anchor is None:
        return f"{title}, version {ref.version}"
    page = f", page {anchor['page']}" if anchor.get("page") else ""
    place = f"version {ref.version}{page}, characters {anchor['char_start']:,} to {anchor['char_end']:,}"
    return f"“{escaped(' '.join(anchor['quote'].split()))}” {title}, {place}"


def _words(quote: str) -> str:
    """The letters and digits of a quote: sources break lines, set marks and quotation marks where citations do not."""
    return " ".join(re.findall(r"\w+", quote.replace("_", " ").casefold()))
