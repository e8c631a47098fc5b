"""What a reviewer asked for, judged on the next version by comparing text only.

A claim or passage that was commented on and still stands as it did is unmet. A change may hold checks (see
`obligation_checks`). Whatever else it says is the reviewer's to judge and stays open; nothing here guesses at
meaning.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from proofroom.domain.obligation_checks import Check, line_of, read_comment
from proofroom.domain.obligation_numbers import judge_number
from proofroom.domain.obligation_text import contains, contains_in_any_form, folded, occurrences, same
from proofroom.domain.reading import Reading, count_words

Claim: TypeAlias = Mapping[str, Any]
"""Read here: `id`, `text`, and of each anchor `role`, `source_title`, `source_id`, `version`, `block_id`, `quote`."""

MIN_WORDS_TO_FIND = 4
"""A removed claim of at least so many words is also looked for in the plain text, where it may stand as
something that is not a claim. Shorter ones (the cell of a table) occur by chance."""

LIKENESS = 0.7
"""Share of a removed claim's words in a new claim, from which on a person looks whether it was reworded."""


class ObligationState(StrEnum):
    OPEN = "open"
    MET = "met"
    UNMET = "unmet"
    REGRESSED = "regressed"


OPEN, MET, UNMET, REGRESSED = ObligationState


