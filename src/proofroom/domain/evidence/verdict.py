"""Verdict, side-by-side fragments, correction and anchors from the findings of one claim."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proofroom.domain.evidence.align import Evidence
from proofroom.domain.evidence.features import AnalysedPassage
from proofroom.domain.evidence.finding import NOT_COMPUTED, Finding, Where
from proofroom.domain.evidence.loose import marked
from proofroom.domain.evidence.match import Found
from proofroom.domain.evidence.model import (
    Anchor,
    Check,
    CheckKind,
    Claim,
    ClaimText,
    Correction,
    Result,
    Role,
    Say,
    Side,
    Span,
    Verdict,
)
from proofroom.domain.evidence.scripts import is_caseless, is_unspaced
from proofroom.domain.evidence.words import tokens

_BORNE_OUT = 0.5
_NEAREST = 0.15
_MEANING = Check("meaning", "not_compared", note="yours to read")
_RESULTS: dict[str, Result] = {
    "same": "same",
    "note": "same",
    "rounded": "same",
    "added": "differs",
    "differs": "differs",
    "not_found": "not_found",
    "conflict": "conflict",
    "absent": "not_found",
}
_SHORT = {
    "number": "Number",
    "date": "Date",
    "name": "Name",
    "direction": "Direction",
    "negation": "Negation",
}
_CLAUSE = re.compile(r"[,;:\u2014(]\s|\s[\u2013\u2014]\s")


def judge(
    claim: ClaimText,
    e: Evidence,
    findings: Sequence[Finding],
    *,
    outside: bool,
    spots: Sequence[Where] = (),
    understood: bool = False,
    cells: Sequence[Where] = (),
) -> Claim:
    """The claim with its verdict. `spots` are the resolved citations, which then are the anchors. `understood` says
    that the findings speak of all of its words. `cells` are those of the rows that it rests on.
    """
    absent = [f for f in findings if f.outcome == "absent"]
    differs = [f for f in findings if f.outcome == "differs"]
    lost_quotes = [f for f in findings if f.outcome == "not_found" and f.kind == "quote"]
    conflicts = [f for f in findings if f.outcome == "conflict"]
    soft = [f for f in findings if f.outcome == "added"]
    soft += [f for f in findings if f.outcome in ("rounded", "not_found") and f.kind != "quote"]
    order: dict[CheckKind, int] = {
        "citation": 0,
        "quote": 1,
        "date": 2,
        "number": 3,
        "name": 4,
        "direction": 5,
        "negation": 6,
        "computed": 7,
        "meaning": 8,
    }
    bad = [*absent, *sorted([*differs, *lost_quotes], key=lambda f: order[f.kind])]
    held = _held(e, findings)
    covered = e.matches.coverage(held) if outside else _share(e, held)
    missing = _missing(claim, e, held)
    verdict: Verdict
    lead: Finding | None
    if bad:
        verdict, lead = "unsupported", bad[0]
    elif conflicts:
        verdict, lead = "conflict", conflicts[0]
    elif not e.anchors and not spots:
        verdict, lead = "uncited", None
    elif soft:
        verdict, lead = "partial", soft[0]
    elif not understood and e.matches.weights and (covered < _BORNE_OUT or _other_wording(e, held)):
        verdict, lead = "partial", None
    else:
        verdict, lead = "supported", None
    if claim.opinion and verdict == "partial" and outside:
        verdict, lead = "uncited", None
    checks = _checks(findings, e, missing if verdict == "partial" and lead is None else ())
    headline, short = _titles(verdict, lead)
    return Claim(
        claim.id,
        claim.n,
        claim.text,
        claim.kind,
        claim.path,
        claim.char_start,
        claim.char_end,
        verdict,
        claim.opinion,
        headline,
        short,
        _say(claim, e, verdict, lead, missing),
        checks,
        _all_anchors(e, findings, verdict, lead, spots, cells),
        _correction(claim, lead),
    )


def _beside(e: Evidence) -> list[Found]:
    """The neighbours of the anchors: the subject of a sentence often stands in the one before."""
    homes = {f.passage.passage.block_id for f in e.anchors}
    return [f for f in e.window if f.passage.passage.block_id in homes]


def _held(e: Evidence, findings: Sequence[Finding]) -> set[str]:
    """The stems of the claim that anchors and their neighbours have, or that a comparison found to be the same."""
    held = {s for f in (*e.anchors, *_beside(e)) for s in f.sentence.stems}
    # A run of letters without spaces is no one word: it may stand within a longer one.
    runs = {t.low: t.stem for t in e.claim.toks if t.stem and is_unspaced(t.low[0])}
    held |= {
        stem for run, stem in runs.items() if any(run in f.sentence.text for f in (*e.anchors, *_beside(e)))
    }
    same = [f.at for f in findings if f.outcome in ("same", "note", "rounded")]
    held |= {t.stem for t in e.claim.toks if t.stem and any(a <= t.start < b for a, b in same)}
    # A row that was computed with says the names of its columns too.
    computed = {f.where[0].passage for f in findings if f.where is not None and f.note == "computed again"}
    return held | {t.stem for p in computed for name, _ in p.cells for t in tokens(name)}


def _other_wording(e: Evidence, held: set[str]) -> bool:
    """Whether a clause of a script that sets no spaces does not stand in the sentences the claim rests on. Its words
    are not told apart: half of them may be the half that denies.
    """
    return any(
        t.stem and t.stem not in held and is_unspaced(t.low[0]) and len(t.low) > 1 for t in e.claim.toks
    )


def _share(e: Evidence, held: set[str]) -> float:
    """The share of the claim's words, each counting alike: among the few sentences of a cited passage its rarest words
    are those that it does not have, and their rarity says nothing.
    """
    return sum(s in held for s in e.claim.stems) / len(e.claim.stems) if e.claim.stems else 0.0


def _missing(claim: ClaimText, e: Evidence, held: set[str]) -> tuple[str, ...]:
    out = [claim.text[t.start : t.end] for t in e.claim.toks if t.stem and t.stem not in held]
    return tuple(dict.fromkeys(out))[:6]


def _titles(verdict: Verdict, lead: Finding | None) -> tuple[str, str]:
    if lead is not None:
        headline = lead.headline or "Differs"
        if lead.kind == "citation" or headline == NOT_COMPUTED:
            return headline, headline
        if lead.kind == "quote":
            return headline, f"Quote: {lead.note}" if lead.outcome in ("differs", "added") else headline
        if lead.outcome == "conflict" and lead.other is not None and lead.source is not None:
            return headline, f"Sources: {_either(lead.source, lead.other[1])}"
        if headline == "Denial differs" and lead.note:
            return headline, lead.note[0].upper() + lead.note[1:]
        name = _SHORT.get(lead.kind, "Claim")
        if headline.startswith(("Unit", "Time")):
            name = headline.split()[0]
        if lead.outcome == "differs" and lead.source and lead.source.lower() == lead.draft.lower():
            return headline, headline
        if lead.outcome in ("differs", "rounded") and lead.source:
            theirs = lead.use if lead.use and lead.kind == "date" else lead.source
            return headline, f"{name}: {_either(lead.draft, theirs)}"
        return headline, f"{name} not found: {lead.draft}"
    match verdict:
        case "supported":
            return "Passed automatic checks", "Passed automatic checks"
        case "partial":
            return "Part of the sentence is not in the source", "Part not found"
        case _:
            return "No source speaks of it", "No source speaks of it"


def _either(a: str, b: str) -> str:
    """ "28 September 1999", "23 September 1999" give "28 or 23 September 1999"."""
    left, right = a.split(), b.split()
    common = 0
    while common < min(len(left), len(right)) - 1 and left[-1 - common] == right[-1 - common]:
        common += 1
    return (
        f"{' '.join(left[: len(left) - common]).rstrip(',')} or {' '.join(right)}"
        if common
        else f"{a} or {b}"
    )


def _checks(findings: Sequence[Finding], e: Evidence, missing: Sequence[str]) -> tuple[Check, ...]:
    out: list[Check] = []
    for f in findings:
        if f.outcome == "conflict" and f.other is not None:
            out.append(Check(f.kind, "conflict", f.source, f.other[1], f.note))
        else:
            out.append(Check(f.kind, _RESULTS[f.outcome], f.draft, f.source, f.note))
    kinds: set[CheckKind] = {c.kind for c in out}
    letters = [c for c in e.claim.text if is_caseless(c)]
    found_only = any(f.kind == "citation" and f.headline == NOT_COMPUTED for f in findings)
    in_claim = {
        "number": bool(e.claim.numbers),
        "date": bool(e.claim.dates or e.claim.times),
        "name": bool(e.claim.names),
    }
    for kind in ("quote", "number", "date", "name"):
        if kind not in kinds:
            if in_claim.get(kind) and not e.anchors:
                out.append(Check(kind, "not_compared", note="nothing to compare with"))
            elif in_claim.get(kind) and found_only:
                out.append(Check(kind, "not_compared", note="not compared with the rows found"))
            elif kind == "name" and len(letters) > 1 and not in_claim["name"]:
                out.append(Check(kind, "not_compared", note="names in this script are not told apart"))
            elif kind in ("number", "date") and in_claim[kind]:
                out.append(Check(kind, "not_compared", note="compared as part of what it stands in"))
            elif kind == "number" and _has_digits(e):
                out.append(
                    Check(kind, "not_compared", note="digits of addresses and references are not compared")
                )
            elif kind != "name" or not in_claim["name"]:
                out.append(Check(kind, "none"))
            else:
                out.append(Check(kind, "none", note="no name that can be told apart"))
    if len(letters) > 1 and "negation" not in kinds:
        out.append(Check("negation", "not_compared", note="denials in this script are not compared"))
    if missing:
        out.append(
            Check("citation", "not_found", ", ".join(missing), None, "words that the source does not have")
        )
    out.append(_MEANING)
    return tuple(out)


def _has_digits(e: Evidence) -> bool:
    """Whether the claim has a digit outside its dates and names."""
    parts = (*e.claim.dates, *e.claim.times, *e.claim.names)
    taken = marked(len(e.claim.text), [(x.start, x.end) for x in parts])
    return any(c.isdigit() and not taken[i] for i, c in enumerate(e.claim.text))


# Fragments ----------------------------------------------------------------------------------------


def fragment(text: str, mark: Span, before: int = 7, after: int = 4) -> Side:
    """A few words around a range, cut at the clause, with the range marked."""
    start, end = mark
    words = [m.start() for m in re.finditer(r"\S+", text[:start])]
    low = words[-before] if len(words) > before else 0
    clause = max((m.end() for m in _CLAUSE.finditer(text, low, start)), default=low)
    # A clause that leaves almost nothing before the mark says less than the longer fragment.
    if start - clause >= 8:
        low = clause
    tail = [m.end() for m in re.finditer(r"\S+", text[end : end + 400])]
    high = end + (tail[min(after, len(tail)) - 1] if tail else 0)
    stop = _CLAUSE.search(text, end, high)
    if stop:
        high = stop.start()
    piece = text[low:high].rstrip(" .,;:")
    piece = text[low : max(end, low + len(piece))]
    lead = len(piece) - len(piece.lstrip())
    return Side(piece.lstrip(), (start - low - lead, end - low - lead))


def _say(
    claim: ClaimText, e: Evidence, verdict: Verdict, lead: Finding | None, missing: Sequence[str]
) -> Say | None:
    if lead is None:
        if verdict == "uncited":
            return Say(Side(_short_text(claim.text)), Side("No source of the project speaks of it."))
        if not e.anchors:
            return None
        s = e.anchors[0].sentence
        return Say(Side(_short_text(claim.text), _first(claim.text, missing)), Side(_short_text(s.text)))
    if lead.quoted is not None:
        quote, mark = lead.quoted
        draft = fragment(quote, mark) if mark[1] else Side(_short_text(quote))
    else:
        draft = fragment(claim.text, lead.at) if lead.at[0] < lead.at[1] else Side(_short_text(claim.text))
    if lead.outcome == "absent":
        return Say(draft, Side("No source of this name is in the project."))
    if lead.outcome == "conflict" and lead.where is not None and lead.other is not None:
        first, second = lead.where, lead.other[0]
        labels = (f"Draft and {_title(first)} say", f"{_title(second)} says")
        return Say(_side(first), _side(second), labels)
    if lead.where is None:
        what = {"quote": "These words stand in no source.", "citation": "There is no such passage."}
        if e.anchors and all(f.passage.passage.kind in ("table_row", "table_header") for f in e.anchors):
            what |= dict.fromkeys(
                ("number", "date"), "The rows found do not have it as it stands, nor was it computed."
            )
        return Say(draft, Side(lead.shown or what.get(lead.kind, "The source does not say this.")))
    if lead.shown is not None:
        return Say(draft, Side(lead.shown))
    return Say(draft, _side(lead.where))


def _side(spot: Where) -> Side:
    passage, (start, end) = spot
    sentence = next((s for s in passage.sentences if s.start <= start <= s.end), None)
    if sentence is None or end > sentence.end:
        return Side(passage.passage.text[start:end], (0, end - start))
    return fragment(sentence.text, (start - sentence.start, end - sentence.start))


def _title(spot: Where) -> str:
    title = spot[0].passage.source_title
    return title if len(title) <= 60 else title[:59].rstrip() + "\u2026"


def _short_text(text: str, limit: int = 240) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "\u2026"


def _first(text: str, words: Sequence[str]) -> Span | None:
    for word in words:
        at = text.find(word)
        if at >= 0 and at + len(word) < 239:
            return at, at + len(word)
    return None


# Anchors ------------------------------------------------------------------------------------------


def anchor(passage: AnalysedPassage, span: Span, role: Role) -> Anchor:
    """A range of a passage as a range of its source's text."""
    p = passage.passage
    if p.char_end - p.char_start != len(
        p.text
    ):  # the text is a rendering of the block: only the whole can be pointed at
        return Anchor(
            p.source_id, p.version, p.block_id, p.page, p.char_start, p.char_end, p.text, p.source_title, role
        )
    start, end = p.char_start + span[0], p.char_start + span[1]
    return Anchor(
        p.source_id,
        p.version,
        p.block_id,
        p.page,
        start,
        end,
        p.text[span[0] : span[1]],
        p.source_title,
        role,
    )


