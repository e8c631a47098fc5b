"""What a reviewer asked for, as far as it can be done without understanding it.

Checks (see `domain.obligation_checks`) are followed to the letter as far as quotes go: what must be contained, cited
or said as a number is looked for, what must not goes, and a text that is too long loses its last sentences. Headings
are set; tables, charts, lists and more words need a writer. Of other words only the plainest are understood: shorter,
remove, cite a source. Everything else is searched for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from proofroom.agents.runtimes.base import Obligation
from proofroom.domain.document import plain
from proofroom.domain.obligation_checks import Check, check_of, checks_from_json, line_of

_REMOVE = re.compile(
    r"\b(?:remove|delete|drop|cut|strike|take out|leave out|get rid of)\b(?! short)", re.IGNORECASE
)
_SHORTER = re.compile(
    r"\b(?:shorter|shorten|too long|more concise|briefer|cut down|trim|condense)\b", re.IGNORECASE
)
_CITE = re.compile(
    r"\b(?:cite|quote|use|include|add|refer to)\b.{0,40}?"
    r"[\"\u201c\u2018'`]([^\"\u201d\u2019'`]{2,200})[\"\u201d\u2019'`]",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"\u201c\u2018`]([^\"\u201d\u2019`]{2,400})[\"\u201d\u2019`]")


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing to do: `kind` is remove, without, contain, cite, number, heading, limit, search, shorter or write
    (which needs a writer); `slot` None means anywhere. `check` is what it comes from, if it can be checked.
    """

    kind: str
    text: str
    slot: str | None
    comment: str
    check: Check | None = None


@dataclass(slots=True)
class Wishes:
    """What to do, and in `said` what was done or could not be done, for the summary."""

    items: tuple[Wish, ...] = ()
    said: list[str] = field(default_factory=list[str])

    @property
    def shorter(self) -> bool:
        return any(one.kind == "shorter" for one in self.items)

    def of(self, slot: str, *kinds: str) -> list[Wish]:
        return [one for one in self.items if one.kind in kinds and one.slot in (None, slot)]

    def apply(self, blocks: Sequence[Mapping[str, Any]], slot: str = "report") -> list[Mapping[str, Any]]:
        """The blocks without what is to go; says what could not be found, and what cannot be done here."""
        out = list(blocks)
        for wish in self.of(slot, "remove", "without"):
            kept = [one for one in out if not holds(one, wish.text)]
            if len(kept) == len(out):
                self.said.append(f"Not found, so not removed: {wish.text[:120]!r}.")
            out = kept
        for wish in self.of(slot, "contain", "cite", "number", "heading", "limit", "write", "search"):
            self.said.append(f"Not done, it needs a writer: {wish.comment[:160]!r}.")
        return out


def wishes_of(obligations: Sequence[Obligation]) -> Wishes:
    items: list[Wish] = []
    for one in obligations:
        items += _wishes(one)
    return Wishes(tuple(dict.fromkeys(items)))


def _wishes(obligation: Obligation) -> list[Wish]:
    slot, comment = obligation.artifact_slot, obligation.comment.strip()
    about = (obligation.passage or obligation.claim_text or "").strip()
    out: list[Wish] = []
    rest: list[str] = []
    checks = list(checks_from_json(obligation.checks, "checks"))
    for line in comment.splitlines():
        check = check_of(line)
        if check is not None and check.kind != "remove":
            checks.append(check)
        elif line.strip():
            rest.append(line.strip())
    out += [_wish(check, slot, about) for check in dict.fromkeys(checks) if check.kind != "remove" or about]
    text = " ".join(rest)
    if not text:
        return out
    if _SHORTER.search(text):
        out.append(Wish("shorter", "", slot, text))
    quoted = _QUOTED.search(text)
    if _REMOVE.search(text) and (about or quoted):
        out.append(Wish("remove", about or _bare(quoted.group(1) if quoted else ""), slot, text))
        return out
    named = _CITE.search(text)
    if named:
        out.append(Wish("cite", _bare(named.group(1)), slot, text))
    elif about and not _SHORTER.search(text):
        # What is wrong with a sentence is beyond a quote finder: the sentence goes, and others are looked for.
        out.append(Wish("remove", about, slot, text))
        out.append(Wish("search", f"{text} {about}", slot, text))
    elif not _SHORTER.search(text):
        out.append(Wish("search", text, slot, text))
    return out


def _wish(check: Check, slot: str | None, about: str) -> Wish:
    kinds = {
        "must_contain": "contain", "must_not_contain": "without", "must_cite": "cite", "number_equals": "number",
        "remove": "remove",
    }  # fmt: skip
    kind = kinds.get(check.kind, "write")
    if check.kind == "structure" and check.part == "heading":
        kind = "heading"
    elif check.kind == "length" and check.at_most is not None and check.at_least is None and not about:
        kind = "limit"
    text = {"remove": about, "number": f"{check.text} {check.value}"}.get(kind, check.text)
    return Wish(kind, text, slot, line_of(check), check)


def _bare(text: str) -> str:
    return text.strip().strip("\"'`\u201c\u201d\u2018\u2019").rstrip(".").strip()


def texts_of(block: Mapping[str, Any]) -> list[str]:
    """The plain texts of a block of sentences; a table or chart has none."""
    raw = block.get("items") if block.get("type") == "list" else [block.get("text")]
    return [plain(str(one)).text for one in cast("list[Any]", raw or []) if isinstance(one, str)]


def holds(block: Mapping[str, Any], text: str) -> bool:
    """Whether a block's plain text holds the text, letter case, white space and typography aside."""
    wanted = _folded(text)
    return bool(wanted) and any(wanted in _folded(one) for one in texts_of(block))


def _folded(text: str) -> str:
    text = re.sub(r"[\u2018\u2019]", "'", re.sub(r"[\u201c\u201d]", '"', text))
    return " ".join(text.split()).casefold().strip(" .")
