"""Several people around one review: a real server, a page for each of them. The second one sends an API key."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.conftest import SECOND, SLOW_MS, WIDTHS, Colleague, flaws_at_each_width, sent
from tests.browser.test_accessible import addresses

expect.set_options(timeout=SLOW_MS)

SOURCE = "# Notes on the bridge\n\nThe bridge was opened on 4 May 1998. It is 312 metres long.\n"
DRAFT = "The bridge was opened on 4 May 1998. It is 321 metres long."


def make_project(page: Page, name: str, **policy: Any) -> str:
    """A project with one source that is ready, and its policy."""
    project = str(sent(page.request, "POST", "/api/projects", {"name": name})["id"])
    sent(page.request, "POST", f"/api/projects/{project}/sources", {"text": SOURCE, "title": "Bridge notes"})
    page.goto(f"/projects/{project}")
    expect(page.get_by_text(re.compile("[0-9] passages"))).to_be_visible()
    if policy:
        sent(page.request, "PATCH", f"/api/projects/{project}/policy", policy)
    return project


def make_review(page: Page, project: str, title: str) -> str:
    """An outside draft with one wrong number, checked and waiting, and open on `page`; the checkpoint's id."""
    made = sent(page.request, "POST", f"/api/projects/{project}/checks", {"draft": DRAFT, "title": title})
    page.goto(f"/review/{made['checkpoint_id']}")
    expect(page.get_by_text("1 needs you,")).to_be_visible()
    return str(made["checkpoint_id"])


def keep(page: Page, reason: str, *, check_was_wrong: bool = False) -> None:
    expect(page.get_by_text("1 flag is open")).to_be_visible()  # keys are dead before
    page.keyboard.press("r")
    field = page.get_by_label("Keep it: why?")
    field.fill(reason)
    if check_was_wrong:
        field.press("ArrowDown")
        expect(page.get_by_role("radio", name="The check was wrong")).to_be_checked()
    field.press("Enter")
    expect(page.get_by_text("Ready to sign")).to_be_visible()


def test_two_sign_and_a_wrong_check_reaches_the_record(page: Page, theirs: Page) -> None:
    project = make_project(page, "Two signatures", quorum=2)
    review = make_review(page, project, "The bridge, for two")
    dock = page.get_by_label("Decision")
    expect(dock).to_contain_text("0 of 2 signatures")
    keep(page, "321 counts the ramps too", check_was_wrong=True)
    page.get_by_role("button", name=re.compile("^Sign; one more must sign")).click()
    expect(dock).to_contain_text("You have signed")
    expect(dock).to_contain_text(re.compile("1 of 2 signatures: you, today"))

    # One's own signature can be taken back, and given again.
    page.keyboard.press("u")
    expect(dock).to_contain_text("0 of 2 signatures")
    expect(dock).to_contain_text("Ready to sign")
    page.keyboard.press("a")
    expect(dock).to_contain_text("You have signed")

    theirs.goto(f"/review/{review}")
    expect(theirs.get_by_label("Decision")).to_contain_text("1 of 2 signatures: Local user")
    keep(theirs, "seen on the drawing")
    theirs.get_by_role("button", name=re.compile("^Sign as 2nd of 2 and save the draft")).click()
    expect(theirs.get_by_text(re.compile("^Signed by Local user and you at"))).to_be_visible()
    # The first one sees it without loading anything again.
    expect(page.get_by_text(re.compile(f"^Signed by you and {SECOND} at"))).to_be_visible()

    shown = sent(page.request, "GET", f"/api/checkpoints/{review}")
    first, second = shown["decision"]["votes"]
    assert [(a["reason"], a["kind"]) for a in first["acknowledged"]] == [
        ("321 counts the ramps too", "check_was_wrong")
    ]
    assert [a["kind"] for a in second["acknowledged"]] == ["accepted"]


def test_a_correction_is_shown_to_everybody_before_it_is_signed(page: Page, theirs: Page) -> None:
    project = make_project(page, "Corrected by one of two", quorum=2)
    review = make_review(page, project, "The bridge, corrected")
    theirs.goto(f"/review/{review}")
    keep(theirs, "as it is")
    theirs.keyboard.press("a")
    expect(page.get_by_label("Decision")).to_contain_text(f"1 of 2 signatures: {SECOND}")
    page.keyboard.press("e")
    page.get_by_role("button", name=re.compile("^Show the corrections to everybody")).click()
    expect(page.get_by_text("Local user edited it, so everybody looks at it anew.")).to_be_visible()
    page.get_by_role("button", name="Go on with the new version").click()
    expect(page).not_to_have_url(re.compile(review))
    # The earlier signature covered other words: it is void.
    expect(page.get_by_label("Decision")).to_contain_text("0 of 2 signatures")
    expect(page.locator(".doc")).to_contain_text("It is 312 metres long.")


