"""The revision corpus of the bench, in small: nothing altered keeps an approval, and what is untouched does."""

import os
from importlib import import_module
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
DRAWN = [12, int(os.environ["PROOFROOM_FAULT_SEED"])] if "PROOFROOM_FAULT_SEED" in os.environ else []
"""More revisions, with `python3 dev.py faults`."""


@pytest.mark.parametrize("seed", [11, *DRAWN])
def test_no_altered_claim_is_carried(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    revisions = import_module("revisions")
    rows = revisions.run(seed, 1, revisions.bases()[:3])
    assert [(r.kind, r.wrong) for r in rows if r.altered_carried] == []
    by_kind = {r.kind: r for r in rows}
    whole = {"heading", "source, cited anew", "source, not cited anew", "nothing", "deleted"}
    for kind, row in by_kind.items():
        assert row.revisions > 0
        assert row.altered > 0 or kind in ("nothing", "deleted")
        if kind not in whole:
            assert row.needless < row.unaltered, (
                kind
            )  # something is carried wherever something is left as it was
    assert (by_kind["nothing"].needless, by_kind["nothing"].unaltered > 20) == (0, True)
    assert by_kind["heading"].share == 1.0
