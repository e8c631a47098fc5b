"""Content without a model: outlines for a platform, in which every fact is a sentence of a source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from proofroom.agents.runtimes.base import AgentEvent, Finished, Said
from proofroom.agents.runtimes.extractive.research import (
    Question,
    gap_sentences,
    headline,
    quoted,
    spoken_of,
    worth_quoting,
)
from proofroom.agents.runtimes.extractive.revise import length_of, revise
from proofroom.agents.runtimes.extractive.run import NO_AI, Run, gap_blocks, opinion
from proofroom.agents.runtimes.extractive.select import Pool, Scored
from proofroom.agents.runtimes.extractive.selfcheck import Checker
from proofroom.agents.runtimes.extractive.sentences import sentences_of
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
    "linkedin": Platform(3_000, (2, 4, 7), (), "public"),
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
    facts = [
        one
        for one in (worth_quoting(pool, question, 40, floor=0.3) if spoken_of(pool, about) else [])
        if not one.sentence.text.endswith(":") and checker.quotable(one.sentence)
    ]
    async for event in hand_in(run, name, platform, question, facts, variations):
        yield event


async def hand_in(
    run: Run, name: str, platform: Platform, question: Question, facts: Sequence[Scored], variations: int
) -> AsyncIterator[AgentEvent]:
    total = run.source_count()
    if not facts and total == 0:
        yield Finished("There is nothing to quote from: the project has no sources.", [question.text])
        return
    call = " ".join(str(run.setting("call_to_action", "")).split())
    size = {"short": 0, "medium": 1, "long": 2}.get(str(run.setting("length", "medium")), 1)
    made = 0
    gaps: list[str] = []
    if not facts:
        gaps = gap_sentences([question], run)
        blocks = gap_blocks(gaps)
        await run.emit("gaps", "generic_output", "What the sources do not answer", blocks, confidence=0.5)
    for n in range(variations if facts else 0):
        chosen = [*facts[n:], *facts[:n]] if n < len(facts) else list(facts)
        blocks = laid_out(platform, chosen, platform.facts[size], call, for_the_writer(run))
        if not blocks:
            gaps.append(f"Variation {n + 1}: no sentence of the sources is short enough for {name}.")
            continue
        made += 1
        title = f"Outline: {headline(chosen[0].sentence.text, question.text, 80)}"
        best = max(one.coverage for one in chosen[:3])
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


def laid_out(
    platform: Platform, facts: Sequence[Scored], most: int, call: str, note: str = ""
) -> list[dict[str, Any]]:
    """The outline: label, facts under the platform's headings, call to action; [] when not one fact fits.

    `note` is added to the label where the platform has room for it.
    """
    label = opinion(LABEL + (note if len(note) < platform.limit // 10 else ""))
    close = [opinion(call)] if call else []
    if length_of([label, *close]) > platform.limit // 2:
        close = []
    body: list[dict[str, Any]] = []
    for one in facts:
        block = quoted(one.sentence)
        if len(body) < most and length_of([label, *body, block, *close]) <= platform.limit - 40 * bool(
            platform.parts
        ):
            body.append(block)
    if not body:
        return []
    return [label, *under_headings(platform, body), *close]


def under_headings(platform: Platform, body: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    if not platform.parts or len(body) < len(platform.parts):
        return list(body)
    cuts = {0: platform.parts[0]}
    if len(platform.parts) == 3:
        cuts = {0: platform.parts[0], 1: platform.parts[1], len(body) - 1: platform.parts[2]}
    out: list[dict[str, Any]] = []
    for at, block in enumerate(body):
        if at in cuts:
            out.append({"type": "heading", "level": 2, "text": cuts[at]})
        out.append(block)
    return out
