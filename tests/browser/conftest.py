"""A real server with its sample, and a real browser. Nothing here is imitated."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    APIRequestContext,
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    sync_playwright,
)

STATIC = Path(__file__).parents[2] / "src" / "proofroom" / "api" / "static" / "index.html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
START_SECONDS = 120
SECOND = "Second reviewer"
PHONE = (390, 844)
WIDTHS = ((1440, 900), (1180, 800), PHONE)
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))"
AXE = Axe().axe_script
SLOW_MS = 60_000
"""How long a page may take on a machine that does other things; a limit, not a measurement."""


def browser_path() -> str:
    """The installed Chromium or Chrome. Fails, never skips: an untested page is not a tested one."""
    named = os.environ.get("PROOFROOM_TEST_BROWSER")
    for name in [named] if named else BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    pytest.fail("No Chromium or Chrome was found. Install one, on Debian: apt-get install chromium")


@dataclass(frozen=True)
class Running:
    """A server: the address of its page, and its process, which the database is not part of."""

    address: str
    process: "subprocess.Popen[str]"


@contextmanager
def running(*options: str) -> Generator[Running]:
    """`proofroom up` on a free port with a data folder of its own, and these options."""
    assert STATIC.is_file(), "The page is not built. Build it: python3 dev.py sync"
    folder = tempfile.mkdtemp(prefix="proofroom-browser-")
    program = Path(sys.executable).with_name("proofroom")
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith("PROOFROOM_") and k != "DATABASE_URL"
    }
    environment["PROOFROOM_EMBEDDER"] = "off"
    process = subprocess.Popen(
        [str(program), "up", "--no-open", "--port", "0", "--data", folder, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment | {"PYTHONUNBUFFERED": "1"},
    )
    said: list[str] = []
    ready = threading.Event()
    address: list[str] = []

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            found = re.search(r"ready on (http://\S+)", line)
            if found:
                address.append(found.group(1).rstrip("/"))
                ready.set()
        ready.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        ready.wait(START_SECONDS)
        if not address:
            pytest.fail("The server did not start:\n" + "".join(said[-40:]))
        yield Running(address[0], process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail("The server did not stop within 30 seconds:\n" + "".join(said[-40:]))
        finally:
            listener.join(10)
            if process.stdout is not None:
                process.stdout.close()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of the page of a server for all tests."""
    with running() as one:
        yield one.address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser_path(), args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser, server: str) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=server, viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(SLOW_MS)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, server: str) -> Iterator[Page]:
    """A page that may neither throw, nor break the content policy, nor ask anybody but our server."""
    opened = context.new_page()
    wrong: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            wrong.append(message.text)

    def leaves(request: Request) -> None:
        if not request.url.startswith((server, "data:")):
            wrong.append(request.url)

    def thrown(error: Error) -> None:
        wrong.append(str(error))

    opened.on("console", note)
    opened.on("pageerror", thrown)
    opened.on("request", leaves)
    yield opened
    assert wrong == []


@pytest.fixture
def phone(browser: Browser, server: str) -> Iterator[Page]:
    """A page on a phone, in which nothing fades from one colour to another, and on which axe is loaded at once."""
    width, height = PHONE
    opened = browser.new_context(
        base_url=server, viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    opened.set_default_timeout(SLOW_MS)
    opened.add_init_script(AXE)  # text of half a megabyte: sent once, not for each page
    yield opened.new_page()
    opened.close()


def each_width(page: Page) -> Iterator[int]:
    """The page as it stands at each of the widths, one after the other, and at its own again at the end.

    What the page asked for first is there by then: nobody need look at how it loads.
    """
    own = page.viewport_size
    assert own is not None
    page.wait_for_load_state("networkidle")
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(DRAWN)
        yield width
    page.set_viewport_size(own)
    page.evaluate(DRAWN)


def flaws_at_each_width(page: Page, what: str = "") -> list[str]:
    """`flaws` of the page as it stands, at each of the widths.

    Whoever has brought a phone to this state shows that a phone can be; the other tests do as much on a large screen.
    """
    return [flaw for _ in each_width(page) for flaw in flaws(page, what)]


def flaws(page: Page, what: str = "") -> list[str]:
    """What axe minds on the page as it stands, in light and in dark, and whether it is wider than the screen.

    The dark theme changes colours and nothing else, so there only the rule of contrast is asked again. `what` names
    what is looked at.
    """
    where = f"{page.viewport_size and page.viewport_size['width']} {what}"
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    found = [f"{where}: wider than the screen"] if wide else []
    found += _minded(page, f"light {where}")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += _minded(page, f"dark {where}", runOnly={"type": "rule", "values": ["color-contrast"]})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found


def _minded(page: Page, where: str, **options: Any) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    options |= {"resultTypes": ["violations"], "preload": False}
    violations = page.evaluate("async (options) => (await axe.run(document, options)).violations", options)
    return [
        f"{where}: {violation['id']} {[node['html'][:200] for node in violation['nodes']][:3]}"
        for violation in violations
    ]


@dataclass(frozen=True)
class Colleague:
    """Another reviewer of the same workspace."""

    id: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@pytest.fixture(scope="session")
def colleague(browser: Browser, server: str) -> Colleague:
    context = browser.new_context(base_url=server)
    made = sent(context.request, "POST", "/api/members", {"name": SECOND, "role": "reviewer"})
    key = sent(context.request, "POST", "/api/api-keys", {"name": "page", "member_id": made["id"]})
    context.close()
    return Colleague(made["id"], key["key"])


@pytest.fixture
def theirs(browser: Browser, server: str, colleague: Colleague) -> Iterator[Page]:
    """A page of the second reviewer."""
    context = browser.new_context(base_url=server, extra_http_headers=colleague.headers)
    context.set_default_timeout(SLOW_MS)
    yield context.new_page()
    context.close()


def sent(request: APIRequestContext, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    answer = request.fetch(path, method=method, data=body)
    assert answer.ok, f"{method} {path}: {answer.status} {answer.text()}"
    return answer.json()
