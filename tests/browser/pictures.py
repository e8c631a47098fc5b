"""The pictures of the documentation, and every page for whoever wants to look at all of them.

    python3 dev.py screenshots [--all]

From a real server with its sample and some work on it. Without `--all`: docs/images/*.png. With it: every page, in both
themes, at three widths, into out/screenshots.
"""

import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SLOW_MS, WIDTHS
from tests.browser.test_accessible import addresses
from tests.browser.test_substrate import sent

expect.set_options(timeout=SLOW_MS)

ROOT = Path(__file__).parents[2]
MORE = {
    "/overview": "At work",
    **{
        f"/settings/{area}": "Settings"
        for area in ("members", "projects", "templates", "policies", "budgets", "appearance")
    },
}
"""Pages whose own tests look at them with axe."""
COLOURS = 160
"""Enough for text and lines; keeps a picture under 150 kB."""


def project_of(page: Page, key: str) -> str:
    projects = page.request.get("/api/projects").json()["items"]
    return next(str(p["id"]) for p in projects if p["sample_key"] == key)


def ask(page: Page, project: str, agent: str, task: str, config: dict[str, Any]) -> None:
    """A piece of work by the quote finder, until it waits for a signature."""
    home = f"/api/projects/{project}/work-sessions"
    request = {"agent_type": agent, "task_description": task, "config": config, "runtime": "extractive"}
    session = sent(page, "POST", home, request)["id"]
    answer = page.request.post(f"{home}/{session}/execute", headers={"Prefer": "wait=60"})
    assert answer.json()["status"] == "pending_review", answer.text()


@pytest.fixture(scope="session")
def worked(browser: Browser, server: str) -> str:
    """The address of a server on which something waits in each project of the sample."""
    context = browser.new_context(base_url=server)
    page = context.new_page()
    check, report = project_of(page, "check"), project_of(page, "report")
    sent(page, "POST", f"/api/projects/{report}/sample/new-year")
    ask(page, check, "research", "Why was the thrust data in the wrong units?", {})
    ask(page, check, "content", "What engineers should learn from the loss of the orbiter", {})
    page.goto("/inbox")
    expect(page.get_by_text(re.compile("^4 wait for you"))).to_be_visible()
    context.close()
    return server


def take(page: Page, path: Path) -> None:
    page.wait_for_load_state("networkidle")
    picture = Image.open(BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


@pytest.mark.skipif(bool(os.environ.get("PROOFROOM_PICTURES")), reason="all pages were asked for")
def test_pictures_of_the_documentation(browser: Browser, worked: str) -> None:
    pages = {
        "review": show_practice,
        "inbox": lambda page: page.goto("/inbox"),
        "new-work": lambda page: page.goto(f"/projects/{project_of(page, 'report')}/new?agent=reporting"),
        "session": show_report,
        "overview": lambda page: page.goto("/overview"),
    }
    context = browser.new_context(
        base_url=worked, viewport={"width": 1440, "height": 900}, color_scheme="light"
    )
    for name, show in pages.items():
        page = context.new_page()
        show(page)
        expect(page.locator("#root main")).to_be_visible()
        take(page, ROOT / "docs" / "images" / f"{name}.png")
        page.close()
    context.close()


def show_practice(page: Page) -> None:
    waiting = page.request.get(f"/api/checkpoints?project_id={project_of(page, 'check')}&q=practice").json()
    page.goto(f"/review/{waiting['items'][0]['id']}")
    expect(page.get_by_text("5 need you,")).to_be_visible()


def show_report(page: Page) -> None:
    project = project_of(page, "report")
    sessions = page.request.get(f"/api/projects/{project}/work-sessions?status=completed").json()["items"]
    page.goto(f"/projects/{project}/sessions/{sessions[0]['id']}")


@pytest.mark.skipif(not os.environ.get("PROOFROOM_PICTURES"), reason="only with --all")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page(browser: Browser, worked: str, theme: Literal["light", "dark"]) -> None:
    for width, height in WIDTHS:
        context = browser.new_context(
            base_url=worked, viewport={"width": width, "height": height}, color_scheme=theme
        )
        page = context.new_page()
        for address, words in (addresses(page) | MORE).items():
            page.goto(address)
            expect(page.locator("#root").get_by_text(words).first).to_be_attached()
            name = (
                re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "_", address)
                .strip("/")
                .replace("/", "-")
                .replace("?", "-")
                or "home"
            )
            take(page, ROOT / "out" / "screenshots" / f"{name}-{theme}-{width}.png")
        context.close()
