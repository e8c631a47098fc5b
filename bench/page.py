"""What the web page weighs, how soon it can be used, and how fast the next review is there with many waiting.

    python bench/page.py [--waiting 10000] [--loads 7] [--steps 100] [--pause 400] [--json FILE]

`proofroom up` with its sample, of whose open review N copies wait as well; Chromium without its cache.

Weight: what the first load of the review asks for in JavaScript and CSS, packed by gzip, and as it was sent.
Interactive: from the navigation to the frame after which the review can be decided (its text and its signature are
there and keys live), the tasks on the main thread that take longer than 50 ms afterwards taken into account as in the
web's "time to interactive" (https://web.dev/articles/tti), with a page of nothing but text as the floor.
Next: from the key `j` to the frame in which the next review's title, text and signature are painted, a pause between
any two keys as somebody has who glances at each; the floor is a key that changes one word on the same page.

Exits 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from ground import Report, Started, add_json_option, libpq, median, percentile, say_machine
from history import copy_sessions
from playwright.sync_api import Browser, Page, sync_playwright

from proofroom.db.embedded import EmbeddedPostgres

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WEIGHT_KB = 200.0
INTERACTIVE_MS = 1500.0
NEXT_MS = 100.0
SETTLED_MS = 2500
"""How long the main thread is watched for long tasks after the review is there."""

READY = """
() => {
  const there = () => document.querySelector('.artifact .doctitle') && document.querySelector('.draft [data-claim]')
    && [...document.querySelectorAll('.dock button')].some((b) => /^Sign /.test(b.textContent));
  const painted = () => requestAnimationFrame(() => setTimeout(() => { window.__ready ??= performance.now(); }, 0));
  window.__long = [];
  const long = (list) => { for (const e of list.getEntries()) window.__long.push([e.startTime, e.duration]); };
  new PerformanceObserver(long).observe({ type: 'longtask', buffered: true });
  const look = new MutationObserver(() => { if (there()) { look.disconnect(); painted(); } });
  look.observe(document, { childList: true, subtree: true });
}
"""

NEXT = """
() => {
  window.__took = [];
  let began = null, before = null;
  const title = () => document.querySelector('.artifact .doctitle')?.textContent ?? null;
  addEventListener('keydown', (e) => {
    if (e.key === 'j') { began = e.timeStamp; before = title(); }
    if (e.key === 'F9') {
      const start = e.timeStamp;
      document.querySelector('.brand span').textContent = 'Proofroom ' + Math.random();
      requestAnimationFrame(() => setTimeout(() => window.__took.push(['floor', performance.now() - start]), 0));
    }
  }, true);
  const look = () => {
    const now = title();
    if (began === null || now === null || now === before || !document.querySelector('.draft [data-claim]')) return;
    const start = began;
    began = null;
    requestAnimationFrame(() => setTimeout(() => window.__took.push(['next', performance.now() - start]), 0));
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""


def open_browser(playwright: Any) -> Browser:
    path = next(found for name in BROWSERS if (found := shutil.which(name)))
    return playwright.chromium.launch(
        executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
    )


def weigh(report: Report, browser: Browser, url: str, checkpoint: str) -> None:
    context = browser.new_context(base_url=url, bypass_csp=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if r.resource_type in ("script", "stylesheet") else None)
    page.goto(f"/review/{checkpoint}")
    page.locator(".draft [data-claim]").first.wait_for()
    page.wait_for_load_state("networkidle")
    packed = sent = 0
    for address in dict.fromkeys(asked):
        plain = httpx.get(address, headers={"Accept-Encoding": "identity"})
        packed += len(gzip.compress(plain.content, 9))
        with httpx.stream("GET", address, headers={"Accept-Encoding": "br, gzip"}) as answer:
            sent += sum(len(piece) for piece in answer.iter_raw())
    context.close()
    report.add(
        "JavaScript and CSS of the first load, gzip", packed / 1000, "kB", bar=WEIGHT_KB,
        note=f"{len(asked)} files, {sent / 1000:.0f} kB as sent",
    )  # fmt: skip


def interactive(report: Report, browser: Browser, url: str, checkpoint: str, loads: int) -> None:
    took: list[float] = []
    floor: list[float] = []
    for n in range(loads + 1):
        context = browser.new_context(base_url=url, bypass_csp=True)
        page = context.new_page()
        page.add_init_script(f"({READY})()")
        page.goto(f"/review/{checkpoint}")
        page.wait_for_function("window.__ready !== undefined")
        page.wait_for_timeout(SETTLED_MS)
        ready, long = page.evaluate("[window.__ready, window.__long]")
        busy = [start + duration for start, duration in long if start < ready + SETTLED_MS]
        bare = context.new_page()
        bare.goto("/api/health")
        bare_ms = bare.evaluate(
            "performance.getEntriesByType('paint').at(-1)?.startTime ?? performance.now()"
        )
        context.close()
        if n:  # the first start of the browser is its own
            took.append(max([ready, *busy]))
            floor.append(bare_ms)
    report.add(
        "navigation to interactive, p50", median(took), "ms", bar=INTERACTIVE_MS,
        note=f"most {max(took):.0f}; a page of one line {median(floor):.0f}",
    )  # fmt: skip


def step(page: Page, key: str, n: int, pause: int) -> None:
    for _ in range(n):
        before = page.evaluate("window.__took.length")
        page.keyboard.press(key)
        page.wait_for_function(f"window.__took.length > {before}")
        page.wait_for_timeout(pause)


def following(report: Report, browser: Browser, url: str, given: argparse.Namespace) -> None:
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.add_init_script(f"addEventListener('DOMContentLoaded', {NEXT})")
    first = context.request.get("/api/checkpoints?limit=1").json()["items"][0]["id"]
    page.goto(f"/review/{first}")
    page.locator(".draft [data-claim]").first.wait_for()
    page.wait_for_timeout(3000)
    step(page, "F9", 30, 100)
    for label, pause in (("", given.pause), (", as fast as they are there", 0)):
        page.evaluate("window.__took = window.__took.filter(([what]) => what === 'floor')")
        step(page, "j", given.steps, pause)
        found = page.evaluate("window.__took")
        took = [ms for what, ms in found if what == "next"]
        floor = [ms for what, ms in found if what == "floor"]
        word = median(floor)
        report.add(
            f"the next review painted, p95, {given.waiting:,} waiting{label}", percentile(took, 0.95), "ms",
            bar=NEXT_MS if pause else None,
            note=f"p50 {median(took):.0f}, most {max(took):.0f}; {median(took) / word:.1f} times a word's {word:.0f}",
        )  # fmt: skip
    context.close()


def fill(folder: Path, n: int) -> str:
    """N copies of the sample's open review, each with a title of its own; the id of the sample's."""
    with (
        Started(
            "up", "--no-open", "--port", "0", "--data", str(folder), log=folder.with_suffix(".log")
        ) as running,
        EmbeddedPostgres.start(folder) as server,
    ):
        first = httpx.get(running.ready["url"] + "/api/checkpoints").json()["items"][0]
        session, project = UUID(first["session_id"]), UUID(first["project_id"])
        if n:
            took = copy_sessions(server.url(), session, n, projects=[project], days=30)
            with psycopg.connect(libpq(server.url()), autocommit=True) as connection:
                connection.execute("SET session_replication_role = replica")
                connection.execute(
                    """
                    UPDATE work_checkpoints c
                    SET packet = jsonb_set(
                      replace(packet::text, packet #>> '{artifacts,0,artifact_id}', a.id::text)::jsonb,
                      '{artifacts,0,title}', to_jsonb('Draft ' || right(c.id::text, 8)))
                    FROM work_artifacts a WHERE a.session_id = c.session_id AND c.session_id <> %s
                    """,
                    (session,),
                )
                connection.execute("VACUUM (ANALYZE)")
            print(f"  {n:,} waiting reviews written in {took:.1f} s", flush=True)
        return str(first["id"])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--waiting", type=int, default=10_000, metavar="N")
    parser.add_argument("--loads", type=int, default=7, metavar="N")
    parser.add_argument("--steps", type=int, default=100, metavar="N")
    parser.add_argument("--pause", type=int, default=400, metavar="MS")
    add_json_option(parser)
    given = parser.parse_args()
    say_machine()
    report = Report("page")
    place = Path(tempfile.mkdtemp(prefix="proofroom-page-"))
    try:
        folder = place / "data"
        folder.mkdir()
        checkpoint = fill(folder, given.waiting)
        up = Started("up", "--no-open", "--port", "0", "--data", str(folder), log=place / "up.log")
        with up as running, sync_playwright() as playwright:
            browser = open_browser(playwright)
            url = running.ready["url"]
            time.sleep(3)  # what starting leaves to do would otherwise be done while we measure
            weigh(report, browser, url, checkpoint)
            interactive(report, browser, url, checkpoint, given.loads)
            following(report, browser, url, given)
            browser.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
