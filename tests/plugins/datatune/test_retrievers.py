"""What retrievers find, in which order; for vectors and fused ranks, a stand-in is the model."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest

from targen_core.errors import UsageError
from targen_core.plugins.loader import load_registry
from targen_datatune.finding import find
from targen_datatune.index import Index
from targen_datatune.retrieval import DatasetEntry
from targen_datatune.retrievers import dense
from targen_datatune.retrievers.bm25 import BM25
from targen_datatune.retrievers.dense import DENSE

TEXTS = {
    "reviews": "Reviews of films with a sentiment: positive or negative",
    "entailment": "Pairs of sentences: does the premise entail the hypothesis?",
    "movies": "Plots of movies, and their genres",
}
ENTRIES = [
    DatasetEntry(id=f"file:{name}", name=name, revision="1", description=text)
    for name, text in TEXTS.items()
]


@pytest.fixture
def search(tmp_path):
    def made(entries=ENTRIES):
        BM25.index(entries, BM25.options(), tmp_path, lambda done, of: None)
        return BM25.load(tmp_path)

    return made


def test_the_nearest_come_with_the_words_that_matched_and_equals_in_their_order(search):
    (hit,) = search()("Is the sentiment of Films in a review positive?", 3)
    assert (hit.at, hit.score > 0) == (0, True)
    assert set(hit.terms) == {"sentiment", "films", "review", "positive"}
    same = [ENTRIES[0].model_copy(update={"id": f"file:{at}"}) for at in range(5)]
    assert [hit.at for hit in search(same)("sentiment of films", 3)] == [0, 1, 2]


# --- vectors kept by the digests of their texts, and ranks put together ---


NAMES = ("film reviews", "recipes of soups", "film plots", "weather of towns")


@pytest.fixture
def embedded(monkeypatch):
    """What a model was asked to embed; its vectors count words by their digests."""
    seen: list[str] = []

    def encode(texts, prefix):
        seen.extend(texts)
        vectors = np.zeros((len(texts), 64), np.float32)
        for at, text in enumerate(texts):
            for word in text.split():
                vectors[at, hashlib.sha256(word.encode()).digest()[0] % 64] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    monkeypatch.setattr(
        dense, "_model", lambda options: SimpleNamespace(fingerprint="ab12", encode=encode)
    )
    return seen


def entries(*names):
    return [DatasetEntry(id=f"file:{name}", name=name, revision="1") for name in names]


def index(folder, *names):
    DENSE.index(entries(*names), DENSE.options(), folder, lambda done, of: None)
    return DENSE.load(folder)


def test_a_text_is_embedded_once(embedded, tmp_path):
    index(tmp_path, *NAMES)
    assert sorted(embedded) == sorted(NAMES)
    embedded.clear()
    search = index(tmp_path, "new words", *NAMES[:2], NAMES[0])
    assert embedded == ["new words"]
    assert [hit.at for hit in search("film reviews", 2)] == [1, 3], "equals in their order"
    assert index(tmp_path)("film", 3) == []


def test_another_model_is_noticed(embedded, tmp_path, monkeypatch):
    search = index(tmp_path, *NAMES)
    monkeypatch.setattr(dense, "_model", lambda options: SimpleNamespace(fingerprint="cd34"))
    with pytest.raises(UsageError, match="has changed since the index was created"):
        search("film", 1)


def test_both_ranks_are_put_together_and_said(embedded, shop, tmp_path):
    registry = load_registry()
    with Index(tmp_path / "index", create=True) as base:
        base.build(registry, str(shop))
        asked = "stars of a review in the shop"
        fused = find(registry, base, asked, retriever="fused")
        assert fused.matches[0].entry.id == "file:shop/talk/reviews.csv"
        assert fused.matches[0].parts["bm25"] == 1
        assert "review" in fused.matches[0].terms
        assert set(fused.matches[-1].parts) <= {"bm25", "dense"}
        embedded.clear()
        find(registry, base, asked, retriever="dense")
        assert embedded == [asked], "the vectors are those that fused has made"
