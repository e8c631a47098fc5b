"""Research without a model: which sentences of the sources share the question's words, grouped into findings."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from typing import Any, cast

from proofroom.agents.runtimes.base import AgentEvent, Finished, Said
from proofroom.agents.runtimes.extractive.answers import fit, is_sharp, said_by_fitting
from proofroom.agents.runtimes.extractive.headed import Section, heading_stems, sections_for
from proofroom.agents.runtimes.extractive.revise import revise
from proofroom.agents.runtimes.extractive.run import NO_AI, Run, gap_blocks, opinion, sentence_block
from proofroom.agents.runtimes.extractive.select import (
    FITTING,
    LIKELY_BEST,
    Pool,
    Scored,
    covered,
    pick,
    search_words,
)
from proofroom.agents.runtimes.extractive.selfcheck import Checker
from proofroom.agents.runtimes.extractive.sentences import Sentence, sentences_of
from proofroom.agents.runtimes.extractive.words import (
    content_stems,
    is_generic,
    key_phrases,
    overlap,
    topic_of,
)

# A question counts as spoken of when the best passage's share of its weighted words, and a tenth for each of up to
# three pairs of words that stand together, reach this. Chosen on every other one of SciFact's train claims and of the
# questions of other domains in `bench/offline.py`, which shows the others.
SPOKEN_OF = 0.38
PAIR_WORTH = 0.1
# A part of a task whose whole nothing speaks of must be said in one sentence: short questions are met by chance.
PART_ALONE = 0.6
# Below this, the words must not be scattered over the passage only: one sentence must hold this share of their weight.
CLEARLY = 0.55
IN_ONE = 0.22
SENTENCE_LEAST = 0.08
SAME_POINT = 0.42
# A sentence joins a finding only if it scores nearly as well as the first: else it would crowd out better ones.
NEARLY_AS_GOOD = 0.9
K = {"quick": 8, "standard": 12, "thorough": 25}
MAIN_K = 25
MOST_OPPOSED = 3
SAME_SAID = 0.65
"""Share of its words that a sentence of another source has in common with one it is taken to agree with."""
FLOOR = {"quick": 0.5, "standard": 0.4, "thorough": 0.3}
IN_SECTION = {"quick": 4, "standard": 8, "thorough": 16}
QUOTES = {"quick": 1, "standard": 3, "thorough": 4}


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to look into. `asked` is true when a person named it, false when it was drawn from the wording; `part`
    when it is one of several sentences of the task.
    """

    text: str
    query: str
    asked: bool
    part: bool = False

    @property
    def is_named(self) -> bool:
        """Whether a person asked it in more than a single word, so that no answer is a gap."""
        return self.asked and (not self.part or len(content_stems(self.text)) > 1)

    @property
    def about(self) -> str:
        """What it asks about, without what it says of the work."""
        return topic_of(self.text)


@dataclass(frozen=True, slots=True)
class Depth:
    """`quotes` is the most a finding holds, `floor` the share of the best score that a sentence needs."""

    quotes: int
    floor: float


@dataclass(slots=True)
class Finding:
    """Sentences that make one point. `rank` is the score of the first; `pairs` are possible conflicts; `section` is
    what they stand in, where its heading is why they were chosen."""

    question: Question
    quotes: list[Scored]
    pairs: list[tuple[Sentence, Sentence, str]] = field(default_factory=list[tuple[Sentence, Sentence, str]])
    section: Section | None = None

    @property
    def rank(self) -> float:
        return self.quotes[0].score

    @property
    def sources(self) -> list[str]:
        return list(dict.fromkeys(one.sentence.source_title for one in self.quotes))


def questions(task: str, config: Mapping[str, Any]) -> list[Question]:
    """The task, its parts, the focus areas and, beyond quick, its key phrases; each once, in this order."""
    depth = str(config.get("depth") or "standard")
    task = " ".join(task.split())
    out = [Question(task, topic_of(task), asked=True)]
    parts = [
        part.strip(" ,;")
        for part in re.split(
            r"(?<=[?.!;])\s+|(?:,|,?\s+and)\s+(?=(?:what|how|why|when|who|where|which|whether)\b)",
            task,
            flags=re.IGNORECASE,
        )
    ]
    parts = [part for part in parts if heading_stems(part)]
    if len(parts) > 1:
        out += [Question(part, topic_of(part), asked=True, part=True) for part in parts[:6]]
    main = key_phrases(topic_of(task), 1)
    about = main[0].text if main else ""
    for area in cast("list[object]", config.get("focus_areas") or []):
        text = " ".join(str(area).split())
        if content_stems(text):
            out.append(
                Question(text, text if about.lower() in text.lower() else f"{text} {about}", asked=True)
            )
    if depth != "quick" and len(parts) <= 1:
        phrases = key_phrases(topic_of(task), 3 if depth == "standard" else 5)
        if len(phrases) > 1:
            out += [Question(one.text, one.text, asked=False) for one in phrases if len(one.stems) > 1]
    seen: set[str] = set()
    return [one for one in out if not (one.text.lower() in seen or seen.add(one.text.lower()))]


