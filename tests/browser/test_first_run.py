"""An installation without anything in it, and one whose projects are all archived: from there to a checked draft."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SLOW_MS, flaws, running, sent

expect.set_options(timeout=SLOW_MS)

SOURCE = "# Notes on the bridge\n\nThe bridge was opened on 4 May 1998. It is 312 metres long.\n"
DRAFT = "The bridge was opened on 4 May 1998. It is 321 metres long."
DROP = """(box, files) => {
  const carried = new DataTransfer();
  for (const [name, words] of files) carried.items.add(new File([words], name, { type: "text/markdown" }));
  for (const type of ["dragenter", "dragover", "drop"])
    box.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: carried }));
}"""


@pytest.fixture(scope="module")
def empty() -> Iterator[str]:
    with running("--no-sample") as server:
        yield server.address


@pytest.fixture
def at(browser: Browser, empty: str) -> Iterator[Page]:
    context = browser.new_context(base_url=empty)
    context.set_default_timeout(SLOW_MS)
    yield context.new_page()
    context.close()


def test_one_drop_and_one_click_lead_from_nothing_to_a_checked_draft(at: Page) -> None:
    at.goto("/")
    expect(at.get_by_role("button", name="Paste a draft")).to_be_visible()
    wrong = flaws(at, "nothing there")
    at.set_viewport_size({"width": 390, "height": 844})
    assert at.evaluate("document.documentElement.scrollWidth <= innerWidth")
    wrong += flaws(at, "nothing there, on a phone")
    assert not wrong, "\n".join(wrong)
    at.get_by_label("In a new project").fill("Bridges")
    at.locator(".drop").evaluate(DROP, [["bridge draft.md", DRAFT], ["notes.md", SOURCE]])
    expect(at.get_by_role("heading", name="New work in Bridges")).to_be_visible()
    expect(at.get_by_label("Draft", exact=True)).to_have_value(DRAFT)
    # The source is read meanwhile.
    expect(at.get_by_role("checkbox", name="Notes on the bridge")).to_be_checked()
    at.get_by_role("button", name="Check this draft").click()
    expect(at.get_by_text("1 needs you,")).to_be_visible()


def test_with_all_projects_archived_work_begins_in_a_new_one(at: Page) -> None:
    for project in sent(at.request, "GET", "/api/projects")["items"]:
        sent(at.request, "PATCH", f"/api/projects/{project['id']}", {"archived": True})
    # What waits in an archived project is never out of sight; the list is empty when it is decided.
    for item in sent(at.request, "GET", "/api/checkpoints")["items"]:
        path = (
            f"/api/projects/{item['project_id']}/work-sessions/{item['session_id']}/checkpoints/{item['id']}"
        )
        body = {"packet_digest": item["packet_digest"], "rejection_reason": "An example."}
        sent(at.request, "POST", f"{path}/reject", body)
    at.goto("/inbox")
    expect(at.get_by_role("link", name="Bring an archived project back")).to_be_visible()
    at.get_by_role("button", name="Paste a draft").click()
    expect(at.get_by_role("heading", name="New work in My work")).to_be_visible()
    # What is typed now is the draft.
    expect(at.get_by_label("Draft", exact=True)).to_be_focused()
