"""A server that stands still and leaves every connection open, as a stopped process or a cut line does."""

import re
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SLOW_MS, Running, running, sent
from tests.browser.reviews import CLEAN, WRONG, decided, make_check, opened, status
from tests.browser.test_people import make_project

NOTICED_MS = 30_000
"""The page takes 17 s at most (docs/reference/http-api.md); the rest is for a machine that does other things."""


@pytest.fixture
def own() -> Iterator[Running]:
    """A server that nobody else minds to see stopped."""
    with running() as one:
        yield one
        one.process.send_signal(signal.SIGCONT)  # also when the test failed, so that it can end


def wait_for_streams(page: Page, n: int) -> None:
    """Until the server says that so many streams are open, no more and no fewer."""
    end = time.monotonic() + SLOW_MS / 1000
    while (
        found := re.findall(r"(?m)^proofroom_event_streams (\d+)", page.request.get("/metrics").text())
    ) != [str(n)]:
        assert time.monotonic() < end, found
        page.wait_for_timeout(100)  # nobody tells of it


def test_a_frozen_server_is_noticed_and_all_is_whole_when_it_goes_on(browser: Browser, own: Running) -> None:
    def tabs_of_one(n: int) -> list[Page]:
        context = browser.new_context(base_url=own.address, viewport={"width": 1440, "height": 900})
        context.set_default_timeout(SLOW_MS)
        return [context.new_page() for _ in range(n)]

    leads, shares = tabs_of_one(2)
    (alone,) = tabs_of_one(1)
    project = make_project(alone, "Frozen")
    signed, read, other = (make_check(alone, project, draft) for draft in (CLEAN, CLEAN, WRONG))
    for tab, review in ((leads, signed), (shares, read), (alone, other)):
        opened(tab, review)
    wait_for_streams(alone, 2)
    field = alone.get_by_label("Comment on claim 2")
    field.fill("half a thought")
    posted: list[str] = []
    shares.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)

    own.process.send_signal(signal.SIGSTOP)
    leads.keyboard.press("a")  # before anybody can know
    docks = [tab.get_by_label("Decision") for tab in (leads, shares, alone)]
    for tab, dock in zip((leads, shares, alone), docks, strict=True):
        expect(tab.get_by_role("banner").get_by_role("status")).to_contain_text("Offline", timeout=NOTICED_MS)
        expect(dock).to_contain_text(re.compile("Waiting for the connection|Sent, but nobody answered"))
    expect(docks[0]).to_contain_text("It may have arrived.")
    expect(docks[1]).to_contain_text("No decision was sent.")
    expect(docks[1].get_by_role("button", name="Sign version 1")).to_be_disabled()
    shares.keyboard.press("a")
    shares.keyboard.press("Control+Enter")
    assert posted == []

    own.process.send_signal(signal.SIGCONT)
    for tab in (leads, shares, alone):
        expect(tab.get_by_role("banner").get_by_role("status")).to_be_empty()
    expect(docks[0]).to_contain_text("Signed by you")
    expect(docks[1]).to_contain_text("Ready to sign")
    expect(field).to_have_value("half a thought")
    wait_for_streams(alone, 2)
    # What happens now is heard by all, once.
    comments = f"/api/checkpoints/{other['id']}/comments"
    claim = other["packet"]["artifacts"][0]["claims"][1]["id"]
    sent(alone.request, "POST", comments, {"text": "after", "claim_id": claim})
    expect(alone.get_by_role("region", name="Comments", exact=True).get_by_role("listitem")).to_have_count(1)
    decided(alone, project, read, "reject")
    expect(docks[1]).to_contain_text(re.compile("Rejected"))
    events = f"/api/projects/{project}/work-sessions/{signed['session_id']}/events?limit=200"
    kinds = [one["type"] for one in sent(alone.request, "GET", events)["items"]]
    assert kinds.count("decided") == 1, kinds
    assert status(alone, other) == "pending_review"
    for tab in (leads, alone):
        tab.context.close()
