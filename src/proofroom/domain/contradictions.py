"""Passages that disagree: the same subject with another figure, date or sign. Found by rules, tuned to be silent in
doubt.

Two sentences speak of the same subject when the shorter shares most of its words with the longer and no name or date
tells them apart. Candidates come from an index of their rarest words (prefix filtering: S. Chaudhuri, V. Ganti, R.
Kaushik, "A Primitive Operator for Similarity Joins in Data Cleaning", ICDE 2006), so the work grows with the number of
sentences and not with that of their pairs.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import ceil
from typing import Literal

from proofroom.domain.evidence.align import alignment, around
from proofroom.domain.evidence.amounts import Number
from proofroom.domain.evidence.amounts import agree as numbers_agree
from proofroom.domain.evidence.dates import MONTH_NAMES, Date
from proofroom.domain.evidence.dates import agree as dates_agree
from proofroom.domain.evidence.features import Sentence, read_sentence
from proofroom.domain.evidence.polarity import POLES, compare_direction, compare_negation
from proofroom.domain.evidence.sentences import split_sentences
from proofroom.domain.evidence.words import STOPWORDS, stem

SHARED = 0.6  # of the shorter sentence's words, for the two to speak of the same
LIKE = 0.6  # of both sentences' words together, for their signs to be compared
LEAST = 2  # shared words without which nothing is compared
CLAUSE = 5  # words of what a sentence says up to its first comma, for that to be compared by itself
MOST_SENTENCES = 6_000
MOST_WORDS = 60  # a longer sentence is a list or no sentence
COMMON = 64  # sentences beyond which a word leads to none of them
NEAR = 512  # sentences that one is held against, at most: made-up words would lead each to thousands
MOST_PAIRS = 4_000  # compared closely
MOST_FOUND = 50
TURNED = 3  # words that one of two sentences alone may have, where they are told to be each other's opposite
FORM = 4  # sentences that differ in a figure only: so many are a form that is filled in anew each time
_LABELLED = 3  # words of a line such as "Status: accepted, 2026-11-22", at most; it is about its own document
_SAYS = 120
_UNIT_WORDS = 4  # of the figures in two sentences, at most
# Two counts of one noun at one time, told in other words: how far apart they may be, and how many words one sentence
# may have beyond the other. What is far below is likely a part of the whole ("310 visitors complained").
_COUNTS = ((1.25, 3), (2.0, 1))

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
# Words that say how something is told, not what of: they may differ between two sentences on the same subject.
_TELLING = frozenset(
    stem(word)
    for word in (
        "amount come count cover consist contain estimate find give have hold include last measure name number "
        "observe pass produce put reach record report result show size stand state take total build company "
        "found".split()
    )
)
# Words that half of all reports share: alone they are no subject.
_COMMON_GROUND = frozenset(
    stem(word)
    for word in (
        "age average case confidence control day different group high hour increase interval level low mean "
        "median method "
        "minute month odds outcome participant patient percent period person population rate ratio result risk "
        "sample score "
        "setting significant study subject time total treatment trial value week woman man year data number follow "
        "design conclusion include analysis associate compare show report observe".split()
    )
)
# Small words that tell one thing from another of its kind.
_TELL_APART = frozenset(
    "first second third last next previous other another again before after each both only per half same "
    "early late new old former latter most".split()
)
_SUBORDINATE = re.compile(
    r"(?:after|although|as|because|before|if|once|since|though|unless|until|when|where|while)\b",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\W*\w+(?: \w+){0,2} ?[:=]")
_COUNT = re.compile(r"(?<![\w.,])[0-9][0-9.,]*[ \u00a0]([^\W\d_]{3,30})")
_TIME = re.compile(
    r"(?<![\w.,])(?:1[5-9]|20)[0-9]{2}(?![\w]|[.,][0-9])|\b(?:" + "|".join(MONTH_NAMES) + r")\b"
)
_POLES = frozenset(stem(word) for word in POLES)
_AGREE = frozenset({"same", "rounded", "near", "within"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage says it: the sentence `start:end` and in it the words that differ, all in code points of the
    passage.
    """

    start: int
    end: int
    says_start: int
    says_end: int


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Passages `a` and `b` (their places in what was given, a < b) disagree: `number` for figures, units and dates,
    `polarity` for a negation or a direction. `subject` is the words both share, `a_says` and `b_says` what differs;
    `subject_at` is where those words stand in passage `a`, in its code points.
    """

    kind: Literal["number", "polarity"]
    a: int
    b: int
    subject: str
    a_says: str
    b_says: str
    a_at: Place
    b_at: Place
    subject_at: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing passages came to, in their order. Of those given the first `passages` were compared, each as a
    whole; `complete` tells whether every pair of theirs that may speak of one subject was looked at.
    """

    found: tuple[Contradiction, ...]
    passages: int
    complete: bool


