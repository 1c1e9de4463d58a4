"""BM25: what it finds, in which order, and what it says of it."""

from __future__ import annotations

import pytest

from targen_datatune.retrieval import DatasetEntry
from targen_datatune.retrievers.bm25 import BM25, words

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


def test_words_are_compared_in_lower_case_and_singular_without_function_words():
    assert words("The Entries of super_glue's boxes") == ["entry", "super", "glue", "boxe"]
    assert words("news class bus series") == ["new", "class", "bus", "sery"]


def test_a_part_of_an_index_is_refused(tmp_path, search):
    search()
    (tmp_path / "weights.npy").write_bytes((tmp_path / "weights.npy").read_bytes()[:-8])
    with pytest.raises(ValueError, match=r"index|mmap"):
        BM25.load(tmp_path)
