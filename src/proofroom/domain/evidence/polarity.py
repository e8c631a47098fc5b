"""Negation and direction: whether shared words stand the same way round in draft and source.

Both checks look only at words that the two sentences share. They answer None where there is nothing to
compare, and they prefer silence to a false alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from proofroom.domain.evidence.words import Token

_NEGATORS = frozenset(
    "not no never neither nor without cannot none nobody nothing nowhere hardly scarcely barely "
    "isn't wasn't aren't weren't don't didn't doesn't can't couldn't won't wouldn't shouldn't "
    "hasn't haven't hadn't unable lack lacked lacks".split()
)
# "killed no one" negates the killing.
_OBJECTS = frozenset("no nobody none nothing nowhere".split())
_FAIL = frozenset("fail fails failed failing failure failures refuse refused refuses decline".split())
_WITH_NEGATION = frozenset("any some all did do does do".split())
_REACH = 4
# Between the two things that are compared: little words say nothing about which is which.
_LINKS = frozenset(
    "the an is are was were be been has have had that this these those of in on at to for and it its much far even "
    "by with as or do did does not no".split()
)

_AXES: tuple[tuple[str, str, str], ...] = (
    (
        "change",
        "rise rises rose risen rising increase increases increased increasing grow grows grew grown "
        "growing climb climbs climbed climbing gained up surge surged jump jumped expand "
        "expanded raise raised upward upwards widened",
        "fall falls fell fallen falling decrease decreases decreased decreasing decline declines declined "
        "declining drop drops dropped dropping down shrink shrank shrunk reduce reduced reduces reducing "
        "plunge plunged slump slumped lowered downward downwards diminished narrowed",
    ),
    ("amount", "more greater larger bigger exceeding exceeded exceeds", "less fewer smaller"),
    ("level", "above over", "below under beneath"), ("height", "higher", "lower"),
    ("length", "longer", "shorter"),
    ("estimate", "overestimate overestimated overestimates overstated overestimation",
     "underestimate underestimated underestimates understated underestimation"),
    ("order", "before earlier prior preceded", "after later following followed since"),
    ("extreme", "highest largest biggest greatest most maximum peak", "lowest smallest least minimum fewest"),
    ("time", "longest latest last newest", "shortest earliest first oldest"),
    ("speed", "faster quicker fastest", "slower slowest"),
    ("quality", "better best improved improves improve", "worse worst worsened worsens worsen"),
    ("frequency", "often frequently frequent commoner", "rarely rare seldom rarer infrequent"),
    ("age", "older", "newer younger"), ("depth", "deeper", "shallower"),
    ("width", "wider broader thicker", "narrower thinner"), ("price", "dearer costlier", "cheaper"),
    ("place", "inside", "outside"), ("light", "brighter", "darker"), ("wealth", "richer", "poorer"),
    ("outcome", "accepted accept accepts approved approve approves", "rejected reject rejects refused denied"),
    ("success", "succeeded success successful", "failed failure unsuccessful"),
    ("game", "won win wins", "lost lose loses"),
    ("sign", "positive", "negative"),
    ("door", "opened open opens", "closed close closes shut"),
    ("strength", "stronger strengthened", "weaker weakened"),
    ("allow", "allowed permitted allow", "forbidden banned prohibited forbade forbid"),
    ("scope", "included including includes", "excluded excluding excludes"),
    ("trade", "bought buy imports imported", "sold sell exports exported"),
    ("heat", "warmer hotter", "colder cooler"),
    ("weight", "heavier", "lighter"),
    ("result", "profit profits", "loss"),
    ("activity", "activates activated activation promotes promoted enhances enhanced upregulated",
     "inhibits inhibited inhibition suppresses suppressed reduces downregulated"),
)  # fmt: skip
POLES: dict[str, tuple[str, int]] = {}
for _axis, _plus, _minus in _AXES:
    for _w in _plus.split():
        POLES.setdefault(_w, (_axis, 1))
    for _w in _minus.split():
        POLES.setdefault(_w, (_axis, -1))

# Little words that a sentence may well use twice: one that agrees near any shared word is enough.
_LOOSE = frozenset({"order", "level", "extreme", "time", "amount"})
DIRECTION_WORDS = frozenset(w for w, (axis, _) in POLES.items() if axis in ("change", "extreme", "estimate"))


@dataclass(frozen=True, slots=True)
class Turn:
    """One comparison: the ranges of the words in draft and source (a negation may be absent on one side)."""

    agrees: bool
    draft: tuple[int, int] | None
    source: tuple[int, int] | None
    draft_focus: tuple[int, int]
    source_focus: tuple[int, int]


def negated(toks: Sequence[Token]) -> dict[int, int]:
    """For each content word under a negation: its index and that of the negating word."""
    out: dict[int, int] = {}
    for i, tok in enumerate(toks):
        fails = tok.low in _FAIL and i + 1 < len(toks) and toks[i + 1].low == "to"
        if not (tok.low in _NEGATORS or tok.low.endswith("n't") or fails):
            continue
        if (
            tok.low in ("not", "no")
            and i + 1 < len(toks)
            and toks[i + 1].low in ("only", "longer", "less", "more", "fewer", "later")
        ):
            continue
        # "did not exceed 5 million" is a bound, which is compared with its figure.
        behind = [t.low for t in toks[i + 1 : i + 3]]
        if len(behind) == 2 and behind[0].startswith("exceed") and behind[1][0].isdigit():
            continue
        if tok.low in _OBJECTS:
            before = [j for j in range(max(0, i - 3), i) if toks[j].stem]
            out.update(dict.fromkeys(before[-1:], i))
        left = 0
        for j in range(i + 1, min(len(toks), i + 1 + 8)):
            if toks[j].stem:
                out.setdefault(j, i)
                left += 1
                if left == _REACH:
                    break
            elif toks[j].low in ("but", "because", "although", "while", "whereas", "until"):
                break
    return out


def _cues(toks: Sequence[Token]) -> list[int]:
    return [i for i, t in enumerate(toks) if t.low in _NEGATORS or t.low.endswith("n't")]


def _else_equal(a: Sequence[Token], b: Sequence[Token], a_cues: Sequence[int], b_cues: Sequence[int]) -> bool:
    """Whether two sentences have the same words in the same order once their negations are left out.

    "any", "some" and the like may come and go with the negation.
    """
    left = [t.low for i, t in enumerate(a) if i not in a_cues and t.low not in _WITH_NEGATION]
    right = [t.low for i, t in enumerate(b) if i not in b_cues and t.low not in _WITH_NEGATION]
    if len(left) < 3 or abs(len(left) - len(right)) * 8 > len(left):
        return False
    if left == right:
        return True
    if len(left) > 200 or len(set(left) & set(right)) * 10 < len(set(left)) * 8:
        return False
    same = sum(m.size for m in SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks())
    return 2 * same >= 0.85 * (len(left) + len(right))


def _extra(
    more: Sequence[Token], fewer: Sequence[Token], cues: Sequence[int], kept: Sequence[int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The negation that only `more` has, and about where it would stand in `fewer`."""
    words = [fewer[i].low for i in kept]
    extra = next((i for i in cues if more[i].low not in words), cues[-1])
    at = min(extra, len(fewer) - 1)
    return (more[extra].start, more[extra].end), (fewer[at].start, fewer[at].end)


