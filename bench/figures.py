"""How fast figures over time are counted behind a year of work.

    python bench/figures.py [--history N] [--requests N] [--keep DIR] [--json FILE]

N sessions over a year are written by copying two that really ran (see `history.py`), half of them in one project, the
others in nineteen; their waits, costs and outcomes are spread by chance. Then the figures of a year by week and by
month, of 12 weeks, of one project, and what stands where now, over HTTP, one request after the other; and what opens
anything by words of its title. `--keep` leaves the data folder there, to look at its pages.

Exits 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import uvloop
from ground import Report, add_json_option, libpq, median, percentile, say_machine
from waiting import ask, fill, one_that_waits, up

from proofroom.db.embedded import EmbeddedPostgres

BAR_MS = 200.0

SPREAD = """
SELECT setseed(0.25);
UPDATE checkpoint_figures SET
  opened_at = decided_at - interval '4 hours' * exp(1.4 * (random() + random() + random() - 1.5)),
  status = CASE WHEN random() < 0.8 THEN 'approved' WHEN random() < 0.7 THEN 'changes_requested'
    ELSE 'rejected' END,
  claims = 4 + (random() * 12)::int, needs_you = (random() * 4)::int, kept = (random() * 1.2)::int,
  edit_words = CASE WHEN random() < 0.6 THEN 0 ELSE (random() * 60)::int END, edit_of = 300
  WHERE decided_at IS NOT NULL;
UPDATE checkpoint_figures SET check_was_wrong = kept WHERE kept > 0 AND random() < 0.4;
UPDATE session_figures SET cost_usd = round((0.05 + random() * 0.6)::numeric, 4), tokens = (random() * 60000)::bigint,
  agent_type = (ARRAY['research', 'content', 'reporting'])[1 + floor(random() * 3)::int],
  outcome = CASE WHEN settled_at IS NULL THEN NULL WHEN random() < 0.86 THEN 'completed'
    WHEN random() < 0.6 THEN 'rejected' ELSE 'failed' END;
UPDATE checkpoint_figures c SET agent_type = s.agent_type FROM session_figures s
  WHERE s.workspace_id = c.workspace_id AND s.session_id = c.session_id;
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--history", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--keep", type=Path)
    add_json_option(parser)
    given = parser.parse_args()
    say_machine()
    report = Report("figures", more={"history": given.history})
    place = given.keep or Path(tempfile.mkdtemp(prefix="proofroom-bench-"))
    place.mkdir(exist_ok=True)
    folder = place / "history"
    folder.mkdir()
    try:
        with up(folder), EmbeddedPostgres.start(folder) as server:
            done = uvloop.run(one_that_waits(server.url(), folder, complete=True))
            waits = uvloop.run(one_that_waits(server.url(), folder, complete=False))
            home = UUID((folder / "project").read_text())
            fill(server.url(), done, waits, given.history, home)
            with psycopg.connect(libpq(server.url()), autocommit=True) as connection:
                connection.execute(SPREAD)
                connection.execute("VACUUM (ANALYZE)")
        with up(folder) as running, httpx.Client(base_url=running.ready["url"], timeout=60) as client:
            now = datetime.now(UTC)
            series = "/api/analytics/series?tz=Europe/Vienna"

            def since(days: int) -> str:
                return (now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")

            for what, path in {
                "a year, by week": f"{series}&unit=week&from={since(364)}",
                "a year, by month": f"{series}&unit=month&from={since(364)}",
                "a year of the large project, by week": f"{series}&unit=week&from={since(364)}&project_id={home}",
                "12 weeks, by week": f"{series}&unit=week&from={since(84)}",
                "30 days, by day": f"{series}&unit=day&from={since(30)}",
                "what stands where now": "/api/analytics/now",
                "titles with two words": "/api/find?q=fact+what",
            }.items():
                took, cpu = ask(client, lambda _, path=path: path, given.requests, running.pid)
                report.add(
                    f"{what}, p95", percentile(took, 0.95), "ms", bar=BAR_MS,
                    note=f"p50 {median(took):.1f}, most {max(took):.0f}, processor {cpu:.1f} each",
                )  # fmt: skip
    finally:
        if not given.keep:
            shutil.rmtree(place, ignore_errors=True)
    return report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
