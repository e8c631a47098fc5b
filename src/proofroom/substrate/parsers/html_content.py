"""Which part of a page is its content: trafilatura says what it takes for it, and the page's own tree is cut to
the smallest element that holds all of that.

Only the choice is trafilatura's; the words, tables and lists are read from the page itself, so nothing within the
content is lost or rewritten.
"""

import copy
import logging
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

import trafilatura

from proofroom.substrate.parsers.patience import TooSlow, at_most
from proofroom.substrate.segmentation import heading_text

Element: TypeAlias = Any

_SECONDS = 10.0  # of processor time
_MOST_ELEMENTS = 100_000  # a page with more is a dump, and looking for its content takes too long
_ENOUGH = 200  # characters: less is no content
_LINKS = 0.5  # of a part's letters; what has more and was not chosen is navigation
_ASIDE = re.compile(
    r"(?:^|[\s_-])(?:comments?|disqus|related|recommend\w*|share|sharing|social|sidebar|breadcrumbs?|cookie\w*"
    r"|newsletter|subscribe|promo\w*|advert\w*|ads?|pagination|pager|toc|menu|nav\w*)(?:$|[\s_-])",
    re.IGNORECASE,
)
_UNITS = ("p", "head", "item", "cell", "quote", "code", "row")
_INLINE = frozenset({"a", "b", "i", "em", "strong", "span", "br", "code", "sub", "sup", "img"})
_DATED = re.compile(r"date|time|publish|posted|updated|byline", re.IGNORECASE)
_DATE_SEARCH = {"extensive_search": False, "original_date": True}
_FACTS = (("author", "Author"), ("date", "Date"), ("sitename", "Site"))


@dataclass(frozen=True, slots=True)
class Content:
    """`root` is an element of the page. `notes` are what the page says of itself: author, date, site."""

    root: Element
    notes: tuple[str, ...]
    title: str | None


def content(tree: Element, url: str | None = None) -> Content | None:
    """The content of a page; None where trafilatura finds too little. What is in it and is none is taken out."""
    if sum(1 for _ in tree.iter()) > _MOST_ELEMENTS:
        return None
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    try:
        with at_most(_SECONDS):
            found: Any = trafilatura.bare_extraction(
                copy.deepcopy(tree),
                url=url,
                with_metadata=True,
                include_comments=False,
                include_tables=True,
                # Only what the page says of its own date: the extensive search takes any year in the text for it.
                date_extraction_params=_DATE_SEARCH,
            )
            chosen = _chosen(found.body) if found is not None and found.body is not None else set[str]()
            if sum(map(len, chosen)) < _ENOUGH:
                return None
            holding = _holding(tree, chosen)
            root = _common(holding)
            if root is None or len(_squeezed(root)) < _ENOUGH:
                return None
            beside = _beside(root, holding)
    except (Exception, TooSlow):  # noqa: BLE001  a page can make it raise anything
        return None
    for element in beside:
        element.drop_tree()
    assert found is not None
    facts = [(name, getattr(found, key, None)) for key, name in _FACTS]
    # A full date in running text is still taken for the page's own.
    facts = [
        (name, fact) for name, fact in facts if name != "Date" or (fact and _declares(tree, url, str(fact)))
    ]
    notes = tuple(f"{name}: {heading_text(str(fact))[:200]}" for name, fact in facts if fact)
    return Content(root, notes, heading_text(found.title or "") or None)


def _declares(tree: Element, url: str | None, date: str) -> bool:
    """Whether the page gives this date (YYYY-MM-DD) as its own: in its head, its address, or an element for dates."""
    year, _, rest = date.partition("-")
    day = rest.rpartition("-")[2]
    said = [url or ""]
    for element in tree.iter("meta", "time", "script"):
        said += [str(value) for value in element.attrib.values()]
        said.append(element.text or "")
    for element in tree.iter():
        if isinstance(element.tag, str) and any(
            _DATED.search(str(element.get(name) or "")) for name in ("class", "id", "itemprop")
        ):
            said.append("".join(element.itertext())[:200])
    for words in said:
        numbers = {number.lstrip("0") for number in re.findall(r"\d+", words)}
        if date.replace("-", "") in words or {year, day.lstrip("0")} <= numbers:
            return True
    return False


def _chosen(body: Element) -> set[str]:
    """The texts of the parts that trafilatura took, without white space."""
    texts = {_squeezed(part) for part in body.iter(*_UNITS)}
    return {text for text in texts if len(text) >= 20}


def _squeezed(element: Element) -> str:
    return "".join("".join(element.itertext()).split())


def _holding(tree: Element, chosen: set[str]) -> list[Element]:
    """The elements whose text is one of those parts."""
    lengths = {len(text) for text in chosen}
    sizes: dict[Element, int] = {}
    for element in reversed(list(tree.iter())):
        own = element.text if isinstance(element.tag, str) else None
        size = sum(sizes[child] + _size(child.tail) for child in element)
        sizes[element] = size + _size(own)
    return [
        element
        for element in tree.iter()
        if isinstance(element.tag, str) and sizes[element] in lengths and _squeezed(element) in chosen
    ]


def _size(text: str | None) -> int:
    return len("".join(text.split())) if text else 0


def _common(elements: list[Element]) -> Element | None:
    """The smallest element that holds all of these."""
    if not elements:
        return None
    path = [elements[0], *elements[0].iterancestors()]
    for element in elements[1:]:
        above = {element, *element.iterancestors()}
        path = [step for step in path if step in above]
    root = path[0]
    # One paragraph alone is not what a page consists of: its section is.
    while root.getparent() is not None and root.tag in ("p", "li", "td", "tr", "tbody", "span", "h1", "h2"):
        root = root.getparent()
    return root


def _beside(root: Element, holding: list[Element]) -> list[Element]:
    """Parts within the content in which nothing was chosen and that are links mostly, or are named as something
    else.
    """
    keeping: set[Element] = set()
    for element in holding:
        keeping.update(element.iter())
        for above in element.iterancestors():
            if above in keeping:
                break
            keeping.add(above)
    gone: list[Element] = []
    for element in root.iter():
        parent = element.getparent()
        # The highest part without anything chosen: it is judged as a whole.
        if element is root or element in keeping or parent not in keeping or not isinstance(element.tag, str):
            continue
        if element.tag in _INLINE:
            continue
        named = _ASIDE.search(f"{element.get('class') or ''} {element.get('id') or ''}")
        if named or _link_share(element) > _LINKS:
            gone.append(element)
    return gone


def _link_share(element: Element) -> float:
    size = len(_squeezed(element))
    return sum(len(_squeezed(link)) for link in element.iter("a")) / size if size else 0.0
