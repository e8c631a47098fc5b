"""The next iteration of findings and drafts: what stood stays, less what was refused, plus what was asked for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

from proofroom.agents.runtimes.base import AgentEvent, Finished, PreviousArtifact, Said
from proofroom.agents.runtimes.extractive.obligations import Wish, Wishes, holds, texts_of, wishes_of
from proofroom.agents.runtimes.extractive.run import (
    NO_AI,
    Run,
    escape,
    names_source,
    opinion,
    sentence_block,
)
from proofroom.agents.runtimes.extractive.select import Pool, pick
from proofroom.agents.runtimes.extractive.selfcheck import Checker
from proofroom.agents.runtimes.extractive.sentences import Sentence, sentences_of
from proofroom.domain.evidence.sentences import split_sentences
from proofroom.domain.obligation_checks import Check
from proofroom.domain.obligation_numbers import answer_of
from proofroom.domain.reading import count_words

_CITE = re.compile(r"\[\[([A-Za-z][\w-]*)(?=\||\]\])")
Block = Mapping[str, Any]


async def revise(
    run: Run, *, limit: int | None = None, high_impact: str | None = None
) -> AsyncIterator[AgentEvent]:
    """Hands in every artifact of the iteration before again, changed as asked where that is possible.

    `limit` is the largest number of characters of an artifact's plain text.
    """
    wishes = wishes_of(run.request.obligations)
    asked = [one.comment for one in run.request.obligations]
    await run.plan(
        [(f"Change: {one[:200]}", "As far as a quote finder can.") for one in asked] or [("Keep", "")]
    )
    for wish in wishes.items:
        if wish.kind in ("contain", "cite", "number", "search"):
            query = f"{wish.text} {run.request.task}" if wish.kind == "cite" else wish.text
            await run.search(query, 12)
    for one in run.request.previous:
        blocks = await carried(run, one, wishes)
        blocks = reduced(one.slot, blocks, wishes)
        blocks = enlarged(run, one, blocks, wishes)
        blocks = fitted(headed(one.slot, blocks, wishes), limit)
        for wish in wishes.of(one.slot, "limit"):
            blocks = within(blocks, wish.check)
        for wish in wishes.of(one.slot, "write"):
            wishes.said.append(f"Not done, it needs a writer: {wish.comment[:160]!r}.")
        if not blocks:
            blocks = [opinion("Nothing is left of this after the changes that were asked for.")]
        impact = high_impact if one.artifact_type == "content_draft" else None
        await run.emit(one.slot, one.artifact_type, one.title, blocks, confidence=0.5, high_impact=impact)
    said = " ".join([NO_AI, *wishes.said])
    yield Said(said)
    yield Finished(said, run.troubles)


async def carried(run: Run, artifact: PreviousArtifact, wishes: Wishes) -> list[Block]:
    """The artifact's blocks with the aliases of this iteration; a passage that is gone takes its sentence along."""
    document = cast("Mapping[str, Any]", artifact.document or {})
    refs = cast("Mapping[str, Mapping[str, Any]]", document.get("refs") or {})
    names: dict[str, str] = {}
    out: list[Block] = []
    for block in cast("Sequence[Block]", document.get("blocks") or ()):
        used = set(_CITE.findall(repr(block)))
        for alias in sorted(used - set(names)):
            found = await alias_now(run, refs.get(alias), block)
            if found:
                names[alias] = found
        if used <= set(names):
            out.append(renamed(block, names))
        else:
            wishes.said.append(
                f"A passage is no longer in use; its sentence is gone: {' '.join(texts_of(block))[:120]!r}."
            )
    return out


async def alias_now(run: Run, ref: Mapping[str, Any] | None, block: Block) -> str | None:
    """The alias under which a block of a source can be cited in this iteration."""
    if ref is None:
        return None
    key = str(ref.get("block_id"))
    if key not in run.blocks:
        await run.search(" ".join(texts_of(block))[:1_000] or "text", 5)
    found = run.blocks.get(key)
    return str(found["alias"]) if found is not None else None


def renamed(block: Block, names: Mapping[str, str]) -> Block:
    def text(value: Any) -> Any:
        if isinstance(value, str):
            return _CITE.sub(lambda match: f"[[{names.get(match.group(1), match.group(1))}", value)
        return value

    out = dict(block)
    if "text" in out:
        out["text"] = text(out["text"])
    if isinstance(out.get("items"), list):
        out["items"] = [text(one) for one in cast("list[Any]", out["items"])]
    return out


