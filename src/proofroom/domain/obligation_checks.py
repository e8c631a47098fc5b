"""The checkable parts of a change request: lines of a comment in plain words, or objects in the API.

A line that is none of these forms is the reviewer's own words, and nothing here guesses at their meaning.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, cast, get_args

from proofroom.domain.errors import InvalidInput
from proofroom.domain.evidence.amounts import Number
from proofroom.domain.evidence.numbers import find_numbers
from proofroom.domain.evidence.words import STOPWORDS, tokens
from proofroom.domain.obligation_text import folded

Kind = Literal[
    "must_contain", "must_not_contain", "must_cite", "number_equals", "length", "structure", "remove"
]
Part = Literal["heading", "table", "chart", "list"]
Measure = Literal["words", "characters"]

MAX_CHECKS = 50
MAX_TEXT = 2_000
MAX_COUNT = 10_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to compare.

    `text` is what must (not) be contained, the title or id of the source to cite, what a number is of, or a
    heading; `value` is the number with its unit. A length has `measure` and a bound or two; a structure `part`
    and, but for a heading, how many at least.
    """

    kind: Kind
    text: str = ""
    value: str = ""
    measure: Measure = "words"
    part: Part = "heading"
    at_least: int | None = None
    at_most: int | None = None


def check_to_json(check: Check) -> dict[str, Any]:
    """The form in which the API takes and shows a check."""
    match check.kind:
        case "must_contain" | "must_not_contain":
            return {"kind": check.kind, "text": check.text}
        case "must_cite":
            return {"kind": check.kind, "source": check.text}
        case "number_equals":
            return {"kind": check.kind, "of": check.text, "value": check.value}
        case "length":
            bounds = {"at_least": check.at_least, "at_most": check.at_most}
            return {"kind": check.kind, "unit": check.measure} | {
                name: bound for name, bound in bounds.items() if bound is not None
            }
        case "structure" if check.part == "heading":
            return {"kind": check.kind, "part": check.part, "text": check.text}
        case "structure":
            return {"kind": check.kind, "part": check.part, "at_least": check.at_least}
        case _:
            return {"kind": check.kind}


def checks_from_json(given: Any, field: str) -> tuple[Check, ...]:
    """Reads checks as the API takes them. Raises InvalidInput (`check_invalid`) with the field."""
    if not isinstance(given, Sequence) or isinstance(given, str):
        _invalid("checks is a list of checks.", field)
    items = cast(Sequence[Any], given)
    if len(items) > MAX_CHECKS:
        _invalid(f"A change has at most {MAX_CHECKS} checks.", field)
    return tuple(_read(item, f"{field}.{i}") for i, item in enumerate(items))


def _read(given: Any, field: str) -> Check:
    if not isinstance(given, Mapping):
        _invalid("A check is an object with a kind.", field)
    item = cast(Mapping[str, Any], given)
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        _invalid(f"There is no check {str(kind)[:40]!r}.", f"{field}.kind", one_of=list(_MEMBERS))
    known = _MEMBERS[kind]
    for name, value in item.items():
        if name not in known and value is not None:
            _invalid(f"A check of kind {kind} has no {name[:40]!r}.", f"{field}.{name[:40]}", one_of=known)
    match kind:
        case "must_contain" | "must_not_contain":
            return Check(kind, _text(item, "text", field))
        case "must_cite":
            return Check(kind, _text(item, "source", field))
        case "number_equals":
            of, value = _text(item, "of", field), _text(item, "value", field)
            if not names_something(of):
                _invalid("of names nothing to look for.", f"{field}.of")
            if figure_of(value) is None:
                _invalid(f"{value[:60]!r} is not one number with a unit that is known.", f"{field}.value")
            return Check(kind, of, value)
        case "length":
            least, most = _count(item, "at_least", field), _count(item, "at_most", field)
            if least is None and most is None:
                _invalid("A length needs at_most or at_least.", f"{field}.at_most")
            if least is not None and most is not None and least > most:
                _invalid("at_least is more than at_most.", f"{field}.at_least")
            measure = _choice(item, "unit", get_args(Measure), field, "words")
            return Check(kind, measure=cast(Measure, measure), at_least=least, at_most=most)
        case "structure":
            part = cast(Part, _choice(item, "part", get_args(Part), field, ""))
            if part == "heading":
                return Check(kind, _text(item, "text", field), part=part)
            least = _count(item, "at_least", field)
            return Check(kind, part=part, at_least=1 if least is None else least)
        case _:
            return Check("remove")


_MEMBERS: dict[str, tuple[str, ...]] = {
    "must_contain": ("kind", "text"),
    "must_not_contain": ("kind", "text"),
    "must_cite": ("kind", "source"),
    "number_equals": ("kind", "of", "value"),
    "length": ("kind", "unit", "at_least", "at_most"),
    "structure": ("kind", "part", "text", "at_least"),
    "remove": ("kind",),
}


