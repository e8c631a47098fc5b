"""What goes into the checks and what comes out: passages, claims cut from a document, claims with their
verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from proofroom.domain.document import Cite
from proofroom.domain.errors import InvalidInput

ClaimKind = Literal["sentence", "cell", "series"]
Verdict = Literal["supported", "partial", "unsupported", "uncited", "conflict"]
CheckKind = Literal[
    "quote", "number", "date", "name", "negation", "direction", "citation", "computed", "meaning"
]
Result = Literal["same", "differs", "none", "not_found", "conflict", "not_compared"]
Role = Literal["supports", "differs", "conflicts", "nearest"]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """A block of a source: `source_text[char_start:char_end]`, in code points.

    A row of a table has the kind "table_row" and may carry its `cells` as (column, value) pairs; `text` is
    then how the row reads, such as "2017 \u2014 fossil: 29,329 thousand MWh". Give all rows of a table that
    was hit, so that directions between two periods can be computed again.
    """

    source_id: str
    version: int
    block_id: str
    source_title: str
    page: int | None
    char_start: int
    char_end: int
    text: str
    kind: str = "text"
    cells: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SourceName:
    """How a source of the project is called."""

    title: str
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimText:
    """A claim before it is checked. `path` is [block, item or row, column]; offsets are in that element's
    plain text.

    `verbatim` marks the text of a quote block. `unread` says that a citation in it could not be read. `own` is where
    in `text` the words of a cell begin, behind the names of its row and column. `leads` is the address of a link in it
    whose words name another host.
    """

    id: str
    n: int
    text: str
    kind: ClaimKind
    path: tuple[int, ...]
    char_start: int
    char_end: int
    opinion: bool = False
    cites: tuple[Cite, ...] = ()
    verbatim: bool = False
    unread: bool = False
    own: int = 0
    leads: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison that was made, or that was not. `draft` and `source` are what each side says."""

    kind: CheckKind
    result: Result
    draft: str | None = None
    source: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """Words of a source: `quote == source_text[char_start:char_end]`."""

    source_id: str
    version: int
    block_id: str
    page: int | None
    char_start: int
    char_end: int
    quote: str
    source_title: str
    role: Role


@dataclass(frozen=True, slots=True)
class Side:
    """A short fragment and the range in it that differs."""

    text: str
    mark: Span | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """Draft and source side by side."""

    draft: Side
    source: Side
    labels: tuple[str, str] = ("Draft says", "Source says")


@dataclass(frozen=True, slots=True)
class Correction:
    """What to do in one step: the whole sentence corrected, or "" to remove it."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A checked claim. `headline` and `short` are for lists; `checks` say what was compared and what was
    not.
    """

    id: str
    n: int
    text: str
    kind: ClaimKind
    path: tuple[int, ...]
    char_start: int
    char_end: int
    verdict: Verdict
    opinion: bool
    headline: str
    short: str
    say: Say | None
    checks: tuple[Check, ...]
    anchors: tuple[Anchor, ...]
    correction: Correction | None

    @property
    def needs_you(self) -> bool:
        """Whether a person has to look: every flag, and a missing source outside an opinion."""
        return self.verdict in ("unsupported", "conflict", "partial") or (
            self.verdict == "uncited" and not self.opinion
        )


def summary(claims: Iterable[Claim]) -> dict[str, int]:
    """How many claims there are, and of them: how many need a person, how many passed the comparisons, and how many
    are opinions, of which nothing was compared. The last three add up to the first.
    """
    return count((c.needs_you, c.verdict) for c in claims)


def count(claims: Iterable[tuple[bool, str]]) -> dict[str, int]:
    """The same of claims given as (needs_you, verdict), such as those in JSON."""
    told = list(claims)
    needs = sum(needs for needs, _ in told)
    opinions = sum(not needs and verdict == "uncited" for needs, verdict in told)
    return {
        "claims": len(told),
        "needs_you": needs,
        "passed": len(told) - needs - opinions,
        "opinions": opinions,
    }


def claim_to_json(claim: Claim) -> dict[str, Any]:
    """The JSON form of a claim, as the API and the packet show it."""
    say = claim.say
    return {
        "id": claim.id,
        "n": claim.n,
        "text": claim.text,
        "kind": claim.kind,
        "path": list(claim.path),
        "char_start": claim.char_start,
        "char_end": claim.char_end,
        "verdict": claim.verdict,
        "opinion": claim.opinion,
        "needs_you": claim.needs_you,
        "headline": claim.headline,
        "short": claim.short,
        "say": None
        if say is None
        else {"draft": _side_json(say.draft), "source": _side_json(say.source), "labels": list(say.labels)},
        "checks": [
            {"kind": c.kind, "result": c.result, "draft": c.draft, "source": c.source, "note": c.note}
            for c in claim.checks
        ],
        "anchors": [
            {
                "source_id": a.source_id,
                "version": a.version,
                "block_id": a.block_id,
                "page": a.page,
                "char_start": a.char_start,
                "char_end": a.char_end,
                "quote": a.quote,
                "source_title": a.source_title,
                "role": a.role,
            }
            for a in claim.anchors
        ],
        "correction": None
        if claim.correction is None
        else {"label": claim.correction.label, "text": claim.correction.text},
    }


def _side_json(side: Side) -> dict[str, Any]:
    return {"text": side.text, "mark": None if side.mark is None else list(side.mark)}


def claim_from_json(value: Mapping[str, Any]) -> Claim:
    """Reads what `claim_to_json` wrote. Raises InvalidInput `claim_invalid` for anything else."""
    try:
        say, correction = value["say"], value["correction"]
        return Claim(
            id=str(value["id"]),
            n=int(value["n"]),
            text=str(value["text"]),
            kind=value["kind"],
            path=tuple(int(p) for p in value["path"]),
            char_start=int(value["char_start"]),
            char_end=int(value["char_end"]),
            verdict=value["verdict"],
            opinion=bool(value["opinion"]),
            headline=str(value["headline"]),
            short=str(value["short"]),
            say=None
            if say is None
            else Say(
                _side(say["draft"]), _side(say["source"]), (str(say["labels"][0]), str(say["labels"][1]))
            ),
            checks=tuple(
                Check(c["kind"], c["result"], c["draft"], c["source"], c["note"])
                for c in cast(Sequence[Mapping[str, Any]], value["checks"])
            ),
            anchors=tuple(Anchor(**a) for a in cast(Sequence[Mapping[str, Any]], value["anchors"])),
            correction=None if correction is None else Correction(correction["label"], correction["text"]),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InvalidInput(
            "claim_invalid", f"This is not a claim: {error!s}.", "Use the JSON form that the API returns."
        ) from error


def _side(value: Mapping[str, Any]) -> Side:
    mark = value["mark"]
    return Side(str(value["text"]), None if mark is None else (int(mark[0]), int(mark[1])))