def test_who_asked_for_the_work_sees_why_somebody_else_signs_it(page: Page, theirs: Page) -> None:
    project = make_project(page, "Separate duties", separate_duties=True)
    make_review(page, project, "The bridge, asked for")
    dock = page.get_by_label("Decision")
    expect(dock).to_contain_text("You asked for this work or edited it, so somebody else signs it")
    expect(page.get_by_role("button", name=re.compile("^Sign"))).to_have_count(0)
    expect(dock.get_by_role("button", name="Reject")).to_be_visible()
    page.keyboard.press("c")
    page.get_by_label("What should change in claim 2?").fill("the length is wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Send 1 change back")).to_be_visible()

    theirs.goto(page.url)
    keep(theirs, "the ramps")
    theirs.get_by_role("button", name=re.compile("^Sign version 1")).click()
    expect(theirs.get_by_text(re.compile("^Signed by you at"))).to_be_visible()


def test_a_comment_and_a_look_appear_in_the_other_tab_without_disturbing_it(page: Page, theirs: Page) -> None:
    project = make_project(page, "Comments")
    review = make_review(page, project, "The bridge, talked about")
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.method == "GET" and request.url.endswith(f"/api/checkpoints/{review}"):
            asked.append(request.url)

    theirs.goto(f"/review/{review}")
    expect(theirs.get_by_text("Local user is looking at this just now.")).to_be_visible()
    page.on("request", note)
    field = page.get_by_label("Comment on claim 2")
    field.fill("half a thou")

    # A comment is text, and it comes live.
    bad = '<img src="x" onerror="document.title=1"> the drawing says 312'
    theirs.get_by_label("Comment on claim 2").fill(bad)
    theirs.get_by_label("Comment on claim 2").press("Enter")
    expect(page.get_by_label("Comments").get_by_text(bad)).to_be_visible()
    assert page.locator("aside img").count() == 0

    expect(page.get_by_text(f"{SECOND} is looking at this just now.")).to_be_visible()
    # Nothing was loaded again under the reader, and what they write is where it was.
    assert asked == []
    expect(field).to_be_focused()
    expect(field).to_have_value("half a thou")

    # Whoever leaves looks no more, in the inbox too.
    page.goto("/inbox")
    row = page.get_by_role("row", name=re.compile("The bridge, talked about"))
    expect(row).to_contain_text(f"{SECOND} is looking")
    theirs.close()
    expect(row).not_to_contain_text("is looking")


@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_the_draft_stays_where_it_is_when_somebody_comes(
    page: Page, theirs: Page, width: int, height: int
) -> None:
    project = make_project(page, f"At {width}")
    review = make_review(page, project, f"The bridge, at {width}")
    page.set_viewport_size({"width": width, "height": height})
    draft = page.get_by_role("article")
    expect(draft).to_be_visible()
    before = draft.bounding_box()
    theirs.goto(f"/review/{review}")
    expect(page.get_by_text(f"{SECOND} is looking at this just now.")).to_be_visible()
    assert draft.bounding_box() == before


def test_all_who_look_see_each_other_by_name_until_they_leave(
    page: Page, theirs: Page, browser: Browser, server: str
) -> None:
    project = make_project(page, "Three at once")
    review = make_review(page, project, "The bridge, for three")
    made = sent(page.request, "POST", "/api/members", {"name": "Cleo", "role": "reviewer"})
    key = sent(page.request, "POST", "/api/api-keys", {"name": "page", "member_id": made["id"]})["key"]
    context = browser.new_context(base_url=server, extra_http_headers={"Authorization": f"Bearer {key}"})
    third = context.new_page()
    said: list[str] = []
    for one in (page, theirs, third):
        one.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    draft = page.get_by_role("article")
    before = draft.bounding_box()
    theirs.goto(f"/review/{review}")
    expect(theirs.get_by_text("Local user is looking at this just now.")).to_be_visible()
    # The first one is told by the stream, long before the next sign of life.
    expect(page.get_by_text(f"{SECOND} is looking at this just now.")).to_be_visible(timeout=5_000)
    third.goto(f"/review/{review}")
    expect(third.get_by_text(f"Local user and {SECOND} are looking at this just now.")).to_be_visible()
    expect(page.get_by_text(f"{SECOND} and Cleo are looking at this just now.")).to_be_visible(timeout=5_000)
    expect(theirs.get_by_text("Local user and Cleo are looking at this just now.")).to_be_visible(
        timeout=5_000
    )
    theirs.close()
    expect(page.get_by_text("Cleo is looking at this just now.", exact=True)).to_be_visible(timeout=5_000)
    context.close()
    expect(page.get_by_text("looking at this just now")).to_have_count(0, timeout=5_000)
    assert draft.bounding_box() == before
    assert said == []


