"""A person's own sources through the page: added, read, found, given to an agent, remembered, deleted."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SLOW_MS, flaws_at_each_width

expect.set_options(timeout=SLOW_MS)

BRIDGE = (
    "# Notes on the bridge\n\nThe bridge was opened on 4 May 1998. It is 312 metres long.\n\n"
    "The city paid 18 million euros for it.\n"
)
TABLE = "year;visitors\n2021;1200\n2022;1900\n2023;2400\n2024;2600\n2025;3100\n"
HOSTILE = "The harbour <img src=x onerror=alert(1)> was deepened in 2003 to <b>9 metres</b>."


def sent(page: Page, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    answer = page.request.fetch(path, method=method, data=body)
    assert answer.ok, f"{method} {path}: {answer.status} {answer.text()}"
    return answer.json()


def make_project(page: Page, name: str) -> str:
    return str(sent(page, "POST", "/api/projects", {"name": name})["id"])


def add_text(page: Page, project: str, title: str, text: str) -> str:
    made = sent(page, "POST", f"/api/projects/{project}/sources", {"text": text, "title": title})
    return str(made["id"])


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row", name=re.compile(re.escape(name)))


def drop(page: Page, files: dict[str, str]) -> None:
    """Files dropped on the page itself."""
    transfer = page.evaluate_handle(
        "files => { const t = new DataTransfer();"
        " for (const [name, text] of Object.entries(files)) t.items.add(new File([text], name)); return t; }",
        files,
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event("main", kind, {"dataTransfer": transfer})


def test_any_number_of_tabs_load_and_all_of_them_hear_what_happens(page: Page) -> None:
    """A browser has six connections to a server: a stream of events for each tab would take them all."""
    project = make_project(page, "Tabs")
    tabs = [page, *(page.context.new_page() for _ in range(7))]
    for tab in tabs:
        tab.goto(f"/projects/{project}/sources")
        expect(tab.get_by_text("No sources yet.")).to_be_visible()
    add_text(tabs[-1], project, "Bridge notes", BRIDGE)
    for tab in tabs:
        expect(row(tab, "Bridge notes")).to_contain_text("passage")
    # The one that has the stream goes, and the next one has it.
    tabs.pop(0).close()
    add_text(tabs[-1], project, "Visitors", "In 2024 the bridge had 2,600 visitors.")
    for tab in tabs:
        expect(row(tab, "Visitors")).to_contain_text("passage")
        tab.close()


def test_many_files_are_dropped_read_and_found_again(page: Page) -> None:
    project = make_project(page, "Harbour")
    page.goto(f"/projects/{project}/sources")
    expect(page.get_by_text("No sources yet.")).to_be_visible()
    drop(page, {"bridge.md": BRIDGE, "visitors.csv": TABLE, "empty.md": "", "again.md": BRIDGE})
    # One of them is refused and one is there twice: the others are there all the same.
    expect(page.get_by_text(re.compile("is here already"))).to_be_visible()
    expect(row(page, "bridge").or_(row(page, "again"))).to_have_count(1)
    expect(row(page, "visitors")).to_contain_text(re.compile(r"1 table with 5 rows"))
    expect(page.get_by_text(re.compile(r"empty", re.IGNORECASE)).first).to_be_visible()

    # A text is pasted; markup in it stays text.
    page.get_by_role("button", name="Paste text").click()
    page.get_by_label("The text").fill(HOSTILE)
    page.get_by_label("Title").fill("Harbour notes")
    page.get_by_role("button", name="Add the source").click()
    expect(row(page, "Harbour notes")).to_contain_text("1 passage")

    expect(page.get_by_text(re.compile("^Every passage can be found by its words"))).to_be_visible()

    # Found by keyboard alone, and opened at the place.
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Search the sources of this project").fill("harbour deepened")
    hits = page.get_by_role("list", name="Passages found")
    expect(hits.get_by_role("listitem").first).to_contain_text("<img src=x onerror=alert(1)>")
    expect(hits.locator("mark").first).to_have_text(re.compile("harbour|deepened"))
    assert hits.locator("img").count() == 0
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/sources/.*start="))
    expect(page.locator(".reader mark").first).to_be_in_viewport()
    page.get_by_label("Find in this source").fill("9 METRES")
    expect(page.get_by_text("1 of 1")).to_be_visible()

    # A source is deleted for good with its name typed, and is found no more.
    page.get_by_role("link", name="Sources").last.click()
    page.get_by_role("button", name="Details of “Harbour notes”").click()
    panel = page.locator(".srcpanel")
    panel.get_by_role("button", name="Retract").click()
    panel.get_by_label("Why should nobody rely on it?").fill("Out of date")
    panel.get_by_role("button", name="Retract it").click()
    expect(row(page, "Harbour notes").first).to_contain_text("Retracted: Out of date")
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Search the sources of this project").fill("harbour deepened")
    expect(page.get_by_text(re.compile("^No passage fits"))).to_be_visible()


def test_a_new_version_is_read_and_the_old_one_stays(page: Page, tmp_path: Path) -> None:
    project = make_project(page, "Versions")
    add_text(page, project, "Bridge notes", BRIDGE)
    page.goto(f"/projects/{project}/sources")
    page.get_by_role("button", name="Details of “Bridge notes”").click()
    page.get_by_role("button", name="New version").click()
    newer = tmp_path / "bridge2.md"
    newer.write_text(BRIDGE.replace("312", "318"), encoding="utf-8")
    page.get_by_label("Choose the new file").set_input_files(newer)
    expect(row(page, "Bridge notes").first).to_contain_text("version 2")
    page.get_by_role("link", name="Bridge notes").click()
    expect(page.locator(".reader").get_by_text("318 metres")).to_be_visible()
    page.get_by_role("link", name="Version 1").click()
    expect(page.locator(".reader").get_by_text("312 metres")).to_be_visible()
    expect(page.get_by_text("This is an older version.")).to_be_visible()


def test_what_an_agent_was_given_and_what_is_remembered_of_it(page: Page) -> None:
    project = make_project(page, "Given")
    add_text(page, project, "Bridge notes", BRIDGE)
    page.goto(f"/projects/{project}/sources")
    expect(row(page, "Bridge notes")).to_contain_text("passage")

    # A person writes what every agent of the project is told.
    page.get_by_role("link", name="Memory").click()
    page.get_by_role("button", name="Add an instruction").click()
    page.get_by_label("What every agent should be told").fill("Give lengths in metres.")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("Give lengths in metres.")).to_be_visible()

    work = sent(
        page,
        "POST",
        f"/api/projects/{project}/work-sessions",
        {
            "agent_type": "research",
            "task_description": "How long is the bridge?",
            "runtime": "extractive",
            "auto_execute": True,
        },
    )
    path = f"/projects/{project}/work-sessions/{work['id']}"
    page.goto(f"/projects/{project}/sessions/{work['id']}")
    expect(page.get_by_role("link", name="Review", exact=True)).to_be_visible()
    page.get_by_role("link", name="See all of it").click()
    expect(page.get_by_role("heading", name="What the agent was given")).to_be_visible()
    expect(page.get_by_text("How long is the bridge?").first).to_be_visible()
    expect(page.get_by_text("Give lengths in metres.", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("312.metres long")).first).to_be_visible()
    expect(page.get_by_text(re.compile(r"of 24,000 tokens"))).to_be_visible()

    page.get_by_role("button", name="Build it again").click()
    expect(page.get_by_text("The same, byte for byte.")).to_be_visible()

    # What is signed is proposed, and remembered only when somebody accepts it.
    review = sent(page, "GET", f"/api{path}/checkpoints")["items"][0]
    flagged = [c["id"] for a in review["packet"]["artifacts"] for c in a["claims"] if c["needs_you"]]
    sent(
        page,
        "POST",
        f"/api{path}/checkpoints/{review['id']}/approve",
        {
            "packet_digest": review["packet_digest"],
            "acknowledged": [{"claim_id": c, "reason": "It is so"} for c in flagged],
        },
    )
    page.goto(f"/projects/{project}/sessions/{work['id']}")
    expect(page.get_by_role("main").get_by_text(re.compile("^Signed by"))).to_be_visible()
    page.goto(f"/projects/{project}/memory")
    proposed = page.locator("ol.memlist > li")
    expect(proposed.first).to_contain_text("312 metres long")
    there = proposed.count()
    page.keyboard.press("a")
    expect(page.get_by_text("1 accepted. Agents are told from now on.")).to_be_visible()
    expect(proposed).to_have_count(there - 1)
    expect(page.locator("ul.memlist").get_by_text(re.compile("312 metres long")).first).to_be_visible()


def test_axe_finds_nothing_on_the_pages_of_a_project(phone: Page) -> None:
    page = phone
    projects = sent(page, "GET", "/api/projects")["items"]
    check = next(p["id"] for p in projects if p["sample_key"] == "check")
    report = next(p["id"] for p in projects if p["sample_key"] == "report")
    work = sent(page, "GET", f"/api/projects/{report}/work-sessions")["items"][0]["id"]
    page.goto(f"/projects/{check}/sources")
    page.get_by_role("button", name=re.compile("^Details of")).first.click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("What goes", exact=True)).to_be_visible()
    wrong = flaws_at_each_width(page, "sources")
    page.goto(f"/projects/{check}/search?q=units&mode=text")
    expect(page.get_by_role("list", name="Passages found")).to_be_visible()
    wrong += flaws_at_each_width(page, "search")
    page.goto(f"/projects/{report}/sessions/{work}/envelope")
    expect(page.get_by_text(re.compile(r"of 24,000 tokens"))).to_be_visible()
    wrong += flaws_at_each_width(page, "envelope")
    page.goto(f"/projects/{check}/memory")
    # Other tests of this server may have signed the sample's draft: what was signed is proposed then.
    expect(page.get_by_text(re.compile("^(Nothing is proposed|From approved work)"))).to_be_visible()
    wrong += flaws_at_each_width(page, "memory")
    assert not wrong, "\n".join(wrong)
