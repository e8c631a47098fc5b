"""Filters of a search, as people name them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from proofroom.db.retrieval import Filters
from proofroom.domain.errors import InvalidInput
from proofroom.services import finding
from proofroom.substrate.parsers.sniff import CONTENT_TYPES


def test_what_is_not_named_stays_open() -> None:
    assert finding.filters() == Filters()
    assert finding.filters(captured_from=" ", types=()) == Filters()


def test_types_have_short_names() -> None:
    found = finding.filters(types=["PDF", "text/html"], kinds=["table_row"], states=["proposed"])
    assert found.content_types == [CONTENT_TYPES["pdf"], "text/html"]
    assert (found.kinds, found.states, found.live) == (["table_row"], ["proposed"], False)


def test_a_date_is_a_whole_day_and_a_time_is_itself() -> None:
    found = finding.filters(captured_from="2026-11-25", captured_to="2026-11-25")
    assert found.captured_from == datetime(2026, 11, 25, tzinfo=UTC)
    assert found.captured_to == datetime(2026, 11, 26, tzinfo=UTC)
    found = finding.filters(captured_from="2026-11-25T10:00:00+01:00", captured_to="2026-11-25T14:00:00")
    assert found.captured_from == datetime(2026, 11, 25, 9, tzinfo=UTC)
    assert found.captured_to == datetime(2026, 11, 25, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"types": ["exe"]}, "type"),
        ({"kinds": ["poem"]}, "kind"),
        ({"states": ["gone"]}, "state"),
        ({"captured_from": "yesterday"}, "captured_from"),
        ({"captured_to": "9999-12-31"}, "captured_to"),
        ({"captured_to": "2026-13-01"}, "captured_to"),
    ],
)
def test_a_name_that_there_is_not_is_refused_with_its_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        finding.filters(**given)
    assert (refused.value.code, refused.value.field) == ("filter_invalid", field)


def test_modes_have_names() -> None:
    assert finding.mode(" Vector ") == "vector"
    with pytest.raises(InvalidInput, match="There is no mode 'magic'"):
        finding.mode("magic")
