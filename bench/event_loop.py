"""What holds the event loop of the API, and for how long: a large capture, a large review, searches and exports.

    python bench/event_loop.py [--words 100000] [--draft-words 50000] [--seed 7] [--over 5]

The API runs on a loop of its own in a thread, as `proofroom api` does; captures and legs run on another, as in
`proofroom worker`. Every callback of the API's loop is timed by the processor time of its thread, so that neither the
other thread nor whatever else the machine does is counted, and by the clock. Callbacks over the limit are listed with
the function of ours in which they were found most often. A page is 500 words.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.check_large import MUST_SETTLE, made_up, make_draft, make_sources

from proofroom.api.app import create_app
from proofroom.api.server import Server
from proofroom.api.sse import LiveEvents
from proofroom.bootstrap import CYCLES, make_catalog
from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.tx import Database
from proofroom.engine import leg
from proofroom.engine.parts import Parts
from proofroom.services import access, sources
from proofroom.settings import Settings


class Watch:
    """Times what one loop runs. `held` are (processor seconds, seconds by the clock, what) of each callback."""

    def __init__(self, over: float) -> None:
        self.held: list[tuple[float, float, str]] = []
        self.step = ""
        self._over = over
        self._began: float | None = None
        self._seen: Counter[str] = Counter()
        self._thread = 0

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Runs the loop for ever, watched, in this thread."""
        self._thread = threading.get_ident()
        plain = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            if threading.get_ident() != self._thread:
                plain(handle)
                return
            self._seen.clear()
            clock, cpu = time.perf_counter(), time.thread_time()
            self._began = clock
            plain(handle)
            self._began = None
            took = time.thread_time() - cpu
            where = self._seen.most_common(1)
            self.held.append(
                (took, time.perf_counter() - clock, f"{self.step}: {where[0][0]}" if where else self.step)
            )

        asyncio.Handle._run = timed  # pyright: ignore[reportAttributeAccessIssue]
        threading.Thread(target=self._look, daemon=True).start()
        asyncio.set_event_loop(loop)
        loop.run_forever()

    def _look(self) -> None:
        while True:
            time.sleep(0.001)
            began = self._began
            if began is None or time.perf_counter() - began < self._over / 2:
                continue
            frame = sys._current_frames().get(self._thread)  # pyright: ignore[reportPrivateUsage]
            stack: list[str] = []
            while frame is not None:
                stack.append(f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_qualname}")
                frame = frame.f_back
            ours = next((s for s in stack if s.startswith("proofroom.")), "?")
            if stack:
                self._seen[f"{ours} in {stack[0]}" if stack[0] != ours else ours] += 1