async def research_turn(run: Run) -> AsyncIterator[AgentEvent]:
    if run.request.previous and run.request.obligations:
        async for event in revise(run):
            yield event
        return
    depth = str(run.setting("depth", "standard"))
    most = int(run.setting("max_findings", 7))
    asked = questions(run.request.task, run.request.config)
    await run.plan(plan_steps(asked, depth))
    for at, one in enumerate(asked):
        await run.search(search_words(one.query), MAIN_K if at == 0 else K.get(depth, 12), rank=at == 0)
        if at == 0:
            await run.progress(1, len(asked) + 1, "Reading what the sources say")
    if depth == "thorough":
        for lead in leads(run, asked[0]):
            await run.search(lead, K["quick"])
    pool = Pool(in_time(sentences_of(run.blocks.values()), str(run.setting("time_range", ""))))
    answered = answerable(pool, asked)
    headed = headed_findings(pool, asked, IN_SECTION.get(depth, 8), most)
    settled = by_heading(headed, asked)
    told = {*answered, *settled}
    in_part = any(one.part for one in told)  # then the parts that nothing answers are the gaps, not the whole
    gaps = [one for one in asked if one.is_named and one not in told and not (in_part and one is asked[0])]
    answered = [one for one in answered if one not in settled]
    checker = Checker(run.blocks)
    pool = Pool([one for one in pool.sentences if one.demoted < 1])
    headed = [kept for one in headed if (kept := sound_of(one, checker)).quotes]
    for one in headed:
        oppose(one, pool, checker)
    taken = {one.sentence.key for finding in headed for one in finding.quotes}
    left = most - len(headed)
    depths = Depth(QUOTES.get(depth, 3), FLOOR.get(depth, 0.4))
    findings = headed + build(pool, asked, answered, left, depths, checker, taken)
    async for event in hand_in(run, findings, gaps, asked):
        yield event


def plan_steps(asked: Sequence[Question], depth: str) -> list[tuple[str, str]]:
    steps = [
        (f"Look up: {one.text}", "Search the sources and keep the sentences that share its words.")
        for one in asked
    ]
    if depth == "thorough":
        steps.append(("Follow what the first passages lead to", "Search again with their key phrases."))
    steps.append(("Hand in findings", "Sentences of the sources, word for word. No AI is used."))
    return steps


def leads(run: Run, main: Question) -> list[str]:
    """Key phrases of the best sentences so far that the question does not hold itself (pseudo relevance feedback)."""
    pool = Pool(sentences_of(run.blocks.values()))
    best = pick(pool.score(main.about), 4)
    have = set(content_stems(main.text))
    phrases = key_phrases(". ".join(one.sentence.text for one in best), 8)
    return [one.text for one in phrases if len(one.stems) > 1 and not set(one.stems) <= have][:3]


def in_time(sentences: Sequence[Sentence], wanted: str) -> list[Sentence]:
    """Sentences that name no year, or at least one inside "from..to"; years only, either end may be open."""
    start, dots, end = wanted.partition("..")
    if not dots:
        return list(sentences)
    low, high = int(start[:4] or 0), int(end[:4] or 9999)

    def fits(one: Sentence) -> bool:
        years = [int(year) for year in re.findall(r"\b(1[5-9]\d\d|20\d\d)\b", one.text)]
        return not years or any(low <= year <= high for year in years)

    return [one for one in sentences if fits(one)]


def answerable(pool: Pool, asked: Sequence[Question]) -> list[Question]:
    """The questions that the passages are about; what was drawn from the task's wording only along with the task."""
    whole = spoken_of(pool, asked[0].about)
    out: list[Question] = []
    for one in asked:
        if one is asked[0]:
            found = whole
        elif not one.asked:
            found = whole and spoken_of(pool, one.about)
        else:
            found = spoken_of(pool, one.about)
            if one.part and not whole:
                found = found and one.is_named and said_in_one(pool, one.about) >= PART_ALONE
        if found:
            out.append(one)
    return out