def _text(item: Mapping[str, Any], name: str, field: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not folded(value) or len(value) > MAX_TEXT:
        _invalid(f"{name} must be text of 1 to {MAX_TEXT:,} characters that can be seen.", f"{field}.{name}")
    return " ".join(value.replace("\x00", "\ufffd").split())


def _count(item: Mapping[str, Any], name: str, field: str) -> int | None:
    value = item.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_COUNT:
        _invalid(f"{name} must be a whole number from 1 to {MAX_COUNT:,}.", f"{field}.{name}")
    return value


def _choice(item: Mapping[str, Any], name: str, among: Sequence[str], field: str, default: str) -> str:
    value = item.get(name) or default
    if value not in among:
        _invalid(f"{name} must be one of {', '.join(among)}.", f"{field}.{name}", one_of=among)
    return cast(str, value)


def _invalid(message: str, field: str, one_of: Sequence[str] = ()) -> NoReturn:
    raise InvalidInput(
        "check_invalid",
        message,
        hint=f"Use one of {', '.join(one_of)}."
        if one_of
        else "The reference of checkable lines shows each form.",
        field=field,
    )


def figure_of(text: str) -> Number | None:
    """The one figure that a text is, its unit included; None when it is anything else."""
    text = text.strip()
    found = find_numbers(text)
    whole = len(found) == 1 and found[0].kind == "plain" and not found[0].is_range and found[0].text == text
    return found[0] if whole else None


def names_something(text: str) -> bool:
    """Whether a text has words to look for: more than `the` and `of`."""
    return any(t.low not in STOPWORDS for t in tokens(text))


# Lines

_WITH_ARGUMENT: dict[str, Kind] = {
    "must contain": "must_contain",
    "must not contain": "must_not_contain",
    "must cite": "must_cite",
    "replace this sentence with": "must_contain",  # what the page writes of a correction that is sent back
}
_REMOVE = frozenset(
    f"{please}remove{what}"
    for please in ("", "please ")
    for what in ("", " it", " this", " this claim", " this sentence", " this passage")
)
_PARTS: dict[str, Part] = {
    f"must have {article}{part}": cast(Part, part)
    for part in ("table", "chart", "list")
    for article in ("", "a ")
}
_COUNTED: dict[str, Part] = {
    "table": "table", "tables": "table", "chart": "chart", "charts": "chart",
    "item in a list": "list", "items in a list": "list", "list items": "list",
}  # fmt: skip
_LINE = 200
_BOUND = re.compile(
    r"(?:must (?:be|have) |length: )?(?P<bound>at most|at least|no more than) (?P<n>[0-9][0-9,]{0,9}) "
    r"(?P<what>[a-z ]{4,20}?)(?: long)?"
)


def read_comment(comment: str) -> tuple[tuple[Check, ...], bool]:
    """The checkable lines of a comment, and whether it says anything else."""
    lines = [line for line in comment.splitlines() if line.strip()]
    checks = [check_of(line) for line in lines]
    return tuple(c for c in checks if c is not None), None in checks


def check_of(line: str) -> Check | None:
    """The check that a line is, or None. The case of the form's words does not matter."""
    line = line.strip().lstrip("-*\N{BULLET}").strip()
    head, colon, rest = line.partition(":")
    form, wanted = " ".join(head.casefold().split()), _unquoted(rest.strip())
    if colon and form in _WITH_ARGUMENT and folded(wanted):
        return Check(_WITH_ARGUMENT[form], wanted)
    if colon and form == "number equals":
        return _number(rest)
    if colon and form in ("must have heading", "must have a heading") and folded(wanted):
        return Check("structure", wanted, part="heading")
    if len(line) > _LINE:
        return None
    words = " ".join(line.casefold().rstrip(" .!").split())
    if words in _REMOVE:
        return Check("remove")
    if words in _PARTS:
        return Check("structure", part=_PARTS[words], at_least=1)
    return _bound(words)


def _number(rest: str) -> Check | None:
    of, equals, value = rest.rpartition("=")
    of, value = _unquoted(of.strip()), _unquoted(value.strip())
    if not equals or not names_something(of) or figure_of(value) is None:
        return None
    return Check("number_equals", of, value)


def _bound(words: str) -> Check | None:
    found = _BOUND.fullmatch(words)
    if found is None:
        return None
    count, what = int(found["n"].replace(",", "")), found["what"]
    if not 1 <= count <= MAX_COUNT:
        return None
    least, most = (count, None) if found["bound"] == "at least" else (None, count)
    measure = {"word": "words", "character": "characters"}.get(what.removesuffix("s"))
    if measure is not None:
        return Check("length", measure=cast(Measure, measure), at_least=least, at_most=most)
    if least is not None and what in _COUNTED:
        return Check("structure", part=_COUNTED[what], at_least=least)
    return None


def line_of(check: Check) -> str:
    """The check in plain words, as lines that are read as the same again: two of them for two bounds of a length."""
    match check.kind:
        case "must_contain" | "must_not_contain" | "must_cite":
            return f"{check.kind.replace('_', ' ')}: {_argument(check.text)}"
        case "number_equals":
            return f"number equals: {_argument(check.text)} = {check.value}"
        case "length":
            bounds = (("at least", check.at_least), ("at most", check.at_most))
            return "\n".join(f"{word} {n:,} {check.measure}" for word, n in bounds if n is not None)
        case "structure" if check.part == "heading":
            return f"must have heading: {_argument(check.text)}"
        case "structure" if check.part == "list":
            return f"at least {check.at_least:,} item{_s(check.at_least)} in a list"
        case "structure":
            return f"at least {check.at_least:,} {check.part}{_s(check.at_least)}"
        case _:
            return "remove"


def _s(count: int | None) -> str:
    return "" if count == 1 else "s"


def _argument(text: str) -> str:
    return text if _unquoted(text) == text else f"“{text}”"


_QUOTES = {
    '"': '"',
    "'": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": "\N{RIGHT DOUBLE QUOTATION MARK}",
    "\N{LEFT SINGLE QUOTATION MARK}": "\N{RIGHT SINGLE QUOTATION MARK}",
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}": "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}",
}


def _unquoted(text: str) -> str:
    """What stands in quotation marks exactly as it is, anything else without the full stop that ends it."""
    if len(text) > 2 and _QUOTES.get(text[0]) == text[-1]:
        return text[1:-1]
    return text.rstrip(" .,;!")
