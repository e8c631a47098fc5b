"""Quality of search on a collection in BEIR's shape, through the product's own adding, capturing, embedding, searching.

    python bench/retrieval.py --data DIR [--queries N] [--documents N] [--cache DIR]

DIR holds corpus.jsonl(.gz) ({"_id", "title", "text"}), queries*.jsonl ({"_id", "text"}) and qrels*.tsv, there or in a
folder qrels (query, document, relevance; a header line is skipped). Prints nDCG@10 and recall@100 by words and meaning,
with the embedder off, and by meaning alone, beside the library bm25s (its stop words, Snowball stemming, Lucene's
formula) on the same data. A document is a source; it counts with its best passage. Exits 1 when words and meaning are
not .04 above bm25s, or words alone more than .02 below it.

`--queries` and `--documents` take a part: the judged documents of the queries taken and the first of the others.
`--cache` keeps vectors of texts in a folder, because embedding 5,000 abstracts takes ten minutes and more.
"""

import argparse
import asyncio
import gzip
import hashlib
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import bm25s  # pyright: ignore[reportMissingTypeStubs]
import numpy as np
import snowballstemmer  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray
from sqlalchemy import insert

from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.models import Basket, Project, Workspace
from proofroom.db.tx import Database, new_id
from proofroom.services import indexing, sources
from proofroom.substrate import embedder, search
from proofroom.substrate.embedder import Choice, Embedder
from proofroom.substrate.search import Mode

Judged = dict[str, dict[str, int]]
DEPTH = 300  # passages asked for, to have 100 documents of them
ABOVE, BELOW = 0.04, 0.02


@dataclass(frozen=True)
class Document:
    title: str
    text: str


@dataclass(frozen=True)
class Figures:
    ndcg: float
    recall: float
    p50: float
    p95: float


class Cached:
    """An embedder that keeps what it made in a file of records: SHA-256 of model and text, then the numbers."""

    def __init__(self, own: Embedder, folder: Path | None) -> None:
        self.model, self.dimension, self._own = own.model, own.dimension, own
        self._kept: dict[bytes, NDArray[np.float32]] = {}
        self._file: Path | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = folder / f"{own.model}.vectors"
            self._read(self._file)

    def _read(self, file: Path) -> None:
        size = 32 + 4 * self.dimension
        data = file.read_bytes() if file.exists() else b""
        for at in range(0, len(data) - size + 1, size):
            self._kept[data[at : at + 32]] = np.frombuffer(data[at + 32 : at + size], dtype=np.float32)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        keys = [hashlib.sha256(f"{self.model}\n{text}".encode()).digest() for text in texts]
        missing = [n for n, key in enumerate(keys) if key not in self._kept]
        made = self._own.embed([texts[n] for n in missing])
        for n, vector in zip(missing, made, strict=True):
            self._kept[keys[n]] = vector
            if self._file is not None:
                with self._file.open("ab") as out:
                    out.write(keys[n] + vector.astype(np.float32).tobytes())
        return np.stack([self._kept[key] for key in keys])


def read_lines(path: Path) -> list[str]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            return lines.read().splitlines()
    return path.read_text(encoding="utf-8").splitlines()


def read_queries(folder: Path) -> tuple[dict[str, str], Judged]:
    judged: Judged = {}
    for path in sorted([*folder.glob("qrels*.tsv"), *folder.glob("qrels/*.tsv")]):
        for line in read_lines(path):
            parts = line.split("\t")
            if len(parts) >= 3 and parts[-1].strip().isdigit() and int(parts[-1]) > 0:
                judged.setdefault(parts[0], {})[parts[-2]] = int(parts[-1])
    queries = {
        str(item["_id"]): item["text"]
        for path in sorted(folder.glob("queries*.jsonl*"))
        for item in map(json.loads, read_lines(path))
    }
    return {key: words for key, words in queries.items() if key in judged}, judged


def read_documents(folder: Path) -> dict[str, Document]:
    (path,) = folder.glob("corpus.jsonl*")
    return {
        str(item["_id"]): Document(item.get("title") or "", item["text"])
        for item in map(json.loads, read_lines(path))
    }


def ndcg(ranked: Sequence[str], relevant: Mapping[str, int], k: int = 10) -> float:
    """K. Järvelin, J. Kekäläinen, ACM TOIS 20(4), 2002, with linear gains, as trec_eval has it."""
    gain = sum(relevant.get(found, 0) / math.log2(n + 2) for n, found in enumerate(ranked[:k]))
    best = sum(g / math.log2(n + 2) for n, g in enumerate(sorted(relevant.values(), reverse=True)[:k]))
    return gain / best if best else 0.0


