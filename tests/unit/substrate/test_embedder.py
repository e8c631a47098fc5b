"""The embedder with the real model: what vectors are, and what happens without the files."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from proofroom.settings import Settings
from proofroom.substrate import embedder
from proofroom.substrate.embedder import MiniLM


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM()


def test_vectors_have_length_one_and_like_is_near_like(minilm: MiniLM) -> None:
    texts = [
        "A cat sleeps on the sofa.",
        "The kitten naps on the couch.",
        "Interest rates rose by one percent.",
    ]
    vectors = minilm.embed(texts)
    assert vectors.shape == (3, embedder.DIMENSION)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    near = vectors @ vectors.T
    assert near[0, 1] > 0.5 > 0.2 > near[0, 2]
    assert minilm.model == embedder.MODEL == "minilm-int8@8199be6f699a"


def test_a_text_has_one_vector_in_whatever_company_and_thread(minilm: MiniLM) -> None:
    texts = ["Short.", "A text of some more words than the first one has. " * 20, "", "\x00 \u202e odd 漢字"]
    together = minilm.embed(texts)
    assert np.isfinite(together).all()
    with ThreadPoolExecutor(4) as pool:
        for alone, text in zip(
            pool.map(lambda text: minilm.embed([text])[0], texts * 2), texts * 2, strict=True
        ):
            assert np.array_equal(alone, together[texts.index(text)])
    assert minilm.embed([]).shape == (0, embedder.DIMENSION)


def test_a_text_is_read_up_to_the_most_tokens(minilm: MiniLM) -> None:
    long = "orbit " * 1_000
    assert np.array_equal(*minilm.embed([long, long + "inflation " * 1_000]))


def test_a_passage_stands_below_what_it_is_about() -> None:
    assert embedder.passage("Report", "Costs", "They rose.") == "Report\nCosts\nThey rose."
    assert embedder.passage("Costs", "Costs", "They rose.") == "Costs\nThey rose."
    assert embedder.passage("They rose by…", None, "They rose by 3 %.") == "They rose by 3 %."
    assert embedder.passage("", None, "They rose.") == "They rose."


@pytest.mark.parametrize("content", [b"another model", None])
def test_a_file_that_is_missing_or_another_is_said(
    content: bytes | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package, inside, sha256 = "a_package_of_a_model", "model.onnx", "00" * 32
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    if content is not None:
        (tmp_path / package / inside).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(embedder, "_MODEL", (package, inside, sha256))
    monkeypatch.setenv("PROOFROOM_EMBEDDER", "minilm")
    embedder.use(None)
    try:
        assert embedder.wanted()
        chosen = embedder.choice()
        assert (chosen.state, chosen.embedder, embedder.shared()) == ("unavailable", None, None)
        why = "is not installed" if content is None else "is not the file that this release knows"
        assert f"{package}/{inside} {why}" in chosen.message
        assert not embedder.wanted()
    finally:
        embedder.use(None)


def test_a_package_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedder, "_TOKENIZER", ("no_such_package", "tokenizer.json", "00" * 32))
    with pytest.raises(LookupError, match=r"no_such_package/tokenizer\.json is not installed"):
        MiniLM()


def test_it_can_be_switched_off() -> None:
    embedder.use(None)
    assert Settings().embedder == "off"
    assert not embedder.wanted()
    assert embedder.choice().state == "off"
    embedder.use(None)