@dataclass(frozen=True, slots=True)
class _Says:
    """Words of a sentence that differ, and where they stand in it."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Line:
    passage: int
    start: int
    text: str
    stems: frozenset[str]
    apart: frozenset[str]
    end: int
    of: int  # the place of its sentence among all lines; its own place where it is the whole of it


def find_contradictions(texts: Sequence[str]) -> list[Contradiction]:
    """The disagreements between passages, the earliest passages first; one for each pair, at most MOST_FOUND."""
    return list(compare_passages(texts).found[:MOST_FOUND])


def compare_passages(
    texts: Sequence[str],
    about: Collection[int] | None = None,
    *,
    most_sentences: int = MOST_SENTENCES,
    most_pairs: int = MOST_PAIRS,
    every: bool = False,
) -> Comparison:
    """Compares passages within a bound on their sentences and on the pairs that are looked at closely.

    With `about` one passage of each pair is among these places. Two passages are told of once, however often they
    disagree; with `every` as often as two of their sentences do.
    """
    lines, passages = _lines(texts, most_sentences)
    read: dict[int, Sentence] = {}  # a sentence is read once, however many are like it
    found: dict[tuple[int, int], Contradiction] = {}
    looked_at, cut = 0, set[int]()
    for x, y in chain(_pairs(lines, cut), _pairs_of_counts(lines)):
        a, b = lines[x], lines[y]
        pair = (a.passage, b.passage)
        at_once = (a.of, b.of) if every else pair
        if at_once in found or (about is not None and a.passage not in about and b.passage not in about):
            continue
        if (a.of, b.of) != (x, y) and a.stems - _TELLING != b.stems - _TELLING:
            continue
        if looked_at == most_pairs:
            return _in_order(found, passages, complete=False)
        looked_at += 1
        if not _may_be_one_subject(a, b):
            continue
        for at in {x, y, a.of, b.of}:
            if at not in read:
                read[at] = read_sentence(lines[at].text)
        if (a.of, b.of) == (x, y):
            said = _disagree(a, b, read[x], read[y]) or _counts_apart(a, b, read[x], read[y])
        else:
            said = _clauses_disagree(a, b, read[x], read[y], read[a.of], read[b.of])
        if said is not None:
            kind, ours, theirs = said
            subject = _subject(a, b)
            found[at_once] = Contradiction(
                kind,
                *pair,
                words_at(texts[a.passage], subject),
                ours.text[:_SAYS],
                theirs.text[:_SAYS],
                _place(a, ours),
                _place(b, theirs),
                subject,
            )
    return _in_order(found, passages, complete=not cut)


def words_at(text: str, places: Iterable[tuple[int, int]]) -> str:
    """The words at these places of a passage, in one line, cut as those of a Contradiction are."""
    return " ".join(" ".join(text[start:end].split()) for start, end in places)[:_SAYS]


@dataclass(frozen=True, slots=True)
class Told:
    """A contradiction, and how many other pairs of passages say the same two sentences."""

    contradiction: Contradiction
    repeated: int


def told_once(texts: Sequence[str], found: Sequence[Contradiction]) -> tuple[list[Told], int]:
    """What a person is told of many contradictions, in their order: each two sentences once, however many
    passages hold them. Where FORM sentences and more disagree with each other in turn, as "Issued on 3 May" does in
    every letter, each speaks of its own matter: they are not told, and the second value counts them.
    """
    pairs: dict[frozenset[str], list[Contradiction]] = {}
    for one in found:
        said = frozenset(
            " ".join(s.split()) for s in (_said_in(texts[one.a], one.a_at), _said_in(texts[one.b], one.b_at))
        )
        pairs.setdefault(said, []).append(one)
    groups = _joined(pairs)
    told = [Told(same[0], len(same) - 1) for said, same in pairs.items() if len(groups[min(said)]) < FORM]
    return told, sum(len(group) >= FORM for group in groups.values())


def _said_in(text: str, at: Place) -> str:
    return text[at.start : at.end]


def _joined(pairs: Collection[frozenset[str]]) -> dict[str, set[str]]:
    """For each member of the pairs all that it is joined to through them, itself included."""
    groups = {one: {one} for pair in pairs for one in pair}
    for pair in pairs:
        small, large = sorted((groups[min(pair)], groups[max(pair)]), key=len)
        if small is not large:
            large |= small
            groups.update(dict.fromkeys(small, large))
    return groups


def _in_order(found: dict[tuple[int, int], Contradiction], passages: int, *, complete: bool) -> Comparison:
    return Comparison(tuple(found[pair] for pair in sorted(found)), passages, complete)


def _place(line: _Line, says: _Says) -> Place:
    return Place(line.start, line.end, line.start + says.start, line.start + says.end)


def _lines(texts: Sequence[str], most: int) -> tuple[list[_Line], int]:
    """The sentences that say enough to be compared, each before its main clause, and how many passages they are of:
    whole ones, within `most` sentences.
    """
    lines: list[_Line] = []
    sentences = 0
    for n, text in enumerate(texts):
        own = [
            (start, end, words)
            for start, end in split_sentences(text)
            if len((words := _words(text[start:end]))[0]) >= LEAST
        ]
        if sentences + len(own) > most:
            return lines, n
        sentences += len(own)
        for start, end, words in own:
            of = len(lines)
            lines.append(_Line(n, start, text[start:end], *words, end, of))
            clause = _main_clause(text[start:end])
            if clause:
                lines.append(_Line(n, start, clause, *_words(clause), end, of))
    return lines, len(texts)


def _main_clause(sentence: str) -> str:
    """What a sentence says up to its first comma, where that is much and holds a figure; "" for any other."""
    clause, comma, _ = sentence.partition(", ")
    if not comma or not re.search("[0-9]", clause) or _SUBORDINATE.match(clause):
        return ""
    return clause if len(_words(clause)[0]) >= CLAUSE else ""


def _words(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The stems of a sentence, and the words in it that tell one thing from another; none where it is no sentence."""
    words = _WORD.findall(text)
    if len(words) > MOST_WORDS:
        words = []
    read = [_read(word) for word in words]
    stems = frozenset([own for own, _ in read if own])
    apart = frozenset([own for _, own in read if own])
    # A heading, a reference to a journal, a field of a form: nothing is said of anything.
    if all(word[0].isupper() for word, (own, _) in zip(words, read, strict=True) if own) or (
        len(stems) <= _LABELLED and _LABEL.match(text)
    ):
        stems = frozenset[str]()
    return stems, apart