def figures(ranks: Mapping[str, Sequence[str]], judged: Judged, seconds: Sequence[float] = (0.0,)) -> Figures:
    quality = [ndcg(ranked, judged[key]) for key, ranked in ranks.items()]
    recall = [len(set(ranked[:100]) & set(judged[key])) / len(judged[key]) for key, ranked in ranks.items()]
    times = sorted(seconds)
    return Figures(
        statistics.mean(quality),
        statistics.mean(recall),
        1000 * times[len(times) // 2],
        1000 * times[int(len(times) * 0.95)],
    )


def by_library(queries: Mapping[str, str], documents: Mapping[str, Document], judged: Judged) -> Figures:
    stemmer: Any = snowballstemmer.stemmer("english")  # pyright: ignore[reportUnknownMemberType]
    library: Any = bm25s
    cut: dict[str, Any] = {"stopwords": "en", "stemmer": stemmer.stemWords, "show_progress": False}
    index: Any = library.BM25(method="lucene")
    index.index(
        library.tokenize([f"{one.title} {one.text}" for one in documents.values()], **cut),
        show_progress=False,
    )
    names = list(documents)
    found, _ = index.retrieve(
        library.tokenize(list(queries.values()), **cut), k=min(100, len(names)), show_progress=False
    )
    ranks: dict[str, list[str]] = {
        key: [names[n] for n in row] for key, row in zip(queries, found, strict=True)
    }
    return figures(ranks, judged)


async def load(
    db: Database, workspace: UUID, project: UUID, documents: Mapping[str, Document]
) -> dict[UUID, list[str]]:
    """Adds and captures every document, four at a time; answers document ids by source id. Equal texts are one
    source."""
    limit = asyncio.Semaphore(4)
    names: dict[UUID, list[str]] = {}

    async def one(name: str, document: Document) -> None:
        async with limit:
            async with db.transaction(workspace) as tx:
                row = await sources.add_source(
                    tx,
                    project,
                    text=document.text.strip() or document.title,
                    title=document.title,
                    defer=False,
                )
            done = await sources.capture_now(db, workspace, row.id)
            assert done.status == "ready", (name, done.failure)
            names.setdefault(row.id, []).append(name)

    await asyncio.gather(*(one(name, document) for name, document in documents.items()))
    return names


async def by_product(
    db: Database,
    workspace: UUID,
    project: UUID,
    queries: Mapping[str, str],
    judged: Judged,
    names: Mapping[UUID, list[str]],
    mode: Mode,
) -> Figures:
    ranks: dict[str, list[str]] = {}
    seconds: list[float] = []
    for key, words in queries.items():
        async with db.transaction(workspace) as tx:
            start = time.perf_counter()
            found = await search.hybrid(tx, project, words, DEPTH, None, mode)
            seconds.append(time.perf_counter() - start)
        ranks[key] = list(dict.fromkeys(name for row in found.rows for name in names[row.source_id]))
    return figures(ranks, judged, seconds)


def part(
    queries: dict[str, str], judged: Judged, documents: dict[str, Document], n: int, m: int
) -> tuple[dict[str, str], dict[str, Document]]:
    queries = dict(list(queries.items())[:n])
    if m >= len(documents):
        return queries, documents
    wanted = [name for query in queries for name in judged[query] if name in documents]
    taken = dict.fromkeys([*wanted, *documents])
    return queries, {name: documents[name] for name in list(taken)[: max(m, len(set(wanted)))]}


async def run(url: str, folder: Path, most_queries: int, most_documents: int, cache: Path | None) -> int:
    queries, judged = read_queries(folder)
    queries, documents = part(queries, judged, read_documents(folder), most_queries, most_documents)
    own = embedder.MiniLM()
    choice = Choice("on", Cached(own, cache))
    embedder.use(choice)
    db = Database(url)
    workspace, project = new_id(), new_id()
    async with db.transaction(workspace) as tx:
        await tx.execute(insert(Workspace).values(id=workspace, name="Bench"))
        await tx.execute(insert(Project).values(workspace_id=workspace, id=project, name="Bench"))
        await tx.execute(insert(Basket).values(workspace_id=workspace, id=new_id(), project_id=project))
    start = time.perf_counter()
    names = await load(db, workspace, project, documents)
    print(f"{len(documents)} documents captured in {time.perf_counter() - start:.0f} s", flush=True)
    start = time.perf_counter()
    await indexing.embed_project(db, workspace, project)
    async with db.transaction(workspace) as tx:
        index = await indexing.state(tx, project)
    assert index.state == "complete", index
    print(
        f"{index.embedded} passages embedded by {index.model} in {time.perf_counter() - start:.0f} s"
        + (f" (vectors kept in {cache})" if cache else ""),
        flush=True,
    )
    print(f"{len(queries)} queries\n\n{'':28}nDCG@10  recall@100     p50     p95")
    found: dict[str, Figures] = {"bm25s": by_library(queries, documents, judged)}
    show("bm25s (whole documents)", found["bm25s"], timed=False)
    modes: list[tuple[str, Mode, Choice]] = [
        ("words (embedder off)", "text", Choice("off", None, "Switched off.")),
        ("meaning alone", "vector", choice),
        ("words and meaning", "hybrid", choice),
    ]
    for label, mode, using in modes:
        embedder.use(using)
        found[mode] = await by_product(db, workspace, project, queries, judged, names, mode)
        show(label, found[mode])
    await db.dispose()
    above = found["hybrid"].ndcg - found["bm25s"].ndcg
    beside = found["text"].ndcg - found["bm25s"].ndcg
    good = above >= ABOVE and beside >= -BELOW
    print(
        f"\nwords and meaning {above:+.3f} (at least +{ABOVE}), words {beside:+.3f} (at least -{BELOW}):"
        f" {'held' if good else 'NOT HELD'}"
    )
    return 0 if good else 1


def show(label: str, one: Figures, *, timed: bool = True) -> None:
    times = f"{one.p50:5.0f} ms{one.p95:5.0f} ms" if timed else ""
    print(f"{label:28}{one.ndcg:7.4f}{one.recall:12.4f}   {times}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=sys.maxsize)
    parser.add_argument("--documents", type=int, default=sys.maxsize)
    parser.add_argument("--cache", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres.start(Path(folder))
        try:
            migrate(server.url())
            return asyncio.run(run(server.url(), given.data, given.queries, given.documents, given.cache))
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
