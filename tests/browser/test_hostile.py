"""Whatever sources, agents and colleagues write: no script runs, nobody else is asked, and the page keeps its shape."""

import json
import re
from typing import Any

from playwright.sync_api import Dialog, Page, expect

from tests.browser import corpus
from tests.browser.conftest import SLOW_MS
from tests.browser.test_substrate import add_text, make_project, sent

expect.set_options(timeout=SLOW_MS)

TEXTS = (*corpus.MARKUP, *corpus.MARKDOWN, *corpus.TRICKS)

# Elements that no text may bring: the page has none of them by itself, but for its own script and style.
FOREIGN = """() => {
  const found = [];
  const addressed = /^(href|src|action|formaction|xlink:href|srcdoc)$/;
  const spoken = /^\\s*(javascript|data|vbscript):/i;
  for (const node of document.querySelectorAll('*')) {
    for (const { name, value } of node.attributes) {
      const said = `${node.tagName} ${name}=${value.slice(0, 40)}`;
      if (name.startsWith('on')) found.push(said);
      if (!addressed.test(name)) continue;
      if (spoken.test(value)) found.push(said);
      else if (node.tagName !== 'A' && new URL(value, location.href).origin !== location.origin) found.push(said);
    }
    if (/^(IFRAME|OBJECT|EMBED|BASE|MATH|VIDEO|AUDIO)$/.test(node.tagName)) found.push(node.tagName);
  }
  if (window.__hit) found.push('a script ran');
  return found;
}"""

# Whether text breaks out of its place: wider than the screen, or a bar of the frame moved.
SHAPE = """() => {
  const found = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) found.push(`wider than the screen: ${wide}`);
  const top = document.querySelector('header.top').getBoundingClientRect();
  if (top.top !== 0 || top.height > 60 || top.right > innerWidth + 1) found.push(`the top bar is at ${top.toJSON()}`);
  for (const dock of document.querySelectorAll('.dock')) {
    const { width, right, bottom } = dock.getBoundingClientRect();
    if (width && (right > innerWidth + 1 || bottom > innerHeight + 1)) found.push(`the dock is at ${right} ${bottom}`);
  }
  // A character that turns the direction turns what stands in its own element, and nothing beside it.
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    if (!/[\\u202a-\\u202e\\u2066-\\u2069]/.test(node.data)) continue;
    const { tagName, className } = node.parentElement;
    if (tagName === 'OPTION') continue; // a line of its own wherever it is drawn
    if (!/isolate|plaintext/.test(getComputedStyle(node.parentElement).unicodeBidi))
      found.push(`the direction leaks from ${tagName}.${className}: ${node.data.slice(0, 40)}`);
  }
  return found;
}"""


def finding(title: str, texts: tuple[str, ...]) -> str:
    return f"# {title}\n\n" + "\n\n".join(texts)


def document(title: str) -> dict[str, Any]:
    long_cells = [[text[:400], corpus.LONG[:3000]] for text in TEXTS]
    blocks: list[dict[str, Any]] = [
        *({"type": "heading", "level": 2, "text": text[:300]} for text in corpus.MARKUP[:4]),
        *({"type": "paragraph", "text": text} for text in TEXTS),
        {"type": "paragraph", "text": corpus.LONG},
        {"type": "paragraph", "text": corpus.LINE},
        {"type": "list", "ordered": False, "items": list(TEXTS)},
        {"type": "quote", "text": corpus.MARKUP[0]},
        {
            "type": "table",
            "columns": [{"name": TEXTS[1]}, {"name": "b", "unit": "<b>km</b>"}],
            "rows": long_cells,
            "caption": TEXTS[0],
        },
        {"type": "chart", "title": TEXTS[1], "spec": corpus.DRAWN},
        {"type": "chart", "title": TEXTS[2], "spec": corpus.CHART},
    ]
    return {"version": 1, "title": title, "blocks": blocks}


def own_agent(page: Page, project: str, agent: str, kind: str) -> tuple[str, str]:
    """(session, checkpoint) of a session whose agent writes what is in the corpus."""
    home = f"/api/projects/{project}/work-sessions"
    request = {
        "agent_type": agent,
        "task_description": f"{corpus.TITLE} {corpus.MARKDOWN[0]}",
        "runtime": "external",
        "auto_execute": True,
        "title": corpus.TITLE[:300],
    }
    session = sent(page, "POST", home, request)["id"]
    news = sent(page, "GET", f"{home}/{session}/decisions?wait=30")
    events = [
        {"id": "s", "type": "said", "text": "\n".join(TEXTS)[:2000]},
        {"id": "p", "type": "progress", "done": 1, "total": 2, "label": corpus.MARKUP[1]},
        {"id": "t", "type": "tool_call", "tool": "search_context", "arguments": {"query": corpus.MARKUP[0]}},
        {
            "id": "a",
            "type": "artifact",
            "slot": "main",
            "artifact_type": kind,
            "title": corpus.TITLE[:300],
            "document": document(corpus.TITLE[:300]),
        },
        {"id": "d", "type": "done", "summary": corpus.MARKDOWN[0], "gaps": list(corpus.MARKUP[:3])},
    ]
    posted = sent(
        page, "POST", f"{home}/{session}/agent-events", {"leg": news["items"][-1]["leg"], "events": events}
    )
    return session, posted["stopped"]["checkpoint_id"]


