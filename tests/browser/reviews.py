"""Reviews for the tests of their page, and a colleague who acts on them."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import SLOW_MS, sent

CLEAN = "The bridge was opened on 4 May 1998."
WRONG = f"{CLEAN} It is 321 metres long."
RICH = (
    "# The bridge of 321 metres\n\nAbout it\n\nIt is 321 metres long. Nobody painted it.\n\n"
    "- It is 321 metres long, we hear.\n\n| what | value |\n| --- | --- |\n| long | 321 metres |\n"
)
NAMES = count(1)


def their_key(browser: Browser, server: str) -> str:
    """Of one member for all tests of a file: the first nine have a number in the list of whom work can be given to."""
    context = browser.new_context(base_url=server)
    named = {"name": f"Colleague {next(NAMES)}", "role": "reviewer"}
    made = sent(context.request, "POST", "/api/members", named)
    key = sent(context.request, "POST", "/api/api-keys", {"name": "page", "member_id": made["id"]})
    context.close()
    return str(key["key"])


@contextmanager
def their_page(browser: Browser, server: str, key: str) -> Generator[Page]:
    """A page of somebody else of the same workspace."""
    context = browser.new_context(
        base_url=server, extra_http_headers={"Authorization": f"Bearer {key}"}, viewport=None
    )
    context.set_default_timeout(SLOW_MS)
    yield context.new_page()
    context.close()


def make_check(page: Page, project: str, draft: str) -> dict[str, Any]:
    """An outside draft that waits, its checkpoint in full."""
    title = f"Bridge draft {next(NAMES)}"
    made = sent(page.request, "POST", f"/api/projects/{project}/checks", {"draft": draft, "title": title})
    return dict(sent(page.request, "GET", f"/api/checkpoints/{made['checkpoint_id']}"))


def decided(theirs: Page, project: str, review: dict[str, Any], how: str) -> None:
    """Somebody else decides it."""
    at = f"/api/projects/{project}/work-sessions/{review['session_id']}/checkpoints/{review['id']}/{how}"
    more: dict[str, dict[str, Any]] = {
        "approve": {},
        "reject": {
            "rejection_reason": "The drawing of the bridge that this rests on is not among the sources"
        },
        "request-changes": {"changes": [{"comment": "Say who opened it."}]},
    }
    sent(theirs.request, "POST", at, {"packet_digest": review["packet_digest"]} | more[how])


def opened(page: Page, review: dict[str, Any]) -> Locator:
    """The review on `page`, once its keys live; its text."""
    page.goto(f"/review/{review['id']}")
    expect(page.get_by_role("article")).to_be_visible()
    expect(page.get_by_label("Decision")).to_contain_text(re.compile("Ready to sign|open"))
    return page.get_by_role("article")


def select(page: Page, words: str) -> None:
    """Selects words of the draft as a mouse does: pressed before the first, let go after the last."""
    box = page.evaluate(
        """words => {
          const walker = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const at = node.data.indexOf(words);
            if (at < 0 || node.parentElement.closest(".sr")) continue;
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + words.length);
            const { left, right, top, bottom } = range.getBoundingClientRect();
            return { left, right, middle: (top + bottom) / 2 };
          }
        }""",
        words,
    )
    page.mouse.move(box["left"] + 1, box["middle"])
    page.mouse.down()
    page.mouse.move(box["right"] - 1, box["middle"], steps=4)
    page.mouse.up()
    expect(page.get_by_role("button", name=re.compile("^Comment on these words"))).to_be_visible()


def status(page: Page, review: dict[str, Any]) -> str:
    shown = sent(page.request, "GET", f"/api/checkpoints/{review['id']}")
    return f"held: {shown['held']}" if shown["held"] else str(shown["status"])