@dataclass(frozen=True, slots=True)
class Obligation:
    """`comment` is in the reviewer's words; `artifact_slot` and the claim or passage are what it is about, if
    named. `checks` are its checkable parts; without any they are read from the comment."""

    id: str
    comment: str
    artifact_slot: str | None = None
    claim_id: str | None = None
    claim_text: str | None = None
    passage: str | None = None
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an artifact: its checked claims and what a reader sees."""

    claims: Sequence[Claim]
    reading: Reading


Versions: TypeAlias = Mapping[str, Version]
"""By slot, and complete: a slot that is not there has no artifact."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of an obligation from before.

    `state` was judged on `versions`. `word` is the last state that a person gave it, looking at `word_on`; it
    outranks any judgement until what the obligation is about says something else. `once_met` remembers any earlier
    iteration.
    """

    state: ObligationState = OPEN
    versions: Versions = field(default_factory=dict[str, Version])
    once_met: bool = False
    word: ObligationState | None = None
    word_on: Versions = field(default_factory=dict[str, Version])


@dataclass(frozen=True, slots=True)
class Judged:
    """A state, and in one sentence why."""

    state: ObligationState
    note: str


NOTHING = Past()


_NOTES = 4
"""Failed checks of one change that are said, each in its sentence; of more, how many."""


def judge(obligation: Obligation, asked: Versions, now: Versions, past: Past = NOTHING) -> Judged:
    """The state of an obligation on the versions that stand `now`.

    `asked` are the versions that the reviewer looked at when they asked. What was met in any earlier iteration
    and no longer holds is `regressed`; what was met stays met as long as its artifact says what it said.
    """
    if past.word is not None and _says_the_same(past.word_on, now, obligation):
        found = "met" if past.word is MET else "not met"
        judged = Judged(
            past.word, f"A reviewer found it {found}, and what it is about has not changed since."
        )
    else:
        judged = _judge(obligation, asked, now)
    if judged.state is UNMET and (past.once_met or MET in (past.state, past.word) or past.state is REGRESSED):
        return Judged(REGRESSED, f"It was met before. {judged.note}")
    if judged.state is OPEN and past.state is MET and _says_the_same(past.versions, now, obligation):
        return Judged(MET, "It was met before, and what it is about has not changed since.")
    return judged


def checks_of(obligation: Obligation) -> tuple[Check, ...]:
    """Its checkable parts, each once."""
    return tuple(dict.fromkeys(obligation.checks or read_comment(obligation.comment)[0]))


def _says_the_same(then: Versions, now: Versions, obligation: Obligation) -> bool:
    mine = [v for slot, v in sorted(then.items()) if obligation.artifact_slot in (None, slot)]
    today = [v for slot, v in sorted(now.items()) if obligation.artifact_slot in (None, slot)]
    return [(_evidences(v.claims), v.reading) for v in mine] == [
        (_evidences(v.claims), v.reading) for v in today
    ]


def _judge(obligation: Obligation, asked: Versions, now: Versions) -> Judged:
    checks = [
        c for c in checks_of(obligation) if c.kind != "remove" or _subject(obligation, asked) is not None
    ]
    if not checks:
        return _judge_free_text(obligation, asked, now)
    judged = [_judge_check(c, obligation, asked, now) for c in checks]
    failed = [j for j in judged if j.state is UNMET]
    if failed:
        more = len(failed) - _NOTES
        said = " ".join(j.note for j in failed[:_NOTES])
        return Judged(UNMET, said + (f" {more} more of its checks fail." if more > 0 else ""))
    unsure = next((j for j in judged if j.state is OPEN), None)
    if unsure is not None:
        return unsure
    dropped = len(checks) < len(checks_of(obligation))
    if dropped or read_comment(obligation.comment)[1]:
        return Judged(OPEN, "Its checkable parts hold; the rest of what it asks is yours to judge.")
    if obligation.artifact_slot is not None and obligation.artifact_slot not in now:
        return Judged(
            OPEN, "The artifact that it is about is not there any more; look whether that is meant."
        )
    return judged[0] if len(judged) == 1 else Judged(MET, f"All {len(judged)} of its checks hold.")


def _judge_free_text(obligation: Obligation, asked: Versions, now: Versions) -> Judged:
    if _subject(obligation, asked) is None:
        return Judged(OPEN, "It is in free words, which nothing here compares; it is yours to judge.")
    what = "claim" if obligation.passage is None else "passage"
    then, today = _times(obligation, asked), _times(obligation, now)
    if today < max(1, then):
        return Judged(OPEN, f"The {what} was changed; whether that answers it is yours to judge.")
    if then and _evidence_of_it(obligation, asked) != _evidence_of_it(obligation, now):
        return Judged(OPEN, f"The {what} has other evidence now; whether that answers it is yours to judge.")
    return Judged(UNMET, f"The {what} stands as it did.")


def _judge_check(check: Check, obligation: Obligation, asked: Versions, now: Versions) -> Judged:
    mine = [v.reading for slot, v in sorted(now.items()) if obligation.artifact_slot in (None, slot)]
    match check.kind:
        case "must_contain":
            holds = any(contains(r.text, check.text) for r in mine)
            return _say(holds, f"{_quoted(check.text)} {'stands in it' if holds else 'is not in it'}.")
        case "must_not_contain":
            found = any(contains_in_any_form("\n".join((r.text, *r.hidden)), check.text) for r in mine)
            return _say(
                not found, f"{_quoted(check.text)} {'still stands in it' if found else 'is not in it'}."
            )
        case "must_cite":
            return _judge_citation(check.text, obligation, asked, now)
        case "number_equals":
            state, note = judge_number(check, [s for r in mine for s in r.statements])
            return Judged(ObligationState(state), note)
        case "length":
            return _judge_length(check, obligation, asked, now, mine)
        case "structure":
            return _judge_structure(check, mine)
        case _:
            return _judge_removal(obligation, asked, now, mine)


def _say(holds: bool, note: str) -> Judged:
    return Judged(MET if holds else UNMET, note)


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line if len(line) <= 80 else line[:79] + '…'}”"


def _judge_citation(source: str, obligation: Obligation, asked: Versions, now: Versions) -> Judged:
    """Some claim is supported by the source; for what was named, that itself or a claim that is new."""
    citing = [c for c in _claims(now, obligation) if _cites(c, source)]
    none = Judged(UNMET, f"No claim rests on {_quoted(source)}.")
    if _subject(obligation, asked) is None or not citing:
        return Judged(MET, f"A claim rests on {_quoted(source)}.") if citing else none
    if any(_is_it(c, obligation, asked) for c in citing):
        return Judged(MET, f"What it is about rests on {_quoted(source)}.")
    if _times(obligation, now, asked):
        return Judged(UNMET, f"What it is about still does not rest on {_quoted(source)}.")
    known = {same(c["text"]) for c in _claims(asked, obligation)}
    if any(same(c["text"]) not in known for c in citing):
        return Judged(MET, f"A new claim rests on {_quoted(source)}.")
    return Judged(OPEN, f"{_quoted(source)} is cited by other claims; what it is about was changed.")


def _judge_length(
    check: Check, obligation: Obligation, asked: Versions, now: Versions, mine: Sequence[Reading]
) -> Judged:
    subject = _subject(obligation, asked)
    if subject is not None:
        if not _times(obligation, now, asked):
            return Judged(
                OPEN, "What it is about was changed; whether it has the length asked for is yours to judge."
            )
        counts = [count_words(subject) if check.measure == "words" else len(subject)]
    else:
        counts = [r.words if check.measure == "words" else r.characters for r in mine]
    least, most, asked_for = check.at_least or 0, check.at_most, line_of(check).replace("\n", " and ")
    wrong = [n for n in counts if n < least or (most is not None and n > most)]
    shown = (wrong or counts or [0])[0]
    return _say(
        bool(counts) and not wrong, f"It has {_many(shown, check.measure[:-1])}; {asked_for} was asked for."
    )


def _judge_structure(check: Check, mine: Sequence[Reading]) -> Judged:
    if check.part == "heading":
        there = any(_bare(h) == _bare(check.text) for r in mine for h in r.headings)
        return _say(there, f"{'A' if there else 'No'} heading reads {_quoted(check.text)}.")
    counts: dict[str, Callable[[Reading], int]] = {
        "table": lambda r: r.tables, "chart": lambda r: r.charts, "list": lambda r: max(r.lists, default=0),
    }  # fmt: skip
    most, wanted = max(map(counts[check.part], mine), default=0), check.at_least or 1
    if check.part == "list":
        return _say(
            most >= wanted, f"Its longest list has {_many(most, 'item')}; {line_of(check)} was asked for."
        )
    return _say(most >= wanted, f"It has {_many(most, check.part)}; {line_of(check)} was asked for.")


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _bare(heading: str) -> str:
    return folded(heading).rstrip(" .:!?")


def _judge_removal(obligation: Obligation, asked: Versions, now: Versions, mine: Sequence[Reading]) -> Judged:
    text = _subject(obligation, asked) or ""
    then, today = _times(obligation, asked), _times(obligation, now, asked)
    if today and today < then:  # of two equal sentences one went: which was meant, a person sees
        return Judged(
            OPEN, "It stood there more than once and still does once; look whether the right one went."
        )
    words = folded(text).split()
    if today or (len(words) >= MIN_WORDS_TO_FIND and any(contains(r.text, text) for r in mine)):
        return Judged(UNMET, f"{_quoted(text)} still stands in it.")
    known = {same(c["text"]) for c in _claims(asked, obligation)}
    new = [c["text"] for c in _claims(now, obligation) if same(c["text"]) not in known]
    like = next((n for n in new if _resembles(words, n)), None)
    if like is not None:
        return Judged(
            OPEN, f"It is gone, but {_quoted(like)} is much like it; look whether it was only reworded."
        )
    return Judged(MET, f"{_quoted(text)} is gone.")


# What an obligation is about


def _subject(obligation: Obligation, asked: Versions) -> str | None:
    """The words of the claim or passage, or None for an artifact or all of them."""
    if obligation.passage is not None:
        return obligation.passage
    if obligation.claim_text is not None or obligation.claim_id is None:
        return obligation.claim_text
    return next((c["text"] for c in _claims(asked, obligation) if c["id"] == obligation.claim_id), None)


def _times(obligation: Obligation, versions: Versions, asked: Versions | None = None) -> int:
    """How often the claim or passage stands there."""
    subject = _subject(obligation, versions if asked is None else asked) or ""
    if obligation.passage is None:
        return sum(same(c["text"]) == same(subject) for c in _claims(versions, obligation))
    mine = [v.reading for slot, v in versions.items() if obligation.artifact_slot in (None, slot)]
    return sum(occurrences(r.text, subject) for r in mine)


def _is_it(claim: Claim, obligation: Obligation, asked: Versions) -> bool:
    """Whether a claim is the one that was named, or overlaps the passage."""
    subject = _subject(obligation, asked) or ""
    if obligation.passage is None:
        return same(claim["text"]) == same(subject)
    return bool(occurrences(subject, claim["text"]) or occurrences(claim["text"], subject))


def _claims(versions: Versions, obligation: Obligation) -> list[Claim]:
    """The claims of the artifact it is about, or of all, in a stable order."""
    mine = [slot for slot in sorted(versions) if obligation.artifact_slot in (None, slot)]
    return [c for slot in mine for c in versions[slot].claims]


def _evidence_of_it(obligation: Obligation, versions: Versions) -> Counter[Any]:
    return Counter(_evidence(c) for c in _claims(versions, obligation) if _is_it(c, obligation, versions))


def _evidences(claims: Sequence[Claim]) -> list[Any]:
    return [_evidence(c) for c in claims]


def _evidence(claim: Claim) -> tuple[str, frozenset[tuple[Any, ...]]]:
    """A claim's words and what they rest on."""
    keys = ("role", "source_id", "version", "block_id", "quote")
    return same(claim["text"]), frozenset(tuple(a.get(k) for k in keys) for a in claim.get("anchors", ()))


def _cites(claim: Claim, source: str) -> bool:
    """Whether the claim rests on the source, by title or id; one that only differs or lies near does not count."""
    return any(
        a.get("role") == "supports"
        and (folded(a.get("source_title") or "") == folded(source) or a.get("source_id") == source.strip())
        for a in claim.get("anchors", ())
    )


def _resembles(words: Sequence[str], text: str) -> bool:
    there = Counter(folded(text).split())
    return sum((Counter(words) & there).values()) >= LIKENESS * len(words)
