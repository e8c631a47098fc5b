"""What a project's sources disagree on: seen, followed to the very sentence, decided; nothing moves meanwhile."""

import contextlib
import os
import re
import signal
from collections.abc import Generator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SLOW_MS, flaws, flaws_at_each_width
from tests.browser.corpus import HIT, LONG, MARKDOWN, MARKUP, TITLE, TRICKS
from tests.browser.test_substrate import add_text, make_project

expect.set_options(timeout=SLOW_MS)

OLD = "Notes.\n\nThe bridge was opened on 4 May 1998. It is 312 metres long."
NEW = "The bridge was opened on 14 May 1998. The quay holds 40 ships."


def opened(page: Page, project: str, number: int) -> None:
    page.goto(f"/projects/{project}/sources")
    page.get_by_role("link", name=re.compile(rf"^Contradictions {number}$")).click()
    expect(page.get_by_role("list", name="Contradictions").get_by_role("listitem")).to_have_count(number)


def test_they_are_seen_followed_and_decided_and_nothing_moves(page: Page) -> None:
    project = make_project(page, "Apart")
    add_text(page, project, "Old notes", OLD)
    add_text(page, project, "New notes", NEW)
    opened(page, project, 1)
    items = page.get_by_role("list", name="Contradictions").get_by_role("listitem")
    expect(items.first.locator("mark")).to_have_text(["14 May 1998", "4 May 1998"])

    # Somebody adds another source meanwhile: what is read stays where it is, what is new stands below it.
    before = items.first.bounding_box()
    add_text(page, project, "A third", "The quay holds 14 ships.")
    expect(items).to_have_count(2)
    assert items.first.bounding_box() == before
    expect(items.last.locator("mark")).to_have_text(["14", "40"])
    expect(page.get_by_role("link", name="Contradictions 2")).to_be_visible()

    # Into the source at the very sentence, and back.
    items.first.get_by_role("link").last.click()
    expect(page.locator(".reader mark")).to_have_text(["The bridge was opened on 4 May 1998."])
    expect(page.get_by_role("heading", name="1 passage elsewhere contradicts this source")).to_be_visible()
    page.get_by_role("link", name="14 May 1998 in “New notes”").click()
    expect(page.locator(".reader mark")).to_have_text(["The bridge was opened on 14 May 1998."])
    page.go_back()
    page.go_back()
    expect(items).to_have_count(2)  # anew, and so the newest source first

    # By keyboard: which one holds becomes a standing instruction, in words that a person has read.
    items.last.get_by_role("button", name="What “New notes” says holds").focus()
    page.keyboard.press("Enter")
    field = page.get_by_role("textbox")
    expect(field.first).to_be_focused()
    expect(field.first).to_have_value(re.compile("“14 May 1998” holds"))
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("Noted as a standing instruction")).to_be_visible()

    # One source is retracted; what it took part in stays in its place and says so.
    before = items.last.locator("mark").first.text_content()
    items.first.get_by_role("button", name="Retract “A third”").click()
    expect(items.first.get_by_text("Nothing rests on it.")).to_be_visible()
    items.first.get_by_label("Why should nobody rely on it?").fill("A guess")
    items.first.get_by_role("button", name="Retract it").click()
    expect(page.get_by_text("“A third” was retracted.")).to_be_visible()
    expect(page.get_by_role("link", name="Contradictions 1")).to_be_visible()
    expect(items.first.get_by_text(re.compile("^No longer there"))).to_be_visible()
    expect(items.last.locator("mark").first).to_have_text(before or "")
    page.reload()
    expect(items).to_have_count(1)


@contextlib.contextmanager
def standing_still() -> Generator[None]:
    """The processes that the server has started for passages and files stand still meanwhile."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    ours = [pid for pid, parent in parents.items() if parents.get(parent) == os.getpid()]
    workers = [
        pid for pid in ours if b"proofroom.substrate.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_where_others_are_compared_first_the_reader_says_so_and_nothing_moves(
    page: Page, browser: Browser, server: str
) -> None:
    project = make_project(page, "Later")
    old = add_text(page, project, "Old notes", OLD)
    asked = [add_text(page, project, "New notes", NEW)]
    asked += [add_text(page, project, title, f"Of {title} nothing.") for title in ("A", "B", "C", "D")]
    opened(page, project, 1)
    expect(page.get_by_text(re.compile("^7 passages compared"))).to_be_visible()  # all are read
    others = browser.new_context(base_url=server)
    other = others.new_page()
    other.goto("/api/health")
    line = page.locator(".elsewhere:not(.below)").get_by_role("status")
    with standing_still():
        paths = [f"/api/projects/{project}/contradictions?source_id={source}" for source in asked]
        first = other.evaluate("paths => Promise.race(paths.map(async p => (await fetch(p)).status))", paths)
        assert first == 503  # the four others wait
        page.goto(f"/projects/{project}/sources/{old}")
        expect(line).to_have_text(
            "Whether other sources contradict this one is not known."
            " Many passages are being compared just now. It is asked again by itself."
        )
        text = page.locator(".reader").get_by_text("It is 312 metres long.").last
        before = text.bounding_box()
        assert flaws(page, "busy") == []
        expect(page.get_by_role("button", name="Try again").first).to_be_visible()
        expect(line).to_have_text(re.compile("the sources themselves can be read meanwhile.$"))
        assert text.bounding_box() == before
    page.get_by_role("button", name="Try again").first.press("Enter")
    expect(page.get_by_role("heading", name="1 passage elsewhere contradicts this source")).to_be_visible()
    expect(page.locator(".elsewhere:not(.below)")).to_be_focused()
    assert text.bounding_box() == before
    others.close()


def test_hostile_passages_are_text_and_axe_finds_nothing(phone: Page) -> None:
    page = phone
    project = make_project(page, "Hostile")
    for number, title in ((40, TITLE), (14, "Plain")):
        said = f"The quay <img src=x onerror='{HIT}()'> holds {number} ships."
        add_text(page, project, title, "\n\n".join([said, *MARKUP, *MARKDOWN, *TRICKS, LONG]))
    opened(page, project, 1)
    item = page.get_by_role("list", name="Contradictions").get_by_role("listitem")
    expect(item.locator("mark")).to_have_text(["14", "40"])
    expect(item).to_contain_text("<img src=x onerror=")
    assert item.locator("img").count() == 0
    assert page.evaluate("window.__hit") is None
    wrong = flaws_at_each_width(page, "contradictions")
    page.get_by_role("button", name="Retract “Plain”").click()
    expect(item.get_by_text("Nothing rests on it.")).to_be_visible()
    wrong += flaws_at_each_width(page, "retracting one side")
    item.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="1 passage elsewhere contradicts this source")).to_be_visible()
    wrong += flaws_at_each_width(page, "its source")
    assert not wrong, "\n".join(wrong)
