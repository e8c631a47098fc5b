"""Inline Markdown: what a reader sees of it, and where its citations and the addresses of its links stand.

What is read here is all that the draft shows, and `written` gives to exports: of each mark the page shows what it
holds, or it is text. Strikethrough is text, as are HTML, comments and definitions of references.

A citation is `[[alias|verbatim quote]]` or, without a quote, `[[alias]]`. The words of a quote are taken as
they are; no Markdown is read inside it. It ends at the first `]]`; of a longer run of brackets the last two
close it, so a quote may end in a bracket itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from proofroom.domain.document.addresses import in_sight, leads_elsewhere
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
class Link:
    """Where a link leads or a picture is loaded from, when its words do not say it: `at` is the offset in the plain
    text right behind them. `words` are empty for a picture without a description.
    """

    at: int
    words: str
    address: str
    title: str = ""

    @property
    def text(self) -> str:
        """The address, with the title that a browser shows to a resting pointer."""
        return f"{self.address} “{self.title}”".strip() if self.title else self.address

    @property
    def misleads(self) -> bool:
        """Whether the words name another host than the one that it leads to."""
        return leads_elsewhere(self.words, self.address)


@dataclass(frozen=True)
class Plain:
    """The text without markup and citations; offsets of `cites` and `links` are code points of `text`."""

    text: str
    cites: tuple[Cite, ...] = ()
    code: bool = False
    """Everything that is not white space was set as code."""
    links: tuple[Link, ...] = ()

    def shown(self, start: int = 0, end: int | None = None) -> str:
        """`text[start:end]` with each address in brackets behind its words, as the draft shows it; one that stands
        before all words belongs to the beginning."""
        end = len(self.text) if end is None else end
        out: list[str] = []
        at = start
        for link in self.links:
            if start < link.at <= end or link.at == start == 0:
                out.append(f"{self.text[at : link.at]} ({link.text})")
                at = link.at
        return "".join([*out, self.text[at:end]])


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
    known = state.env.get("known")
    if known is not None and found.group(1) not in known:
        if not silent:
            state.pending += "[["
            if state.src == state.env["src"]:
                state.env["unknown"].append(state.pos)
        state.pos += 2
        return True
    if not silent:
        token = state.push("cite", "", 0)
        token.meta = {"ref": found.group(1), "quote": state.src[found.end() + 1 : close]}
    state.pos = close + 2
    return True


def _parser(links: bool) -> MarkdownIt:
    md = MarkdownIt("commonmark").disable(["html_inline", "html_block"])
    md.inline.ruler.before("link", "cite", _cite_rule)
    if not links:
        md.disable(["link", "image"])
    return md


_FULL, _NO_LINKS = _parser(links=True), _parser(links=False)


def as_code(text: str) -> str:
    """The text on one line, set as code; "" for white space."""
    text = one_line(text)
    if not text:
        return ""
    ticks = "`" * (max((len(r) for r in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def is_bare(inline: str) -> bool:
    """Whether a text on one line holds nothing that inline Markdown would read."""
    return re.search(r"[\\`*_~\[\]<&!]", inline) is None


def tokens_of(inline: str, env: dict[str, Any] | None = None) -> Sequence[Token]:
    """The marks and words of a text on one line."""
    marks = sum(inline.count(c) for c in "\\`*_~[]<&!")
    # No link or image is without "](", as there are no references: looking for their ends is most of the work.
    md = _FULL if "](" in inline and inline.count("[") * marks <= _LINK_WORK else _NO_LINKS
    return md.parseInline(inline, {} if env is None else env)[0].children or []


def plain(inline: str) -> Plain:
    """What a reader sees of one line of inline Markdown, and its citations. Never raises on any text."""
    inline = one_line(inline)
    if is_bare(inline):
        return Plain(inline)
    out: list[str] = []
    cites: list[Cite] = []
    links: list[Link] = []
    length = begun = 0
    leads = "", ""
    after_cite = False
    code = text_seen = False
    for token in tokens_of(inline):
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
        if token.type == "link_open":
            begun, leads = len(out), leads_of(token)
        if token.type == "link_close":
            links += _hidden(length, "".join(out[begun:]), *leads)
        if token.type in ("text", "code_inline", "text_special"):
            piece = token.content
        elif token.type == "image":
            piece = words_of(token.children or [])
        if piece:
            if token.type == "code_inline":
                code = True
            elif piece.strip():
                text_seen = True
            if after_cite:
                piece = piece.lstrip() if not out else piece if piece[0] in _CLOSERS else f" {piece}"
            after_cite = False
            out.append(piece)
            length += len(piece)
        if token.type == "image":
            for words, address, title in _pictures(token):
                links += _hidden(length, words, address, title)
    text = "".join(out)
    # A citation takes away the space before it, which a link may have ended with.
    placed = tuple(replace(one, at=min(one.at, len(text))) for one in links)
    return Plain(text, tuple(cites), code and not text_seen, placed)


def leads_of(token: Token) -> tuple[str, str]:
    """(address, title) of a link or picture."""
    address = token.attrs.get("href", token.attrs.get("src", ""))
    return str(address), str(token.attrs.get("title", ""))


def _hidden(at: int, words: str, address: str, title: str) -> Iterator[Link]:
    if title or (address and not in_sight(words, address)):
        yield Link(at, words, address, title)


def words_of(tokens: Sequence[Token]) -> str:
    """The words of a picture's description, citations in it as they were typed."""
    out: list[str] = []
    for token in tokens:
        if token.type == "cite":
            quote = str(token.meta["quote"])
            out.append(f"[[{token.meta['ref']}{f'|{quote}' if quote else ''}]]")
        elif token.type == "image":
            out.append(words_of(token.children or []))
        else:
            out.append(token.content)
    return "".join(out)


def _pictures(token: Token) -> Iterator[tuple[str, str, str]]:
    """(words, address, title) of a picture, after those of what its description holds."""
    children = token.children or []
    for child in children:
        yield from _pictures(child)
    if token.type in ("image", "link_open"):
        yield words_of(children), *leads_of(token)


def unknown_as_typed(inline: str, known: Collection[str]) -> str:
    """The text in which a citation of an alias that is not `known` is plain text, just as it was typed."""
    inline = one_line(inline)
    if "[[" not in inline:
        return inline
    env: dict[str, Any] = {"known": known, "src": inline, "unknown": []}
    tokens_of(inline, env)
    out, at = "", 0
    for start in sorted(set(env["unknown"])):
        out += inline[at:start] + "\\[\\["
        at = start + 2
    out += inline[at:]
    # Brackets that are text may end a picture elsewhere than a citation would have: then all of them are text.
    sure = all(cite.ref in known for cite in plain(out).cites)
    return out if sure else inline.replace("[[", "\\[\\[")
