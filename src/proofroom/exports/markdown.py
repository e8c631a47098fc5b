"""A signed document as Markdown for people: each citation a footnote that says where the words stand."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from proofroom.domain.document import ArtifactDocument, plain, to_markdown
from proofroom.exports.people import for_people

_OPEN = re.compile(r"\[\[([A-Za-z0-9_.:-]{1,64})\|")
_QUOTE_LIMIT = 10_000


def render(
    document: ArtifactDocument,
    claims: Sequence[Mapping[str, Any]],
    titles: Mapping[str, str],
    *,
    level: int = 1,
) -> str:
    """Markdown with footnotes. `titles` maps source ids to titles; `level` is the depth of the title."""
    anchors = {
        (a["block_id"], _words(a["quote"])): a for c in claims for a in c["anchors"] if a.get("block_id")
    }
    notes: list[str] = []
    numbers: dict[tuple[str, str], int] = {}

    def note(alias: str, quote: str) -> str:
        if (alias, quote) not in numbers:
            numbers[alias, quote] = len(numbers) + 1
            notes.append(f"[^{len(numbers)}]: {_where(document, anchors, titles, alias, quote)}")
        return f"[^{numbers[alias, quote]}]"

    body = _with_notes(to_markdown(for_people(document, titles)), note).strip()
    title = document.title.strip()
    first = body.split("\n", 1)[0].lstrip("# ").strip()
    parts = [] if not title or first == title else [f"{'#' * level} {title}"]
    parts.append(body)
    if notes:
        parts.append("\n".join(notes))
    return "\n\n".join(parts) + "\n"


def _with_notes(body: str, note: Callable[[str, str], str]) -> str:
    """The text with each citation replaced. One pass: hostile text may open thousands and close none."""
    out: list[str] = []
    at, close = 0, -1
    for opened in _OPEN.finditer(body):
        if opened.start() < at:
            continue  # inside the quote of the citation before
        if close < opened.end():
            close = body.find("]]", opened.end())
        if close < 0:
            break
        if close - opened.end() > _QUOTE_LIMIT:
            continue
        before = body[at : opened.start()]
        out += [
            before.removesuffix(" "),
            note(opened.group(1), body[opened.end() : close]),
        ]
        at = close + 2
    return "".join([*out, body[at:]])


def _where(
    document: ArtifactDocument,
    anchors: Mapping[tuple[str, str], Mapping[str, Any]],
    titles: Mapping[str, str],
    alias: str,
    quote: str,
) -> str:
    ref = document.refs.get(alias)
    words = _words(quote)
    if ref is None:
        return f"“{words}” (the source is not known)"
    title = titles.get(str(ref.source_id), "a source of this project")
    anchor = anchors.get((str(ref.block_id), words))
    place = f"version {ref.version}"
    if anchor is not None:
        if anchor.get("page"):
            place += f", page {anchor['page']}"
        place += f", characters {anchor['char_start']:,} to {anchor['char_end']:,}"
    return f"“{words}” {title}, {place}"


def _words(quote: str) -> str:
    """A quote on one line, without markup: sources break lines where citations do not."""
    return " ".join(plain(quote).text.split())
