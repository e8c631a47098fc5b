"""Waiting before the next try."""

import pytest

from proofroom.domain.backoff import full_jitter


@pytest.mark.parametrize(
    ("failures", "longest"), [(1, 5.0), (2, 10.0), (3, 20.0), (10, 2560.0), (11, 3600.0), (5000, 3600.0)]
)
def test_the_wait_is_anywhere_up_to_twice_the_one_before(failures: int, longest: float) -> None:
    assert full_jitter(failures, 0.0, first=5.0, most=3600.0) == 0.0
    assert full_jitter(failures, 0.5, first=5.0, most=3600.0) == longest / 2
    assert longest * 0.99 < full_jitter(failures, 0.999, first=5.0, most=3600.0) < longest
