"""Counters and histograms of this process, and the text in which Prometheus reads them.

The text format (version 0.0.4) is a dozen rules, so there is no library for it here:
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import asyncio
import math
import time
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MAX_SERIES = 500
"""Label values of one metric that are told apart; further ones are counted together as `other`."""
OTHER = "other"

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric as it is shown. Each sample: what follows the name, labels, value."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    samples: Sequence[tuple[str, Mapping[str, str], float]]


def gauge(name: str, meaning: str, value: float) -> Family:
    return Family(name, "gauge", meaning, [("", {}, value)])


def gauges(name: str, meaning: str, label: str, values: Iterable[tuple[str, float]]) -> Family:
    return Family(name, "gauge", meaning, [("", {label: of}, value) for of, value in values])


@dataclass(slots=True)
class Counter:
    """Only grows. `labels` are names; their values are given in the same order."""

    name: str
    meaning: str
    labels: Labels = ()
    _values: dict[Labels, float] = field(default_factory=dict[Labels, float])

    def add(self, values: Labels = (), amount: float = 1.0) -> None:
        key = _bounded(self._values, values)
        self._values[key] = self._values.get(key, 0.0) + amount

    def shown(self) -> Family:
        samples: list[tuple[str, Mapping[str, str], float]] = [
            ("", dict(zip(self.labels, key, strict=True)), value)
            for key, value in sorted(self._values.items())
        ]
        if not self.labels and not samples:
            samples = [("", {}, 0.0)]
        return Family(self.name, "counter", self.meaning, samples)


@dataclass(slots=True)
class Histogram:
    """How often a value was at most each of `bounds` (ascending), their number and sum."""

    name: str
    meaning: str
    bounds: tuple[float, ...]
    labels: Labels = ()
    _counts: dict[Labels, list[int]] = field(default_factory=dict[Labels, list[int]])
    _sums: dict[Labels, float] = field(default_factory=dict[Labels, float])

    def observe(self, value: float, values: Labels = ()) -> None:
        key = _bounded(self._counts, values)
        counts = self._counts.setdefault(key, [0] * (len(self.bounds) + 1))
        counts[bisect_left(self.bounds, value)] += 1
        self._sums[key] = self._sums.get(key, 0.0) + value

    def shown(self) -> Family:
        samples: list[tuple[str, Mapping[str, str], float]] = []
        for key, counts in sorted(self._counts.items()):
            labels = dict(zip(self.labels, key, strict=True))
            total = 0
            for bound, count in zip((*self.bounds, math.inf), counts, strict=True):
                total += count
                samples.append(("_bucket", {**labels, "le": _number(bound)}, total))
            samples.append(("_sum", labels, self._sums[key]))
            samples.append(("_count", labels, total))
        return Family(self.name, "histogram", self.meaning, samples)


def _bounded(known: Mapping[Labels, object], values: Labels) -> Labels:
    return values if values in known or len(known) < MAX_SERIES else tuple(OTHER for _ in values)


def render(families: Iterable[Family]) -> str:
    lines: list[str] = []
    for family in families:
        lines += [f"# HELP {family.name} {family.meaning}", f"# TYPE {family.name} {family.kind}"]
        for suffix, labels, value in family.samples:
            named = ",".join(f'{name}="{_escaped(said)}"' for name, said in labels.items())
            lines.append(f"{family.name}{suffix}{'{' + named + '}' if named else ''} {_number(value)}")
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if value == math.inf:
        return "+Inf"
    return str(int(value)) if float(value).is_integer() else repr(float(value))


# ---------------------------------------------------------------- what this process counts

STARTED = time.time()

requests = Counter(
    "proofroom_http_requests_total", "Requests answered.", ("method", "route", "status")
)  # fmt: skip
request_seconds = Histogram(
    "proofroom_http_request_seconds", "From a request's head to the head of its answer.",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0), ("method", "route"),
)  # fmt: skip
limited = Counter(
    "proofroom_http_limited_total", "Requests refused with 429.", ("limit",)
)  # fmt: skip
tokens = Counter(
    "proofroom_model_tokens_total", "Tokens that models read and wrote for sessions.",
    ("runtime", "model", "direction"),
)  # fmt: skip
cost = Counter(
    "proofroom_model_cost_usd_total", "What that cost in US dollars, as far as prices are known.", ("runtime", "model")
)  # fmt: skip
turns = Counter("proofroom_model_turns_total", "Model turns.", ("runtime", "model"))
loop_lag = Histogram(
    "proofroom_event_loop_lag_seconds", "How late the event loop came to what was due.",
    (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)  # fmt: skip

OWN = (requests, request_seconds, limited, tokens, cost, turns, loop_lag)


def count_turn(runtime: str, model: str | None, *, read: int, written: int, usd: float) -> None:
    """`runtime` as a session names it; of a script only that it is one, because its name is a path."""
    kind = runtime.partition(":")[0]
    named = (kind, model or "none")
    turns.add(named)
    tokens.add((*named, "in"), read)
    tokens.add((*named, "out"), written)
    cost.add(named, usd)


def of_process() -> list[Family]:
    """What this process counted, and since when."""
    return [
        gauge("process_start_time_seconds", "Start of the process, seconds since the epoch.", STARTED),
        *(metric.shown() for metric in OWN),
    ]


async def watch_loop(every_seconds: float = 1.0) -> None:
    """Measures the event loop's lag until cancelled."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + every_seconds
        await asyncio.sleep(every_seconds)
        loop_lag.observe(max(0.0, clock() - due))
