"""A reviewer's day at the review page: by mouse, by keyboard alone, on exact words, and while others act."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import SLOW_MS, each_width, flaws_at_each_width, sent
from tests.browser.moves import moves, watch_moves
from tests.browser.test_people import make_project
from tests.browser.wire import Wire
from tests.unit.substrate.pdfs import paragraph as lines
from tests.unit.substrate.pdfs import pdf

expect.set_options(timeout=SLOW_MS)

CLEAN = "The bridge was opened on 4 May 1998."
WRONG = f"{CLEAN} It is 321 metres long."
RICH = (
    "# The bridge of 321 metres\n\nAbout it\n\nIt is 321 metres long. Nobody painted it.\n\n"
    "- It is 321 metres long, we hear.\n\n| what | value |\n| --- | --- |\n| long | 321 metres |\n"
)
NAMES = count(1)


@pytest.fixture(scope="module")
def their_key(browser: Browser, server: str) -> str:
    """Of one member for all tests here: the first nine have a number in the list of whom work can be given to."""
    context = browser.new_context(base_url=server)
    named = {"name": f"Colleague {next(NAMES)}", "role": "reviewer"}
    made = sent(context.request, "POST", "/api/members", named)
    key = sent(context.request, "POST", "/api/api-keys", {"name": "page", "member_id": made["id"]})
    context.close()
    return str(key["key"])


@pytest.fixture
def theirs(browser: Browser, server: str, their_key: str) -> Iterator[Page]:
    """A page of somebody else of the same workspace."""
    context = browser.new_context(
        base_url=server, extra_http_headers={"Authorization": f"Bearer {their_key}"}, viewport=None
    )
    context.set_default_timeout(SLOW_MS)
    yield context.new_page()
    context.close()


def make_check(page: Page, project: str, draft: str) -> dict[str, Any]:
    """An outside draft that waits, its checkpoint in full."""
    title = f"Bridge draft {next(NAMES)}"
    made = sent(page.request, "POST", f"/api/projects/{project}/checks", {"draft": draft, "title": title})
    return dict(sent(page.request, "GET", f"/api/checkpoints/{made['checkpoint_id']}"))


def decided(theirs: Page, project: str, review: dict[str, Any], how: str) -> None:
    """Somebody else decides it."""
    at = f"/api/projects/{project}/work-sessions/{review['session_id']}/checkpoints/{review['id']}/{how}"
    more: dict[str, dict[str, Any]] = {
        "approve": {},
        "reject": {
            "rejection_reason": "The drawing of the bridge that this rests on is not among the sources"
        },
        "request-changes": {"changes": [{"comment": "Say who opened it."}]},
    }
    sent(theirs.request, "POST", at, {"packet_digest": review["packet_digest"]} | more[how])


def opened(page: Page, review: dict[str, Any]) -> Locator:
    """The review on `page`, once its keys live; its text."""
    page.goto(f"/review/{review['id']}")
    expect(page.get_by_role("article")).to_be_visible()
    expect(page.get_by_label("Decision")).to_contain_text(re.compile("Ready to sign|open"))
    return page.get_by_role("article")


def select(page: Page, words: str) -> None:
    """Selects words of the draft as a mouse does: pressed before the first, let go after the last."""
    box = page.evaluate(
        """words => {
          const walker = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const at = node.data.indexOf(words);
            if (at < 0 || node.parentElement.closest(".sr")) continue;
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + words.length);
            const { left, right, top, bottom } = range.getBoundingClientRect();
            return { left, right, middle: (top + bottom) / 2 };
          }
        }""",
        words,
    )
    page.mouse.move(box["left"] + 1, box["middle"])
    page.mouse.down()
    page.mouse.move(box["right"] - 1, box["middle"], steps=4)
    page.mouse.up()
    expect(page.get_by_role("button", name=re.compile("^Comment on these words"))).to_be_visible()


def status(page: Page, review: dict[str, Any]) -> str:
    shown = sent(page.request, "GET", f"/api/checkpoints/{review['id']}")
    return f"held: {shown['held']}" if shown["held"] else str(shown["status"])


class Keys:
    """A keyboard that counts what is pressed; text does not count."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def tab_to(self, target: Locator) -> None:
        for _ in range(60):
            if target.evaluate("e => e === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        pytest.fail(f"Tab does not reach {target}")


def test_the_whole_flow_by_keyboard_alone(page: Page) -> None:
    project = make_project(page, "By keyboard")
    keys = Keys(page)
    waits = make_check(page, project, CLEAN)

    # Paste a draft and have it checked.
    page.goto(f"/projects/{project}/new?agent=check")
    keys.tab_to(page.get_by_label("Draft", exact=True))
    page.keyboard.insert_text(WRONG)
    keys.tab_to(page.get_by_label("Title"))
    page.keyboard.insert_text("The bridge, by keyboard")
    keys.tab_to(page.get_by_role("button", name=re.compile("^Check this draft")))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/review/"))
    expect(page.get_by_text("1 flag is open")).to_be_visible()
    mine = page.url

    # Correct it, sign it, and go on: the next item is there, and this one can be taken back.
    page.keyboard.press("e")
    expect(page.get_by_text("Compared again: passed automatic checks.")).to_be_visible()
    expect(page.get_by_text("Ready to sign")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page).not_to_have_url(mine)
    last = page.get_by_label("What you did last")
    expect(last).to_contain_text("“The bridge, by keyboard” is signed. It takes effect in")
    page.keyboard.press("u")
    expect(page).to_have_url(mine)
    expect(page.get_by_text("Ready to sign")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text(re.compile("^Signed by you at"))).to_be_visible()
    # On to the next one, and the first is completed meanwhile.
    page.keyboard.press("j")
    expect(page).not_to_have_url(mine)
    opened(page, waits)
    page.keyboard.press("a")
    expect(page.get_by_text(re.compile("^Signed by you at"))).to_be_visible()


def test_approving_takes_two_keys_and_asking_for_a_change_three_at_most(page: Page) -> None:
    project = make_project(page, "Keystrokes")
    reviews = [make_check(page, project, draft) for draft in (CLEAN, CLEAN, WRONG)]
    # From the item that is selected in the inbox: open it, sign it.
    page.goto(f"/inbox?project={project}&find={quote(reviews[0]['session_title'])}")
    expect(page.get_by_role("link", name=reviews[0]["session_title"])).to_have_count(1)
    keys = Keys(page)
    keys.press("Enter")
    expect(page.get_by_text("Ready to sign")).to_be_visible()
    keys.press("a")
    expect(page.get_by_text(re.compile("^Signed by you at"))).to_be_visible()
    assert keys.pressed <= 2

    # From the item before: one key signs it and goes on.
    page.goto(
        "/inbox"
    )  # all of it, so that something comes after each; of a long list only what is in sight is drawn
    expect(page.locator(".irow").first).to_be_visible()
    opened(page, reviews[1])
    keys = Keys(page)
    keys.press("Control+Enter")
    expect(page.get_by_label("What you did last")).to_contain_text("is signed")
    assert keys.pressed <= 2
    assert status(page, reviews[1]) in ("held: approve", "approved")

    opened(page, reviews[2])
    keys = Keys(page)
    keys.press("c")
    expect(page.get_by_label("What should change in claim 2?")).to_be_focused()
    page.keyboard.insert_text("Measure it again.")
    keys.press("Control+Enter")
    expect(page.get_by_label("What you did last")).to_contain_text("went back")
    assert keys.pressed <= 3
    assert status(page, reviews[2]) in ("held: request_changes", "changes_requested")


def test_going_on_keeps_the_list_and_asks_for_nothing_before_it_is_drawn(page: Page) -> None:
    """The list beside outlives the review; what the next one reads of the server is asked for after its frame."""
    project = make_project(page, "Going on")
    first, *_ = own = [make_check(page, project, f"{WRONG} Nobody painted it.") for _ in range(5)]
    page.goto(f"/review/{first['id']}")
    page.locator(".draft [data-claim]").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.evaluate(
        """(own) => {
          // Only these: where others wait, too, the first line of the list goes as the list goes on.
          window.lines = own.map((id) => document.querySelector(`.qi[href="/review/${id}"]`));
          window.asked = [];
          const title = document.querySelector('.doctitle').textContent;
          const send = fetch;
          let framed = false;
          window.fetch = (to, ...more) => {
            if (/comments|around/.test(String(to))) window.asked.push(framed);
            return send(to, ...more);
          };
          new MutationObserver((_, look) => {
            if (document.querySelector('.doctitle')?.textContent === title) return;
            look.disconnect();
            requestAnimationFrame(() => { framed = true; });
          }).observe(document.body, { childList: true, subtree: true, characterData: true });
        }""",
        [check["id"] for check in own],
    )
    with page.expect_request("**/comments*"):
        page.keyboard.press("j")
    assert set(page.evaluate("window.asked")) == {True}
    assert page.evaluate("window.lines.every((line) => line.isConnected)")
    current = "window.lines.find((line) => line.getAttribute('aria-current') === 'true').pathname"
    assert page.evaluate(current) == page.evaluate("location.pathname") != f"/review/{first['id']}"
    # On a low window, too, what needs the reader is in sight below the line.
    page.set_viewport_size({"width": 1440, "height": 420})
    for _ in range(2):
        here = page.url
        page.keyboard.press("j")
        page.wait_for_url(lambda url, was=here: url != was)
        page.locator(".draft [data-claim]").first.wait_for()
    expect(page.locator(".flags button").last).to_be_in_viewport(ratio=1)


def test_whoever_is_faster_than_the_list_is_not_stopped_at_its_end(page: Page) -> None:
    """Of all that is asked for around a review only what continues the list is answered: that is enough to go on."""
    project = make_project(page, "A long list")
    for _ in range(40):
        make_check(page, project, CLEAN)
    order = [c["id"] for c in sent(page.request, "GET", "/api/checkpoints?limit=200&sort=attention")["items"]]
    lists: list[list[str]] = []
    at, ahead, answered = 0, list[int](), set[str]()

    def around(route: Route) -> None:
        asked = parse_qs(urlsplit(route.request.url).query)["around"][0]
        if lists and asked != lists[-1][-1] and asked not in answered:
            return  # never answered
        answer = route.fetch()
        if asked not in answered:  # news may have the page ask for the same once more instead
            answered.add(asked)
            ahead.append(order.index(asked) - at)
            lists.append([c["id"] for c in answer.json()["items"]])
        route.fulfill(response=answer)

    page.route(re.compile("/api/checkpoints.*[?&]around="), around)
    page.goto(f"/review/{order[0]}")
    page.locator(".qi").first.wait_for()
    for at, here in enumerate(order[:36]):
        page.wait_for_url(f"**/review/{here}")
        page.locator(".draft [data-claim]").first.wait_for()
        if lists[-1][-1] == here:  # what continues it is on its way
            page.wait_for_event("requestfinished", lambda _, at=here: lists[-1][-1] != at)
            page.evaluate("new Promise((read) => requestAnimationFrame(() => setTimeout(read)))")
        page.keyboard.press("j")
    page.wait_for_url(f"**/review/{order[36]}")
    assert len(lists) < 5
    assert min(ahead[1:]) > 3, "more of it is asked for some reviews before its end"
    page.unroute_all(behavior="ignoreErrors")


def test_the_whole_flow_by_mouse_alone(page: Page) -> None:
    project = make_project(page, "By mouse")
    review = make_check(page, project, WRONG)
    opened(page, review)
    page.get_by_role("button", name=re.compile("^Claim 2, Unsupported")).first.click()
    page.get_by_role("button", name=re.compile("^Use 312")).click()
    expect(page.get_by_text("Compared again: passed automatic checks.")).to_be_visible()
    # What was pressed is gone; the focus is where the next Tab is of use.
    assert page.evaluate("document.activeElement.closest('.evidence') !== null")
    page.get_by_role("button", name=re.compile("^Sign version 2")).click()
    expect(page.get_by_text(re.compile("^Signed by you at"))).to_be_visible()
    assert page.evaluate("document.activeElement.closest('.docks') !== null")
    page.get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.get_by_text("Ready to sign")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Sign version")).click()
    expect(page.get_by_text(re.compile("^Signed by you at"))).to_be_visible()
    page.get_by_role("link", name="Open the work").click()
    expect(page.get_by_role("main").get_by_text("Signed by Local user").first).to_be_visible()


def test_a_comment_on_exact_words_is_found_again_or_said_to_be_gone(page: Page, theirs: Page) -> None:
    project = make_project(page, "Words")
    review = make_check(page, project, f"{WRONG} Nobody painted it.")
    opened(page, review)
    opened(theirs, review)
    select(page, "321")
    page.get_by_role("button", name=re.compile("^Comment on these words")).click()
    bad = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) which drawing?"
    page.get_by_label("On “321”").fill(bad)
    page.keyboard.press("Enter")
    listed = page.get_by_label("Comments on words")
    expect(listed).to_contain_text(bad)
    assert page.locator("aside img, aside a[href^='javascript:']").count() == 0
    assert page.evaluate("CSS.highlights.get('commented').size") == 1
    # A second one by key, on words that no claim of a source bears.
    select(page, "painted it")
    page.keyboard.press("t")
    page.get_by_label(re.compile("^On “")).fill("who says so?")
    page.keyboard.press("Enter")
    expect(listed.get_by_role("listitem")).to_have_count(2)
    expect(theirs.get_by_label("Comments on words").get_by_role("listitem")).to_have_count(2)
    # They survive a new version: found again where they stand, or said to be gone.
    at = f"/api/projects/{project}/work-sessions/{review['session_id']}/checkpoints/{review['id']}"
    draft = f"It rained.\n\n{CLEAN} It is 321 metres long."
    newer = sent(
        page.request, "PUT", f"{at}/draft", {"packet_digest": review["packet_digest"], "draft": draft}
    )
    opened(page, newer["checkpoint"])
    expect(listed).to_contain_text("Said of version 1; the words stand here too.")
    expect(listed).to_contain_text("These words are gone from this version.")
    listed.get_by_role("button", name="Show “321” in the draft").click()
    assert page.evaluate("CSS.highlights.get('commented').size") == 1


