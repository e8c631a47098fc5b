"""The inbox: its address, its keys, what happens to it while somebody looks, and signing routine work together."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import SECOND, SLOW_MS, Colleague, flaws_at_each_width, sent
from tests.browser.test_people import DRAFT, SOURCE, make_project

expect.set_options(timeout=SLOW_MS)

MANY = 36
RIGHT = "The bridge was opened on 4 May 1998."


def make_checks(page: Page, project: str, n: int, draft: str = DRAFT, name: str = "Bridge") -> None:
    for k in range(n):
        body = {"draft": draft, "title": f"{name} {k:02}"}
        sent(page.request, "POST", f"/api/projects/{project}/checks", body)


def sign_as(page: Page, colleague: Colleague, item: dict[str, Any]) -> None:
    """The second reviewer signs, flags and all."""
    at = f"/api/projects/{item['project_id']}/work-sessions/{item['session_id']}/checkpoints/{item['id']}"
    body = {"packet_digest": item["packet_digest"]}
    answer = page.request.post(f"{at}/approve", data=body, headers=colleague.headers)
    assert answer.ok, answer.text()


def waiting(page: Page, project: str) -> list[dict[str, Any]]:
    path = f"/api/checkpoints?project_id={project}&sort=attention&held=false"
    return sent(page.request, "GET", path)["items"]


def test_a_view_stands_in_the_address_and_the_review_goes_through_it(page: Page) -> None:
    project = make_project(page, "Many to read")
    make_checks(page, project, MANY)
    page.goto(f"/inbox?project={project}&order=opened_at")
    rows = page.locator(".irow")
    expect(rows.first).to_contain_text("Bridge 00")
    expect(page.get_by_text(f"{MANY} of them are here.")).to_be_visible()
    assert rows.count() < MANY
    page.keyboard.press("End")
    last = page.get_by_role("row", name=re.compile(f"Bridge {MANY - 1}"))
    expect(last).to_have_attribute("aria-current", "true")
    expect(last).to_be_in_viewport(ratio=1)
    page.keyboard.press("PageUp")
    page.keyboard.press("k")
    chosen = page.locator(".irow[aria-current]")
    title = chosen.locator(".t").inner_text()
    scrolled = page.get_by_role("main").evaluate("e => e.scrollTop")
    assert scrolled > 0
    expect(chosen.get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    at = int(title.split()[1])
    expect(page.get_by_label("Queue")).to_contain_text(f"{at + 1} of {MANY}")
    expect(page.get_by_text("1 flag is open")).to_be_visible()  # keys are dead before
    page.keyboard.press("j")
    expect(page.get_by_label("Queue")).to_contain_text(f"{at + 2} of {MANY}")
    page.go_back()
    page.go_back()
    # Back where it was: the same place, the same row.
    expect(page.locator(".irow[aria-current]")).to_contain_text(title)
    assert page.get_by_role("main").evaluate("e => e.scrollTop") == scrolled
    expect(page.locator(".irow[aria-current]").get_by_role("link")).to_be_focused()

    page.keyboard.press("/")
    page.keyboard.type("bridge 07")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("find=bridge"))
    page.reload()
    expect(page.get_by_label("Find by title or project")).to_have_value("bridge 07")
    expect(rows).to_have_count(1)
    page.get_by_label("Find by title or project").press("Enter")
    expect(page.get_by_role("heading", name="Bridge 07")).to_be_visible()
    expect(page.get_by_label("Queue")).to_contain_text("1 of 1")


def test_what_somebody_else_signs_keeps_its_place_until_nobody_points_at_it(
    page: Page, colleague: Colleague
) -> None:
    project = make_project(page, "Two at once")
    make_checks(page, project, 3, RIGHT)
    page.goto(f"/inbox?project={project}")
    rows = page.locator(".irow")
    expect(rows).to_have_count(3)
    first, second, third = waiting(page, project)
    before = rows.nth(2).bounding_box()
    assert before is not None
    page.mouse.move(before["x"] + 400, before["y"] + 10)
    sign_as(page, colleague, second)
    expect(rows.nth(1)).to_contain_text(f"Signed by {SECOND}")
    page.mouse.move(before["x"] + 420, before["y"] + 12)
    assert rows.nth(2).bounding_box() == before
    make_checks(page, project, 1, RIGHT, "Newly come")
    expect(page.get_by_role("button", name="2 changes. Show them now")).to_be_visible()
    page.keyboard.press(".")
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text("Newly come")
    expect(page.get_by_text(re.compile("Signed by"))).to_have_count(0)
    # When nobody moves, the list sets itself right.
    page.mouse.move(5, 5)
    sign_as(page, colleague, third)
    sign_as(page, colleague, first)
    expect(rows).to_have_count(1)


def routine(page: Page, name: str, n: int) -> str:
    """A project in which n pieces of one template wait, and one that somebody has to read."""
    project = make_project(page, name)
    content = {"agent_type": "research", "task_description": "When was the bridge opened?"}
    body = {"name": "Weekly bridge note", "content": content}
    saved = sent(page.request, "POST", f"/api/projects/{project}/templates", body)["id"]
    for k in range(n):
        request = {"agent_type": "research", "title": f"Week {k}", "template_id": saved, "auto_execute": True}
        request["task_description"] = "When was the bridge opened?"
        sent(page.request, "POST", f"/api/projects/{project}/work-sessions", request)
    make_checks(page, project, 1)
    page.goto(f"/inbox?project={project}")
    expect(page.locator(".irow")).to_have_count(n + 1)
    return project


def test_routine_work_is_signed_together_and_taken_back(page: Page) -> None:
    assert SOURCE
    project = routine(page, "Routine", 3)
    page.keyboard.press("b")
    expect(page.get_by_role("radio", name="Weekly bridge note 3")).to_be_checked()
    expect(page.get_by_role("heading", name="1 is read by itself")).to_be_visible()
    expect(page.get_by_text("1 more in the inbox is not routine.")).to_be_visible()
    page.keyboard.press("x")
    dock = page.get_by_label("Decision")
    expect(dock.get_by_role("button", name="Sign 2 and save them")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(dock).to_contain_text("2 signed")
    page.keyboard.press("u")
    expect(dock).to_contain_text("2 taken back")
    expect(page.get_by_text("Taken back, waits again")).to_have_count(2)
    assert len(waiting(page, project)) == 4
    page.keyboard.press("Escape")
    expect(page.locator(".irow")).to_have_count(4)

    page.keyboard.press("b")
    page.get_by_role("button", name="Sign 3 and save them").click()
    expect(dock).to_contain_text("3 signed")
    expect(dock).to_contain_text("Each record says that it was signed unread, and that 3 were chosen.")
    page.get_by_role("button", name="Back to the inbox").last.click()
    expect(page.locator(".irow")).to_have_count(1)
    page.goto(f"/projects/{project}")
    expect(page.get_by_text("Signed by Local user")).to_have_count(3)
    done = sent(page.request, "GET", f"/api/checkpoints?project_id={project}&status=approved")["items"]
    assert [d["decision"]["batch"]["announced"] for d in done] == [3, 3, 3]
    assert {d["decision"]["packet_shown"] for d in done} == {False}


def test_a_colleague_s_review_is_not_signed_from_the_list(page: Page, colleague: Colleague) -> None:
    project = routine(page, "In hand", 3)
    given, read, free = [item for item in waiting(page, project) if item["template_id"]]
    sent(page.request, "PATCH", f"/api/checkpoints/{given['id']}", {"assignee": colleague.id})
    page.keyboard.press("b")
    boxes = page.get_by_role("checkbox")
    expect(page.get_by_text(f"assigned to {SECOND}")).to_be_visible()
    expect(boxes.nth(0)).not_to_be_checked()
    # The keyboard begins where something would be signed.
    expect(
        page.get_by_role("list", name="What would be signed").get_by_role("listitem").nth(1)
    ).to_have_attribute("aria-current", "true")
    page.keyboard.press("x")
    expect(boxes.nth(1)).not_to_be_checked()
    page.keyboard.press("x")
    expect(boxes.nth(1)).to_be_checked()
    # Somebody opens another one while the list is looked at: that it was chosen before is not to pass them over.
    look = page.request.post(
        f"/api/checkpoints/{read['id']}/lease", data={"take": False}, headers=colleague.headers
    )
    assert look.ok, look.text()
    expect(page.get_by_text(f"{SECOND} is reading it")).to_be_visible()
    expect(boxes.nth(1)).not_to_be_checked()
    page.get_by_role("button", name="Sign 1 and save it").click()
    expect(page.get_by_label("Decision")).to_contain_text("1 signed")
    assert [i["id"] for i in waiting(page, project) if i["template_id"]] == [given["id"], read["id"]]
    assert free["id"] not in [i["id"] for i in waiting(page, project)]


def test_what_was_decided_is_found_again_and_opens_as_it_was_read(page: Page, colleague: Colleague) -> None:
    project = make_project(page, "Looked back at")
    make_checks(page, project, 3, RIGHT)
    first, second, third = waiting(page, project)
    sign_as(page, colleague, first)
    at = f"/api/projects/{project}/work-sessions/{second['session_id']}/checkpoints/{second['id']}"
    no = {"packet_digest": second["packet_digest"], "rejection_reason": "The wrong bridge."}
    sent(page.request, "POST", f"{at}/reject", no)
    page.goto(f"/inbox?project={project}")
    expect(page.locator(".irow")).to_have_count(1)
    page.get_by_role("radio", name="Decided").click()
    expect(page.get_by_role("radio", name="Decided")).to_be_focused()  # the keyboard goes along
    rows = page.get_by_role("list", name="What was decided, newest first").get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("Rejected by you: The wrong bridge.")
    expect(rows.nth(1)).to_contain_text(f"Approved by {SECOND}")
    # What became of it stands on the line of its title.
    title, became = (
        rows.nth(1).locator(".t").bounding_box(),
        rows.nth(1).get_by_text("Approved by").bounding_box(),
    )
    assert title
    assert became
    assert abs(title["y"] - became["y"]) <= 2
    page.get_by_label("Decided by").select_option("Me")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("by=me"))
    page.get_by_label("Decided by").select_option("Anybody")
    expect(rows).to_have_count(2)
    page.get_by_label("Decided by").press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=first["session_title"])).to_be_visible()
    expect(page.get_by_label("Decision")).to_contain_text(f"by {SECOND}")
    expect(page.get_by_label("Queue").locator(".qi")).to_have_count(2)
    page.keyboard.press("k")
    expect(page.get_by_role("heading", name=second["session_title"])).to_be_visible()
    expect(page.get_by_label("Decision")).to_contain_text("The wrong bridge.")
    page.go_back()
    page.go_back()
    expect(rows.nth(1).get_by_role("link")).to_be_focused()
    # What waits is opened as ever, whatever was looked at before.
    page.goto(f"/review/{third['id']}")
    expect(page.get_by_role("heading", name=third["session_title"])).to_be_visible()
    expect(page.get_by_label("Queue").locator(".qi[aria-current]")).to_contain_text(third["session_title"])
    expect(page.get_by_label("Queue").get_by_role("heading")).to_have_text("Waiting for you")


def test_what_policy_signed_opens_among_what_was_decided(page: Page) -> None:
    project = make_project(page, "Signed by policy", policy_may_sign=True)
    request = {
        "agent_type": "research", "task_description": "When was the bridge opened?", "runtime": "extractive",
        "approval_strategy": "auto_approve_low_risk", "auto_execute": True,
    }  # fmt: skip
    made = sent(page.request, "POST", f"/api/projects/{project}/work-sessions", request)
    page.goto(f"/projects/{project}/sessions/{made['id']}")
    expect(page.get_by_label("Decision")).to_contain_text("Done")
    (item,) = sent(page.request, "GET", f"/api/checkpoints?project_id={project}&status=decided")["items"]
    assert item["decision"]["by"] is None
    # Opened by its address, it has no place in what waits.
    page.goto(f"/review/{item['id']}")
    queue = page.get_by_label("Queue")
    expect(queue.get_by_role("heading")).to_have_text("Decided")
    expect(queue.locator(".qi[aria-current]")).to_contain_text(item["session_title"])
    queue.get_by_role("link", name="All that was decided").click()
    row = page.get_by_role("list", name="What was decided, newest first").get_by_role("listitem").first
    expect(row).to_contain_text("Approved by policy")
    row.get_by_role("link").click()
    expect(queue.locator(".qi[aria-current]")).to_contain_text(item["session_title"])
    expect(queue.get_by_role("heading")).to_have_text("Decided")


def test_a_figure_of_the_overview_leads_to_what_it_counts(page: Page) -> None:
    project = make_project(page, "Counted")
    make_checks(page, project, 2)
    make_checks(page, project, 1, RIGHT, "Calm")
    late = waiting(page, project)[0]
    sent(page.request, "PATCH", f"/api/checkpoints/{late['id']}", {"due_at": "2026-01-01T00:00:00+00:00"})
    now = sent(page.request, "GET", f"/api/analytics/now?project_id={project}")["waiting"]
    for risk, n in now["by_risk"].items():
        if n == 0:
            continue
        page.goto(f"/overview?project={project}")
        page.get_by_role("link", name=f"{n} {risk} risk").click()
        expect(page.locator(".irow")).to_have_count(n)
    page.goto(f"/overview?project={project}")
    page.get_by_role("link", name="1 overdue").click()
    expect(page.locator(".irow")).to_have_count(1)
    expect(page.locator(".irow")).to_contain_text(late["session_title"])


def test_the_inbox_is_accessible_at_every_width(phone: Page, page: Page) -> None:
    project = routine(page, "Widths", 2)
    phone.goto("/inbox?whose=decided")
    expect(phone.get_by_role("heading", name="Decided")).to_be_visible()
    expect(phone.get_by_text("Looking up what was decided.")).to_have_count(0)
    wrong = flaws_at_each_width(phone, "decided")
    for name in ("inbox", "batch", "keys"):
        phone.goto(f"/inbox?project={project}")
        expect(phone.locator(".irow").first).to_be_visible()
        if name == "keys":
            phone.keyboard.press("?")
            expect(phone.get_by_role("dialog", name="Keys")).to_be_visible()
        if name == "batch":
            phone.keyboard.press("b")
            expect(phone.get_by_role("button", name="Sign 2 and save them")).to_be_visible()
        wrong += flaws_at_each_width(phone, name)
    assert not wrong, "\n".join(wrong)
