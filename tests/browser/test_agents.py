"""Who does the work, on the page: an agent of a project's own, and who did it wherever work is read."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import SLOW_MS, flaws
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
