"""For every test: search by words only, unless a test is about vectors and says which embedder it wants.

Properties have no time limit of their own: how fast a machine is says nothing about whether they hold. What they are
tried on is drawn from the code of each, so that a run says the same as the one before; `dev.py faults` draws anew.
"""

import gc
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


FIRST = (
    "unit/evidence/test_check", "unit/evidence/test_table_claims", "unit/evidence/test_corpus",
    "unit/evidence/test_corrections", "unit/test_document",
    "integration/test_tampering", "unit/test_runtime_conformance", "integration/test_doc_examples",
    "integration/test_kill9", "integration/test_claude", "integration/test_lifecycle", "integration/test_cli_work",
    "integration/test_cli_serve", "integration/api/test_inbox", "integration/test_cli_people",
    "integration/api/test_events", "integration/test_migrations", "integration/api/test_agent_events",
    "integration/test_random_lives", "integration/test_external_agents", "integration/test_claude_conformance",
    "integration/test_outbox", "integration/test_embedded", "integration/test_other_providers",
    "integration/test_vectors", "integration/test_cli_check", "unit/agents/test_pydantic_ai",
    "unit/agents/test_reports_equal_pandas", "unit/test_revisions", "integration/test_real_files",
    "browser/test_people", "browser/test_review", "browser/test_meanwhile", "browser/test_inbox",
    "browser/test_overview", "browser/test_accessible", "browser/test_substrate", "browser/test_reading",
    "browser/test_undo", "browser/test_contradictions", "browser/test_hostile", "browser/test_frozen",
)  # fmt: skip
"""The files that take longest. They are begun first, so that no process is left alone with one of them at the end."""


def pytest_configure() -> None:
    """What is loaded stays. To look for cycles in it again and again takes a third of the time of loading it."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    rank = {name: place for place, name in enumerate(FIRST)}
    place = {
        path: path.relative_to(here).with_suffix("").as_posix() for path in {item.path for item in items}
    }
    items.sort(key=lambda item: rank.get(place[item.path], len(FIRST)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test logged may hold lone surrogates, which cannot be sent from one test process to another."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report
