"""Markdown as one HTML page: no scripts, nothing loaded, raw HTML in the text shown as text."""

import html

from markdown_it import MarkdownIt
from markdown_it.token import Token

from proofroom.domain.document import in_sight

_STYLE = (
    "body{max-width:42rem;margin:3rem auto;padding:0 1rem;color:#17191b;"
    "font:17px/1.55 Charter,Cambria,Georgia,serif}"
    "h1,h2,h3{line-height:1.25}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "td,th{border-bottom:1px solid #c3c7c1;padding:.25rem .75rem .25rem 0;text-align:left}"
    "blockquote{margin-left:0;padding-left:1rem;border-left:3px solid #a87a00}pre{overflow:auto}"
    "small{color:#5b6066;overflow-wrap:anywhere}"
)


def page(title: str, markdown: str) -> str:
    """A whole HTML document. Links keep only http, https and mailto, and show where they lead; images are not shown."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "reference"])
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.children:
            token.children = _with_addresses(token.children)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        f"{parser.renderer.render(tokens, parser.options, {})}</body></html>\n"
    )


def _with_addresses(tokens: list[Token]) -> list[Token]:
    """The tokens with each address behind the words of its link, unless they say it."""
    out: list[Token] = []
    address = words = ""
    for token in tokens:
        out.append(token)
        if token.type == "link_open":
            address, words = str(token.attrs["href"]), ""
        elif token.type == "link_close" and not in_sight(words, address):
            shown = f" <small>({html.escape(address)})</small>"
            out.append(Token("html_inline", "", 0, content=shown))
        words += token.content
    return out
