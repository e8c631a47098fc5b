"""A hundred-page draft against a thousand-page project, through the product's own adding, capturing and checking.

    python bench/check_large.py [--data DIR] [--words 500000] [--draft-words 50000] [--seed 7] [--no-review]

DIR holds SciFact's corpus.jsonl.gz (Wadden et al., EMNLP 2020), whose abstracts become the sources. Without it the
sources are made, deterministically, from the words of this checkout's docs and bench texts. A page is 500 words. Of
the draft's sentences .60 stand word for word in a source, .25 stand there with one word or figure changed, and .15
are about something else.

Prints what was captured and how fast, what checking alone took and where its time went, and, unless --no-review,
what the same draft takes as a work session: to its review, to show that, and to sign it.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import inspect
import json
import os
import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.corpus.texts import DEVELOPMENT, HELD_OUT

from proofroom.bootstrap import make_catalog
from proofroom.db import blocks as db_blocks
from proofroom.db import checkpoints, work_sessions
from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.models import Basket, Member, Project, Workspace
from proofroom.db.tx import Database, new_id
from proofroom.domain.checkpoint import Acknowledgement
from proofroom.engine import leg
from proofroom.engine.parts import Parts
from proofroom.services import checks, outside, review, sources, views
from proofroom.services.access import Actor
from proofroom.settings import Settings
from proofroom.substrate import bulk_search

ROOT = Path(__file__).parents[1]
PAGE = 500
PER_SOURCE = 5_000
"""Words of a source: ten pages."""
MUST_SETTLE = ("unsupported", "conflict")
"""Verdicts that nobody signs over without a reason."""
_FIGURE = re.compile(r"\b\d+(?:\.\d+)?\b")
_WORD = re.compile(r"\b[a-z]{5,}\b")


def words_of(text: str) -> int:
    return len(text.split())


def abstracts(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """(title, sentences) of SciFact's abstracts, in the order of the file."""
    with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        for item in map(json.loads, lines):
            yield str(item["title"]), [" ".join(str(s).split()) for s in item["sentences"]]


def made_up(rng: random.Random) -> Iterator[tuple[str, list[str]]]:
    """(title, sentences) without end: sentences of the bench texts and docs with their words drawn anew."""
    texts = [p for t in (*DEVELOPMENT, *HELD_OUT) for p in t.paragraphs]
    texts += [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md"))]
    vocabulary = sorted({w for t in texts for w in _WORD.findall(t)})
    shapes = [s for t in texts for s in sentences_of(t)]
    while True:
        subject = rng.sample(vocabulary, 60)

        def other(found: re.Match[str], subject: list[str] = subject) -> str:
            return rng.choice(subject) if rng.random() < 0.7 else found.group()

        chosen = rng.sample(shapes, 9)
        made = [_FIGURE.sub(lambda _: str(rng.randint(2, 9_999)), _WORD.sub(other, s)) for s in chosen]
        yield " ".join(subject[:5]), made


def sentences_of(text: str) -> list[str]:
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z])", " ".join(text.split()))
    return [
        p for p in parts if 6 <= words_of(p) <= 60 and p[-1] == "." and not re.search(r"[|`#\[\]*_<>]", p)
    ]


def make_sources(articles: Iterable[tuple[str, list[str]]], words: int) -> tuple[dict[str, str], list[str]]:
    """Markdown by file name, ten pages each, and all sentences in them."""
    files: dict[str, str] = {}
    told: list[str] = []
    parts: list[str] = []
    written = here = 0
    for title, sentences in articles:
        if written >= words:
            break
        part = f"## {title}\n\n{' '.join(sentences)}"
        parts.append(part)
        told += [s for s in sentences if 6 <= words_of(s) <= 60]
        here += words_of(part)
        written += words_of(part)
        if here >= PER_SOURCE or written >= words:
            files[f"{len(files):03}.md"] = f"# Volume {len(files)}\n\n" + "\n\n".join(parts) + "\n"
            parts, here = [], 0
    return files, told


def altered(sentence: str, rng: random.Random, vocabulary: list[str]) -> str:
    """The sentence with one figure, or one word, replaced."""
    found = list(_FIGURE.finditer(sentence)) or list(_WORD.finditer(sentence))
    if not found:
        return f"Not so: {sentence}"
    at = rng.choice(found)
    put = str(rng.randint(2, 999)) if at.group()[0].isdigit() else rng.choice(vocabulary)
    return sentence[: at.start()] + put + sentence[at.end() :]


def make_draft(told: list[str], words: int, rng: random.Random) -> str:
    vocabulary = sorted({w for s in told[:3_000] for w in _WORD.findall(s)})
    strange = [s for t in (*DEVELOPMENT, *HELD_OUT) for p in t.paragraphs for s in sentences_of(p)]
    lines: list[str] = []
    written = 0
    while written < words:
        draw = rng.random()
        sentence = rng.choice(strange if draw >= 0.85 else told)
        if 0.6 <= draw < 0.85:
            sentence = altered(sentence, rng, vocabulary)
        lines.append(sentence)
        written += words_of(sentence)
    paragraphs = [" ".join(lines[n : n + 5]) for n in range(0, len(lines), 5)]
    return "# A long draft\n\n" + "\n\n".join(paragraphs) + "\n"


PARTS = (
    (outside, "split_claims", "cutting it into claims"),
    (outside, "open_finder", "reading the index"),
    (bulk_search.Index, "best", "ranking"),
    (db_blocks, "by_ids", "reading passages"),
    (outside, "_fetch", "reading cells and tables"),
    (outside, "analyse", "analysing passages"),
    (outside, "check_outside", "comparing"),
)


