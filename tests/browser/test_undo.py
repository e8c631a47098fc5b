"""What a reviewer decided is taken back for six seconds, whatever it was, and comes true without their page."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SLOW_MS, sent
from tests.browser.moves import moves, watch_moves
from tests.browser.reviews import CLEAN, WRONG, make_check, opened
from tests.browser.test_people import make_project

expect.set_options(timeout=SLOW_MS)

HELD = re.compile(r"It takes effect in \d seconds?\. Close the page if you like\.")


def standing(page: Page, review: dict[str, Any]) -> tuple[str, str | None]:
    shown = sent(page.request, "GET", f"/api/checkpoints/{review['id']}")
    return shown["status"], shown["held"]


def test_a_rejection_is_taken_back_and_made_again(page: Page) -> None:
    review = make_check(page, make_project(page, "Undo a rejection"), WRONG)
    opened(page, review)
    dock = page.get_by_label("Decision")
    page.keyboard.press("x")
    page.keyboard.press("1")
    expect(dock).to_contain_text("Rejected by you: Facts are wrong")
    expect(dock).to_contain_text(HELD)
    page.keyboard.press("u")
    expect(dock).to_contain_text("1 flag is open")
    assert standing(page, review) == ("pending_review", None)
    # By mouse, and this time nothing takes it back.
    dock.get_by_role("button", name="Reject").click()
    dock.get_by_role("button", name="Sources missing").click()
    expect(dock.get_by_role("button", name=re.compile("^Undo"))).to_be_visible()
    expect(dock).to_contain_text("Nothing was saved or sent.")
    expect(dock.get_by_role("button", name=re.compile("^Undo"))).to_have_count(0)
    assert standing(page, review) == ("rejected", None)


def test_what_was_asked_for_is_there_again_when_it_is_taken_back(page: Page) -> None:
    project = make_project(page, "Undo a request")
    review = make_check(page, project, WRONG)
    make_check(page, project, CLEAN)
    page.goto("/inbox")
    expect(page.locator(".irow").first).to_be_visible()
    opened(page, review)
    mine = page.url
    page.keyboard.press("c")
    page.get_by_label("What should change in claim 2?").fill("Measure it again.")
    page.keyboard.press("Control+Enter")
    expect(page).not_to_have_url(mine)
    expect(page.get_by_label("What you did last")).to_contain_text(
        re.compile(r"went back\. It takes effect in \d")
    )
    page.keyboard.press("u")
    expect(page).to_have_url(mine)
    send = page.get_by_role("button", name="Send 1 change back")
    expect(send).to_be_visible()
    assert standing(page, review) == ("pending_review", None)
    send.click()
    expect(page.get_by_label("Decision")).to_contain_text("Sent back by you")
    # On to the next by the key alone: it can be taken back there, too.
    page.keyboard.press("j")
    expect(page).not_to_have_url(mine)
    page.get_by_label("What you did last").get_by_role("button", name=re.compile("^Undo")).click()
    expect(page).to_have_url(mine)
    send.click()
    expect(page.get_by_label("Decision")).to_contain_text("Sent back by you")
    expect(page.get_by_label("Decision")).to_contain_text("No agent rewrites this draft")
    assert standing(page, review) == ("changes_requested", None)


def test_each_of_two_signatures_is_taken_back_by_a_key(page: Page) -> None:
    project = make_project(page, "Undo two")
    reviews = [make_check(page, project, CLEAN) for _ in range(3)]
    page.goto(f"/inbox?project={project}")
    expect(page.locator(".irow")).to_have_count(3)
    opened(page, sent(page.request, "GET", f"/api/checkpoints?project_id={project}")["items"][0])
    addresses = [page.url]
    for _ in range(2):
        page.keyboard.press("Control+Enter")
        expect(page).not_to_have_url(addresses[-1])
        expect(page.get_by_label("Decision")).to_contain_text("Ready to sign")
        addresses.append(page.url)
    expect(page.get_by_label("What you did last")).to_contain_text("1 more before it can be taken back, too.")
    assert len([one for one in reviews if standing(page, one)[1] == "approve"]) == 2
    for address in addresses[1::-1]:
        page.keyboard.press("u")
        expect(page).to_have_url(address)
        expect(page.get_by_label("Decision")).to_contain_text("Ready to sign")
    assert [standing(page, one) for one in reviews] == [("pending_review", None)] * 3


@pytest.mark.parametrize("how", ["reject", "request-changes"])
def test_it_comes_true_although_the_page_is_closed(page: Page, theirs: Page, how: str) -> None:
    review = make_check(page, make_project(page, f"Closed after {how}"), WRONG)
    watching = opened(theirs, review)
    opened(page, review)
    if how == "reject":
        page.keyboard.press("x")
        page.keyboard.press("2")
    else:
        page.keyboard.press("c")
        page.get_by_label("What should change in claim 2?").fill("Measure it again.")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Send 1 change back").click()
    expect(page.get_by_label("Decision")).to_contain_text(HELD)
    page.goto("about:blank")
    # A colleague sees it happen, and is offered nothing that they would be refused.
    dock = theirs.get_by_label("Decision")
    expect(dock).to_contain_text("by Local user")
    expect(dock.get_by_role("button", name=re.compile("^Undo"))).to_have_count(0)
    theirs.keyboard.press("u")
    done = "Nothing was saved or sent." if how == "reject" else "No agent rewrites this draft"
    expect(dock).to_contain_text(done)
    assert standing(theirs, review)[0] == ("rejected" if how == "reject" else "changes_requested")
    expect(watching).to_be_visible()


def test_an_admin_takes_a_colleagues_rejection_back(page: Page, theirs: Page) -> None:
    review = make_check(page, make_project(page, "Undo a colleague"), WRONG)
    opened(page, review)
    opened(theirs, review)
    theirs.keyboard.press("x")
    theirs.keyboard.press("3")
    dock = page.get_by_label("Decision")
    dock.get_by_role("button", name=re.compile("^Undo")).click()
    expect(dock).to_contain_text("1 flag is open")
    expect(theirs.get_by_label("Decision")).to_contain_text("1 flag is open")


@pytest.mark.parametrize("where", ["list", "session"])
def test_colleagues_read_who_decided_and_nothing_moves_when_it_takes_effect(
    page: Page, theirs: Page, where: str
) -> None:
    project = make_project(page, f"Held in a {where}")
    review = make_check(page, project, WRONG)
    make_check(page, project, CLEAN)
    work = f"/api/projects/{project}/work-sessions/{review['session_id']}"
    page.goto(f"/projects/{project}" if where == "list" else work.removeprefix("/api").replace("work-", ""))
    main = page.get_by_role("main")
    expect(page.get_by_text("Waiting for you").first).to_be_visible()
    body = {
        "packet_digest": review["packet_digest"],
        "rejection_reason": "Not ours at all",
        "undo_seconds": 3,
    }
    sent(theirs.request, "POST", f"{work}/checkpoints/{review['id']}/reject", body)
    until = page.get_by_text(re.compile(r"Held until \d\d:\d\d:\d\d"))
    expect(until.first).to_be_visible()
    expect(main).to_contain_text(re.compile(r"Rejected by .+: Not ours at all"))
    page.wait_for_load_state("networkidle")
    watch_moves(page)
    expect(until).to_have_count(0)
    expect(main).to_contain_text(re.compile(r"Rejected by .+: Not ours at all"))
    assert standing(page, review) == ("rejected", None)
    assert moves(page) == []
