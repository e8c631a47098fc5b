"""A document as its readers get it: Markdown that shows every reader what the draft showed at its review.

Programs that read Markdown differ: some hide HTML and comments, strike out, take definitions of links and footnotes
away, or load pictures. So each text is written anew from the marks that were read for the review: words that were shown
as text are escaped, links keep their words and address, pictures are links to them, and titles of links are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from proofroom.domain.document.inline import as_code, is_bare, leads_of, tokens_of, unknown_as_typed, words_of
from proofroom.domain.document.markdown import guard_alone, write_blocks
from proofroom.domain.document.model import (
    ArtifactDocument,
    Block,
    Chart,
    ListBlock,
    Table,
    one_line,
)

_ESCAPED = re.compile(r"[\\`*\[\]<~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|\A\^|!\Z")
_AUTOLINK = re.compile(r"[a-z][a-z0-9]+://[\w./?=%#:,-]+")

Note = Callable[[str, str], str]
"""What stands for a citation, by its alias and quote."""


def as_typed(doc: ArtifactDocument) -> ArtifactDocument:
    """An outside draft: a citation of an alias that is not among its references is text, and it computes nothing."""

    def typed(block: Block) -> Block:
        if isinstance(block, Table | Chart):
            block = replace(block, computed=None)
        return _rewritten(block, lambda text: unknown_as_typed(text, doc.refs))

    return replace(doc, blocks=tuple(typed(b) for b in doc.blocks))


def delivered(doc: ArtifactDocument, note: Note) -> str:
    """The Markdown of a document without charts, each citation replaced by its note."""
    blocks = [_rewritten(b, lambda text: written(text, note), escaped) for b in doc.blocks]
    return write_blocks(blocks, guard_alone)


def _rewritten(
    block: Block, inline: Callable[[str], str], name: Callable[[str], str] = lambda text: text
) -> Block:
    """The block with each of its texts through `inline`; the names of a table's columns hold no marks."""
    match block:
        case ListBlock():
            return replace(block, items=tuple(inline(item) for item in block.items))
        case Table():
            return replace(
                block,
                columns=tuple(
                    replace(c, name=name(c.name), unit=c.unit and name(c.unit)) for c in block.columns
                ),
                rows=tuple(
                    tuple(None if cell is None else inline(cell) for cell in row) for row in block.rows
                ),
                caption=None if block.caption is None else inline(block.caption),
            )
        case Chart():
            return replace(block, title=inline(block.title))
        case _:
            return replace(block, text=inline(block.text))


def escaped(text: str) -> str:
    """Text as inline Markdown that reads as just this text."""
    return _ESCAPED.sub(r"\\\g<0>", text)


def written(inline: str, note: Note) -> str:
    """Inline Markdown that says what `plain` says of it, and its addresses."""
    inline = one_line(inline)
    if is_bare(inline):
        return inline
    out: list[str] = []
    words = address = ""
    begun = -1

    def put(mark: str) -> None:
        nonlocal words
        if words:
            out.append(escaped(words))
        words = ""
        out.append(mark)

    for token in tokens_of(inline):
        match token.type:
            case "cite":
                words = words.rstrip(" ")
                put(note(str(token.meta["ref"]), str(token.meta["quote"])))
            case "link_open":
                put("")
                begun, address = len(out), leads_of(token)[0]
            case "link_close":
                put("")
                said = "".join(out[begun:])
                del out[begun:]
                out.append(_link(said, address))
                begun = -1
            case "image":
                alt, source = words_of(token.children or []), leads_of(token)[0]
                if begun < 0:
                    put(_link(escaped(alt or source), source))
                else:  # no link stands in a link
                    words += alt
            case "code_inline":
                put(as_code(token.content))
            case "text" | "text_special":
                words += token.content
            case _:
                put(token.markup)
    put("")
    return "".join(out).strip()


def _link(said: str, address: str) -> str:
    """A link, or its words alone; one without words shows nobody where it leads, and is left out."""
    if not said or not address:
        return said
    if said == escaped(address) and _AUTOLINK.fullmatch(address):
        return f"<{address}>"
    to = re.sub(r"&(?=#?\w+;)", "&amp;", address)
    return f"[{said}](<{to}>)" if re.search(r"[()]", to) else f"[{said}]({to})"
