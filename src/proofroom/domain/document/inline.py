"""Inline Markdown: what a reader sees of it, and where its citations stand.

A citation is `[[alias|verbatim quote]]` or, without a quote, `[[alias]]`. The words of a quote are taken as
they are; no Markdown is read inside it. It ends at the first `]]`; of a longer run of brackets the last two
close it, so a quote may end in a bracket itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from proofroom.domain.document.model import one_line

_CITE = re.compile(r"\[\[([A-Za-z0-9_.:-]{1,64})(?=\||\]\])")
_QUOTE_LIMIT = 10_000
_CLOSERS = " .,;:!?)]}»”’'\"…"
# The link rule looks ahead from each bracket: brackets times marks is its work, and it is bounded.
_LINK_WORK = 2_000_000


@dataclass(frozen=True)
class Cite:
    """One citation: `at` is the offset in the plain text right after what it was attached to. `quote` may
    be empty.
    """

    ref: str
    quote: str
    at: int


@dataclass(frozen=True)
class Plain:
    """The text without markup and citations; offsets of `cites` are code points of `text`."""

    text: str
    cites: tuple[Cite, ...] = ()
    code: bool = False
    """Everything that is not white space was set as code."""


def _cite_rule(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("[[", state.pos):
        return False
    found = _CITE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    # str.find, not a lazy regular expression: hostile text may open thousands of citations and close none.
    close = state.src.find("]]", found.end(), min(state.posMax, found.end() + _QUOTE_LIMIT))
    if close < 0:
        return False
    while state.src.startswith("]", close + 2) and close + 2 < state.posMax:
        close += 1
    if not silent:
        token = state.push("cite", "", 0)
        token.meta = {"ref": found.group(1), "quote": state.src[found.end() + 1 : close]}
    state.pos = close + 2
    return True


def _parser(links: bool) -> MarkdownIt:
    md = MarkdownIt("commonmark").enable("strikethrough").disable(["html_inline", "html_block"])
    md.inline.ruler.before("link", "cite", _cite_rule)
    if not links:
        md.disable(["link", "image"])
    return md


_FULL, _NO_LINKS = _parser(links=True), _parser(links=False)


def plain(inline: str) -> Plain:
    """What a reader sees of one line of inline Markdown, and its citations. Never raises on any text."""
    inline = one_line(inline)
    if not re.search(r"[\\`*_~\[\]<&!]", inline):
        return Plain(inline)
    marks = sum(inline.count(c) for c in "\\`*_~[]<&!")
    # No link or image is without "](", as there are no references: looking for their ends is most of the work.
    md = _FULL if "](" in inline and inline.count("[") * marks <= _LINK_WORK else _NO_LINKS
    out: list[str] = []
    cites: list[Cite] = []
    length = 0
    after_cite = False
    code = text_seen = False
    for token in md.parseInline(inline, {})[0].children or []:
        piece = ""
        if token.type == "cite":
            while out and out[-1].endswith(" "):
                length -= len(out[-1]) - len(out[-1].rstrip(" "))
                out[-1] = out[-1].rstrip(" ")
                if not out[-1]:
                    out.pop()
            cites.append(Cite(str(token.meta["ref"]), str(token.meta["quote"]), length))
            after_cite = True
            continue
        if token.type in ("text", "code_inline", "text_special"):
            piece = token.content
        elif token.type == "image":
            piece = "".join(c.content for c in token.children or [])
        if not piece:
            continue
        if token.type == "code_inline":
            code = True
        elif piece.strip():
            text_seen = True
        if after_cite:
            piece = piece.lstrip() if not out else piece if piece[0] in _CLOSERS else f" {piece}"
        after_cite = False
        out.append(piece)
        length += len(piece)
    text = "".join(out)
    return Plain(text, tuple(cites), code and not text_seen)
