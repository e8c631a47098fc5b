"""Scripts that set no spaces between words, and digits that are not those of ASCII.

A figure may stand right behind or before a letter of such a script: no letter of a name, as the `A` of A320 is, but
a word of its own. Digits are those of any script (Unicode's general category Nd); full-width and Arabic signs of
figures are read as the plain ones.
"""

from __future__ import annotations

import re
import unicodedata

UNSPACED = (
    r"\u0e01-\u0e3a\u0e40-\u0e4e"  # Thai
    r"\u0e81-\u0ecd\u0edc-\u0edf"  # Lao
    r"\u0f40-\u0fbc"  # Tibetan
    r"\u1000-\u103f\u1050-\u108f"  # Burmese
    r"\u1100-\u11ff\uac00-\ud7af"  # Hangul: with spaces, but figures stand right beside their words
    r"\u1780-\u17d3"  # Khmer
    r"\u3005-\u3007\u3040-\u30fa\u30fc-\u312f\u31f0-\u31ff"  # kana, bopomofo
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""These letters, as the inside of a character class."""
NO_LETTER_BEFORE = rf"(?<![^\W{UNSPACED}])"
"""A lookbehind: no letter, digit or underscore of what figures are set apart from."""
NO_LETTER_BEHIND = rf"(?![^\W{UNSPACED}])"
HAN_SCALES = {
    "\u767e": 2, "\ubc31": 2, "\u5343": 3, "\ucc9c": 3, "\u4e07": 4, "\u842c": 4, "\ub9cc": 4, "\u5104": 8,
    "\u4ebf": 8, "\uc5b5": 8, "\u5146": 12, "\uc870": 12,
}  # fmt: skip
"""Powers of ten that stand behind digits: hundred, thousand, ten thousand, hundred million, 10^12."""

_LETTER = re.compile(rf"[{UNSPACED}]")
_FIGURE = re.compile(r"\d(?:[\uff0c\uff0e\u066b\u066c]?\d)*")
_WIDE = {"\uff05": "%", "\u066a": "%", "\uff04": "$", "\uffe5": "\u00a5", "\uffe1": "\u00a3", "\uff0b": "+",
         "\uff0d": "-", "\uff0f": "/", "\uff1a": ":", "\uff5e": "\u2013", "\u301c": "\u2013"}  # fmt: skip
_SEPARATORS = {"\uff0c": ",", "\u066c": ",", "\uff0e": ".", "\u066b": "."}


def is_unspaced(c: str) -> bool:
    """Whether a character is a letter of a script that sets no spaces; "" is none."""
    return _LETTER.match(c) is not None


def is_caseless(c: str) -> bool:
    """Whether a character is a letter of a script without capitals."""
    return unicodedata.category(c) == "Lo"


def plain_figures(text: str) -> str:
    """The text with the figures in ASCII, character by character: every place in it stays what it is."""
    if text.isascii():
        return text
    text = _FIGURE.sub(lambda m: "".join(map(_digit, m.group())), text)
    return "".join(_WIDE.get(c, c) for c in text)


def _digit(c: str) -> str:
    return _SEPARATORS.get(c) or str(unicodedata.decimal(c))
