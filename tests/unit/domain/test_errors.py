import copy
import pickle
from typing import Any

import pytest

from proofroom.domain import errors
from proofroom.domain.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    PreconditionRequired,
    ProofroomError,
    TooLarge,
    TooMany,
    Unavailable,
    UnsupportedMedia,
)

FAMILIES = [
    ProofroomError, InvalidInput, NotFound, Conflict, NotAllowed, PreconditionRequired, Unavailable, TooLarge,
    TooMany, UnsupportedMedia,
]  # fmt: skip


def test_every_family_is_tested_here() -> None:
    defined = [v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, Exception)]
    assert set(defined) == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_error_carries_code_message_hint_and_extra(family: type[ProofroomError]) -> None:
    error = family("disk_full", "The disk is full.", "Free some space.", extra={"free": 0})
    assert isinstance(error, ProofroomError)
    assert (error.code, error.message, error.hint) == ("disk_full", "The disk is full.", "Free some space.")
    assert error.extra == {"free": 0}
    assert str(error) == "The disk is full. Free some space. [disk_full]"


@pytest.mark.parametrize("family", FAMILIES)
def test_without_hint_and_extra(family: type[ProofroomError]) -> None:
    error = family("gone", "It is gone.")
    assert str(error) == "It is gone. [gone]"
    assert error.hint == ""
    assert error.extra == {}


def test_extra_is_a_read_only_copy() -> None:
    given: dict[str, object] = {"a": 1}
    error = Conflict("x", "y", extra=given)
    given["a"] = 2
    assert error.extra == {"a": 1}
    with pytest.raises(TypeError):
        error.extra["a"] = 3  # type: ignore[index]


def test_the_field_of_invalid_input() -> None:
    assert InvalidInput("config_invalid", "No.", field="config.depth").field == "config.depth"
    assert InvalidInput("config_invalid", "No.").field is None


def test_the_wait_of_unavailable() -> None:
    assert Unavailable("database_away", "It is away.", retry_after=1.5).retry_after == 1.5
    assert Unavailable("database_away", "It is away.").retry_after is None
    assert TooMany("rate_limited", "Too many.", retry_after=1.5).retry_after == 1.5
    assert TooMany("rate_limited", "Too many.").retry_after is None


def _through_pickle(error: Any) -> Any:
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("travel", [_through_pickle, copy.copy, copy.deepcopy])
@pytest.mark.parametrize(
    "error",
    [
        Conflict("stale_packet", "It changed.", hint="Look again.", extra={"claims": [{"n": 1}]}),
        InvalidInput("config_invalid", "No.", field="config.depth", extra={"limit": 5}),
        Unavailable("database_away", "It is away.", retry_after=2.0),
        TooMany("rate_limited", "Too many.", retry_after=2.0),
    ],
    ids=lambda e: type(e).__name__,
)
def test_an_error_survives_the_way_to_another_process(error: ProofroomError, travel: Any) -> None:
    again = travel(error)
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.extra == error.extra
    assert vars(again).keys() == vars(error).keys()
    assert getattr(again, "field", None) == getattr(error, "field", None)
    assert getattr(again, "retry_after", None) == getattr(error, "retry_after", None)
    with pytest.raises(TypeError):
        again.extra["a"] = 1  # type: ignore[index]