def _one_sided(
    a: Sequence[Token], b: Sequence[Token], mine: dict[int, int], other: dict[int, int]
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None:
    """A word that `a` negates wherever it stands and `b` nowhere: its negation, itself, and its twin in `b`.

    The first shared word after the negation carries it; words farther off may be another clause's.
    """
    a_at, b_at = _places(a), _places(b)
    for cue in sorted(set(mine.values())):
        scope = [i for i in sorted(mine) if mine[i] == cue and a[i].stem in b_at]
        if not scope:
            continue
        head = scope[0]
        excused = any(t in other for i in scope for t in b_at[a[i].stem])
        if not excused and all(i in mine for i in a_at[a[head].stem]) and abs(head - cue) <= _REACH:
            twin = b[b_at[a[head].stem][0]]
            return (a[cue].start, a[cue].end), (a[head].start, a[head].end), (twin.start, twin.end)
    return None


def compare_negation(draft: Sequence[Token], source: Sequence[Token]) -> Turn | None:
    """Whether the words that both sentences share are negated alike. None where neither negates anything."""
    ours, theirs = negated(draft), negated(source)
    d_cues, s_cues = _cues(draft), _cues(source)
    if not (d_cues or s_cues or ours or theirs):
        return None
    if len(d_cues) != len(s_cues) and _else_equal(draft, source, d_cues, s_cues):
        # Word for word the same but for a negation.
        if len(d_cues) > len(s_cues):
            cue, far = _extra(draft, source, d_cues, s_cues)
            return Turn(False, cue, None, cue, far)
        cue, far = _extra(source, draft, s_cues, d_cues)
        return Turn(False, None, cue, far, cue)
    d_at, s_at = _places(draft), _places(source)
    shared = [stem for stem in d_at if stem in s_at]
    if not shared or len(shared) * 2 < len(d_at):
        return None
    found = _one_sided(draft, source, ours, theirs)
    if found is not None:
        cue, focus, far = found
        return Turn(False, cue, None, focus, far)
    found = _one_sided(source, draft, theirs, ours)
    if found is not None:
        cue, focus, far = found
        return Turn(False, None, cue, far, focus)
    agreed = next(((i, t) for i in ours for t in s_at.get(draft[i].stem, ()) if t in theirs), None)
    if agreed is None:
        return None
    d, s = draft[agreed[0]], source[agreed[1]]
    d_cue, s_cue = draft[ours[agreed[0]]], source[theirs[agreed[1]]]
    return Turn(True, (d_cue.start, d_cue.end), (s_cue.start, s_cue.end), (d.start, d.end), (s.start, s.end))


def compare_direction(draft: Sequence[Token], source: Sequence[Token]) -> list[Turn]:
    """The direction words of the draft beside those of the source that stand near the same words."""
    twins = _twins(draft, source)
    if twins is not None and not any(t.low == "than" for t in draft):
        return twins
    out: list[Turn] = []
    d_neg, s_neg = negated(draft), negated(source)
    poles = [(i, POLES[t.low]) for i, t in enumerate(source) if t.low in POLES]
    if not poles:
        return out
    for i, tok in enumerate(draft):
        if tok.low not in POLES:
            continue
        axis, sign = POLES[tok.low]
        around = _around(draft, i)
        best: tuple[int, int, int] | None = None
        loose = axis in _LOOSE
        for j, (other_axis, other_sign) in poles:
            if other_axis != axis:
                continue
            near = 2 * len(around & _around(source, j)) + (source[j].low == tok.low)
            if loose and near >= 2 and other_sign == sign:
                near += 100
            if best is None or near > best[0] or (near == best[0] and other_sign == sign != best[2]):
                best = (near, j, other_sign)
        if best is None or best[0] < 1 or (best[0] < 2 and best[2] != sign):
            continue
        j = best[1]
        turned = (i in d_neg) != (j in s_neg)
        if _changed_sides(draft, i, source, j):  # A is larger than B: B is smaller than A
            agrees = best[2] != sign or turned
        else:
            agrees = (best[2] == sign) != turned or turned
        span, theirs = (tok.start, tok.end), (source[j].start, source[j].end)
        out.append(Turn(agrees, span, theirs, span, theirs))
    return out


def _changed_sides(draft: Sequence[Token], i: int, source: Sequence[Token], j: int) -> bool:
    """Whether what one sentence compares with the other stands on the opposite sides of "than"."""
    ours, theirs = _sides(draft, i), _sides(source, j)
    if ours is None or theirs is None:
        return False
    return bool(ours[0] & theirs[1] and ours[1] & theirs[0]) and not ours[0] & theirs[0]


def _sides(toks: Sequence[Token], at: int) -> tuple[set[str], set[str]] | None:
    """What stands only before a comparative and only after its "than", each within six words; None without one."""
    than = next((k for k in range(at + 1, min(len(toks), at + 5)) if toks[k].low == "than"), None)
    if than is None:
        return None
    before = {t.stem or t.low for t in toks[max(0, at - 6) : at] if t.low not in _LINKS}
    after = {t.stem or t.low for t in toks[than + 1 : than + 7] if t.low not in _LINKS}
    return before - after, after - before


def _twins(draft: Sequence[Token], source: Sequence[Token]) -> list[Turn] | None:
    """Direction words in the same place of two sentences that are word for word the same but for a few, at most one
    in five; None where they are not.
    """
    if len(draft) != len(source):
        return None
    changed = sum(d.low != s.low for d, s in zip(draft, source, strict=True))
    if not changed or changed * 5 > len(draft):
        return None
    out: list[Turn] = []
    for d, s in zip(draft, source, strict=True):
        ours, theirs = POLES.get(d.low), POLES.get(s.low)
        if ours is not None and theirs is not None and ours[0] == theirs[0]:
            span, place = (d.start, d.end), (s.start, s.end)
            out.append(Turn(ours == theirs, span, place, span, place))
    return out


def _places(toks: Sequence[Token]) -> dict[str, list[int]]:
    out: dict[str, list[int]] = {}
    for i, tok in enumerate(toks):
        if tok.stem:
            out.setdefault(tok.stem, []).append(i)
    return out


def _around(toks: Sequence[Token], at: int) -> set[str]:
    """What stands near a word: stems and figures within five words on either side."""
    return {
        t.stem or t.low
        for j, t in enumerate(toks[max(0, at - 5) : at + 6], max(0, at - 5))
        if j != at and (t.stem or t.low[0].isdigit())
    }
