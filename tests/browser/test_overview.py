"""The overview, the settings and what opens anything: on the real server, in both themes, at three widths."""

import csv
import io
import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import SLOW_MS, each_width, flaws
from tests.browser.test_substrate import make_project, sent

expect.set_options(timeout=SLOW_MS)

AREAS = ("members", "projects", "agents", "templates", "policies", "budgets", "appearance")


def test_somebody_sees_what_waits_opens_it_and_takes_the_figures_along(page: Page, tmp_path: Path) -> None:
    page.goto("/overview")
    now = page.request.get("/api/analytics/now").json()
    waits = page.get_by_role("region", name="Waiting for a person")
    expect(waits.get_by_role("link", name=str(now["waiting"]["count"]), exact=True)).to_be_visible()
    figure = page.get_by_role("figure", name="Delivered", exact=True)
    series = page.request.get("/api/analytics/series").json()
    expect(figure).to_contain_text(str(series["total"]["sessions"]["completed"]))
    figure.get_by_role("button", name=re.compile("Show as table")).click()
    expect(figure.get_by_role("table").get_by_role("row")).to_have_count(13)
    page.get_by_role("radio", name="7 days").check(force=True)
    expect(page).to_have_url(re.compile("range=7d"))
    expect(figure.get_by_role("table").get_by_role("row")).to_have_count(8)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    path = tmp_path / "figures.csv"
    download.value.save_as(path)
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    assert [row["of"] for row in rows[:7]] == ["day"] * 7
    shown = sum(int(row["sessions_completed"]) for row in rows[:7])
    assert shown == int(next(row for row in rows if row["of"] == "all")["sessions_completed"])
    page.reload()
    expect(page.get_by_role("radio", name="7 days")).to_be_checked()
    title = now["waiting"]["items"][0]["title"]
    waits.get_by_role("link", name=title).first.click()
    expect(page).to_have_url(re.compile("/review/"))


def test_anything_is_opened_by_keys_and_nothing_is_signed_there(page: Page) -> None:
    project = make_project(page, "Lighthouses of the north")
    page.goto("/work")
    expect(page.get_by_role("heading", name="Work", exact=True)).to_be_visible()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Open anything")
    expect(field).to_be_focused()
    page.keyboard.type("north lighthouses")
    expect(page.get_by_role("dialog").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/projects/{project}$"))
    page.keyboard.press("Control+k")
    page.keyboard.type("policy of light")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/projects/{project}/policy$"))
    page.get_by_role("link", name="Settings").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="Settings")).to_be_focused()


def test_a_budget_is_set_and_holds_where_work_is_asked_for(page: Page) -> None:
    project = make_project(page, "Thrift")
    page.goto("/settings/budgets")
    # The forms of other pages do not push the areas away from the bar above them.
    areas = page.get_by_role("navigation", name="Settings").bounding_box()
    bar = page.locator("header.top").bounding_box()
    assert areas
    assert bar
    assert areas["y"] == bar["y"] + bar["height"]
    page.get_by_role("combobox", name="Project").select_option(label="Thrift")
    most = page.get_by_role("group", name="The most of one piece of work")
    most.get_by_role("textbox", name="US dollars").fill("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    asked = {"agent_type": "research", "task_description": "How far?", "budget": {"usd": 3}}
    refused = page.request.post(f"/api/projects/{project}/work-sessions", data=asked)
    assert (refused.status, refused.json()["code"]) == (422, "budget_over_project")
    assert refused.json()["field"] == "budget.usd"
    made = sent(page, "POST", f"/api/projects/{project}/work-sessions", asked | {"budget": None})
    assert made["budget"]["usd"] <= 2


def test_a_policy_is_tried_on_real_work_before_it_is_saved(page: Page) -> None:
    projects = page.request.get("/api/projects").json()["items"]
    check = next(p for p in projects if p["sample_key"] == "check")
    page.goto(f"/projects/{check['id']}/policy")
    page.get_by_role("textbox", name="Due after").fill("24")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text(re.compile("would have gone otherwise"))).to_be_visible()
    expect(page.get_by_text(re.compile("due ")).first).to_be_visible()
    assert page.request.get(f"/api/projects/{check['id']}/policy").json()["version"] == 0


def test_axe_finds_nothing_and_nothing_overflows(phone: Page) -> None:
    page = phone
    wrong: list[str] = []

    def look(address: str) -> None:
        for width in each_width(page):
            wrong.extend(flaws(page, address))
            nav = page.get_by_role("navigation", name="Main").get_by_role("link")
            for n in range(5):
                box = nav.nth(n).bounding_box()
                if box is None or box["x"] < 0 or box["x"] + box["width"] > width:
                    wrong.append(f"{width} {address}: place {n} of the navigation is off the screen")

    page.goto("/overview")
    expect(page.get_by_role("figure")).to_have_count(6)
    look("/overview")
    for button in page.get_by_role("button", name=re.compile("Show as table")).all()[::-1]:
        button.click()
    look("/overview, as tables")
    for area in AREAS:
        page.goto(f"/settings/{area}")
        expect(page.locator("main h2").first).to_be_visible()
        expect(page.locator("main").get_by_role("status").filter(has_text="Opening")).to_have_count(0)
        look(f"/settings/{area}")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_be_visible()
    look("what opens anything")
    assert not wrong, "\n".join(wrong)


def test_a_page_that_could_not_be_fetched_is_there_when_the_server_is_back(
    context: BrowserContext,
) -> None:
    page = context.new_page()  # which may say in its console what it missed
    page.goto("/work")
    expect(page.get_by_role("heading", name="Work", exact=True)).to_be_visible()
    page.route("**/*", lambda route: route.abort())
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Overview").click()
    expect(page.get_by_text("The server did not answer when it was asked for.")).to_be_visible()
    page.get_by_role("button", name="Try again").click()  # nobody answers yet, and what is there stays
    expect(page.get_by_text("The server did not answer when it was asked for.")).to_be_visible()
    page.unroute("**/*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("region", name="Waiting for a person")).to_be_visible()
