"""A reviewer's day at the review page: by mouse, by keyboard alone, on exact words, and while others act."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import SLOW_MS, each_width, flaws_at_each_width, sent
from tests.browser.reviews import (
    CLEAN,
    RICH,
    WRONG,
    make_check,
    opened,
    select,
    status,
    their_key,
    their_page,
)
from tests.browser.test_people import make_project
from tests.unit.substrate.pdfs import paragraph as lines
from tests.unit.substrate.pdfs import pdf

expect.set_options(timeout=SLOW_MS)


@pytest.fixture(scope="module")
def key(browser: Browser, server: str) -> str:
    return their_key(browser, server)


@pytest.fixture
def theirs(browser: Browser, server: str, key: str) -> Iterator[Page]:
    with their_page(browser, server, key) as page:
        yield page


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
