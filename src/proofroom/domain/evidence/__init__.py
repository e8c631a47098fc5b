"""Claims and the deterministic checks: quote, number, date, name, negation, direction, citation, computed.

What is compared is the wording of figures, dates, names and quotations. The meaning is the reader's.
"""

from proofroom.domain.evidence.check import check_cited, check_outside
from proofroom.domain.evidence.claims import chart_series, claim_id, split_claims
from proofroom.domain.evidence.computed import check_computed
from proofroom.domain.evidence.features import AnalysedPassage, analyse
from proofroom.domain.evidence.model import (
    Anchor,
    Check,
    Claim,
    ClaimText,
    Correction,
    Passage,
    Say,
    Side,
    SourceName,
    claim_from_json,
    claim_to_json,
    count,
    summary,
)

__all__ = [
    "AnalysedPassage",
    "Anchor",
    "Check",
    "Claim",
    "ClaimText",
    "Correction",
    "Passage",
    "Say",
    "Side",
    "SourceName",
    "analyse",
    "chart_series",
    "check_cited",
    "check_computed",
    "check_outside",
    "claim_from_json",
    "claim_id",
    "claim_to_json",
    "count",
    "split_claims",
    "summary",
]