def test_a_strip_of_hundreds_of_flags_moves_within_its_pane(page: Page) -> None:
    project = make_project(page, "Many flags")
    draft = " ".join(f"The bridge is {n} metres long." for n in range(400, 540))
    made = sent(page.request, "POST", f"/api/projects/{project}/checks", {"draft": draft, "title": "Many"})
    page.set_viewport_size({"width": 1180, "height": 800})
    page.goto(f"/review/{made['checkpoint_id']}")
    strip = page.get_by_role("group", name=re.compile("claims"))
    expect(strip).to_be_visible()
    right = "e => e.getBoundingClientRect().right"
    assert strip.evaluate("e => e.scrollWidth > e.clientWidth")
    assert strip.evaluate(right) <= page.get_by_role("main").evaluate(right)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert min(strip.locator("button").evaluate_all("all => all.map(e => e.clientWidth)")) >= 14
    page.keyboard.press("p")  # from the first flag to the last one
    expect(strip.locator("[aria-current=true]")).to_be_in_viewport(ratio=1)


def test_signed_work_shows_what_was_signed_with_its_evidence(page: Page) -> None:
    project = make_project(page, "Signed work")
    make_review(page, project, "The bridge, signed")
    keep(page, "the drawing says so")
    page.keyboard.press("a")
    expect(page.get_by_text("Signed by you,")).to_be_visible()
    session = sent(page.request, "GET", f"/api/projects/{project}/work-sessions")["items"][0]["id"]
    page.goto(f"/projects/{project}/sessions/{session}")
    text = page.get_by_role("article")
    expect(text).to_contain_text("It is 321 metres long.")
    text.get_by_text("The bridge was opened").click()
    expect(page.get_by_label("Evidence for claim 1")).to_contain_text("The bridge was opened on 4 May 1998.")
    expect(page.get_by_role("button", name=re.compile("^Sign"))).to_have_count(0)


def test_assigning_and_snoozing_by_keyboard(page: Page, theirs: Page, colleague: Colleague) -> None:
    project = make_project(page, "Whose is it", due_hours=2, expire_hours=48)
    review = make_review(page, project, "The bridge, assigned")
    page.goto("/inbox")
    page.get_by_label("Find by title or project").fill("bridge, assigned")
    row = page.get_by_role("row", name=re.compile("The bridge, assigned"))
    expect(row).to_contain_text("expires")
    expect(page.locator(".irow")).to_have_count(1)  # the list that was asked for
    page.keyboard.press("Tab")
    page.keyboard.press("m")
    bar = page.get_by_role("contentinfo")
    expect(bar.get_by_role("button").first).to_be_focused()
    number = bar.get_by_role("button", name=SECOND).locator("kbd").inner_text()
    page.keyboard.press(number)
    expect(page.get_by_text(f"“The bridge, assigned” is now {SECOND}’s.")).to_be_visible()
    expect(row.get_by_role("button", name=f"For {SECOND}")).to_be_visible()
    page.get_by_role("radio", name="Mine").check()
    expect(row).to_have_count(0)

    theirs.goto("/inbox")
    theirs.get_by_role("radio", name="Mine").check()
    mine = theirs.get_by_role("row", name=re.compile("The bridge, assigned"))
    expect(mine).to_be_visible()
    theirs.keyboard.press("s")
    theirs.keyboard.press("2")
    expect(theirs.get_by_text("“The bridge, assigned” comes back tomorrow.")).to_be_visible()
    expect(mine).to_have_count(0)
    theirs.get_by_role("radio", name=re.compile("^Snoozed")).check()
    expect(mine).to_contain_text("until tomorrow")
    shown = sent(page.request, "GET", f"/api/checkpoints/{review}")
    assert shown["assignee"]["id"] == colleague.id
    assert shown["snoozed_until"] is not None
    theirs.keyboard.press("u")
    expect(theirs.get_by_text("Taken back.")).to_be_visible()


