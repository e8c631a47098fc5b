"""What a page holds and does not show: found by its attributes, its inline styles and its own simple rules."""

import re
from collections.abc import Iterable
from typing import Any, TypeAlias

Element: TypeAlias = Any

_HIDING = re.compile(
    r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?:\.0+)?\s*(?:[;!]|$)"
    r"|font-size\s*:\s*[01](?:\.\d+)?(?:px|pt)?\s*(?:[;!]|$)|font-size\s*:\s*0(?:em|rem|%|vw)"
    r"|font-size\s*:\s*0?\.0\d*(?:em|rem)"
    r"|(?:left|top|right|text-indent|margin-left|margin-top)\s*:\s*-\d{3,}"
    r"|clip\s*:\s*rect\(\s*(?:0|1px)[^)]{0,40}\)|transform\s*:\s*scale\(\s*0\s*\))",
    re.IGNORECASE,
)
_NO_ROOM = re.compile(
    r"(?:^|[;\s])(?:max-)?(?:height|width)\s*:\s*0(?:px|pt|em|rem|%)?\s*(?:[;!]|$)", re.IGNORECASE
)
_CUT = re.compile(r"(?:^|[;\s])overflow\s*:\s*(?:hidden|clip)", re.IGNORECASE)
_COLOUR = re.compile(r"(?:^|[;\s])color\s*:\s*([#\w][\w(),.% ]{0,40})", re.IGNORECASE)
_BACKGROUND = re.compile(r"(?:^|[;\s])background(?:-color)?\s*:\s*([#\w][\w(),.% ]{0,40})", re.IGNORECASE)
_SELECTOR = re.compile(r"[a-z]{0,12}([.#])([\w-]{1,100})", re.IGNORECASE)
_MOST_STYLE = 500_000  # characters of style sheets that are looked at
_ANCESTORS = 50  # that are asked for their background
_WHITE = "255,255,255"
_NAMES = {"white": _WHITE, "black": "0,0,0", "snow": "255,250,250", "ivory": "255,255,240"}


def is_hiding(style: str) -> bool:
    """Whether declarations keep an element from being seen."""
    return bool(style) and (
        _HIDING.search(style) is not None
        or (_NO_ROOM.search(style) is not None and _CUT.search(style) is not None)
    )


class Hidden:
    """Tells of a page's elements whether they are shown. Rules of style sheets count where their selector is
    one class or id; what scripts and linked style sheets do is not known.
    """

    def __init__(self, tree: Element) -> None:
        sheets = "".join("".join(style.itertext()) for style in tree.iter("style"))[:_MOST_STYLE]
        self._names = frozenset(_hidden_names(sheets))
        self._plain = not sheets.strip() and next(tree.iter("link"), None) is None

    def holds(self, element: Element) -> bool:
        get = element.get
        style = get("style") or ""
        return (
            get("hidden") is not None
            or (get("aria-hidden") or "").lower() == "true"
            or is_hiding(style)
            or (bool(self._names) and self._by_rule(element))
            or self._without_contrast(element, style)
        )

    def _by_rule(self, element: Element) -> bool:
        own = {f".{name}" for name in (element.get("class") or "").split()}
        own.add(f"#{element.get('id')}")
        return not own.isdisjoint(self._names)

    def _without_contrast(self, element: Element, style: str) -> bool:
        """Letters in the colour of what is under them, as far as inline styles say it."""
        given = _COLOUR.search(style)
        colour = _rgb(given[1] if given else element.get("color") if element.tag == "font" else None)
        if colour is None:
            return False
        at: Element = element
        for _ in range(_ANCESTORS):
            painted = _BACKGROUND.search(at.get("style") or "")
            under = _rgb(painted[1] if painted else at.get("bgcolor"))
            if under is not None:
                return under == colour
            if painted:  # a picture or a colour that is not understood
                return False
            at = at.getparent()
            if at is None:
                return self._plain and colour == _WHITE
        return False


def _hidden_names(sheets: str) -> Iterable[str]:
    """Classes and ids that a rule hides which holds always: rules within `@media` and the like do not."""
    depth = 0
    for part in sheets.split("}"):
        opened = part.count("{")
        selectors, _, declarations = part.rpartition("{")
        if opened and depth + opened == 1 and is_hiding(declarations):
            for selector in selectors.rpartition(";")[2].rpartition("*/")[2].split(","):
                found = _SELECTOR.fullmatch(selector.strip())
                if found:
                    yield found[1] + found[2]
        depth = max(0, depth + opened - 1)


def _rgb(given: str | None) -> str | None:
    """A colour as "r,g,b"; None when it is not one that is understood."""
    words = (given or "").strip().lower().partition("!")[0].strip()
    if words in _NAMES:
        return _NAMES[words]
    if re.fullmatch(r"#[0-9a-f]{3}|#[0-9a-f]{6}", words):
        digits = words[1:] if len(words) == 7 else "".join(sign * 2 for sign in words[1:])
        return ",".join(str(int(digits[n : n + 2], 16)) for n in (0, 2, 4))
    found = re.fullmatch(r"rgba?\((\d{1,3})[ ,]+(\d{1,3})[ ,]+(\d{1,3})\b[^)]*\)?", words)
    return ",".join(found.groups()) if found else None
