"""Markdown as one HTML page: no scripts, nothing loaded, raw HTML in the text shown as text."""

import html

from markdown_it import MarkdownIt

_STYLE = (
    "body{max-width:42rem;margin:3rem auto;padding:0 1rem;color:#17191b;"
    "font:17px/1.55 Charter,Cambria,Georgia,serif}"
    "h1,h2,h3{line-height:1.25}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "td,th{border-bottom:1px solid #c3c7c1;padding:.25rem .75rem .25rem 0;text-align:left}"
    "blockquote{margin-left:0;padding-left:1rem;border-left:3px solid #a87a00}pre{overflow:auto}"
)


def page(title: str, markdown: str) -> str:
    """A whole HTML document. Links keep only http, https and mailto; images are not shown."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        f"{parser.render(markdown)}</body></html>\n"
    )
