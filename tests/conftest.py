"""For every test: search by words only, unless a test is about vectors and says which embedder it wants.

Properties have no time limit of their own: how fast a machine is says nothing about whether they hold. What they are
tried on is drawn from the code of each, so that a run says the same as the one before; `dev.py faults` draws anew.
"""

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["PROOFROOM_EMBEDDER"] = "off"
settings.register_profile(
    "untimed", parent=settings(), deadline=None, derandomize="PROOFROOM_FAULT_SEED" not in os.environ
)
settings.load_profile("untimed")


RULES = (
    *("unit/domain", "unit/evidence", "unit/substrate/test_envelope.py"),
    *("unit/test_compute.py", "unit/test_document.py", "unit/test_redaction.py"),
)
"""Where the tests of the rules are. What these do not cover counts as not covered."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Coverage is of tests that are about the rules. Measuring others, which use them in passing, takes longer than
    the tests themselves.
    """
    here = Path(__file__).parent
    for item in items:
        if not item.path.relative_to(here).as_posix().startswith(RULES):
            item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test logged may hold lone surrogates, which cannot be sent from one test process to another."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report