def spoken_of(pool: Pool, question: str) -> bool:
    """Whether the passages are about the question."""
    share = share_spoken_of(pool, question)
    return share >= SPOKEN_OF and (share >= CLEARLY or said_in_one(pool, question) >= IN_ONE)


def said_in_one(pool: Pool, question: str) -> float:
    """The largest share, 0 to 1, of the question's weighted words that one sentence holds with its heading."""
    weights = pool.weights(content_stems(question))
    named = said_by_fitting(question).intersection(weights)
    shares = [
        covered(
            weights, {*one.stems, *pool.headings[one.key[0]], *(named if fit(question, one.text) else ())}
        )
        for one in pool.sentences
        if one.demoted < 1
    ]
    return max(shares, default=0.0)


def share_spoken_of(pool: Pool, question: str) -> float:
    """How much the passages are about the question: by the words of the best of them, and by pairs of words.

    0 (not at all) to about 1.3; it orders questions and is no probability.
    """
    words = content_stems(question)
    weights = pool.weights(words)
    if not weights:
        return 0.0
    telling = {word for word in words if not is_generic(word)} or set(words)
    needed = min(len(set(words)), 2)
    named = said_by_fitting(question)
    fitting = pool.fitting(question) if named.intersection(words) else set[str]()
    passages = [held | named if key in fitting else held for key, held in pool.passages.items()]
    shares = [
        covered(weights, held)
        for held in passages
        if telling & held and len(held.intersection(words)) >= needed
    ]
    pairs = {(a, b) for a, b in pairwise(words) if a != b and not is_generic(a) and not is_generic(b)}
    kept = {pair for one in pool.sentences for pair in pairs.intersection(pairwise(one.stems))}
    return max(shares, default=0.0) + PAIR_WORTH * min(len(kept), 3)


def build(
    pool: Pool,
    asked: Sequence[Question],
    answered: Sequence[Question],
    most: int,
    depth: Depth,
    checker: Checker,
    taken: set[tuple[str, int]],
) -> list[Finding]:
    """Findings, the strongest first: every answered question that a person asked is in one if there is room.

    `taken` are the sentences that are quoted already; more are added to it.
    """
    found: list[Finding] = []
    quotes, floor = depth.quotes, depth.floor
    wanted = [one for one in answered if one.asked] or list(answered)
    parts = [one for one in wanted if one is not asked[0]]
    for one in parts:
        best = worth_quoting(pool, one, 2, floor=floor)
        add(found, taken, one, best[:1], most, quotes, checker)
    for one in answered:
        share = most if one is asked[0] else 2
        add(found, taken, one, worth_quoting(pool, one, share * quotes, floor=floor), most, quotes, checker)
    found = merge_clashing(found, checker)
    for one in found:
        compare(one, pool, taken, quotes, checker)
    main = asked[0]
    order = {one.sentence.key: one.score for one in pool.score(main.about)}
    found.sort(key=lambda one: -order.get(one.quotes[0].sentence.key, 0.0))
    return found


def headed_findings(pool: Pool, asked: Sequence[Question], quotes: int, most: int) -> list[Finding]:
    """What stands under headings that say what a question asks about, a finding a section."""
    out: list[Finding] = []
    seen: set[tuple[str, str]] = set()
    for one in sorted(asked, key=lambda question: not question.part):
        for section in sections_for(pool.sentences, one.about) if one.asked else []:
            key = (section.sentences[0].source_id, section.heading)
            told = is_sharp(one.about) and any(fit(one.about, it.text) >= FITTING for it in section.sentences)
            if told and spoken_of(pool, one.about):
                continue  # a sentence answers it, not a section
            if key not in seen and len(out) < most:
                seen.add(key)
                chosen = [Scored(sentence, 1.0, 1.0) for sentence in section.sentences[:quotes]]
                out.append(Finding(one, chosen, section=section))
    return out


def by_heading(headed: Sequence[Finding], asked: Sequence[Question]) -> list[Question]:
    """The questions that sections answer; the task itself too where all its parts are answered so."""
    found = [one.question for one in headed]
    parts = [one for one in asked if one.part]
    if parts and all(one in found for one in parts):
        found.append(asked[0])
    return found


def sound_of(finding: Finding, checker: Checker) -> Finding:
    return replace(finding, quotes=[one for one in finding.quotes if checker.quotable(one.sentence)])