@lru_cache(maxsize=65_536)
def _read(word: str) -> tuple[str, str]:
    """(its stem, if it says what a sentence is about; the word, if it tells one thing from another), else empty."""
    apart = (
        word if len(word) == 1 and word.isupper() and word not in "AI" else ""
    )  # a sample, a model, a route
    if word[0].isdigit():
        return "", apart
    low = word.lower().replace("\u2019", "'")
    return "" if low in STOPWORDS else stem(low), low if low in _TELL_APART else apart


def _pairs(lines: Sequence[_Line], cut: set[int]) -> Iterator[tuple[int, int]]:
    """Places of sentences of different passages of which the shorter shares SHARED of its words with the other, and
    the two are not word for word the same. Each is held against NEAR others that have its rarest words; those that
    more others may be like are added to `cut`.
    """
    frequency = Counter(s for line in lines for s in line.stems)
    holding: dict[str, list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        for s in line.stems:
            holding[s].append(at)
    place = {s: n for n, s in enumerate(sorted(sorted(frequency), key=frequency.__getitem__))}
    for x, line in enumerate(lines):
        size = len(line.stems)
        rarest = sorted(line.stems, key=place.__getitem__)[: size - ceil(SHARED * size) + 1]
        near = set[int]()
        for s in rarest:
            if len(near) + frequency[s] > NEAR and frequency[s] <= COMMON:
                cut.add(x)
                break
            near.update(holding[s] if frequency[s] <= COMMON else ())
        for y in sorted(near):
            other = lines[y]
            # The shorter of the two looks for the longer one; of equal ones the earlier.
            if (size, x) >= (len(other.stems), y) or other.passage == line.passage:
                continue
            shared = len(line.stems & other.stems)
            if shared >= max(LEAST, SHARED * size) and line.text != other.text:
                yield (x, y) if line.passage < other.passage else (y, x)


def _pairs_of_counts(lines: Sequence[_Line]) -> Iterator[tuple[int, int]]:
    """Places of sentences of different passages that count the same noun and name the same year or month."""
    holding: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        for when in set(_TIME.findall(line.text)) if line.of == at else ():
            for noun in {stem(m.group(1).lower()) for m in _COUNT.finditer(line.text)} - _COMMON_GROUND:
                holding[noun, when].append(at)
    for places in holding.values():
        for n, x in enumerate(places if len(places) <= COMMON else ()):
            yield from ((x, y) for y in places[n + 1 :] if lines[x].passage != lines[y].passage)


def _disagree(
    a: _Line, b: _Line, ours: Sentence, theirs: Sentence
) -> tuple[Literal["number", "polarity"], _Says, _Says] | None:
    likeness = _one_subject(a, b, ours, theirs)
    if likeness is None or _other_names(ours, theirs):
        return None
    same_day = _dates_meet(ours, theirs)
    numbers = _apart(ours, theirs, likeness == 1) if same_day else None
    if numbers is not None:
        return "number", _said(numbers[0]), _said(numbers[1])
    if likeness < LIKE or _counts(ours) != _counts(theirs):
        return None
    if not same_day:
        dates = _one_date_apart(ours, theirs)
        return None if dates is None else ("number", _said(dates[0]), _said(dates[1]))
    if len((a.stems ^ b.stems) - _TELLING) > TURNED:
        return None
    turn = compare_negation(ours.toks, theirs.toks)
    turns = ([] if turn is None else [turn]) + compare_direction(ours.toks, theirs.toks)
    for turn in turns:
        if not turn.agrees:
            a_says = _clause(ours, turn.draft or turn.draft_focus)
            return "polarity", a_says, _clause(theirs, turn.source or turn.source_focus)
    return None


def _clauses_disagree(
    a: _Line, b: _Line, ours: Sentence, theirs: Sentence, whole: Sentence, other: Sentence
) -> tuple[Literal["number"], _Says, _Says] | None:
    """A sentence and another, one of them at least up to its first comma, that are the same but for the one figure,
    where what follows names no other time, person or thing.
    """
    if _other_names(whole, other) or not _dates_meet(whole, other) or a.apart != b.apart:
        return None
    numbers = _apart(ours, theirs, twins=True)
    return None if numbers is None else ("number", _said(numbers[0]), _said(numbers[1]))


def _counts_apart(
    a: _Line, b: _Line, ours: Sentence, theirs: Sentence
) -> tuple[Literal["number"], _Says, _Says] | None:
    """Two counts of the same noun at the same time, in whatever words: "8,412 visitors came in 2023" and "In 2023 the
    museum counted 8,421 visitors". Each sentence has the one figure and the one date, and only one of them says more.
    """
    if len(ours.numbers) != 1 or len(theirs.numbers) != 1 or len(ours.dates) != 1 or len(theirs.dates) != 1:
        return None
    (x,), (y,) = ours.numbers, theirs.numbers
    if not x.noun or x.noun != y.noun or x.noun in _COMMON_GROUND or not _exact(x) or not _exact(y):
        return None
    (then,), (when,) = ours.dates, theirs.dates
    if then.grain != when.grain or dates_agree(then, when) != "same":
        return None
    if _same(x, y) or _other_names(ours, theirs):
        return None
    mine, other = a.stems - b.stems - _TELLING, b.stems - a.stems - _TELLING
    if mine and other:
        return None
    low, high = sorted((float(x.low), float(y.low)))
    most = next((words for apart, words in _COUNTS if high <= apart * low), -1)
    return ("number", _said(x), _said(y)) if len(mine | other) <= most else None


def _said(what: Number | Date) -> _Says:
    return _Says(what.text, what.start, what.end)


def _exact(n: Number) -> bool:
    return n.kind == "plain" and n.unit is None and not n.is_range and not n.approx and n.bound == ""


def _may_be_one_subject(a: _Line, b: _Line) -> bool:
    """What `_one_subject` asks, as far as it can be told before figures are read: cheap, and most pairs end here."""
    extra = (a.stems ^ b.stems) - _TELLING - _POLES
    return (
        a.apart == b.apart and len(extra) <= 1 + _UNIT_WORDS and len((a.stems & b.stems) - _COMMON_GROUND) > 0
    )


def _one_subject(a: _Line, b: _Line, ours: Sentence, theirs: Sentence) -> float | None:
    """How alike two sentences are that speak of one thing (0 to 1: shared words of all), None where they may not.

    Words of direction, of telling and of figures with their units do not count; of the others at most one may stand on
    one side only, and what is shared must be more than what many reports share.
    """
    mine, other = (line.stems - _measures(s) for line, s in ((a, ours), (b, theirs)))
    shared = mine & other
    extra = {s for s in mine ^ other if s not in _TELLING and s not in _POLES}
    if len(extra) > 1 or len(shared - _COMMON_GROUND) < LEAST - (not extra):
        return None
    return len(shared) / (len(shared) + len(extra))


def _measures(s: Sentence) -> frozenset[str]:
    """The stems of units and of what else belongs to a figure."""
    return frozenset(
        t.stem
        for t in s.toks
        for n in s.numbers
        if n.kind == "plain" and n.start <= t.start < n.end and t.stem
    )


def _other_names(a: Sentence, b: Sentence) -> bool:
    """Whether each sentence names somebody or something that the other does not."""
    ours, theirs = ({w for name in s.names if not name.weak for w in name.words} for s in (a, b))
    return bool(ours - b.words and theirs - a.words)


def _dates_meet(a: Sentence, b: Sentence) -> bool:
    """Whether the two may speak of the same time: one of them gives none, or some dates agree."""
    if not a.dates or not b.dates:
        return True
    return any(
        dates_agree(x, y) in ("same", "finer") or dates_agree(y, x) in ("same", "finer")
        for x in a.dates
        for y in b.dates
    )


def _apart(a: Sentence, b: Sentence, twins: bool) -> tuple[Number, Number] | None:
    """The figures of two sentences that measure the same and differ, if there is one such figure in each.

    Where the sentences are `twins` and hold one figure each, what stands around it need not be the same.
    """
    ours = [x for x in a.numbers if x.kind == "plain" and not any(_same(x, y) for y in b.numbers)]
    theirs = [y for y in b.numbers if y.kind == "plain" and not any(_same(x, y) for x in a.numbers)]
    alone = twins and len(a.numbers) == len(b.numbers) == 1
    rivals = [(x, y) for x in ours for y in theirs if _measures_the_same(a, x, b, y, alone)]
    if len(rivals) != 1 or rivals[0][0].bound or rivals[0][1].bound:
        return None
    return rivals[0]


def _same(x: Number, y: Number) -> bool:
    return numbers_agree(x, y) in _AGREE or numbers_agree(y, x) in _AGREE


def _measures_the_same(a: Sentence, x: Number, b: Sentence, y: Number, alone: bool) -> bool:
    if numbers_agree(x, y) not in ("differs", "unit") or (x.unit is None) != (y.unit is None):
        return False
    if alone and x.noun == y.noun:
        return True
    near = around(a, (x.start, x.end)) & around(b, (y.start, y.end))
    aligned = alignment(a, (x.start, x.end), b, (y.start, y.end))
    named = x.unit is not None or (x.noun == y.noun and x.noun != "")
    return (named and len(near) >= 2) or (aligned >= 2 and len(near) >= 1)


def _counts(s: Sentence) -> list[tuple[str, str]]:
    """The figures of a sentence, to tell whether two sentences give the same ones."""
    return sorted((str(n.low.normalize()), str(n.high.normalize())) for n in s.numbers if n.kind == "plain")


def _one_date_apart(a: Sentence, b: Sentence) -> tuple[Date, Date] | None:
    if len(a.dates) != 1 or len(b.dates) != 1:
        return None
    (x,), (y,) = a.dates, b.dates
    if x.grain != y.grain or x.grain == "decade" or alignment(a, (x.start, x.end), b, (y.start, y.end)) < 1:
        return None
    return x, y


def _clause(s: Sentence, span: tuple[int, int]) -> _Says:
    """A word with what stands around it: two words before and three after."""
    before = [t for t in s.toks if t.end <= span[0]][-2:]
    after = [t for t in s.toks if t.start >= span[1]][:3]
    start = before[0].start if before else span[0]
    end = after[-1].end if after else span[1]
    return _Says(" ".join(s.text[start:end].split()), start, end)


def _subject(a: _Line, b: _Line) -> tuple[tuple[int, int], ...]:
    """What both speak of: where their shared words stand first in the passage of the first sentence, at most six."""
    shared = a.stems & b.stems
    first: dict[str, tuple[int, int]] = {}
    for m in _WORD.finditer(a.text):
        if stem(m.group().lower()) in shared:
            first.setdefault(m.group(), (a.start + m.start(), a.start + m.end()))
    return tuple(first.values())[:6]
