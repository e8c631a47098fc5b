"""Log lines say what they belong to and hold no secret; figures are in Prometheus' text format."""

import asyncio
import io
import json
import logging
import re
import sys
from pathlib import Path

import pytest

from proofroom.api import monitoring
from proofroom.db.figures import Figures
from proofroom.telemetry import logs, metrics
from proofroom.telemetry.metrics import Counter, Histogram, gauge, render


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a JSON handler at the root wrote."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.formatter("json"))
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [handler])
    monkeypatch.setattr(root, "level", logging.INFO)
    return out


async def test_lines_name_what_they_belong_to_and_tasks_keep_it_apart(written: io.StringIO) -> None:
    log = logging.getLogger("test")
    both = asyncio.Barrier(2)

    async def leg(session: str) -> None:
        logs.bind(session_id=session, leg=2)
        await both.wait()
        log.info("works on\nit")

    with logs.bound(request_id="r1"):
        await asyncio.gather(leg("a"), leg("b"))
        log.warning("outside")
    log.warning("after")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    ids = [{k: v for k, v in line.items() if k.endswith("_id") or k == "leg"} for line in lines]
    assert sorted(ids[:2], key=lambda i: i["session_id"]) + ids[2:] == [
        {"request_id": "r1", "session_id": "a", "leg": "2"},
        {"request_id": "r1", "session_id": "b", "leg": "2"},
        {"request_id": "r1"},
        {},
    ]
    assert lines[0]["message"] == "works on\nit"
    assert (lines[2]["level"], lines[2]["logger"]) == ("warning", "test")
    assert lines[0]["at"].endswith("+00:00")


SECRETS = (
    "the key pk_abcdefghijklmnop was sent",
    "ANTHROPIC_API_KEY=sk-ant-abcdefghijklmnop",
    "Authorization: Bearer abcdefghijklmnop",
    "postgresql://ann:abcdefghijklmnop@db.example.org/proofroom is away",
    "could not connect: password=abcdefghijklmnop host=db",
    'duplicate key\nDETAIL:  Failing row contains (1, "abcdefghijklmnop").',
    "null value\nDETAIL:  Failing row contains (1, a text\n\nof lines\nabcdefghijklmnop).",
    f"duplicate key\nDETAIL:  Key (a)=({'long ' * 1000}abcdefghijklmnop) already exists.",
    'no JSON\nDETAIL:  Token "NaN" is invalid.\nCONTEXT:  JSON data, line 1: {"a": "abcdefghijklmnop", "b": NaN...',
    'invalid input syntax for type integer: "abcdef\nabcdefghijklmnop"\nCONTEXT:  unnamed portal parameter $1',
)


@pytest.mark.parametrize("said", SECRETS)
@pytest.mark.parametrize("kind", ["text", "json"])
def test_no_secret_is_written(said: str, kind: logs.Format) -> None:
    try:
        raise RuntimeError(said)
    except RuntimeError:
        record = logging.LogRecord("test", logging.ERROR, "x.py", 1, "it broke: %s", (said,), sys.exc_info())
    line = logs.formatter(kind).format(record)
    assert "abcdefghijklmnop" not in line
    assert "it broke" in line
    assert "RuntimeError" in line


def test_the_line_for_people_ends_with_its_ids() -> None:
    record = logging.LogRecord("proofroom.x", logging.WARNING, "x.py", 1, "late", (), None)
    with logs.bound(request_id="r1", leg=3):
        assert (
            logs.formatter("text").format(record).endswith("WARNING proofroom.x: late [request_id=r1 leg=3]")
        )


def test_figures_are_written_as_prometheus_reads_them() -> None:
    counter = Counter("c_total", "Counted.", ("what",))
    counter.add(('a"\\\n',), 2)
    counter.add(("b",))
    histogram = Histogram("h_seconds", "Taken.", (0.1, 1.0), ("of",))
    for seconds in (0.05, 0.1, 0.5, 7):
        histogram.observe(seconds, ("x",))
    text = render(
        [counter.shown(), histogram.shown(), gauge("g", "Now.", 0.25), Counter("n", "None.").shown()]
    )
    assert text.splitlines() == [
        "# HELP c_total Counted.",
        "# TYPE c_total counter",
        'c_total{what="a\\"\\\\\\n"} 2',
        'c_total{what="b"} 1',
        "# HELP h_seconds Taken.",
        "# TYPE h_seconds histogram",
        'h_seconds_bucket{of="x",le="0.1"} 2',
        'h_seconds_bucket{of="x",le="1"} 3',
        'h_seconds_bucket{of="x",le="+Inf"} 4',
        'h_seconds_sum{of="x"} 7.65',
        'h_seconds_count{of="x"} 4',
        "# HELP g Now.",
        "# TYPE g gauge",
        "g 0.25",
        "# HELP n None.",
        "# TYPE n counter",
        "n 0",
    ]


def test_names_that_callers_choose_cannot_fill_the_memory() -> None:
    counter = Counter("c_total", "Counted.", ("model",))
    for n in range(metrics.MAX_SERIES + 50):
        counter.add((f"model-{n}",))
    counter.add(("model-3",))
    values = {labels["model"]: value for _, labels, value in counter.shown().samples}
    assert len(values) == metrics.MAX_SERIES + 1
    assert (values[metrics.OTHER], values["model-3"]) == (50, 2)


def test_a_turn_is_counted_by_kind_of_runtime_and_model() -> None:
    before = dict(metrics.tokens._values)  # pyright: ignore[reportPrivateUsage]
    metrics.count_turn("scripted:/home/ann/secret.yaml", "m1", read=7, written=3, usd=0.5)
    said = render([metrics.tokens.shown()])
    assert "secret" not in said
    key = ("scripted", "m1", "in")
    after = metrics.tokens._values[key]  # pyright: ignore[reportPrivateUsage]
    assert after - before.get(key, 0) == 7


async def test_the_lag_of_the_loop_is_measured() -> None:
    def count() -> float:
        return next((v for s, _, v in metrics.loop_lag.shown().samples if s == "_count"), 0)

    before = count()
    task = asyncio.create_task(metrics.watch_loop(0.0))
    while count() == before:
        await asyncio.sleep(0)
    task.cancel()


def test_every_metric_is_documented_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/run-on-a-server.md").read_text("utf-8")
    rows = re.findall(r"^\| `proofroom_.*$", page, re.MULTILINE)
    documented = {
        name for row in rows for name in re.findall(r"`((?:proofroom|process)_\w+)", row.split(" | ")[0])
    }
    documented |= {
        f"{name.removesuffix('_used')}_max" for name in documented if name.endswith("connections_used")
    }
    documented |= {"process_start_time_seconds"}
    shown = [*monitoring._of_database(Figures()), *metrics.of_process()]  # pyright: ignore[reportPrivateUsage]
    names = {family.name for family in shown}
    names |= {"proofroom_build_info", "proofroom_event_streams"}
    names |= {f"proofroom_database_connections_{which}" for which in ("used", "max")}
    assert documented == names