def test_words_can_be_the_object_of_a_change(page: Page) -> None:
    project = make_project(page, "A change on words")
    review = make_check(page, project, WRONG)
    opened(page, review)
    select(page, "321")
    page.keyboard.press("t")
    page.get_by_label("On “321”").fill("Give it in feet.")
    page.get_by_role("button", name=re.compile("^Ask for it as a change")).click()
    page.get_by_role("button", name=re.compile("^Send 1 change back")).click()
    expect(page.get_by_text(re.compile("^Sent back by you"))).to_be_visible()
    session = f"/api/projects/{project}/work-sessions/{review['session_id']}"
    items = sent(page.request, "GET", f"{session}/checkpoints")["items"]
    for item in items[1:]:
        assert [o["passage"] for o in item["packet"]["obligations"]] == ["321"]


@pytest.mark.parametrize(
    ("where", "before", "after"),
    [
        ("heading", "The bridge of 321 metres", "The bridge of 312 metres"),
        ("text", "It is 321 metres long.", "It is 312 metres long."),
        ("list item", "It is 321 metres long, we hear.", "It is 312 metres long, we hear."),
        ("table cell", "321 metres", "312 metres"),
    ],
)
def test_what_is_edited_in_place_is_compared_before_it_is_signed(
    page: Page, where: str, before: str, after: str
) -> None:
    project = make_project(page, f"Edit in a {where}")
    review = make_check(page, project, RICH)
    text = opened(page, review)
    place = {"heading": "h2 .c", "text": "p .c", "list item": "li .c", "table cell": "td .c"}[where]
    sentence = text.locator(place, has_text=re.compile(before.replace(" ", r"\s"))).first
    sentence.locator(".s").click(position={"x": 6, "y": 8})
    page.get_by_role("button", name=re.compile(r"^(Edit|Edit these words|Edit the sentence)\b")).first.click()
    field = page.get_by_label("The sentence, as you want it")
    field.fill(after)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Compared again: passed automatic checks.")).to_be_visible()
    expect(text).to_contain_text(re.compile(after.replace(" ", r"\s")))


