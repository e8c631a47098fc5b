"""Content without a model: outlines for a platform, in which every fact is a whole sentence of a source.

One sentence that stands by itself opens; the others follow source by source, in the order in which they stand there,
and what a source says of limits comes last. A sentence that points back ("It ...") comes right behind the one before it
or not at all.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proofroom.agents.runtimes.base import AgentEvent, Finished, Said
from proofroom.agents.runtimes.extractive.headed import place
from proofroom.agents.runtimes.extractive.research import (
    Question,
    gap_sentences,
    quoted,
    spoken_of,
    worth_quoting,
)
from proofroom.agents.runtimes.extractive.revise import length_of, revise
from proofroom.agents.runtimes.extractive.run import NO_AI, Run, gap_blocks, opinion
from proofroom.agents.runtimes.extractive.select import Pool, Scored
from proofroom.agents.runtimes.extractive.selfcheck import Checker
from proofroom.agents.runtimes.extractive.sentences import Sentence, is_whole, leans, sentences_of
from proofroom.agents.runtimes.extractive.words import key_phrases, topic_of

LABEL = "Quote finder, no AI used: an outline, not finished prose."


@dataclass(frozen=True, slots=True)
class Platform:
    """`limit` is the most characters a reader may see; `facts` how many sentences by length; `parts` headings."""

    limit: int
    facts: tuple[int, int, int]
    parts: tuple[str, ...]
    impact: str | None


PLATFORMS = {
    "blog": Platform(12_000, (4, 8, 14), ("Opening", "Main points", "To close"), "public"),
    "linkedin": Platform(3_000, (3, 5, 8), ("Opening", "Main points", "To close"), "public"),
    "x": Platform(280, (1, 1, 2), (), "public"),
    "email": Platform(2_000, (2, 4, 6), (), "external_recipient"),
    "generic": Platform(6_000, (3, 6, 10), ("Main points",), None),
}


async def content_turn(run: Run) -> AsyncIterator[AgentEvent]:
    name = str(run.setting("platform", "blog"))
    platform = PLATFORMS.get(name, PLATFORMS["generic"])
    if run.request.previous and run.request.obligations:
        async for event in revise(run, limit=platform.limit, high_impact=platform.impact):
            yield event
        return
    task = " ".join(run.request.task.split())
    variations = int(run.setting("variations", 1))
    await run.plan(
        [("Look up the facts", f"Sentences of the sources that share words with: {task[:300]}")]
        + [
            (f"Outline {n} for {name}", f"At most {platform.limit:,} characters.")
            for n in range(1, variations + 1)
        ]
    )
    about = topic_of(task)
    await run.search(about, 25, rank=True)
    for phrase in key_phrases(about, 3)[1:]:
        await run.search(phrase.text, 10)
    checker = Checker(run.blocks)
    pool = Pool([one for one in sentences_of(run.blocks.values()) if one.demoted < 0.65])
    question = Question(task, task, asked=True)
    found = worth_quoting(pool, question, 40, floor=0.3) if spoken_of(pool, about) else []
    whole = {one.key: one for one in pool.sentences if is_whole(one.text)}
    facts = [one for one in found if one.sentence.key in whole and checker.quotable(one.sentence)]
    drafts = Drafts(name, platform, question, facts, whole, unfinished=bool(found) and not facts)
    async for event in hand_in(run, drafts, variations):
        yield event


@dataclass(frozen=True, slots=True)
class Drafts:
    """What outlines are made of: `facts` are whole sentences, the best first; `whole` all of the passages, by key.
    `unfinished`: passages speak of it, but in no whole sentence."""

    name: str
    platform: Platform
    question: Question
    facts: Sequence[Scored]
    whole: Mapping[tuple[str, int], Sentence]
    unfinished: bool = False


async def hand_in(run: Run, drafts: Drafts, variations: int) -> AsyncIterator[AgentEvent]:
    name, platform, question, facts = drafts.name, drafts.platform, drafts.question, drafts.facts
    if not facts and run.source_count() == 0:
        yield Finished("There is nothing to quote from: the project has no sources.", [question.text])
        return
    call = " ".join(str(run.setting("call_to_action", "")).split())
    size = {"short": 0, "medium": 1, "long": 2}.get(str(run.setting("length", "medium")), 1)
    made = 0
    gaps: list[str] = []
    if not facts:
        gaps = gap_sentences([question], run)
        if drafts.unfinished:
            gaps = [
                f"What the sources say of \u201c{question.text[:300]}\u201d stands in no whole sentence there."
            ]
        blocks = gap_blocks(gaps)
        await run.emit("gaps", "generic_output", "What the sources do not answer", blocks, confidence=0.5)
    for n in range(variations if facts else 0):
        blocks = laid_out(drafts, n, platform.facts[size], call, for_the_writer(run))
        if not blocks:
            gaps.append(f"Variation {n + 1}: no sentence of the sources is short enough for {name}.")
            continue
        made += 1
        topic = topic_of(question.text)[:200]
        title = f"Outline{f' {n + 1}' if variations > 1 else ''}: {topic[:1].upper()}{topic[1:]}"
        best = max(one.coverage for one in facts[:3])
        await run.emit(
            f"variation-{n + 1}",
            "content_draft",
            title,
            blocks,
            confidence=min(0.3 + 0.6 * best, 0.9),
            high_impact=platform.impact,
        )
    if facts and variations > len(facts):
        gaps.append(f"The sources gave {len(facts)} sentences, so variations repeat them in another order.")
    if facts and not made:
        blocks = gap_blocks(gaps)
        await run.emit("gaps", "generic_output", "What could not be outlined", blocks, confidence=0.5)
    if made and for_the_writer(run):
        gaps.append("Tone and audience were not applied: quotes keep the wording of their sources.")
    summary = f"{NO_AI} {made} outline{'s' if made != 1 else ''} for {name}."
    yield Said(summary)
    yield Finished(summary, [*gaps, *run.troubles])


def for_the_writer(run: Run) -> str:
    """What the settings ask of the wording, which whoever writes the text has to do; "" where they ask nothing."""
    tone = str(run.setting("tone", "neutral"))
    audience = " ".join(str(run.setting("audience", "")).split()).rstrip(".")
    wanted = [f"{tone} in tone"] if tone != "neutral" else []
    wanted += [f"for {audience}"] if audience else []
    return f" Still to be written: {', '.join(wanted)}." if wanted else ""


def laid_out(drafts: Drafts, n: int, most: int, call: str, note: str = "") -> list[dict[str, Any]]:
    """Outline `n`: label, sentences under the platform's headings, their sources, call to action; [] when not one
    sentence fits.

    `note` is added to the label, and the sources are named in words too, where the platform has room for it.
    """
    platform = drafts.platform
    label = opinion(LABEL + (note if len(note) < platform.limit // 10 else ""))
    close = [opinion(call)] if call else []
    if length_of([label, *close]) > platform.limit // 2:
        close = []
    room = platform.limit - length_of([label, *close]) - 40 * bool(platform.parts)
    alone = [one.sentence for one in drafts.facts if not leans(one.sentence.text)]
    opener = alone[n % len(alone)] if alone else None
    rest = [one.sentence for one in drafts.facts if one.sentence is not opener]
    wanted = [*([opener] if opener else []), *rest[n:], *rest[:n]]
    chains = in_order(chosen(wanted, drafts.whole, most, room))
    if not chains:
        return []
    body = under_headings(platform, chains)
    sources = [opinion(sources_of([one for chain in chains for one in chain]))]
    if length_of([label, *body, *sources, *close]) > platform.limit:
        sources = []
    return [label, *body, *sources, *close]


def chosen(
    wanted: Sequence[Sentence], whole: Mapping[tuple[str, int], Sentence], most: int, room: int
) -> list[Sentence]:
    """The first `most` that fit into `room` characters; what points back comes with the sentence before it or not at
    all."""
    out: dict[tuple[str, int], Sentence] = {}
    for one in wanted:
        with_it = [one]
        if leans(one.text):
            passage, at = one.key
            before = whole.get((passage, at - 1))
            if before is None or (leans(before.text) and before.key not in out):
                continue
            with_it = [before, one]
        fresh = [it for it in with_it if it.key not in out]
        size = length_of([quoted(it) for it in (*out.values(), *fresh)])
        if len(out) + len(fresh) <= most and size < room:
            out.update((it.key, it) for it in fresh)
    return list(out.values())


def in_order(picked: Sequence[Sentence]) -> list[list[Sentence]]:
    """Sentences that belong together as chains: the first one's leads, then source by source in reading order, then
    what speaks of limits."""
    sources = list(dict.fromkeys(one.source_id for one in picked))
    chains: list[list[Sentence]] = []
    for one in sorted(picked, key=lambda it: (sources.index(it.source_id), *place(it))):
        last = chains[-1][-1] if chains else None
        if last is not None and leans(one.text) and last.key == (one.key[0], one.at - 1):
            chains[-1].append(one)
        else:
            chains.append([one])
    first = picked[0] if picked else None
    return sorted(chains, key=lambda chain: (first not in chain, limits(chain)))


def limits(chain: Sequence[Sentence]) -> bool:
    return any(_LIMIT_HEAD.search(one.heading) or _LIMIT.search(one.text) for one in chain)


_LIMIT_HEAD = re.compile(
    r"\b(?:limit\w*|caveats?|risks?|known issues?|open questions?|drawbacks?)\b", re.IGNORECASE
)
_LIMIT = re.compile(
    r"\b(?:cannot|not yet|except|unless|(?:is|are|was|were|does|do|did|has|have) (?:not|only))\b",
    re.IGNORECASE,
)


def sources_of(sentences: Sequence[Sentence]) -> str:
    """Which sentence is from which source, by its place in the outline."""
    places: dict[str, list[str]] = {}
    for at, one in enumerate(sentences, 1):
        places.setdefault(one.source_title, []).append(str(at))
    if len(places) == 1:
        return f"Every sentence is quoted from {next(iter(places))}."
    said = "; ".join(f"{title} ({', '.join(numbers)})" for title, numbers in places.items())
    return f"Sentences by source: {said}."


def under_headings(platform: Platform, chains: Sequence[Sequence[Sentence]]) -> list[dict[str, Any]]:
    """The sentences with the platform's headings: opening, main points and, where there are three chains, the end."""
    names = list(platform.parts)
    last = len(chains) - 1
    starts = {0: names[0]} if names else {}
    if len(names) == 3:
        starts = {0: names[0], 1: names[1]} | ({last: names[2]} if last > 1 else {})
    out: list[dict[str, Any]] = []
    for at, chain in enumerate(chains):
        if at in starts and last > 0:
            out.append({"type": "heading", "level": 2, "text": starts[at]})
        out += [quoted(one) for one in chain]
    return out