def _all_anchors(
    e: Evidence,
    findings: Sequence[Finding],
    verdict: Verdict,
    lead: Finding | None,
    spots: Sequence[Where],
    cells: Sequence[Where],
) -> tuple[Anchor, ...]:
    """What differs first, then the cells of rows that were compared, then the sentences and rows that they stand in."""
    out: list[Anchor] = []
    role: Role = (
        "nearest" if verdict in ("partial", "uncited") or (lead and lead.outcome == "absent") else "supports"
    )
    if (
        lead is not None
        and lead.where is not None
        and lead.outcome in ("differs", "rounded", "added", "not_found")
    ):
        out.append(anchor(*lead.where, "differs"))
    if lead is not None and lead.outcome == "conflict" and lead.where and lead.other:
        out += [anchor(*lead.where, "supports"), anchor(*lead.other[0], "conflicts")]
    if verdict == "unsupported" and lead is not None and lead.outcome != "absent":
        role = "nearest"
    told = [f.where for f in findings if f.where is not None and f.outcome in ("same", "note", "rounded")]
    shown = {(a.block_id, a.char_start, a.char_end) for a in out}
    for p, span in {(id(p), span): (p, span) for p, span in (*cells, *told)}.values():
        spot = anchor(p, span, role)
        narrow = span != (0, len(p.passage.text)) and spot.quote != p.passage.text
        if p.passage.cells and narrow and (spot.block_id, spot.char_start, spot.char_end) not in shown:
            out.append(spot)
    if spots:
        out += [anchor(p, span, role) for p, span in spots]
    else:
        out += [anchor(f.passage, (f.sentence.start, f.sentence.end), role) for f in e.anchors]
    if lead is not None and lead.outcome == "absent" and not out and e.matches.found:
        near = e.matches.found[0]
        if near.coverage >= _NEAREST:
            out.append(anchor(near.passage, (near.sentence.start, near.sentence.end), "nearest"))
    for f in findings:
        if f.where is not None and f.outcome in ("same", "note") and f.kind in ("quote", "number", "date"):
            spot = anchor(*f.where, "supports")
            if not any(_inside(spot, a) for a in out):
                out.append(spot)
    return tuple(dict.fromkeys(out))