def reduced(slot: str, blocks: Sequence[Block], wishes: Wishes) -> list[Block]:
    out = list(blocks)
    for wish in wishes.of(slot, "remove", "without"):
        kept = [one for one in out if not holds(one, wish.text)]
        if len(kept) == len(out) and wish.slot is not None:
            wishes.said.append(f"Not found, so not removed: {wish.text[:120]!r}.")
        out = kept
    for wish in wishes.of(slot, "number"):
        out = [one for one in out if wish.check is None or not contradicts(one, wish.check)]
    if wishes.of(slot, "shorter"):
        cited = [at for at, one in enumerate(out) if is_cited(one)]
        surplus = set(cited[max(1, (len(cited) + 1) // 2) :])
        if surplus:
            out = [one for at, one in enumerate(out) if at not in surplus]
        else:
            wishes.said.append("It is one sentence already and was not made shorter.")
    return out


def enlarged(run: Run, artifact: PreviousArtifact, blocks: Sequence[Block], wishes: Wishes) -> list[Block]:
    """Adds the sentences that were asked for behind the last cited one."""
    out = list(blocks)
    checker = Checker(run.blocks)
    pool = Pool([one for one in sentences_of(run.blocks.values()) if one.demoted < 0.65])
    slots = [one.slot for one in run.request.previous]
    for wish in wishes.of(artifact.slot, "contain", "cite", "number", "search"):
        if wish.slot is None and artifact.slot != slots[0]:
            continue
        refused = [one.text for one in wishes.of(artifact.slot, "remove", "without")]
        found = answering(run, pool, wish)
        fresh = [
            block
            for one in found
            if checker.sound(block := sentence_block(one.text, one.alias, one.quote))
            and not any(holds(block, text) for text in refused)
            and not any(holds(other, one.text) for other in out)
        ]
        if not fresh:
            wishes.said.append(f"Nothing more was found for {wish.comment[:160]!r}.")
            continue
        at = max((n for n, one in enumerate(out) if is_cited(one)), default=-1) + 1
        out[at:at] = fresh[:1] if wish.kind != "search" else fresh[:2]
    return out


def answering(run: Run, pool: Pool, wish: Wish) -> list[Sentence]:
    if wish.kind == "contain":
        wanted = " ".join(wish.text.split()).casefold()
        return [one for one in pool.sentences if wanted in one.text.casefold()]
    if wish.kind == "number" and wish.check is not None:
        return [one for one in pool.sentences if answer_of(wish.check, one.text) == "same"]
    if wish.kind == "cite":
        mine = Pool([one for one in pool.sentences if names_source(one.block, [wish.text])])
        return [one.sentence for one in mine.score(run.request.task)[:3]]
    scored = [one for one in pool.score(wish.text) if one.coverage >= 0.3]
    return [one.sentence for one in pick(scored, 4)]


def contradicts(block: Block, check: Check) -> bool:
    """Whether a block gives another number for what the check names."""
    return any(
        answer_of(check, text[a:b]) == "differs" for text in texts_of(block) for a, b in split_sentences(text)
    )


def headed(slot: str, blocks: Sequence[Block], wishes: Wishes) -> list[Block]:
    """With the headings that were asked for, on top."""
    wanted = [wish.text for wish in wishes.of(slot, "heading")]
    there = {t.casefold() for one in blocks if one.get("type") == "heading" for t in texts_of(one)}
    missing = [text for text in wanted if text.casefold() not in there]
    return [*({"type": "heading", "level": 2, "text": escape(text)} for text in missing), *blocks]


def within(blocks: Sequence[Block], check: Check | None) -> list[Block]:
    """The blocks, less the last cited ones as long as they are longer than the check allows."""
    if check is None or check.measure == "characters":
        return fitted(blocks, None if check is None else check.at_most)
    out = list(blocks)
    while check.at_most is not None and words_in(out) > check.at_most:
        cited = [at for at, one in enumerate(out) if is_cited(one)]
        if len(cited) < 2:
            break
        del out[cited[-1]]
    return out


def words_in(blocks: Sequence[Block]) -> int:
    return sum(count_words(text) for block in blocks for text in texts_of(block))


def is_cited(block: Block) -> bool:
    return block.get("type") in ("paragraph", "list", "quote") and "[[" in repr(block)


def fitted(blocks: Sequence[Block], limit: int | None) -> list[Block]:
    """The blocks, less the last cited ones as long as their plain text is longer than `limit` characters."""
    out = list(blocks)
    while limit is not None and length_of(out) > limit:
        cited = [at for at, one in enumerate(out) if is_cited(one)]
        if len(cited) < 2:
            break
        del out[cited[-1]]
    return out


def length_of(blocks: Sequence[Block]) -> int:
    """Characters a reader sees: the plain texts, one line end between them."""
    texts = [text for block in blocks for text in texts_of(block)]
    return sum(map(len, texts)) + max(len(texts) - 1, 0)
