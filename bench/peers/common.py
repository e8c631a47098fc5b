"""What the programs that Proofroom is compared with have in common: their arguments, tables, and the measuring.

Each does the work of one lifecycle in the way that its own documentation shows: five steps, a wait for a person before
the last of them, and the rows of one artifact in the third. Runs in `.cache/peers`, where Proofroom is not installed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from ground import Meter, libpq

AT_ONCE = 8
CLAIM = "The board named a factor of 4.45 in its report of November 1999."
DOCUMENT = {
    "title": "The factor",
    "blocks": [
        {"type": "paragraph", "text": CLAIM, "anchors": [{"quote": CLAIM, "char_start": 9, "char_end": 73}]}
    ],
}
CLAIMS = [{"id": "c1", "text": CLAIM, "verdict": "supported", "checks": ["quote", "number", "date"]}]
TABLES = """
    CREATE TABLE IF NOT EXISTS artifacts (
        id uuid PRIMARY KEY, session_id text NOT NULL, slot text NOT NULL, title text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (session_id, slot));
    CREATE TABLE IF NOT EXISTS artifact_versions (
        artifact_id uuid NOT NULL REFERENCES artifacts, version int NOT NULL, document jsonb NOT NULL,
        claims jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (artifact_id, version));
"""
WRITE = """
    WITH own AS (
        INSERT INTO artifacts (id, session_id, slot, title) VALUES (%s, %s, 'finding', 'The factor') RETURNING id)
    INSERT INTO artifact_versions (artifact_id, version, document, claims) SELECT id, 1, %s, %s FROM own
"""


def artifact(session: str) -> tuple[Any, ...]:
    """The values of WRITE."""
    return (uuid.uuid4(), session, json.dumps(DOCUMENT), json.dumps(CLAIMS))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--server", type=int, required=True)
    parser.add_argument("--lifecycles", type=int, required=True)
    parser.add_argument("--warm-up", type=int, required=True)
    parser.add_argument("--commits", type=int, default=18)
    parser.add_argument("--count", action="store_true")
    given = parser.parse_args()
    given.url = libpq(given.url)
    return given


def make_tables(url: str, more: str = "") -> None:
    with psycopg.connect(url) as connection:
        connection.execute((TABLES + more).encode())


async def many(n: int, one: Callable[[str], Awaitable[None]]) -> None:
    """`one` for n new sessions, eight at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def go() -> None:
        async with places:
            await one(str(uuid.uuid4()))

    await asyncio.gather(*(go() for _ in range(n)))


async def measure(
    given: argparse.Namespace, one: Callable[[str], Awaitable[None]], *packages: str, **pids: int
) -> None:
    """Warms up, measures, and prints the result as the last line."""
    await many(given.warm_up, one)
    async with Meter(given.url, given.server, counting=given.count, **pids) as spent:
        await many(given.lifecycles, one)
    with psycopg.connect(given.url) as connection:
        row = connection.execute("SELECT count(*) FROM artifact_versions").fetchone()
    assert row is not None
    assert row[0] >= given.lifecycles + given.warm_up, f"only {row[0]} artifacts were written"
    versions = ", ".join(version(package) for package in packages)
    print(json.dumps({**asdict(spent), "version": versions}), flush=True)


def run(body: Awaitable[None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(body)  # type: ignore[arg-type]
