"""A retriever: the share of a query's words that an entry contains, in a page of Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from targen_core.reading.files import read_json
from targen_datatune.retrieval import (
    DatasetEntry,
    Hit,
    Retriever,
    RetrieverOptions,
    Searcher,
)


def words_of(text: str) -> set[str]:
    """Words without case and punctuation."""
    return {word.strip(".,;:!?()") for word in text.casefold().split()}


def index(
    entries: Collection[DatasetEntry],
    options: RetrieverOptions,
    folder: Path,
    progress: Callable[[int, int], None],
) -> None:
    """Write down each entry's words."""
    table = [sorted(words_of(entry.text)) for entry in entries]
    (folder / "words.json").write_text(json.dumps(table), encoding="utf-8")
    progress(len(table), len(table))


def load(folder: Path) -> Searcher:
    """Load the searcher."""
    try:
        table = read_json(folder / "words.json", inside=folder)
        entries = [set(map(str, words)) for words in table]
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{folder} does not contain an index for the retriever shared: {error}"
        ) from error

    def search(query: str, k: int, /) -> Sequence[Hit]:
        asked = words_of(query)
        hits = []
        for at, words in enumerate(entries):
            shared = asked & words
            if shared:
                hits.append(Hit(at, len(shared) / len(asked), tuple(sorted(shared))))
        return sorted(hits, key=lambda hit: -hit.score)[:k]

    return search


SHARED = Retriever(
    summary="the share of a query's words that an entry contains",
    version="1",
    index=index,
    load=load,
)
