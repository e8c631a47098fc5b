"""The result of one comparison, before it is a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from proofroom.domain.evidence.features import AnalysedPassage
from proofroom.domain.evidence.model import CheckKind, Span

Outcome = Literal["same", "note", "rounded", "added", "differs", "not_found", "conflict", "absent"]
Where = tuple[AnalysedPassage, Span]

NOT_COMPUTED = "Not computed again"
"""The headline where rows were found and the sentence is of a kind that is not computed from them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison. `at` is a range in the claim, `where` a passage and a range in it.

    "note" is the same with a remark, "rounded" the same only after rounding, "added" a quote with words
    of the writer's in it, "absent" an invented source.
    `put` is a range of the claim and what replaces it; `use` names that on a button. `other` is the second
    source of a conflict, `shown` what the source side shows where it is computed, `quoted` a cited quote
    and the range of it that differs.
    """

    kind: CheckKind
    outcome: Outcome
    at: Span
    draft: str
    source: str | None = None
    note: str | None = None
    where: Where | None = None
    put: tuple[Span, str] | None = None
    use: str | None = None
    other: tuple[Where, str] | None = None
    headline: str | None = None
    shown: str | None = None
    quoted: tuple[str, Span] | None = None
