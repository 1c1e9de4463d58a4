"""(1) What is near to a task: here datasets whose descriptions share runs of three letters."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from pydantic import Field
from targen_core.errors import UnreadableFile
from targen_core.reading.files import read_json
from targen_datatune.retrieval import (
    DatasetEntry,
    Hit,
    Retriever,
    RetrieverOptions,
    Searcher,
)

_FILE = "runs.json"


class Options(RetrieverOptions):
    """Options for `-o KEY=VALUE`."""

    letters: int = Field(3, ge=2, le=8, description="Number of letters in a run.")


def _index(
    entries: Collection[DatasetEntry],
    options: Options,
    folder: Path,
    progress: Callable[[int, int], None],
) -> None:
    """Write into `folder` what a search needs of all entries.

    The folder may contain what an earlier call left, also for different entries. Import
    heavy packages in here. Write data, not a pickle.
    """
    table = []
    for done, entry in enumerate(entries, 1):
        table.append(sorted(_runs(entry.text, options.letters)))
        progress(done, len(entries))
    written = {"letters": options.letters, "runs": table}
    (folder / _FILE).write_text(json.dumps(written), encoding="utf-8")


def _load(folder: Path) -> Searcher:
    """What searches the index in `folder`: the places of the nearest entries, best first.

    Raises:
        ValueError: there is none.
    """
    try:
        written = read_json(folder / _FILE, inside=folder)
        letters = int(written["letters"])
        table = [set(map(str, runs)) for runs in written["runs"]]
    except (UnreadableFile, LookupError, TypeError) as error:
        raise ValueError(f"{folder} does not contain a valid index: {error}") from error

    def search(query: str, k: int, /) -> Sequence[Hit]:
        asked = _runs(query, letters)
        hits = [
            Hit(at, len(asked & runs) / len(asked | runs), tuple(sorted(asked & runs)))
            for at, runs in enumerate(table)
            if asked & runs
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.at))[:k]

    return search


def _runs(text: str, letters: int) -> set[str]:
    """All runs of letters inside words."""
    return {
        word[at : at + letters]
        for word in text.casefold().split()
        for at in range(len(word) - letters + 1)
    }


RETRIEVER = Retriever(
    summary="letters in common, three at a time",
    version="1",  # changes with every change of what it would write
    index=_index,
    load=_load,
    options=Options,
)
