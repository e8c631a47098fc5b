"""The way of a newcomer through the page: the sample's review, signed; a draft of one's own, rejected."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SLOW_MS

expect.set_options(timeout=SLOW_MS)

SOURCE = """# Notes on the bridge

The bridge was opened on 4 May 1998. It is 312 metres long.

The city paid 18 million euros for it.
"""
DRAFT = "The bridge was opened on 4 May 1998. It is 321 metres long."


def evidence(page: Page, n: int) -> Locator:
    return page.get_by_label(f"Evidence for claim {n}", exact=True)


def project_id(page: Page, key: str) -> str:
    projects = page.request.get("/api/projects").json()["items"]
    return next(p["id"] for p in projects if p["sample_key"] == key)


def test_the_sample_is_corrected_signed_completed_and_revealed(page: Page) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/review/"))
    expect(page.get_by_text("5 need you,")).to_be_visible()
    expect(page.get_by_text("7 passed automatic checks")).to_be_visible()

    # Each planted error stands beside the words of its source.
    expect(evidence(page, 3).get_by_text("Draft says")).to_be_visible()
    for n, draft, source in (
        (3, "28 September 1999", "23 September 1999"),
        (5, "44.5", "4.45"),
        (6, "testing", "coding"),
        (8, "226 km", "150 km"),
    ):
        page.get_by_role("button", name=re.compile(rf"^Claim {n}, (Unsupported|Conflict)")).first.click()
        said = evidence(page, n).locator(".say")
        expect(said).to_contain_text(re.compile(draft.replace(" ", r"\s")))
        expect(said.locator("mark").last).to_have_text(re.compile(source.replace(" ", r"\s")))
        expect(evidence(page, n).locator(".sheet mark").first).to_be_visible()
    page.get_by_role("button", name=re.compile("^Claim 12, Unsupported")).first.click()
    expect(evidence(page, 12)).to_contain_text("No source of this name")
    # The panels scroll; the page behind them does not.
    assert page.evaluate("document.documentElement.scrollHeight - innerHeight") == 0

    # The signature waits for every flag, and pressing it early leads to the first open one.
    sign = page.get_by_role("button", name=re.compile("^Sign "))
    expect(sign).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("a")
    expect(evidence(page, 3)).to_be_visible()

    # Correct three, remove one, keep one with a reason: by keyboard. The conflict weighs less and comes last.
    page.keyboard.press("e")
    expect(page.get_by_text("4 flags are open")).to_be_visible()
    for left in (3, 2):
        page.keyboard.press("n")
        page.keyboard.press("e")
        expect(page.get_by_text(re.compile(f"^{left} flags are open"))).to_be_visible()
    page.keyboard.press("n")
    expect(evidence(page, 12)).to_be_visible()
    page.keyboard.press("e")
    expect(page.get_by_text("1 flag is open")).to_be_visible()
    page.keyboard.press("n")
    expect(evidence(page, 8)).to_be_visible()
    page.keyboard.press("r")
    page.get_by_label("Keep it: why?").fill("the board's report is the record here")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ready to sign")).to_be_visible()
    expect(page.get_by_text("4 corrected by you, 1 kept with your reason")).to_be_visible()
    expect(page.locator(".doc")).to_contain_text("by a factor of 4.45.")

    # Signing can be taken back for six seconds, and is then done again.
    page.keyboard.press("a")
    expect(page.get_by_text(re.compile("^Signed by you at"))).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("Ready to sign")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text(re.compile("^Signed by you at"))).to_be_visible()

    # It completes by itself, and what was planted is shown.
    planted = page.get_by_label("What was planted")
    expect(planted).to_be_visible()
    expect(planted.get_by_role("listitem")).to_have_count(6)
    expect(planted.get_by_text("Only a reader could find this one")).to_have_count(1)
    expect(planted.get_by_text("Passed by")).to_have_count(1)

    page.get_by_role("link", name="Open the work").click()
    expect(page.get_by_role("main").get_by_text("Signed by Local user")).to_be_visible()
    expect(
        page.get_by_label("About this work").get_by_text(re.compile("^(Completed|Signed by)"))
    ).to_be_visible()


def make_check(page: Page, tmp_path: Path) -> None:
    """A source dropped into the empty project and a draft pasted against it; ends on the review."""
    where = project_id(page, "yours")
    page.goto(f"/projects/{where}")
    notes = tmp_path / "bridge.md"
    notes.write_text(SOURCE, encoding="utf-8")
    page.get_by_label("Choose files").set_input_files(notes)
    # The same file twice is the same source, so the list may hold it already.
    sources = page.get_by_role("complementary", name="Sources")
    expect(sources.get_by_role("link", name=re.compile("bridge", re.IGNORECASE))).to_have_count(1)
    page.get_by_role("link", name="Paste a draft").click()
    page.get_by_label("Draft", exact=True).fill(DRAFT)
    page.get_by_label("Title").fill("The bridge")
    page.get_by_role("button", name=re.compile("^Check this draft")).click()
    expect(page).to_have_url(re.compile("/review/"))


def test_an_own_draft_is_checked_and_rejected_with_a_reason(page: Page, tmp_path: Path) -> None:
    make_check(page, tmp_path)
    expect(page.get_by_text("1 needs you,")).to_be_visible()
    expect(evidence(page, 2).locator(".say")).to_contain_text("321")
    expect(evidence(page, 2).locator(".sheet mark").first).to_contain_text("312")
    page.keyboard.press("x")
    expect(page.get_by_text("Ends this work; nothing is saved or sent.")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_text("Rejected by you: Facts are wrong").first).to_be_visible()
    page.get_by_role("link", name="Open the work").click()
    expect(page.get_by_text("Rejected by Local user: Facts are wrong").first).to_be_visible()
    expect(page.get_by_text(re.compile("failed", re.IGNORECASE))).to_have_count(0)


def test_a_draft_is_corrected_in_place_and_flagged_by_its_reader(page: Page, tmp_path: Path) -> None:
    make_check(page, tmp_path)
    # A sentence under the pen: Enter saves it, and it counts as corrected.
    evidence(page, 2).get_by_role("button", name="Edit", exact=True).click()
    field = page.get_by_role("textbox", name="The sentence, as you want it")
    field.fill("It is 312 metres long.")
    field.press("Enter")
    expect(page.get_by_text("Ready to sign")).to_be_visible()
    # A passed sentence can be flagged: then there is something to send back, and nothing to sign.
    page.get_by_role("button", name=re.compile("^Claim 1, Passed")).first.click()
    page.keyboard.press("f")
    page.get_by_label("What should change in claim 1?").fill("say who opened it")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 change to ask for")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Sign "))).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Ready to sign")).to_be_visible()


def test_words_of_a_source_open_in_its_reader(page: Page, tmp_path: Path) -> None:
    make_check(page, tmp_path)
    expect(evidence(page, 2).locator(".sheet mark").first).to_be_visible()
    marked = evidence(page, 2).locator(".sheet mark").first.inner_text()
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(r"/sources/.*start="))
    expect(page.locator(".reader mark").first).to_have_text(marked)
    expect(page.locator(".reader mark").first).to_be_in_viewport()


def test_an_unreadable_file_says_why_beside_itself(page: Page, tmp_path: Path) -> None:
    page.goto(f"/projects/{project_id(page, 'yours')}")
    empty = tmp_path / "nothing.md"
    empty.write_bytes(b"")
    page.get_by_label("Choose files").set_input_files(empty)
    expect(page.get_by_text(re.compile("nothing.md")).first).to_be_visible()
    expect(page.get_by_text(re.compile("empty", re.IGNORECASE)).first).to_be_visible()


def test_hostile_text_stays_text(page: Page, tmp_path: Path) -> None:
    where = project_id(page, "yours")
    page.goto(f"/projects/{where}/new?agent=check")
    bad = (
        '<img src="https://example.invalid/x.png" onerror="document.title=1"> The bridge is 999 metres long.'
    )
    page.get_by_label("Draft", exact=True).fill(
        f"{bad}\n\n[press](javascript:alert(1)) ![i](https://example.invalid/i.png)"
    )
    page.get_by_label("Title").fill("<script>document.title=2</script>")
    page.get_by_role("button", name=re.compile("^Check this draft")).click()
    expect(page).to_have_url(re.compile("/review/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("<script>")
    assert page.locator("main img, main script, main a[href^='javascript:']").count() == 0
    assert "Proofroom" in page.title()