def _inside(a: Anchor, b: Anchor) -> bool:
    return (a.source_id, a.version) == (
        b.source_id,
        b.version,
    ) and b.char_start <= a.char_start <= a.char_end <= b.char_end


# Corrections --------------------------------------------------------------------------------------


def _correction(claim: ClaimText, lead: Finding | None) -> Correction | None:
    if lead is None:
        return None
    if lead.outcome == "absent" or (lead.kind == "quote" and lead.outcome == "not_found"):
        return None if claim.kind == "cell" else Correction("Remove sentence", "")
    if lead.put is None:
        return None
    (start, end), text = lead.put
    if claim.kind == "cell":
        return _cell_correction(claim, start, end, text, lead)
    fixed = claim.text[:start] + text + claim.text[end:]
    if lead.outcome == "conflict":
        return Correction("Name both", fixed)
    return Correction(f"Use {lead.use}", fixed)


def _cell_correction(claim: ClaimText, start: int, end: int, text: str, lead: Finding) -> Correction | None:
    """What the cell itself would say: its claim also names row, column and unit, which stand elsewhere."""
    stop = claim.own + claim.char_end - claim.char_start
    if start < claim.own or end > stop or lead.outcome == "conflict":
        return None
    return Correction(f"Use {lead.use}", claim.text[claim.own : start] + text + claim.text[end:stop])


