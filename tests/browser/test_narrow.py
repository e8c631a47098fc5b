"""Long words, narrow windows, a lost connection: nothing leaves the screen, and where one is stays in sight."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import SLOW_MS, sent

expect.set_options(timeout=SLOW_MS)

LONG = "Donaudampfschifffahrtsgesellschaftskapitaenspatentverlaengerungsantragsformularausgabestelle"
OVER = "e => e.scrollWidth - e.clientWidth"


def test_a_name_of_one_long_word_leaves_no_page_wider_than_the_phone(page: Page) -> None:
    made = sent(page.request, "POST", "/api/projects", {"name": LONG + LONG})
    draft = "The bridge is 312 metres long."
    check = sent(page.request, "POST", f"/api/projects/{made['id']}/checks", {"draft": draft, "title": LONG})
    page.set_viewport_size({"width": 390, "height": 844})
    for path, name in (
        ("/sources", LONG + LONG),
        (f"/review/{check['checkpoint_id']}", LONG),
        ("/overview", "Overview"),
    ):
        page.goto(path)
        expect(page.get_by_text(name).first).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        wide = page.locator("main, main *").evaluate_all(
            "all => all.filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.strip, .sr'))"
            ".map(e => e.className)"
        )
        assert wide == [], path
    page.goto("/sources")
    expect(page.get_by_role("link", name="Add sources").first).to_be_in_viewport()
    sent(page.request, "PATCH", f"/api/projects/{made['id']}", {"archived": True})


def test_the_tab_of_settings_that_is_open_is_in_sight_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for area in ("appearance", "budgets", "members"):
        page.goto(f"/settings/{area}")
        tab = page.get_by_role("navigation", name="Settings").locator("[aria-current=page]")
        expect(tab).to_be_in_viewport(ratio=1)


def test_the_count_of_what_waits_is_in_the_bar_of_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/work")
    number = page.get_by_role("navigation").get_by_role("link", name="Inbox").locator(".n")
    expect(number).to_be_in_viewport(ratio=1)


def test_how_many_need_the_reader_stands_clear_of_the_title(page: Page) -> None:
    for width in (1440, 1180, 900):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto("/inbox")
        expect(page.locator(".irow .need").first).to_be_visible()
        # As many as such a column may say.
        page.locator(".irow .need").evaluate_all(
            "all => all.forEach(e => { e.lastChild.data = '110 of 130 need you' })"
        )
        assert max(page.locator(".irow .need").evaluate_all(f"all => all.map({OVER})")) <= 0, width


def test_the_inbox_opens_without_a_connection_though_it_was_not_open_before(page: Page) -> None:
    with page.expect_response(lambda answer: "InboxPage" in answer.url):
        page.goto("/overview")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.get_by_role("navigation").get_by_role("link", name="Inbox").click()
    expect(page).to_have_url(re.compile("/inbox$"))
    expect(page.locator("main .inbox, main.inbox").first).to_be_visible()
    expect(page.get_by_text("This page could not be shown")).to_have_count(0)
    page.context.set_offline(False)