def test_a_policy_is_set_by_an_admin_and_read_by_the_others(page: Page, theirs: Page) -> None:
    project = make_project(page, "Policy")
    page.get_by_role("link", name="Review policy").click()
    page.get_by_label("Meant for the public").fill("2")
    page.get_by_label(re.compile("^Due after")).fill("8")
    theirs.goto(f"/projects/{project}/policy")
    expect(theirs.get_by_text(re.compile("An admin of this workspace changes it"))).to_be_visible()
    expect(theirs.get_by_label("Meant for the public")).not_to_be_editable()
    # Somebody else is first: nothing is lost, nothing is overwritten.
    sent(page.request, "PATCH", f"/api/projects/{project}/policy", {"expire_hours": 72})
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("Somebody else changed this project's policy"))).to_be_visible()
    page.get_by_role("button", name="Look at the newest").click()
    expect(page.get_by_label(re.compile("^Expires after"))).to_have_value("72")
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.get_by_text("Saved as version 2")).to_be_visible()
    expect(page.get_by_label("Versions")).to_contain_text("meant for the public: 1 → 2")
    held = sent(page.request, "GET", f"/api/projects/{project}/policy")["settings"]
    assert (held["quorum"]["public"], held["due_hours"], held["expire_hours"]) == (2, 8, 72)


def test_why_it_stopped_is_said_in_words(page: Page) -> None:
    project = make_project(page, "Why")
    make_review(page, project, "The bridge, why")
    page.get_by_role("button", name="Why did it stop?").click()
    panel = page.get_by_role("region", name="Why did it stop?")
    expect(panel).to_contain_text("It stops for a signature at the end")
    expect(panel).to_contain_text("The rule that decided: Always ends at the final gate.")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def states(page: Page, review: str, project: str) -> Iterator[str]:
    """The new screens, one after the other on `page`; what each is."""
    page.goto(f"/review/{review}")
    expect(page.get_by_label("Comment on claim 2")).to_be_attached()
    page.keyboard.press("r")
    expect(page.get_by_label("Keep it: why?")).to_be_focused()
    yield "keeping"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Why did it stop?").click()
    expect(page.get_by_text("It stops for a signature at the end")).to_be_attached()
    yield "why it stopped"
    page.goto("/inbox")
    expect(page.get_by_role("radio", name="Mine")).to_be_attached()
    yield "inbox"
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Next week")).to_be_visible()
    yield "snoozing"
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    expect(page.get_by_text("Members who may sign it.")).to_be_visible()
    yield "assigning"
    page.goto(f"/projects/{project}/policy")
    page.get_by_label("Meant for the public").fill("0")
    expect(page.get_by_text("A whole number from 1 to 9.")).to_be_visible()
    yield "policy"


WRITES = re.compile(
    r"^(New work|New project|Choose files|Paste|Add addresses|Save|Start|Snooze|For anyone|Cancel this work|Archive"
    r"|Remove|Rename|Delete|Copy with changes|Use it|The new year has arrived|Sign(?!ed)|Reject|Accept|b sign)"
)
"""What whoever may only read would be refused."""


def test_who_may_only_read_meets_nothing_that_is_refused(browser: Browser, server: str, page: Page) -> None:
    made = sent(page.request, "POST", "/api/members", {"name": "Only reads", "role": "viewer"})
    key = sent(page.request, "POST", "/api/api-keys", {"name": "page", "member_id": made["id"]})["key"]
    context = browser.new_context(base_url=server, extra_http_headers={"Authorization": f"Bearer {key}"})
    context.set_default_timeout(SLOW_MS)
    reader = context.new_page()
    found: list[str] = []
    areas = ("members", "projects", "templates", "policies", "budgets")
    for address, words in (addresses(page) | {f"/settings/{area}": "Settings" for area in areas}).items():
        reader.goto(address)
        ready = words if "/projects/" not in address else "Work"
        expect(reader.locator("#root").get_by_text(ready).first).to_be_attached()
        expect(reader.locator(".who")).to_have_text("Only reads")  # taken for most people until then
        for role in ("button", "link"):
            offered = reader.locator("main, aside, footer").get_by_role(role, name=WRITES)
            found += [f"{address}: {one}" for one in offered.all_inner_texts()]
    context.close()
    assert found == []


def test_axe_finds_nothing_on_the_new_screens(phone: Page, page: Page, theirs: Page) -> None:
    project = make_project(page, "Axe", quorum=2, due_hours=2, expire_hours=48)
    review = make_review(page, project, "The bridge")
    sent(page.request, "POST", f"/api/checkpoints/{review}/comments", {"text": "Which drawing?"})
    theirs.goto(f"/review/{review}")
    expect(theirs.get_by_text("Local user is looking at this just now.")).to_be_visible()
    expect(page.get_by_text(f"{SECOND} is looking at this just now.")).to_be_visible()
    wrong: list[str] = []
    for name in states(phone, review, project):
        wrong += flaws_at_each_width(phone, name)
    assert not wrong, "\n".join(wrong)