def not_cited(claim: ClaimText) -> Claim:
    """A sentence of an agent that cites nothing."""
    checks = (
        Check(
            "citation",
            "none",
            note="an opinion needs none" if claim.opinion else "the sentence cites nothing",
        ),
        _MEANING,
    )
    return Claim(
        claim.id,
        claim.n,
        claim.text,
        claim.kind,
        claim.path,
        claim.char_start,
        claim.char_end,
        "uncited",
        claim.opinion,
        "Opinion" if claim.opinion else "No citation",
        "Opinion" if claim.opinion else "No citation",
        None,
        checks,
        (),
        None,
    )


def led_elsewhere(claim: ClaimText) -> Claim:
    """What says that it leads to one place and leads to another is unsupported, whatever else it says."""
    return unread(claim, f"a link in it leads to {claim.leads[:200]}", "Link leads elsewhere")


def unread(claim: ClaimText, why: str, headline: str) -> Claim:
    """What cannot be read is unsupported."""
    say = Say(Side(_short_text(claim.text)), Side(f"Not compared: {why}."))
    return Claim(
        claim.id,
        claim.n,
        claim.text,
        claim.kind,
        claim.path,
        claim.char_start,
        claim.char_end,
        "unsupported",
        claim.opinion,
        headline,
        headline,
        say,
        (Check("citation", "not_compared", note=why), _MEANING),
        (),
        None,
    )
