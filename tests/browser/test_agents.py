"""Who does the work, on the page: an agent of a project's own, and who did it wherever work is read."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import SLOW_MS, flaws
from tests.browser.moves import moves, watch_moves
from tests.browser.test_substrate import BRIDGE, add_text, make_project, row, sent

expect.set_options(timeout=SLOW_MS)

SELECTED = (
    "() => { const f = document.getElementById('definition');"
    " return f.value.slice(f.selectionStart, f.selectionEnd); }"
)


def test_a_project_gets_an_agent_of_its_own_by_keyboard(page: Page) -> None:
    project = make_project(page, "Own agents")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/projects/{project}/agents")
    page.get_by_role("button", name="Add an agent").press("Enter")
    page.get_by_role("button", name="Research", exact=True).press("Enter")
    field = page.get_by_label("Definition, as YAML")
    expect(field).to_be_focused()
    assert page.evaluate(SELECTED) == "name: my_research"

    # What is wrong is named with its line, and the cursor is there.
    field.fill(field.input_value().replace("tools:\n", "tools:\n  - fly\n", 1))
    field.press("Control+Enter")
    expect(page.get_by_role("button", name=re.compile(r"^Line \d+$"))).to_be_visible()
    assert page.evaluate(SELECTED) == "  - fly"
    assert flaws(page) == []

    field.press("Backspace")
    field.press("Delete")
    field.press("Control+Enter")
    expect(page.get_by_text("My research: version 1 is saved.")).to_be_visible()
    expect(page.get_by_role("button", name="Add an agent")).to_be_focused()

    # It is offered with its form; the quote finder does not know it and says so.
    page.get_by_role("listitem").filter(has_text="my_research").get_by_role("link", name="Ask it").press(
        "Enter"
    )
    expect(page.get_by_role("radio", name=re.compile("^My research"))).to_be_checked()
    expect(page.get_by_role("radio", name=re.compile("^Quote finder, no AI used"))).to_be_disabled()
    expect(page.get_by_label("Most findings")).to_be_visible()


def test_work_without_a_model_is_named_for_what_it_is(page: Page) -> None:
    project = make_project(page, "Named")
    add_text(page, project, "Bridge notes", BRIDGE)
    page.goto(f"/projects/{project}/sources")
    expect(row(page, "Bridge notes")).to_contain_text("passage")
    page.goto(f"/projects/{project}/new?agent=research")
    page.get_by_label("Question").fill("How long is the bridge?")
    expect(page.get_by_role("radio", name=re.compile("^Quote finder, no AI used"))).to_be_checked()
    page.get_by_role("button", name=re.compile("^Start research")).click()
    expect(page.get_by_text("Quote finder, no AI used", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Review", exact=True)).to_be_visible()
    found = re.search("/projects/(.*)/sessions/(.*)", page.url)
    assert found is not None
    session = f"/api/projects/{found[1]}/work-sessions/{found[2]}"
    for kind in ("md", "html"):
        text = page.request.get(f"{session}/export?format={kind}").text()
        assert "Drafted by: quote finder, no AI used." in text
    page.get_by_role("link", name="Review", exact=True).click()
    expect(page.get_by_text("Drafted by: quote finder, no AI used.")).to_be_visible()
    assert sent(page, "GET", session)["usage"]["tokens"] == 0


def test_nothing_moves_while_an_agent_works_and_cancelling_says_what_it_keeps(page: Page) -> None:
    project = make_project(page, "Live")
    add_text(page, project, "Bridge notes", BRIDGE)
    page.goto(f"/projects/{project}/sources")
    expect(row(page, "Bridge notes")).to_contain_text("passage")
    home = f"/api/projects/{project}/work-sessions"
    asked = {"agent_type": "research", "task_description": "How long is the bridge?", "runtime": "external"}
    session = sent(page, "POST", home, asked)["id"]
    page.request.post(f"{home}/{session}/execute", headers={"Prefer": "wait=30"})
    page.goto(f"/projects/{project}/sessions/{session}")
    about = page.get_by_role("complementary", name="About this work")
    expect(about).to_contain_text("nothing reported yet")
    expect(about).to_contain_text("Passages, from 1 source")
    steps = page.get_by_role("complementary", name="Steps")
    expect(steps).to_contain_text("Handed to your own agent")
    watch_moves(page)
    posts: list[tuple[dict[str, object], str]] = [
        ({"type": "said", "text": "I look for the length."}, "I look for the length."),
        (
            {"type": "tool_call", "tool": "search_context", "arguments": {"query": "bridge"}},
            "Searched the sources",
        ),
        ({"type": "usage", "model": "m", "tokens_in": 1200, "tokens_out": 300, "cost_usd": 0.5}, "Turn"),
        ({"type": "progress", "done": 2, "total": 3, "label": "sources read"}, "2 of 3"),
    ]
    for n, (event, words) in enumerate(posts):
        sent(page, "POST", f"{home}/{session}/agent-events", {"leg": 1, "events": [{"id": str(n), **event}]})
        expect(page.locator("#root")).to_contain_text(words)
    # Lines that are kept fill up; only what is read of progress is written beside its figure.
    assert [move for move in moves(page) if "sources read" not in move] == []
    found = {"slot": "a", "artifact_type": "research_finding", "title": "Long", "markdown": "It is long."}
    event = {"id": "found", "type": "artifact", **found}
    sent(page, "POST", f"{home}/{session}/agent-events", {"leg": 1, "events": [event]})
    expect(page.get_by_role("heading", name="Long", exact=True)).to_be_visible()
    assert [move for move in moves(page) if "Being written" not in move] == []
    page.get_by_role("button", name="Cancel this work").press("Enter")
    dock = page.get_by_label("Decision")
    expect(dock).to_contain_text("The piece that is written stays here, unsigned.")
    assert flaws(page) == []
    dock.get_by_role("button", name="Cancel and keep 1 unsigned piece").click()
    expect(dock.get_by_role("link", name="Copy with changes")).to_be_visible()
    expect(page.get_by_role("heading", name="Long", exact=True)).to_be_visible()