def test_nothing_that_is_written_runs_leaves_or_breaks_the_page(page: Page) -> None:
    dialogs: list[str] = []
    broken: list[str] = []

    def answer(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", answer)
    page.add_init_script(
        "addEventListener('securitypolicyviolation',"
        " (e) => console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI))"
    )

    project = make_project(page, corpus.TITLE[:200])
    text = "\n\n".join(("Notes.", *TEXTS, corpus.LONG, corpus.LINE))
    source = add_text(page, project, corpus.TITLE[:300], text)
    table = "a;b\n" + "".join(f'"{t[:300].replace(chr(34), "")}";1\n' for t in corpus.MARKUP if "\n" not in t)
    upload: dict[str, Any] = {
        "files": {
            "name": "<img src=x onerror=window.__hit=1>\u202efdp.csv",
            "mimeType": "text/csv",
            "buffer": table.encode(),
        }
    }
    assert page.request.post(f"/api/projects/{project}/sources", multipart=upload).ok
    page.goto(f"/projects/{project}/sources")
    expect(page.get_by_role("row").nth(2)).to_contain_text("passage")
    sent(page, "POST", f"/api/projects/{project}/memory", {"kind": "instruction", "text": corpus.MARKUP[1]})

    checked = sent(
        page,
        "POST",
        f"/api/projects/{project}/checks",
        {"draft": finding(corpus.MARKUP[0], TEXTS), "title": corpus.TITLE[:300]},
    )
    sessions = [(checked["session_id"], checked["checkpoint_id"])]
    sessions += [
        own_agent(page, project, agent, kind)
        for agent, kind in (
            ("research", "research_finding"),
            ("content", "content_draft"),
            ("reporting", "report"),
        )
    ]
    for _, checkpoint in sessions:
        for words in (corpus.MARKUP[1], corpus.TRICKS[1], corpus.LONG[:3000]):
            sent(page, "POST", f"/api/checkpoints/{checkpoint}/comments", {"text": words})
    _, rejected = own_agent(page, project, "research", "research_finding")
    shown = sent(page, "GET", f"/api/checkpoints/{rejected}")
    home = f"/api/projects/{project}/work-sessions/{shown['session_id']}"
    refusal = {
        "packet_digest": shown["packet_digest"],
        "rejection_reason": corpus.MARKUP[1] + corpus.TRICKS[1],
    }
    sent(page, "POST", f"{home}/checkpoints/{rejected}/reject", refusal)

    addresses = [
        "/inbox",
        "/work",
        "/sources",
        f"/projects/{project}",
        f"/projects/{project}/sources",
        f"/projects/{project}/memory",
        f"/projects/{project}/sources/{source}",
        f"/projects/{project}/search?q=img",
        f"/projects/{project}/policy",
        f"/projects/{project}/new?agent=check",
        f"/projects/{project}/new?agent=content",
        f"/projects/{project}/agents",
        *(f"/review/{checkpoint}" for _, checkpoint in sessions),
        f"/review/{rejected}",
        *(f"/projects/{project}/sessions/{session}" for session, _ in sessions),
        f"/projects/{project}/sessions/{shown['session_id']}",
        f"/projects/{project}/sessions/{sessions[1][0]}/envelope",
    ]
    for address in addresses:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(address)
        expect(page.locator("#root main")).to_be_visible()
        expect(page.locator("#root [role=status] .ghost")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        broken += [f"{address}: {one}" for one in page.evaluate(FOREIGN)]
        broken += [f"{address}: {one}" for one in page.evaluate(SHAPE)]
        page.set_viewport_size({"width": 390, "height": 844})
        broken += [f"{address} on a phone: {one}" for one in page.evaluate(SHAPE)]
    assert not dialogs, dialogs
    assert not broken, "\n".join(dict.fromkeys(broken))
    # The titles are there as they were written, as text.
    page.goto(f"/projects/{project}")
    expect(page.get_by_role("main")).to_contain_text(re.compile(re.escape("<img src=x onerror=")))
    assert json.loads(page.evaluate("JSON.stringify(window.__hit ?? null)")) is None
