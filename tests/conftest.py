"""For every test: search by words only, unless a test is about vectors and says which embedder it wants.

Properties have no time limit of their own: how fast a machine is says nothing about whether they hold.
"""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

os.environ["PROOFROOM_EMBEDDER"] = "off"
settings.register_profile("untimed", parent=settings(), deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test logged may hold lone surrogates, which cannot be sent from one test process to another."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report