def worth_quoting(
    pool: Pool, question: Question, most: int, *, floor: float = 0.4, least: float = SENTENCE_LEAST
) -> list[Scored]:
    """The best sentences for a question: near the best in score (`floor`, a share of it) and holding enough of the
    question's words (`least`); the best one in any case."""
    scored = pool.score(question.about)
    if not scored:
        return []
    usable = [one for one in scored if one.coverage > 0 and one.sentence.demoted < 0.65]
    if usable and usable[0].fits >= FITTING and is_sharp(question.about):
        usable = [one for one in usable if one.fits >= FITTING or one.score >= LIKELY_BEST * usable[0].score]
    picked = pick(usable, most, least=scored[0].score * floor)
    return [one for one in picked if one.coverage >= least or one is picked[0]]


def add(
    found: list[Finding],
    taken: set[tuple[str, int]],
    question: Question,
    picked: Sequence[Scored],
    most: int,
    quotes: int,
    checker: Checker,
) -> None:
    for one in picked:
        if one.sentence.key in taken:
            continue
        home = next((finding for finding in found if belongs(one.sentence, finding)), None)
        joins = home is not None and len(home.quotes) < quotes and one.score >= home.rank * NEARLY_AS_GOOD
        if not (joins or (home is None and len(found) < most)) or not checker.quotable(one.sentence):
            continue
        if home is not None:
            home.quotes.append(one)
        else:
            found.append(Finding(question, [one]))
        taken.add(one.sentence.key)


def belongs(sentence: Sentence, finding: Finding) -> bool:
    """Whether a sentence makes the finding's point again, or stands right beside one of its sentences."""
    for one in finding.quotes:
        other = one.sentence
        if other.key[0] == sentence.key[0] and abs(other.at - sentence.at) == 1:
            return True
        if overlap(other.stems, sentence.stems) >= SAME_POINT:
            return True
    return False


def merge_clashing(found: Sequence[Finding], checker: Checker) -> list[Finding]:
    """Findings of different sources that give other numbers in like words become one finding, to be seen at once."""
    out: list[Finding] = []
    for one in found:
        first = one.quotes[0].sentence
        home = next((other for other in out if opposed(other.quotes[0].sentence, first, checker)), None)
        if home is None:
            out.append(one)
        else:
            home.quotes.extend(one.quotes)
    return out


def opposed(one: Sentence, other: Sentence, checker: Checker) -> bool:
    if one.source_id == other.source_id:
        return False
    told = checker.clash if likeness(one, other) >= 0.5 else checker.told_otherwise
    return bool(told(one, other))


def compare(finding: Finding, pool: Pool, taken: set[tuple[str, int]], quotes: int, checker: Checker) -> None:
    """Add what other sources say in similar words; note where they give other numbers for what looks the same."""
    first = finding.quotes[0]
    near: list[tuple[float, Sentence]] = []
    for other in pool.sentences:
        if other.source_id == first.sentence.source_id or other.key in taken or other.demoted >= 0.5:
            continue
        alike = likeness(first.sentence, other)
        if alike >= 0.5:
            near.append((alike, other))
        elif checker.told_otherwise(first.sentence, other):
            near.append((0.5, other))
    near.sort(key=lambda pair: -pair[0])
    for alike, other in near[:3]:
        if not checker.quotable(other):
            continue
        agrees = alike >= SAME_SAID and len(finding.quotes) < quotes
        if agrees or checker.clash(first.sentence, other):
            finding.quotes.append(Scored(other, first.score, first.coverage))
            taken.add(other.key)
    for one, other in combinations([scored.sentence for scored in finding.quotes], 2):
        if opposed(one, other, checker):
            finding.pairs.append((one, other, checker.clash(one, other)))


def oppose(finding: Finding, pool: Pool, checker: Checker) -> None:
    """Add to a section what other sources say in like words with other figures, so that both are seen at once."""
    for one in [scored.sentence for scored in finding.quotes]:
        for other in pool.sentences:
            if len(finding.pairs) >= MOST_OPPOSED:
                return
            if any(other.key == there.sentence.key for there in finding.quotes):
                continue
            if other.demoted < 0.5 and opposed(one, other, checker) and checker.quotable(other):
                finding.quotes.append(Scored(other, 1.0, 1.0))
                finding.pairs.append((one, other, checker.clash(one, other)))


def likeness(one: Sentence, other: Sentence) -> float:
    """Share of the shorter sentence's words, numbers aside, that the other holds; 0 when they share under four."""
    first = {word for word in one.stems if not word[0].isdigit()}
    second = {word for word in other.stems if not word[0].isdigit()}
    both = first & second
    if len(both) < 4:
        return 0.0
    return len(both) / min(len(first), len(second))


