"""What moves on a page by itself: Chromium's own layout shifts, by element."""

from typing import Any

from playwright.sync_api import Page

WATCH = """() => {
  window.moved = [];
  const name = (node) => {
    const element = node instanceof Element ? node : node?.parentElement;
    const words = (element?.textContent ?? '').trim().slice(0, 40);
    const queue = element?.closest('.queue') ? 'queue ' : '';
    return `${queue}${element?.tagName.toLowerCase() ?? 'gone'}.${element?.className ?? ''} “${words}”`;
  };
  window.watched = new PerformanceObserver((list) => window.note(list.getEntries()));
  window.note = (entries) => {
    for (const entry of entries)
      for (const { node, previousRect: a, currentRect: b } of entry.sources)
        window.moved.push(`${name(node)} from ${a.x},${a.y} to ${b.x},${b.y}`);
  };
  window.watched.observe({ type: 'layout-shift' });
}"""
TOLD = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  window.note(window.watched.takeRecords());
  done(window.moved.splice(0));
})))"""


def watch_moves(page: Page) -> None:
    """From here on; before what is to be measured."""
    page.evaluate(WATCH)


def moves(page: Page) -> Any:
    """What moved since it was asked last: element, from where, to where; what is in the queue begins so."""
    return page.evaluate(TOLD)
