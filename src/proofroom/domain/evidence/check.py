"""From comparisons to a verdict.

`check_outside` looks for the sentences that speak of a claim itself; `check_cited` takes those that the
claim cites. Both then make the same comparisons. What cannot be read is unsupported, with the reason;
nothing is ever raised for the content of a text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from proofroom.domain.evidence.align import Evidence
from proofroom.domain.evidence.attributed import attributions, compare_attributed
from proofroom.domain.evidence.cited_works import Work, is_known, named_works
from proofroom.domain.evidence.compare_dates import compare_dates
from proofroom.domain.evidence.compare_names import compare_names
from proofroom.domain.evidence.compare_numbers import compare_numbers, compare_units, shared_facts
from proofroom.domain.evidence.compare_wording import broken_citation, compare_quotes, compare_turns
from proofroom.domain.evidence.conflicts import find_conflict
from proofroom.domain.evidence.disguise import compare_characters
from proofroom.domain.evidence.features import AnalysedPassage, Sentence, analyse, read_sentence, without
from proofroom.domain.evidence.finding import Finding
from proofroom.domain.evidence.loose import compare_loose
from proofroom.domain.evidence.match import Found, Matches, find
from proofroom.domain.evidence.model import Claim, ClaimText, Passage, SourceName, Span
from proofroom.domain.evidence.quotes import Quotation, find_quotations, locate
from proofroom.domain.evidence.recount import (
    Recount,
    Tables,
    doubts,
    found_only,
    label_ranges,
    partly,
    read_tables,
    recount,
)
from proofroom.domain.evidence.romans import compare_romans
from proofroom.domain.evidence.small_names import compare_small_names
from proofroom.domain.evidence.tables import compare_table
from proofroom.domain.evidence.verdict import judge, led_elsewhere, not_cited, unread

# A sentence that holds less than this share of the claim's word weight does not speak of it.
SPEAKS = 0.34
_LONGEST_CLAIM = 20_000

Given = Passage | AnalysedPassage


def check_outside(
    claim: ClaimText,
    candidates: Sequence[Given],
    known_sources: Sequence[SourceName] = (),
    near: Sequence[Given] = (),
) -> Claim:
    """Checks a sentence that cites nothing against the best of `candidates`, ranked passages of all sources.

    `known_sources` are the names of all sources of the project; `near` are further passages in which names
    and years may be found. Give analysed passages to have each read only once.
    """
    if len(claim.text) > _LONGEST_CLAIM:
        return unread(claim, f"the sentence has {len(claim.text):,} characters", "Sentence too long to check")
    if claim.leads:
        return led_elsewhere(claim)
    passages, further = _read(candidates), _read(near)
    found = _outside(claim, passages, known_sources, further)
    return _proposed(claim, found, lambda fixed: _outside(fixed, passages, known_sources, further))


def _outside(
    claim: ClaimText,
    passages: tuple[AnalysedPassage, ...],
    known_sources: Sequence[SourceName],
    further: tuple[AnalysedPassage, ...],
) -> Claim:
    sentence = read_sentence(claim.text)
    works = [w for w in named_works(sentence) if not is_known(w, (*passages, *further), known_sources)]
    matches = find(sentence, passages)
    quotations = _quotations(claim)
    table = compare_table(sentence, (*passages, *further))
    anchors = _anchors(sentence, matches, passages, quotations)
    if not anchors and table and table[0].where is not None:
        row = table[0].where[0]
        anchors = tuple(Found(row, i, matches.coverage(s.stems), 0.0) for i, s in enumerate(row.sentences))
    window = _window(anchors, matches)
    rows_only = all(_of_table(f.passage) for f in anchors)
    tables = read_tables(sentence, (*passages, *further))
    labels = label_ranges(tables) if rows_only else ()
    said = without(sentence, labels)
    evidence = Evidence(said, matches, anchors, window, passages, further)
    findings = _findings(evidence, works, quotations, table, labels, outside=True)
    found = judge(claim, evidence, findings, outside=True)
    if table or quotations or found.verdict == "conflict":
        return _doubted(found, claim, evidence, findings, table, tables)
    again = recount(tables)
    if again is not None and _counts_for(again, anchors, found):
        return _recounted(claim, evidence, works, again)
    half = partly(tables) if rows_only and not works else None
    if half is not None:
        return _recounted(claim, evidence, (), half)
    only = found_only(tables) if found.verdict == "uncited" and not claim.opinion else None
    if only is not None:
        return _recounted(claim, evidence, (), only)
    return _doubted(found, claim, evidence, findings, table, tables)


def _counts_for(again: Recount, anchors: Sequence[Found], found: Claim) -> bool:
    """Whether the table is what the sentence speaks of: its rows are what comes nearest, or all is borne out there and
    nothing else speaks against it.
    """
    if not anchors or _of_table(anchors[0].passage):
        return True
    return _raises(again, found)


def _recounted(
    claim: ClaimText,
    e: Evidence,
    works: Sequence[Work],
    again: Recount,
    spots: Sequence[tuple[AnalysedPassage, tuple[int, int]]] = (),
) -> Claim:
    """The claim by what was computed again from rows: every word of it was read there."""
    anchors = tuple(
        Found(row, i, e.matches.coverage(s.stems), 0.0)
        for row in again.rows[:12]
        for i, s in enumerate(row.sentences)
    )
    evidence = replace(e, anchors=anchors, window=())
    findings = [*_absent(works), *compare_characters(evidence), *again.findings]
    return judge(
        claim, evidence, findings, outside=not spots, spots=spots, understood=True, cells=again.cells
    )


def check_cited(
    claim: ClaimText,
    passages_by_ref: Mapping[str, Given],
    near: Sequence[Given] = (),
    known_sources: Sequence[SourceName] = (),
) -> Claim:
    """Checks a claim against the passages that it cites.

    `passages_by_ref` holds the block behind each alias; `near` are further passages of the same sources, in
    which names may be found. A claim without a citation is `uncited`. A quote that does not stand in its
    block, or an alias that is not known, makes the claim unsupported.
    """
    if len(claim.text) > _LONGEST_CLAIM:
        return unread(claim, f"the sentence has {len(claim.text):,} characters", "Sentence too long to check")
    if claim.leads:
        return led_elsewhere(claim)
    if claim.unread:
        return unread(claim, "a citation in it is not of the form [[b12|quote]]", "Citation cannot be read")
    if not claim.cites:
        return not_cited(claim)
    further = _read(near)
    given = {
        ref: _read([passages_by_ref[ref]])[0] for ref in {c.ref for c in claim.cites} & set(passages_by_ref)
    }
    found = _cited(claim, given, further, known_sources)
    return _proposed(claim, found, lambda fixed: _cited(fixed, given, further, known_sources))


def _cited(
    claim: ClaimText,
    given: Mapping[str, AnalysedPassage],
    further: tuple[AnalysedPassage, ...],
    known_sources: Sequence[SourceName],
) -> Claim:
    read: dict[Passage, AnalysedPassage] = {}  # each once, whatever aliases it has
    broken: list[Finding] = []
    spots: list[tuple[AnalysedPassage, tuple[int, int]]] = []
    end = len(claim.text)
    for cite in claim.cites:
        passage = given.get(cite.ref)
        if passage is None:
            note = f"{cite.ref} is no passage that was given to the agent"
            broken.append(
                Finding(
                    "citation",
                    "differs",
                    (end, end),
                    cite.ref,
                    None,
                    note,
                    headline="Citation points nowhere",
                )
            )
            continue
        read.setdefault(passage.passage, passage)
        if not cite.quote.strip():
            spots.append((passage, (0, len(passage.passage.text))))
            continue
        spot = locate(cite.quote, passage.normal, gaps=False)
        if spot is None:
            broken.append(broken_citation(cite.quote, passage, end))
        else:
            spots.append((passage, spot))
    passages = tuple(read.values())
    sentence = read_sentence(claim.text)
    matches = find(sentence, passages)
    by_place = {(f.passage.passage.block_id, f.index): f for f in matches.found}
    cited = [
        by_place.get((p.passage.block_id, i)) or Found(p, i, matches.coverage(s.stems), 0.0)
        for p, (a, b) in spots
        for i, s in enumerate(p.sentences)
        if s.start < b and a < s.end
    ]
    cited.sort(key=lambda f: -f.score)
    anchors = tuple(cited[:12])
    rest = tuple(f for f in matches.found if f not in anchors)
    rows_only = bool(anchors) and all(_of_table(f.passage) for f in anchors)
    tables = read_tables(sentence, (*passages, *further))
    labels = label_ranges(tables) if rows_only else ()
    said = without(sentence, labels)
    evidence = Evidence(said, matches, anchors, rest, passages, further)
    works = [w for w in named_works(sentence) if not is_known(w, (*passages, *further), known_sources)]
    table = compare_table(sentence, (*passages, *further))
    quotations = _quotations(claim)
    findings = [*broken, *_findings(evidence, works, quotations, table, labels, outside=False)]
    judged = judge(claim, evidence, findings, outside=False, spots=spots)
    again = None if broken or quotations else recount(tables)
    if again is not None and _cites(again, passages) and (not table or _raises(again, judged)):
        return _recounted(claim, evidence, works, again, spots)
    plain = rows_only and not (broken or quotations or table or works)
    half = partly(tables) if plain else None
    if half is not None and _cites(half, passages):
        return _recounted(claim, evidence, (), half, spots)
    return _doubted(judged, claim, evidence, findings, table, tables, spots)


def _doubted(
    found: Claim,
    claim: ClaimText,
    e: Evidence,
    findings: Sequence[Finding],
    table: Sequence[Finding],
    tables: Tables,
    spots: Sequence[tuple[AnalysedPassage, tuple[int, int]]] = (),
) -> Claim:
    """What passes on rows of figures alone, word beside word, though it may be said of another row or column."""
    if found.verdict != "supported" or table or not all(_of_table(f.passage) for f in e.anchors):
        return found
    more = doubts(tables)
    return judge(claim, e, [*findings, *more], outside=not spots, spots=spots) if more else found


def _of_table(p: AnalysedPassage) -> bool:
    return bool(p.passage.cells) or p.passage.kind == "table_header"


def _raises(again: Recount, found: Claim) -> bool:
    """Whether all is borne out where a part was not found by words."""
    return again.holds and found.verdict in ("partial", "uncited")


def _cites(again: Recount, cited: Sequence[AnalysedPassage]) -> bool:
    """Whether a row of the table is cited, and every row that the sentence names a figure of."""
    ids = {p.passage.block_id for p in cited}
    return any(p.passage.block_id in ids for p in again.rows) and all(
        p.passage.block_id in ids for p in again.valued
    )


def _proposed(claim: ClaimText, found: Claim, check: Callable[[ClaimText], Claim]) -> Claim:
    """The claim with its correction only if that passes: else whoever takes it meets the same flag again.

    Both figures of a conflict must pass as a whole; any other correction must settle what it is for, and a
    sentence may have more than one error.
    """
    if found.correction is None or not found.correction.text:
        return found
    stop = claim.own + claim.char_end - claim.char_start
    cell = claim.kind == "cell"
    before, after = (claim.text[: claim.own], claim.text[stop:]) if cell else ("", "")
    again = check(replace(claim, text=before + found.correction.text + after))
    if found.verdict == "conflict":
        settled = again.verdict == "supported"
    else:
        settled = again.verdict == "supported" or again.short != found.short
    return found if settled else replace(found, correction=None)


def _read(given: Sequence[Given]) -> tuple[AnalysedPassage, ...]:
    return tuple(g if isinstance(g, AnalysedPassage) else analyse(g) for g in given)


def _quotations(claim: ClaimText) -> list[Quotation]:
    if claim.verbatim:
        text = claim.text.strip().strip('\u201c\u201d"')
        start = claim.text.find(text) if text else 0
        return [Quotation(start, start + len(text), text)] if text else []
    return find_quotations(claim.text)


def _anchors(
    sentence: Sentence, matches: Matches, passages: Sequence[AnalysedPassage], quotations: Sequence[Quotation]
) -> tuple[Found, ...]:
    """The sentences that carry the claim: the best one, then those that add most of what is still missing."""
    quoted: list[Found] = []
    for q in quotations:
        for p in passages:
            spot = locate(q.text, p.normal)
            if spot is not None:
                quoted += [
                    Found(p, i, matches.coverage(s.stems), 0.0)
                    for i, s in enumerate(p.sentences)
                    if s.start < spot[1] and spot[0] < s.end
                ]
                break
    if not matches.found:
        return tuple(quoted)
    best = matches.found[0]
    facts = shared_facts(sentence, best.sentence)
    chosen = [best]
    held = set(best.sentence.stems)
    if best.coverage < SPEAKS and not (facts and best.coverage >= SPEAKS / 2) and not quoted:
        beside = _beside(best, matches)
        if beside is None:
            return ()
        chosen.append(beside)
        held |= beside.sentence.stems
    while len(chosen) < 3:
        gain, pick = 0.0, None
        for f in matches.found[1:12]:
            if f in chosen or f.coverage < 0.2:
                continue
            more = matches.coverage(held | f.sentence.stems) - matches.coverage(held)
            if more > gain:
                gain, pick = more, f
        if pick is None or gain < 0.15:
            break
        chosen.append(pick)
        held |= pick.sentence.stems
    return (
        *chosen,
        *(q for q in quoted if all((q.passage, q.index) != (f.passage, f.index) for f in chosen)),
    )


def _beside(best: Found, matches: Matches) -> Found | None:
    """The neighbour with which a sentence that says too little alone says enough."""
    if best.coverage < SPEAKS / 2:
        return None
    sentences = best.passage.sentences
    for i in (best.index - 1, best.index + 1):
        if 0 <= i < len(sentences):
            stems = sentences[i].stems
            if matches.coverage(best.sentence.stems | stems) >= SPEAKS + 0.06:
                return Found(best.passage, i, matches.coverage(stems), 0.0)
    return None


def _window(anchors: Sequence[Found], matches: Matches) -> tuple[Found, ...]:
    """Neighbours of the anchors, then other sentences that share much with the claim."""
    if not anchors:
        return ()
    seen = {(f.passage.passage.block_id, f.index) for f in anchors}
    out: list[Found] = []
    for f in anchors:
        for i in range(max(0, f.index - 2), min(len(f.passage.sentences), f.index + 3)):
            if (f.passage.passage.block_id, i) not in seen:
                seen.add((f.passage.passage.block_id, i))
                out.append(Found(f.passage, i, matches.coverage(f.passage.sentences[i].stems), 0.0))
    floor = max(0.2, anchors[0].coverage * 0.5)
    out += [
        f for f in matches.found if f.coverage >= floor and (f.passage.passage.block_id, f.index) not in seen
    ]
    return tuple(out)


def _absent(works: Sequence[Work]) -> list[Finding]:
    return [
        Finding(
            "citation",
            "absent",
            (w.start, w.end),
            w.text,
            None,
            "searched by name and text",
            headline="Source not in this project",
        )
        for w in works
    ]


def _findings(
    e: Evidence,
    works: Sequence[Work],
    quotations: Sequence[Quotation],
    table: Sequence[Finding],
    labels: Sequence[Span],
    *,
    outside: bool,
) -> list[Finding]:
    out = _absent(works)
    out += compare_characters(e)
    out += compare_quotes(e, quotations)
    if not e.anchors:
        return out
    out += table
    named = attributions(e) if outside else []
    spans = [a.span for a in named]
    facts = [
        *compare_numbers(e, [*spans, *(f.at for f in table)]),
        *compare_loose(e, (*spans, *labels, *(f.at for f in table))),
        *compare_units(e),
        *compare_romans(e),
        *compare_dates(e, [*spans, *(f.at for f in table if f.kind == "date")]),
    ]
    for finding in facts:
        found = (find_conflict(e, finding) if outside else None) or finding
        # Nobody knows here which row and column is meant: a figure of another cell is nothing to write instead.
        of_row = found.where is not None and found.where[0].passage.kind == "table_row"
        out.append(replace(found, put=None, use=None) if of_row else found)
    out += compare_attributed(e, named)
    skip = [(w.start, w.end) for w in works] + spans
    names = compare_names(e, skip)
    out += names if any(f.outcome == "differs" for f in names) else [*names, *compare_small_names(e)]
    if not table:
        out += compare_turns(e)
    return out
