"""New work, what becomes of it, and the lists of it, on the page."""

import re

from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import SLOW_MS, flaws
from tests.browser.test_substrate import BRIDGE, add_text, drop, make_project, row, sent

expect.set_options(timeout=SLOW_MS)

LONG = "# Bridges\n\n" + "\n\n".join(f"The bridge number {n} is {n * 7} metres long." for n in range(1, 41))


def test_a_long_draft_is_watched_while_it_is_checked_and_ends_in_its_review(page: Page) -> None:
    project = make_project(page, "Checked")
    add_text(page, project, "Bridge notes", BRIDGE)
    page.goto(f"/projects/{project}/sources")
    expect(row(page, "Bridge notes")).to_contain_text("passage")
    page.goto(f"/projects/{project}/new?agent=check")
    page.get_by_role("textbox", name="Draft").fill(LONG)
    # A source that cannot be read says so where it stands, and what was typed stays.
    empty: FilePayload = {"name": "empty.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF\n"}
    page.get_by_label("choose files").set_input_files([empty])
    expect(page.get_by_role("group", name="Sources").get_by_text("empty.pdf")).to_be_visible()
    expect(page.locator(".opts .why")).to_be_visible()
    assert page.get_by_role("textbox", name="Draft").input_value() == LONG

    seen: list[str] = []
    page.on("framenavigated", lambda frame: seen.append(frame.url))
    page.get_by_role("button", name=re.compile("^Check this draft")).press("Enter")
    page.wait_for_url("**/review/**")
    (watched,) = {url for url in seen if "/sessions/" in url}
    session = watched.partition("/sessions/")[2]
    events = sent(page, "GET", f"/api/projects/{project}/work-sessions/{session}/events?limit=200")["items"]
    told = [claim["n"] for e in events if e["type"] == "progress" for claim in e["data"]["claims"]]
    assert told == list(range(1, 41))


def test_files_dropped_anywhere_on_new_work_say_what_became_of_them(page: Page) -> None:
    project = make_project(page, "Dropped on new work")
    page.goto(f"/projects/{project}/new?agent=research")
    page.get_by_label("Question").fill("When was it opened?")
    drop(page, {"notes.txt": BRIDGE})
    # The list of sources is below the fold: the foot says it, too.
    foot = page.get_by_role("contentinfo", name="New work")
    expect(foot).to_contain_text("1 added")
    foot.get_by_role("button", name="Show the sources").click()
    expect(page.get_by_text("notes.txt").first).to_be_visible()
    expect(page.get_by_label("Question")).to_have_value("When was it opened?")


def test_work_is_kept_as_a_template_and_started_later_by_keyboard(page: Page) -> None:
    project = make_project(page, "Templates")
    add_text(page, project, "Bridge notes", BRIDGE)
    page.goto(f"/projects/{project}/sources")
    expect(row(page, "Bridge notes")).to_contain_text("passage")
    page.goto(f"/projects/{project}/new?agent=research")
    page.get_by_label("Question").fill("How long is the bridge?")
    page.get_by_label("Most findings").fill("99")
    page.get_by_role("button", name="Save without starting").press("Enter")
    expect(page.get_by_text("1 thing to correct")).to_be_visible()
    page.get_by_role("button", name="Most findings").press("Enter")
    expect(page.get_by_label("Most findings")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("3")
    page.get_by_role("button", name="Save as template").press("Enter")
    page.keyboard.type("Bridge questions")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Bridge questions"))).to_have_attribute(
        "aria-pressed", "true"
    )
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert flaws(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Save without starting").press("Enter")
    expect(page.get_by_text("Nothing has run yet.")).to_be_visible()
    page.get_by_role("button", name="Start the work").press("Enter")
    expect(page.get_by_role("link", name="Review", exact=True)).to_be_visible()

    # What it was asked and what it found, from both sides.
    page.get_by_role("button", name="Searched the sources").first.press("Enter")
    expect(page.get_by_label("Asked")).to_contain_text("query:")
    page.get_by_role("radio", name="By source").press("Space")
    expect(page.get_by_role("group").get_by_text("Bridge notes").first).to_be_visible()
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert flaws(page) == []
    page.get_by_text("Steps", exact=True).last.click()
    expect(page.get_by_text("Stopped for your signature").last).to_be_visible()

    page.goto(f"/projects/{project}/new")
    page.get_by_role("button", name=re.compile("^Bridge questions")).click()
    expect(page.get_by_label("Question")).to_have_value("How long is the bridge?")
    expect(page.get_by_role("button", name=re.compile("used once"))).to_be_visible()


def test_work_of_all_projects_is_found_by_state_and_title(page: Page) -> None:
    project = make_project(page, "Listed")
    add_text(page, project, "Bridge notes", BRIDGE)
    page.goto(f"/projects/{project}/sources")
    expect(row(page, "Bridge notes")).to_contain_text("passage")
    made = {"id": ""}
    for n in range(2):
        body = {"draft": f"The bridge {n} is long.", "title": f"Listed piece {n}"}
        made = sent(page, "POST", f"/api/projects/{project}/checks", body)
    sent(page, "POST", f"/api/projects/{project}/work-sessions/{made['id']}/cancel", {})
    page.goto("/work")
    page.get_by_label("Find by title").fill("listed piece")
    expect(page.get_by_role("row")).to_have_count(3)
    page.get_by_role("radio", name=re.compile("^Waiting for you")).press("Space")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name="Listed piece 0")).to_be_visible()
    assert flaws(page) == []
    page.reload()
    expect(page.get_by_role("row")).to_have_count(2)
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"/projects/{project}")
    expect(page.get_by_role("row")).to_have_count(3)
