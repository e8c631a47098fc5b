"""What others do to a review while it is read, and a connection that goes: nothing moves, nothing is lost."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import SLOW_MS, sent
from tests.browser.moves import moves, watch_moves
from tests.browser.reviews import (
    CLEAN,
    WRONG,
    decided,
    make_check,
    opened,
    select,
    status,
    their_key,
    their_page,
)
from tests.browser.test_people import make_project
from tests.browser.wire import Wire

expect.set_options(timeout=SLOW_MS)


@pytest.fixture(scope="module")
def key(browser: Browser, server: str) -> str:
    return their_key(browser, server)


@pytest.fixture
def theirs(browser: Browser, server: str, key: str) -> Iterator[Page]:
    with their_page(browser, server, key) as page:
        yield page


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
    page.set_viewport_size({"width": 970, "height": 800})
    project = make_project(page, "Two lines of buttons")
    review = make_check(page, project, WRONG)
    opened(page, review)
    page.keyboard.press("n")
    sheet = page.get_by_role("group", name=re.compile("^What the source says"))
    expect(sheet.locator("mark")).to_be_visible()
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
