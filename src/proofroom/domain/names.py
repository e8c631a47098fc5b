"""Names of people and things that others read beside a signature."""

import unicodedata

_JOINERS = "\u200c\u200d"  # they shape words of some scripts
_LINES = ("Zl", "Zp")


def hides_something(name: str) -> bool:
    """Whether a name holds control characters, ends of lines, or characters that turn its direction or are not seen.

    A page or a terminal would show it as another one.
    """
    categories = ((c, unicodedata.category(c)) for c in name)
    return any(k in ("Cc", "Cs", *_LINES) or (k == "Cf" and c not in _JOINERS) for c, k in categories)


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for case, kinds and number of spaces, and how letters are composed."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    shown = "".join(c for c in unicodedata.normalize("NFC", name) if c not in _JOINERS)
    return unicodedata.normalize("NFC", " ".join(shown.casefold().split()))
