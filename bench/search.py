"""Search quality on a collection in BEIR's shape, through the product's own adding, capturing and searching.

    python bench/search.py --data DIR [--queries N] [--documents N]

DIR holds corpus.jsonl.gz ({"_id", "title", "text"}), queries.*.jsonl ({"_id", "text"}) and qrels.*.tsv
(query, document, relevance; a header line is skipped). Prints nDCG@10 and recall@100 over documents (a document
counts with its best passage), and how long searches took.
"""

import argparse
import asyncio
import gzip
import json
import math
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert

from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.models import Basket, Project, Workspace
from proofroom.db.tx import Database, new_id
from proofroom.services import sources
from proofroom.substrate import search

Judged = dict[str, dict[str, int]]


def read_queries(folder: Path) -> tuple[dict[str, str], Judged]:
    queries = {
        item["_id"]: item["text"]
        for path in sorted(folder.glob("queries*.jsonl"))
        for item in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    }
    judged: Judged = {}
    for path in sorted(folder.glob("qrels*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            parts = line.split("\t")
            if len(parts) >= 3 and parts[-1].isdigit():
                judged.setdefault(parts[0], {})[parts[-2]] = int(parts[-1])
    return {str(key): words for key, words in queries.items() if str(key) in judged}, judged


def read_documents(folder: Path) -> dict[str, str]:
    with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        return {str(item["_id"]): f"# {item['title']}\n\n{item['text']}\n" for item in map(json.loads, lines)}


def ndcg(ranked: list[str], relevant: Mapping[str, int], k: int = 10) -> float:
    gain = sum(relevant.get(found, 0) / math.log2(n + 2) for n, found in enumerate(ranked[:k]))
    best = sum(g / math.log2(n + 2) for n, g in enumerate(sorted(relevant.values(), reverse=True)[:k]))
    return gain / best if best else 0.0


async def load(db: Database, workspace: UUID, project: UUID, documents: Mapping[str, str]) -> dict[str, str]:
    """Adds and captures every document, four at a time; answers document ids by source id."""
    limit = asyncio.Semaphore(4)
    names: dict[str, str] = {}

    async def one(name: str, text: str) -> None:
        async with limit:
            async with db.transaction(workspace) as tx:
                row = await sources.add_source(
                    tx, project, data=text.encode(), filename=f"{name}.md", defer=False
                )
            done = await sources.capture_now(db, workspace, row.id)
            assert done.status == "ready", done.failure
            names[str(row.id)] = name

    await asyncio.gather(*(one(name, text) for name, text in documents.items()))
    return names


async def run(url: str, folder: Path, most_queries: int, most_documents: int) -> None:
    queries, judged = read_queries(folder)
    queries = dict(list(queries.items())[:most_queries])
    documents = read_documents(folder)
    if most_documents < len(documents):
        wanted = {name for query in queries for name in judged[query]}
        others = [name for name in documents if name not in wanted][: max(0, most_documents - len(wanted))]
        documents = {name: documents[name] for name in (*(n for n in wanted if n in documents), *others)}
    db = Database(url)
    workspace, project = new_id(), new_id()
    async with db.transaction(workspace) as tx:
        await tx.execute(insert(Workspace).values(id=workspace, name="Bench"))
        await tx.execute(insert(Project).values(workspace_id=workspace, id=project, name="Bench"))
        await tx.execute(insert(Basket).values(workspace_id=workspace, id=new_id(), project_id=project))
    start = time.perf_counter()
    names = await load(db, workspace, project, documents)
    print(f"captured {len(names)} documents in {time.perf_counter() - start:.1f} s")
    quality: list[float] = []
    recall: list[float] = []
    seconds: list[float] = []
    for key, words in queries.items():
        async with db.transaction(workspace) as tx:
            start = time.perf_counter()
            hits = await search.search(tx, project, words, 300)
            seconds.append(time.perf_counter() - start)
        ranked = list(dict.fromkeys(names[hit.passage.source_id] for hit in hits))
        quality.append(ndcg(ranked, judged[key]))
        recall.append(len(set(ranked[:100]) & set(judged[key])) / len(judged[key]))
    seconds.sort()
    print(
        f"{len(queries)} queries: nDCG@10 {statistics.mean(quality):.3f}, recall@100 {statistics.mean(recall):.3f}"
    )
    print(
        f"search p50 {1000 * seconds[len(seconds) // 2]:.0f} ms, p95 {1000 * seconds[int(len(seconds) * 0.95)]:.0f} ms"
    )
    await db.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=100_000)
    parser.add_argument("--documents", type=int, default=10_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres.start(Path(folder))
        try:
            migrate(server.url())
            asyncio.run(run(server.url(), given.data, given.queries, given.documents))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
