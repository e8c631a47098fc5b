"""Finding words in text, whatever they are typed with: the comparisons that obligations rest on."""

import unicodedata
from collections.abc import Callable
from functools import lru_cache

_LONG = 10_000
_HELD = 8


def _once(form: Callable[[str], str]) -> Callable[[str], str]:
    """Long texts are brought into a form once for all that is looked for in them: a whole draft is compared with
    hundreds of short ones."""
    held = lru_cache(maxsize=_HELD)(form)

    def formed(text: str) -> str:
        return held(text) if len(text) > _LONG else form(text)

    return formed


def contains(text: str, wanted: str) -> bool:
    """Whether `wanted` stands in `text` as whole words and numbers: `4.45` is not in `14.45` or `4.455`.

    Case, kinds of space, quotation mark and dash, and invisible characters make no difference.
    """
    return _stands_in(folded(text), folded(wanted))


def contains_in_any_form(text: str, wanted: str) -> bool:
    """Also finds what is written with compatibility forms of its letters (full width, ligatures)."""
    return contains(text, wanted) or contains(_compatible(text), _compatible(wanted))


def _stands_in(text: str, wanted: str) -> bool:
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        end = at + len(wanted)
        if not _one_word(text[max(0, at - 2) : at][::-1], wanted[0]) and not _one_word(
            text[end : end + 2], wanted[-1]
        ):
            return True
        at = text.find(wanted, at + 1)
    return False


def _one_word(outside: str, edge: str) -> bool:
    """Whether the characters beyond an edge (nearest first) go on with the word or the number at the edge."""
    if not outside or not edge.isalnum():
        return False
    if outside[0].isalnum():
        return _has_spaces(outside[0]) and _has_spaces(edge)
    return edge.isdigit() and outside[0] in ".,'" and outside[1:].isdigit()


def _has_spaces(character: str) -> bool:
    """False for scripts that do not set words apart or attach particles (Thai, Chinese, Japanese, Korean)."""
    return character < "\u0e00" or "\u1e00" <= character < "\u2000"


_FOLDED = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{HYPHEN}": "-",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MINUS SIGN}": "-",
    }
)


@_once
def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


@_once
def same(text: str) -> str:
    """The form in which two claims are the same: composed, without invisible characters, single spaces."""
    visible = "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) != "Cf")
    return " ".join(visible.split())


@_once
def folded(text: str) -> str:
    return unicodedata.normalize("NFC", same(text).translate(_FOLDED).casefold())


def occurrences(text: str, passage: str) -> int:
    """How often a passage stands in a text, word for word but for invisible characters and kinds of space."""
    wanted = same(passage)
    return same(text).count(wanted) if wanted else 0