def test_a_text_without_a_claim_can_be_changed_and_is_signed_so(page: Page) -> None:
    project = make_project(page, "No claim")
    review = make_check(page, project, f"{CLEAN}\n\n## About it\n\n{CLEAN}")
    text = opened(page, review)
    text.locator("h2 .free").click()
    page.keyboard.press("e")
    page.get_by_label("The sentence, as you want it").fill("About the bridge")
    page.keyboard.press("Enter")
    expect(text.get_by_role("heading", name="About the bridge")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text(re.compile("^Signed by you at"))).to_be_visible()
    session = f"/api/projects/{project}/work-sessions/{review['session_id']}"
    assert "## About the bridge" in sent(page.request, "GET", f"{session}/artifacts")["items"][0]["body"]


def test_nothing_moves_when_somebody_else_changes_or_decides(page: Page, theirs: Page) -> None:
    project = make_project(page, "While it is read")
    review = make_check(page, project, WRONG)
    # The queue is a list of what waits, and others add to it; all else stays.
    # What holds the text may be slow: its place is kept, and what stands below it does not move when it comes.
    held: list[Route] = []
    page.route("**/sources/*/content*", lambda route: held.append(route))
    text = opened(page, review)
    page.keyboard.press("n")
    expect(page.get_by_text("Flag 1 of 1")).to_be_visible()
    sheet = page.get_by_role("group", name=re.compile("^What the source says"))
    expect(sheet).to_have_text("Opening the source.")
    watch_moves(page)
    for route in held:
        route.continue_()
    page.unroute("**/sources/*/content*")
    expect(sheet.locator("mark")).to_be_visible()
    assert [move for move in moves(page) if not move.startswith("queue")] == []

    before = text.bounding_box()
    at = f"/api/projects/{project}/work-sessions/{review['session_id']}/checkpoints/{review['id']}"
    draft = f"{CLEAN} It is 322 metres long."
    newer = sent(
        theirs.request, "PUT", f"{at}/draft", {"packet_digest": review["packet_digest"], "draft": draft}
    )
    expect(page.get_by_text("1 claim changed while you read.")).to_be_visible()
    assert text.bounding_box() == before
    assert [move for move in moves(page) if not move.startswith("queue")] == []
    # What changed stands beside the text, one key away; the text is still the one that was read.
    page.keyboard.press("v")
    changed = page.get_by_label("What changed while you read")
    expect(changed.locator("del")).to_have_text("321")
    expect(changed.locator("ins")).to_have_text("322")
    expect(text).to_contain_text("321")
    assert text.bounding_box() == before
    changed.get_by_role("button", name="Go on with the new version").click()
    expect(text).to_contain_text("322")

    # Versions can be compared at any time.
    page.keyboard.press("h")
    versions = page.get_by_role("region", name="Versions")
    expect(versions.locator("del")).to_have_text("321")
    versions.get_by_role("radio", name="Earlier: Version 2").check()
    expect(versions).to_contain_text("The words are the same.")
    page.keyboard.press("h")
    expect(versions).to_have_count(0)

    opened(page, newer["checkpoint"])
    watch_moves(page)
    before = text.bounding_box()
    now = at.rsplit("/", 1)[0] + f"/{newer['checkpoint']['id']}"
    digest = newer["checkpoint"]["packet_digest"]
    sent(theirs.request, "POST", f"{now}/reject", {"packet_digest": digest, "rejection_reason": "no drawing"})
    # One place says it, where decisions stand.
    expect(page.get_by_label("Decision")).to_contain_text(
        re.compile(r"Rejected by Colleague \d+: no drawing")
    )
    expect(page.get_by_text("no drawing")).to_have_count(1)
    assert text.bounding_box() == before
    assert [move for move in moves(page) if not move.startswith("queue")] == []
    expect(page.get_by_text(re.compile("failed", re.IGNORECASE))).to_have_count(0)


