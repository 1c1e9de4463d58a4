"""(2) The conformance kit, and a search whose answer is known beforehand."""

from __future__ import annotations

from pathlib import Path

from targen_datatune.retrieval import DatasetEntry
from targen_datatune.testing import RetrieverSuite as Suite

from my_demo.retriever import RETRIEVER


class TestRetriever(Suite):
    """It finds what a query names, the same each time, and writes no pickle."""

    retriever = "my-demo"


def test_a_misspelt_word_is_near(tmp_path: Path) -> None:
    entries = [
        DatasetEntry(id=name, name=name, revision="1", description=description)
        for name, description in (("soups", "recipes of soups"), ("rain", "weather of towns"))
    ]
    RETRIEVER.index(entries, RETRIEVER.options(), tmp_path, lambda done, of: None)
    best, *_ = RETRIEVER.load(tmp_path)("how the wether was", 2)
    assert entries[best.at].id == "rain"