@contextlib.contextmanager
def served(app: Any, watch: Watch) -> Generator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(app, port=0, log_level="warning")
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    loop = asyncio.new_event_loop()
    running = loop.create_task(server.serve(sockets=[listening]))
    thread = threading.Thread(target=watch.run, args=(loop,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        asyncio.run_coroutine_threadsafe(_settled(running), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _settled(task: asyncio.Task[None]) -> None:
    await task


async def measure(arguments: argparse.Namespace, url: str, folder: Path, watch: Watch) -> None:
    settings = Settings(data_dir=folder, delivery_root=folder, embedder="off")
    work, api_db = Database(url), Database(url)
    actor = await access.ensure_local(work)
    parts = Parts(work, make_catalog(settings, work), "bench")
    rng = random.Random(arguments.seed)
    files, told = make_sources(made_up(rng), arguments.words)
    app = create_app(
        Parts(api_db, make_catalog(settings, api_db), "api"),
        settings,
        local_actor=actor,
        live=LiveEvents(api_db),
    )
    gc.collect()
    gc.freeze()
    gc.set_threshold(*CYCLES)  # as the program does when it has started
    with served(app, watch) as base:
        async with httpx.AsyncClient(base_url=f"{base}/api", timeout=600) as api:

            async def ask(step: str, method: str, path: str, **more: Any) -> Any:
                watch.step = step
                answer = await api.request(method, path, **more)
                assert answer.status_code < 400, answer.text[:500]
                kind = answer.headers["content-type"]
                return answer.json() if kind.startswith("application/json") else answer.content

            project = (await ask("project", "POST", "/projects", json={"name": "Large"}))["id"]
            large = "\n\n".join(files.values())
            added = await ask(
                f"add a source of {len(large) // 1024} kB", "POST", f"/projects/{project}/sources",
                files={"file": ("large.md", large.encode(), "text/markdown")},
            )  # fmt: skip
            for one in added.get("items", [added]):
                await sources.capture_now(work, actor.workspace_id, UUID(one["id"]))
            watch.step = "live news of the capture"
            page = await ask("list sources", "GET", f"/projects/{project}/sources")
            source = page["items"][0]["id"]
            await ask("show the source", "GET", f"/projects/{project}/sources/{source}/content")
            for n in range(10):
                words = " ".join(rng.choice(told).split()[:6])
                await ask("search", "GET", f"/projects/{project}/search", params={"q": words, "k": 20 + n})
            for step in ("contradictions", "contradictions again"):
                began = time.perf_counter()
                apart = await ask(step, "GET", f"/projects/{project}/contradictions")
                print(
                    f"{step}: {apart['found']} found, {apart['compared']:,} of {apart['comparable']:,} passages"
                    f" compared in {time.perf_counter() - began:.2f} s"
                )
            draft = make_draft(told, arguments.draft_words, rng)
            made = await ask(
                f"file a draft of {arguments.draft_words // 500} pages", "POST", f"/projects/{project}/checks",
                json={"draft": draft},
            )  # fmt: skip
            session = made.get("session_id") or made["id"]
            row = await leg.drive(parts, actor.workspace_id, UUID(session))
            assert row.status == "pending_review", (row.status, row.failure)
            path = f"/projects/{project}/work-sessions/{session}"
            waiting = (await ask("list checkpoints", "GET", f"{path}/checkpoints"))["items"][-1]
            shown = await ask("show the review", "GET", f"{path}/checkpoints/{waiting['id']}")
            claims = [c for a in shown["packet"]["artifacts"] for c in a["claims"]]
            print(f"{len(claims)} claims; the review is {len(json.dumps(shown)) / 1e6:.1f} MB of JSON")
            await ask("inbox", "GET", "/checkpoints", params={"status": "pending_review"})
            await ask("session", "GET", path)
            artifact = shown["packet"]["artifacts"][0]["artifact_id"]
            await ask("show the artifact", "GET", f"{path}/artifacts/{artifact}")
            settle = [{"claim_id": c["id"], "reason": "Read."} for c in claims if c["verdict"] in MUST_SETTLE]
            signed = {"packet_digest": shown["packet_digest"], "acknowledged": settle}
            await ask("approve", "POST", f"{path}/checkpoints/{waiting['id']}/approve", json=signed)
            assert (await leg.drive(parts, actor.workspace_id, UUID(session))).status == "completed"
            for kind in ("md", "html", "json", "record"):
                await ask(f"export {kind}", "GET", f"{path}/export", params={"format": kind})
            await ask("events", "GET", f"{path}/events")
    await work.dispose()
    await api_db.dispose()


def report(watch: Watch, over: float) -> None:
    steps = list(dict.fromkeys(s.partition(": ")[0] for _, _, s in watch.held if s))
    print(
        f"{'step':34}{'callbacks':>10}{'p99 ms':>9}{'worst ms':>10}{'by clock':>10}  over {over * 1000:.0f} ms"
    )
    for step in steps:
        mine = sorted(h for h in watch.held if h[2].partition(": ")[0] == step)
        long = [h for h in mine if h[0] > over]
        p99 = mine[min(len(mine) - 1, int(len(mine) * 0.99))][0]
        clock = max(h[1] for h in mine)
        print(
            f"{step:34}{len(mine):>10}{p99 * 1e3:>9.1f}{mine[-1][0] * 1e3:>10.1f}{clock * 1e3:>10.1f}  {len(long)}"
        )
        for took, _, what in sorted(long, reverse=True)[:4]:
            print(f"{'':8}{took * 1e3:7.1f} ms  {what.partition(': ')[2]}")
    every = sorted(h[0] for h in watch.held)
    print(f"all {len(every)} callbacks: p99 {every[int(len(every) * 0.99)] * 1e3:.2f} ms of processor time")


def main() -> None:
    said = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    said.add_argument("--words", type=int, default=100_000)
    said.add_argument("--draft-words", type=int, default=50_000)
    said.add_argument("--seed", type=int, default=7)
    said.add_argument("--over", type=float, default=5.0, help="milliseconds")
    arguments = said.parse_args()
    watch = Watch(arguments.over / 1000)
    with tempfile.TemporaryDirectory(prefix="proofroom-bench-") as folder:
        server = EmbeddedPostgres.start(Path(folder) / "pg")
        try:
            migrate(server.url())
            asyncio.run(measure(arguments, server.url(), Path(folder), watch))
        finally:
            server.stop()
    report(watch, arguments.over / 1000)


if __name__ == "__main__":
    main()
