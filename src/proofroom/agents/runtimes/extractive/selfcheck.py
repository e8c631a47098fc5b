"""The checks that the packet makes, made beforehand: nothing is handed in that would stand flagged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from proofroom.agents.runtimes.extractive.run import sentence_block
from proofroom.agents.runtimes.extractive.sentences import Sentence
from proofroom.domain.contradictions import find_contradictions
from proofroom.domain.document import from_json
from proofroom.domain.evidence import (
    AnalysedPassage,
    Claim,
    ClaimText,
    Passage,
    analyse,
    check_cited,
    check_outside,
    split_claims,
)


def passage_of(block: Mapping[str, Any]) -> Passage:
    """A passage as the tools gave it, as the checks take it."""
    page = block.get("page")
    cells = block.get("cells") or ()
    return Passage(
        source_id=str(block.get("source_id") or ""),
        version=int(block.get("version") or 1),
        block_id=str(block.get("block_id") or block["alias"]),
        source_title=str(block.get("source_title") or ""),
        page=page if isinstance(page, int) else None,
        char_start=int(block.get("char_start") or 0),
        char_end=int(block.get("char_end") or 0),
        text=str(block["text"]),
        kind=str(block.get("kind") or "text"),
        cells=tuple((str(cell[0]), str(cell[1])) for cell in cells),
    )


class Checker:
    """Checks document blocks against passages, each analysed once. `near` are passages beside the cited ones."""

    def __init__(
        self, blocks: Mapping[str, Mapping[str, Any]], near: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self._blocks = {str(one["alias"]): one for one in blocks.values()}
        self._read: dict[str, AnalysedPassage] = {}
        self._sound: dict[tuple[str, int], bool] = {}
        self._near = [analyse(passage_of(one)) for one in near]

    def passage(self, alias: str) -> AnalysedPassage | None:
        block = self._blocks.get(alias)
        if block is None:
            return None
        if alias not in self._read:
            self._read[alias] = analyse(passage_of(block))
        return self._read[alias]

    def claims(self, block: Mapping[str, Any]) -> list[Claim]:
        """The claims of one document block with their verdicts."""
        doc = from_json({"version": 1, "title": "", "refs": {}, "blocks": [block]})
        return [self._check(one) for one in split_claims(doc) if one.kind == "sentence"]

    def _check(self, claim: ClaimText) -> Claim:
        cited = {cite.ref: found for cite in claim.cites if (found := self.passage(cite.ref)) is not None}
        return check_cited(claim, cited, self._near)

    def sound(self, block: Mapping[str, Any]) -> bool:
        """Whether no claim of the block needs a person."""
        return not any(one.needs_you for one in self.claims(block))

    def quotable(self, sentence: Sentence) -> bool:
        """Whether the sentence, quoted word for word, stands unflagged; looked into once."""
        if sentence.key not in self._sound:
            self._sound[sentence.key] = self.sound(
                sentence_block(sentence.text, sentence.alias, sentence.quote)
            )
        return self._sound[sentence.key]

    def clash(self, one: Sentence, other: Sentence) -> str:
        """What the second sentence gives otherwise, as "226 km / 150 km"; empty when nothing compared differs.

        Numbers and dates only: that two sentences of like wording mean the same is never known here.
        """
        passage = analyse(passage_of({**other.block, "text": other.text}))
        claim = ClaimText("c", 1, one.text, "sentence", (0,), 0, len(one.text))
        found = check_outside(claim, [passage])
        for check in found.checks:
            differs = check.kind in ("number", "date") and check.result in ("differs", "conflict")
            if differs and check.draft and check.source:
                return f"{check.draft} / {check.source}"
        return self.told_otherwise(one, other)

    def told_otherwise(self, one: Sentence, other: Sentence) -> str:
        """The same for sentences that need not be of like wording: other figures for one subject, in any words."""
        if len(set(one.stems) & set(other.stems)) < 2:  # of a count, the noun and the year
            return ""
        found = [c for c in find_contradictions([one.text, other.text]) if c.kind == "number"]
        return f"{found[0].a_says} / {found[0].b_says}" if found else ""
