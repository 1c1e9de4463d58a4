"""(1) Where datasets are: here a folder of tab-separated files, each a dataset of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field
from targen_core.dataset.source import open_source
from targen_core.errors import UsageError
from targen_core.plain import digest_of
from targen_core.reading.files import read_text
from targen_datatune.retrieval import (
    Catalogue,
    CatalogueOptions,
    DatasetEntry,
    DatasetUnavailable,
    Listed,
)

_SCHEME = "my-demo:"


class Options(CatalogueOptions):
    """Options for `-o KEY=VALUE`."""

    samples: int = Field(3, ge=1, description="Number of rows that a description shows.")


def _opens(spec: str) -> bool:
    """Return whether a user means this catalogue, by the typed text."""
    return spec.startswith(_SCHEME)


def _listing(spec: str, options: Options) -> Iterator[Listed]:
    """Yield the datasets: a key, and a stamp that changes if the dataset may have changed.

    Read as little as possible: a dataset with an unchanged stamp is not described again.

    Raises:
        UsageError: `spec` leads nowhere.
    """
    folder = Path(spec.removeprefix(_SCHEME))
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", hint=f"{_SCHEME}FOLDER")
    for path in sorted(folder.glob("*.tsv")):
        if path.is_file():
            yield Listed(str(path.resolve()), _stamp(path))


def _describe(listed: Listed, options: Options) -> Sequence[DatasetEntry]:
    """Return what a search and a model see of a dataset; several entries if it has configurations.

    Raises:
        DatasetUnavailable: it cannot be read, with the reason; others are described all the same.
    """
    path = Path(listed.key)
    head = list(itertools.islice(_rows(path), options.samples))
    if not head:
        raise DatasetUnavailable(f"{path.name} has no rows")
    card = path.with_suffix(".md")
    return [
        DatasetEntry(
            id=f"{_SCHEME}{path}",
            name=path.stem,
            revision=listed.stamp,
            description=read_text(card, inside=card.parent) if card.is_file() else "",
            columns=dict.fromkeys(head[0], "string"),
            samples=tuple(dict(row) for row in head),
        )
    ]


def _rows_of(entry: DatasetEntry) -> Iterator[Mapping[str, Any]]:
    """The rows, as long as they are those that were described.

    Raises:
        DatasetUnavailable: they are gone, or others; the next dataset is tried then.
    """
    path = Path(entry.id.removeprefix(_SCHEME))
    if not path.is_file() or _stamp(path) != entry.revision:
        raise DatasetUnavailable(f"{path.name} has changed since it was described")
    yield from _rows(path)


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        for _, row in open_source(path).each():
            if not isinstance(row, ValueError):  # a line with too many cells, say
                yield row
    except UsageError as error:
        raise DatasetUnavailable(f"{path.name} cannot be read: {error}") from error


def _stamp(path: Path) -> str:
    return digest_of(path)[:16]


CATALOGUE = Catalogue(
    summary="folders of tab-separated files",
    opens=_opens,
    listing=_listing,
    describe=_describe,
    rows=_rows_of,
    options=Options,
)