def test_a_source_stays_where_it_is_read_when_buttons_of_two_lines_go(page: Page, theirs: Page) -> None:
    page.set_viewport_size({"width": 1180, "height": 800})
    project = make_project(page, "Two lines of buttons")
    review = make_check(page, project, WRONG)
    opened(page, review)
    page.keyboard.press("n")
    sheet = page.get_by_role("group", name=re.compile("^What the source says"))
    expect(sheet.locator("mark")).to_be_visible()
    assert page.locator(".ev > .acts").evaluate("e => e.clientHeight") > 40
    dock = page.get_by_label("Decision")
    before, foot = sheet.bounding_box(), dock.bounding_box()
    assert foot
    assert foot["height"] > 80  # two lines
    at = f"/api/projects/{project}/work-sessions/{review['session_id']}/checkpoints/{review['id']}"
    no = {"packet_digest": review["packet_digest"], "rejection_reason": "no drawing"}
    sent(theirs.request, "POST", f"{at}/reject", no)
    expect(dock).to_contain_text("no drawing")
    assert sheet.bounding_box() == before
    assert dock.bounding_box() == foot


@pytest.mark.parametrize("how", ["approve", "reject", "request-changes"])
def test_on_a_phone_nothing_moves_when_a_colleague_decides(page: Page, theirs: Page, how: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    project = make_project(page, f"On a phone, {how}")
    review = make_check(page, project, CLEAN if how == "approve" else WRONG)
    opened(page, review)
    page.keyboard.press("n")
    sheet = page.get_by_role("group", name=re.compile("^What the source says"))
    expect(sheet.locator("mark")).to_be_visible()
    dock = page.get_by_label("Decision")
    before, foot = sheet.bounding_box(), dock.bounding_box()
    decided(theirs, project, review, how)
    expect(dock).to_contain_text(re.compile("by Colleague"))
    assert sheet.bounding_box() == before
    assert dock.bounding_box() == foot
    assert dock.evaluate("e => e.scrollHeight - e.clientHeight") <= 0  # nothing is cut off


@pytest.mark.parametrize("whole", [False, True])
def test_a_wish_that_is_written_while_a_colleague_signs_stays_and_is_not_sent(
    page: Page, theirs: Page, whole: bool
) -> None:
    project = make_project(page, f"Signed while a wish is written, {whole}")
    review = make_check(page, project, CLEAN)
    opened(page, review)
    if whole:
        page.get_by_label("Decision").get_by_role("button", name="Ask for changes").click()
    else:
        page.keyboard.press("n")
        page.keyboard.press("f")
    field = page.get_by_label(re.compile("^What should change"))
    field.fill("Say who opened it.")
    form = page.locator(".ask")
    before = form.bounding_box()
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    decided(theirs, project, review, "approve")
    said = form.get_by_role("alert")
    expect(said).to_contain_text(
        re.compile(r"Signed by Colleague \d+.*Nothing of what is written here was sent")
    )
    assert form.bounding_box() == before
    for keys in ("Control+Enter", "Enter"):
        field.press(keys)
    for button in ("Add to the changes", "Send back now"):
        expect(form.get_by_role("button", name=button)).to_be_disabled()
    expect(field).to_have_value("Say who opened it.")
    expect(said).to_be_visible()
    assert [url for url in posted if "request-changes" in url] == []
    field.press("Escape")
    expect(form).to_have_count(0)
    expect(page.get_by_label("Decision")).to_contain_text(re.compile("Signed by Colleague"))


@pytest.mark.parametrize("how", ["approve", "reject"])
def test_a_reason_that_is_written_while_a_colleague_decides_stays_and_is_not_sent(
    page: Page, theirs: Page, how: str
) -> None:
    project = make_project(page, f"A reason while they {how}")
    review = make_check(page, project, CLEAN)
    opened(page, review)
    for key in "x9":
        page.keyboard.press(key)
    field = page.get_by_label("Reject: why?")
    field.fill("The bridge is another")
    field.press("Escape")
    page.keyboard.press("9")
    expect(field).to_have_value("The bridge is another")  # closing the line lost nothing
    field.press_sequentially(" one.")
    before = field.bounding_box()
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    decided(theirs, project, review, how)
    dock = page.get_by_label("Decision")
    expect(dock.get_by_role("alert")).to_contain_text(
        re.compile(r"by Colleague \d+.*Nothing of what is written here was sent; it stays to be copied")
    )
    assert field.bounding_box() == before
    for keys in ("Enter", "Control+Enter"):
        field.press(keys)
    expect(dock.get_by_role("button", name="Reject with this reason")).to_be_disabled()
    expect(field).to_have_value("The bridge is another one.")
    assert [url for url in posted if url.endswith("/reject")] == []
    field.press("Escape")
    expect(field).to_have_count(0)
    expect(dock).to_contain_text(re.compile("(Signed|Rejected) by Colleague"))


def test_a_change_on_words_is_no_comment_when_a_colleague_has_signed(page: Page, theirs: Page) -> None:
    project = make_project(page, "A change on words")
    review = make_check(page, project, CLEAN)
    opened(page, review)
    select(page, "The bridge")
    page.keyboard.press("t")
    field = page.get_by_label(re.compile("^On “The bridge”"))
    field.fill("Say who opened it.")
    form = page.locator(".strip-words")
    before = form.bounding_box()
    decided(theirs, project, review, "approve")
    expect(form.get_by_role("alert")).to_contain_text(
        re.compile(r"Signed by Colleague \d+.*No change can be asked for any more")
    )
    assert form.bounding_box() == before
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    field.press("Control+Enter")
    expect(form.get_by_role("button", name="Ask for it as a change")).to_be_disabled()
    expect(field).to_have_value("Say who opened it.")
    assert [url for url in posted if url.endswith("/comments")] == []
    # A comment is another thing: it is open after the decision, too.
    form.get_by_role("button", name="Comment").first.click()
    expect(page.get_by_role("region", name="Comments on words")).to_contain_text("Say who opened it.")


@pytest.fixture
def wire(server: str) -> Iterator[Wire]:
    host, port = server.removeprefix("http://").split(":")
    made = Wire((host, int(port)))
    yield made
    made.cut()


def test_a_dropped_stream_loses_and_doubles_nothing(browser: Browser, page: Page, wire: Wire) -> None:
    project = make_project(page, "Offline")
    review = make_check(page, project, WRONG)
    context = browser.new_context(base_url=f"http://127.0.0.1:{wire.port}")
    context.set_default_timeout(SLOW_MS)
    read = context.new_page()
    opened(read, review)
    field = read.get_by_label("Comment on claim 2")
    field.fill("half a thought")
    comments = f"/api/checkpoints/{review['id']}/comments"
    claim = review["packet"]["artifacts"][0]["claims"][1]["id"]
    sent(page.request, "POST", comments, {"text": "before", "claim_id": claim})
    said = read.get_by_role("region", name="Comments", exact=True).get_by_role("listitem")
    expect(said).to_have_count(1)
    wire.cut()
    dock = read.get_by_label("Decision")
    expect(dock).to_contain_text("Waiting for the connection")
    expect(dock).to_contain_text("No decision was sent.")
    for text in ("during", "meanwhile"):
        sent(page.request, "POST", comments, {"text": text, "claim_id": claim})
    # A decision that is pressed now may have arrived, for all that this page knows.
    field.press("Escape")
    read.keyboard.press("x")
    read.keyboard.press("1")
    expect(dock).to_contain_text("Sent, but nobody answered")
    assert status(page, review) == "pending_review"
    wire.join()
    expect(said).to_have_count(3)
    expect(read.get_by_text("Waiting for the connection")).to_have_count(0)
    assert [line.split("\n")[-1] for line in said.all_inner_texts()] == ["before", "during", "meanwhile"]
    expect(field).to_have_value("half a thought")
    context.close()


def test_what_decides_is_never_cut_off(page: Page, theirs: Page) -> None:
    """With somebody to assign to and a change noted, the bar holds most: all of it is on the page at every width."""
    project = make_project(page, "Narrow")
    opened(page, make_check(page, project, CLEAN))
    dock = page.get_by_label("Decision")
    expect(dock.get_by_role("button", name="Assign")).to_be_visible()
    page.keyboard.press("c")
    page.keyboard.type("Name the builder.")
    page.keyboard.press("Enter")
    for width in (1440, 1280, 1180, 1024, 800, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for name in ("Send 1 change back", "Sign version 1"):
            expect(dock.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
        expect(dock.get_by_text("1 change to ask for")).to_be_in_viewport(ratio=1)


def test_snoozing_and_assigning_from_the_review(page: Page, theirs: Page) -> None:
    project = make_project(page, "Later")
    review = make_check(page, project, CLEAN)
    make_check(page, project, CLEAN)
    opened(page, review)
    expect(page.get_by_label("Decision").get_by_role("button", name="Assign")).to_be_visible()
    page.keyboard.press("m")
    bar = page.get_by_role("contentinfo")
    expect(bar.get_by_role("button").first).to_be_focused()
    page.keyboard.press("a")  # the keys of the review are off meanwhile
    page.keyboard.press("1")
    last = page.get_by_label("What you did last")
    expect(last).to_contain_text(re.compile("is now"))
    assert sent(page.request, "GET", f"/api/checkpoints/{review['id']}")["assignee"] is not None
    page.keyboard.press("u")
    expect(last).to_contain_text("Taken back.")
    assert sent(page.request, "GET", f"/api/checkpoints/{review['id']}")["assignee"] is None
    page.keyboard.press("s")
    page.keyboard.press("2")
    expect(last).to_contain_text("comes back tomorrow.")
    expect(page).not_to_have_url(re.compile(review["id"]))
    assert sent(page.request, "GET", f"/api/checkpoints/{review['id']}")["snoozed_until"] is not None
    page.keyboard.press("u")
    expect(page).to_have_url(re.compile(review["id"]))
    assert status(page, review) == "pending_review"


def test_what_comes_later_of_a_source_moves_nothing(page: Page) -> None:
    """Its passages, when it was added, and that it is a PDF whose page can be shown."""
    project = str(sent(page.request, "POST", "/api/projects", {"name": "Comes later"})["id"])
    said = pdf([lines("The bridge was opened on 4 May 1998 and is 312 metres long.", 760)])
    name = "The bridge over the northern arm of the harbour, notes taken by its builders.pdf"
    added = page.request.post(
        f"/api/projects/{project}/sources",
        multipart={"file": {"name": name, "mimeType": "application/pdf", "buffer": said}},
    )
    assert added.ok
    page.goto(f"/projects/{project}")
    expect(page.get_by_text(re.compile("[0-9] passages?"))).to_have_count(1)
    review = make_check(page, project, CLEAN)
    page.goto("about:blank")  # nothing of the source is known beforehand
    held: list[Route] | None = []
    page.route(
        re.compile(r"/sources[?/]|/sources$"),
        lambda route: route.continue_() if held is None else held.append(route),
    )
    opened(page, review)
    page.keyboard.press("n")
    evidence = page.get_by_label("Evidence for claim 1")
    parts = [evidence.locator(part) for part in (".sheet", ".where", ".cmp")]
    expect(parts[0]).to_contain_text("Opening")
    before = [part.bounding_box() for part in parts]
    known, held = held, None
    for route in known:
        route.continue_()
    expect(parts[0].locator("mark")).to_be_visible()
    expect(evidence.get_by_role("button", name="Show page 1 as it looks")).to_be_visible()
    expect(evidence.locator(".srchead")).to_contain_text("added today")
    assert [part.bounding_box() for part in parts] == before


def test_the_evidence_shows_the_cell_of_a_table_and_the_page_of_a_pdf(page: Page) -> None:
    project = str(sent(page.request, "POST", "/api/projects", {"name": "Cells and pages"})["id"])
    table = "year,source,twh\n2021,Wind,378\n2022,Wind,434\n2022,Solar,141\n"
    said = pdf([lines("The bridge was opened on 4 May 1998 and is 312 metres long.", 760)])
    for name, kind, data in (
        ("energy.csv", "text/csv", table.encode()),
        ("bridge.pdf", "application/pdf", said),
    ):
        added = page.request.post(
            f"/api/projects/{project}/sources",
            multipart={"file": {"name": name, "mimeType": kind, "buffer": data}},
        )
        assert added.ok
    page.goto(f"/projects/{project}")
    expect(page.get_by_text(re.compile("[0-9] passages?"))).to_have_count(2)
    review = make_check(
        page,
        project,
        "Wind came to 435 TWh in 2022. The bridge was opened on 4 May 1998 and is 321 metres long.",
    )
    opened(page, review)
    page.get_by_role("button", name=re.compile("^Claim 1, ")).first.click()
    sheet = page.get_by_label("Evidence for claim 1").locator(".sheet").first
    expect(sheet.get_by_role("columnheader")).to_have_text(["year", "source", "twh"])
    expect(sheet.get_by_role("cell").locator("mark").first).to_be_visible()
    assert sheet.evaluate("e => e.scrollWidth - e.clientWidth") <= 0  # no column is cut
    page.get_by_role("button", name=re.compile("^Claim 2, ")).first.click()
    evidence = page.get_by_label("Evidence for claim 2")
    expect(evidence).to_contain_text("Page 1")
    evidence.get_by_role("button", name="Show page 1 as it looks").click()
    picture = evidence.get_by_role("img", name=re.compile("^Page 1 of"))
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 1200)
    evidence.get_by_role("button", name="Hide page 1").click()
    expect(picture).to_have_count(0)


def test_the_figure_in_a_table_of_a_source_is_in_sight(phone: Page) -> None:
    page = phone
    listed = sent(page.request, "GET", "/api/checkpoints?status=any&limit=200")["items"]
    made = next(item for item in listed if item["session_title"] == "US renewable electricity in 2022")
    for _ in each_width(page):
        page.goto(f"/review/{made['id']}")
        figures = (
            ("Wind", "434297"),
            ("Solar photovoltaic", "140798"),
            ("Conventional hydroelectric", "254789"),
        )
        for n, (name, figure) in enumerate(figures, 1):
            page.locator("article [data-claim]").filter(has_text=f"{figure[:3]},{figure[3:]}").first.focus()
            page.keyboard.press("Enter")
            sheet = page.get_by_label(f"Evidence for claim {n}").locator(".sheet")
            expect(sheet.locator("mark")).to_have_text([name, figure])
            inside = sheet.evaluate(
                """sheet => {
                  const [view, head] = [sheet, sheet.querySelector("th")].map(e => e.getBoundingClientRect());
                  return [...sheet.querySelectorAll("mark")].flatMap(mark => [...mark.getClientRects()].map(line => {
                    const { top, bottom, left, right } = line;
                    const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
                    return top >= head.bottom && bottom <= view.bottom && left >= view.left
                      && right <= view.right && mark.contains(seen);
                  }));
                }"""
            )
            assert len(inside) >= 2, (page.viewport_size, name)
            assert all(inside), (page.viewport_size, name)


def test_axe_finds_nothing_on_what_a_review_opens(phone: Page, page: Page) -> None:
    project = make_project(page, "Axe")
    reviews = [make_check(page, project, RICH) for _ in range(2)]
    claim = reviews[0]["packet"]["artifacts"][0]
    anchor = {
        "artifact_id": claim["artifact_id"], "version": 1, "path": [1], "char_start": 0, "char_end": 5,
        "quote": "About",
    }  # fmt: skip
    sent(
        page.request, "POST", f"/api/checkpoints/{reviews[0]['id']}/comments", {"text": "?", "anchor": anchor}
    )
    opened(phone, reviews[0])
    expect(phone.get_by_label("Comments on words")).to_be_attached()
    wrong: list[str] = []
    for name, *keys in (
        ("versions", "h"), ("reasons", "h", "x"), ("snooze", "Escape", "s"), ("words", "Escape", "t"),
        ("keys", "Escape", "?"),
    ):  # fmt: skip
        for key in keys:
            phone.keyboard.press(key)
        if name == "keys":
            expect(phone.get_by_role("dialog", name="Keys").get_by_role("heading").first).to_be_visible()
        wrong += flaws_at_each_width(phone, name)
    assert not wrong, "\n".join(wrong)