def watch() -> dict[str, float]:
    """Seconds by part of a check, filled while it runs."""
    seconds = {label: 0.0 for _, _, label in PARTS}

    def timed(function: Callable[..., Any], label: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                seconds[label] += time.perf_counter() - start

        async def wait(*given: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return await function(*given, **named)
            finally:
                seconds[label] += time.perf_counter() - start

        return wait if inspect.iscoroutinefunction(function) else call

    for place, name, label in PARTS:
        setattr(place, name, timed(getattr(place, name), label))
    return seconds


async def capture(db: Database, workspace: UUID, project: UUID, files: Mapping[str, str]) -> None:
    limit = asyncio.Semaphore(2)

    async def one(name: str, text: str) -> None:
        async with limit:
            async with db.transaction(workspace) as tx:
                row = await sources.add_source(tx, project, data=text.encode(), filename=name, defer=False)
            done = await sources.capture_now(db, workspace, row.id)
            assert done.status == "ready", done.failure

    async with asyncio.TaskGroup() as group:
        for name, text in files.items():
            group.create_task(one(name, text))


def told_since(start: float) -> float:
    return time.perf_counter() - start


def rss() -> int:
    """Peak resident set of this process in MB; the database's processes are not in it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def load() -> str:
    return " ".join(f"{n:.1f}" for n in os.getloadavg())


async def run(url: str, files: Mapping[str, str], draft: str, *, with_review: bool) -> None:
    db = Database(url)
    workspace, member, project = new_id(), new_id(), new_id()
    async with db.transaction(workspace) as tx:
        await tx.execute(insert(Workspace).values(id=workspace, name="Bench"))
        await tx.execute(insert(Member).values(workspace_id=workspace, id=member, name="Bench", role="admin"))
        await tx.execute(insert(Project).values(workspace_id=workspace, id=project, name="Bench"))
        await tx.execute(insert(Basket).values(workspace_id=workspace, id=new_id(), project_id=project))
    start = time.perf_counter()
    await capture(db, workspace, project, files)
    print(f"captured in {told_since(start):.1f} s", flush=True)
    spent = watch()
    start, cpu = time.perf_counter(), time.process_time()
    checked = await checks.check_only(lambda: db.transaction(workspace), project, draft=draft)
    seconds = told_since(start)
    summary = checked["summary"]
    print(
        f"checked {summary['claims']} claims in {seconds:.1f} s ({summary['claims'] / seconds:.0f} a second; "
        f"{time.process_time() - cpu:.1f} s of CPU), "
        f"{summary['needs_you']} need a person; peak memory {rss()} MB; load {load()}"
    )
    for label, part in spent.items():
        print(f"  {label:<24} {part:6.1f} s  {part / seconds:4.0%}")
    sys.stdout.flush()
    if with_review:
        actor = Actor(workspace, member, "Bench", "admin")
        await through_review(Parts(db, make_catalog(Settings(), db), "bench"), actor, project, draft)
    await db.dispose()


async def through_review(parts: Parts, actor: Actor, project: UUID, draft: str) -> None:
    db, workspace = parts.db, actor.workspace_id
    start = time.perf_counter()
    async with db.transaction(workspace) as tx:
        row = await checks.open_check(tx, actor, parts.catalog, project, draft=draft)
    print(f"filed in {told_since(start):.2f} s: {row.status}", flush=True)
    start = time.perf_counter()
    row = await leg.drive(parts, workspace, row.id)
    told = told_since(start)
    async with db.transaction(workspace) as tx:
        events = [e for e in await work_sessions.events(tx, row.id) if e.type == "progress"]
    print(f"checked by its leg in {told:.1f} s: {row.status}, progress told {len(events)} times", flush=True)
    start = time.perf_counter()
    async with db.transaction(workspace) as tx:
        waiting = await checkpoints.open_one(tx, row.id)
        assert waiting is not None
        shown = json.dumps(await views.checkpoint(tx, waiting, row))
    print(f"its checkpoint as JSON: {len(shown) / 1e6:.1f} MB in {told_since(start):.2f} s", flush=True)
    claims = [c for a in waiting.packet["artifacts"] for c in a["claims"]]
    settled = [Acknowledgement(c["id"], "bench") for c in claims if c["verdict"] in MUST_SETTLE]
    start = time.perf_counter()
    async with db.transaction(workspace) as tx:
        outcome = await review.approve(
            tx, actor, row.id, waiting.id, packet_digest=waiting.packet_digest, acknowledged=settled
        )
    print(f"signed in {told_since(start):.2f} s: {outcome.checkpoint.status}", flush=True)
    start = time.perf_counter()
    row = await leg.drive(parts, workspace, row.id)
    print(f"finished in {told_since(start):.2f} s: {row.status}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="A hundred-page draft against a thousand-page project.")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--words", type=int, default=500_000)
    parser.add_argument("--draft-words", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--no-review", action="store_true")
    given = parser.parse_args()
    rng = random.Random(given.seed)
    made = given.data is None
    files, told = make_sources(made_up(rng) if made else abstracts(given.data), given.words)
    draft = make_draft(told, given.draft_words, rng)
    total = sum(words_of(t) for t in files.values())
    print(f"sources: {'made from words of this checkout' if made else 'abstracts of SciFact'}")
    print(
        f"project: {total / PAGE:,.0f} pages, {total:,} words, {len(files)} sources; "
        f"draft: {words_of(draft) / PAGE:,.0f} pages, {words_of(draft):,} words; load {load()}",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="proofroom-bench-") as folder:
        server = EmbeddedPostgres.start(Path(folder))
        try:
            migrate(server.url())
            asyncio.run(run(server.url(), files, draft, with_review=not given.no_review))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