async def hand_in(
    run: Run, findings: Sequence[Finding], gaps: Sequence[Question], asked: Sequence[Question]
) -> AsyncIterator[AgentEvent]:
    total = run.source_count()
    if not findings and total == 0:
        yield Finished(
            "There is nothing to quote from: the project has no sources.", [one.text for one in asked]
        )
        return
    await run.progress(len(asked), len(asked) + 1, "Writing findings")
    for at, finding in enumerate(findings, 1):
        await run.emit(
            f"finding-{at}",
            "research_finding",
            title_of(finding),
            finding_blocks(finding),
            confidence=confidence(finding),
        )
    said = gap_sentences(gaps if findings else asked[:1], run)
    if said:
        title = "What the sources do not answer"
        await run.emit("gaps", "generic_output", title, gap_blocks(said), confidence=0.5)
    quoted_from = {one.sentence.source_id for finding in findings for one in finding.quotes}
    sources = "1 source" if len(quoted_from) == 1 else f"{len(quoted_from)} sources"
    summary = f"{NO_AI} Findings: {len(findings)}, from {sources}."
    yield Said(summary)
    yield Finished(summary, [*said, *run.troubles])


def gap_sentences(gaps: Sequence[Question], run: Run) -> list[str]:
    told = run.request.options.get("source_count", "")
    sources = {"1": "the one source"}.get(told, f"the {told} sources" if told.isdigit() else "the sources")
    return [f"No passage in {sources} speaks of \u201c{one.text[:300]}\u201d." for one in gaps]


def quoted(sentence: Sentence) -> dict[str, Any]:
    return sentence_block(sentence.text, sentence.alias, sentence.quote)


def finding_blocks(finding: Finding) -> list[dict[str, Any]]:
    blocks = [quoted(one.sentence) for one in finding.quotes]
    for one, other, clash in finding.pairs:
        blocks.append(
            opinion(
                f"Possible conflict between {one.source_title} and {other.source_title}: {clash}. "
                "Whether both speak of the same thing is for the reader to judge."
            )
        )
    if len(finding.sources) > 1 and not finding.pairs:
        blocks.append(opinion(f"{len(finding.sources)} sources speak of this: {', '.join(finding.sources)}."))
    blocks.append(opinion(f"{where_found(finding)}{NO_AI}"))
    return blocks


def where_found(finding: Finding) -> str:
    """The headings that the sentences stand under, and the question that they were chosen for, where that is a part."""
    if finding.section is not None:
        told, there = len(finding.quotes) - len(finding.pairs), len(finding.section.sentences)
        which = f"{told} of the {there} statements" if told < there else "All"
        return f"{which} under the heading \u201c{finding.section.heading[:200]}\u201d, which fits the question. "
    headings = list(dict.fromkeys(one.sentence.heading for one in finding.quotes if one.sentence.heading))[:3]
    under = ", ".join(f"\u201c{one[:120]}\u201d" for one in headings)
    said = f"Found under {under}. " if headings else ""
    return f"{said}Chosen for the words shared with \u201c{finding.question.text[:300]}\u201d. "


def confidence(finding: Finding) -> float:
    """0 to 1 from the share of the question's words found and the number of sources; at most .4 in a conflict."""
    best = max(one.coverage for one in finding.quotes)
    value = 0.3 + 0.5 * min(best * 1.25, 1.0) + (0.15 if len(finding.sources) > 1 else 0.0)
    return min(value, 0.4) if finding.pairs else min(value, 0.95)


def title_of(finding: Finding) -> str:
    if finding.section is not None:
        return finding.section.heading[:120]
    return headline(finding.quotes[0].sentence.text, finding.question.text)


def headline(sentence: str, question: str, most: int = 90) -> str:
    """The part of the sentence that holds most of the question's words, at most `most` characters, verbatim."""
    text = re.sub(r"[`*#]+", "", sentence).rstrip(".! ")
    if len(text) <= most:
        return text
    wanted = set(content_stems(question))
    parts = [part.strip(" ,;:") for part in re.split(r"[,;:]\s|\s[-\u2013\u2014]\s|\s\(|\)", text)]
    fitting = [part for part in parts if 25 <= len(part) <= most and not _JOINED.match(part)]
    best = max(
        fitting, key=lambda part: (fit(question, part), len(wanted & set(content_stems(part)))), default=""
    )
    if best and (wanted & set(content_stems(best)) or fit(question, best)):
        return best
    return text[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "\u2026"


_JOINED = re.compile(r"(?:and|or|but|which|that|who|so|among|including|because|minutes)\b", re.IGNORECASE)
