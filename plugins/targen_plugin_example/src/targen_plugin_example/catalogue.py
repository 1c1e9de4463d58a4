"""A catalogue: tickets kept by a help desk, in a page of Python."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from targen_datatune.retrieval import (
    Catalogue,
    CatalogueOptions,
    DatasetEntry,
    DatasetUnavailable,
    Listed,
)

_KEPT: Mapping[str, Sequence[Mapping[str, str]]] = {
    "calls": [
        {"note": "The heating has been off since Friday.", "answer": "A fitter came the same day."},
        {"note": "How do I change my address?", "answer": "In your account, under Details."},
    ],
    "letters": [
        {"letter": "I was charged twice for one order.", "queue": "billing"},
        {"letter": "The lamp you sent has no plug.", "queue": "returns"},
    ],
}


def listing(spec: str, options: CatalogueOptions) -> Iterator[Listed]:
    """Yield the datasets, each with a stamp that changes if it may have changed."""
    for name, rows in _KEPT.items():
        yield Listed(name, _digest(rows))


def describe(listed: Listed, options: CatalogueOptions) -> Sequence[DatasetEntry]:
    """Return a single entry: these datasets have no configurations."""
    rows = _KEPT[listed.key]
    return [
        DatasetEntry(
            id=f"archive:{listed.key}",
            name=listed.key,
            revision=listed.stamp,
            description=f"{listed.key.capitalize()} to a help desk",
            license="cc0-1.0",
            columns=dict.fromkeys(rows[0], "string"),
            rows=len(rows),
            samples=tuple(map(dict[str, Any], rows)),
        )
    ]


def rows_of(entry: DatasetEntry) -> Iterator[Mapping[str, Any]]:
    """Return the rows, as long as they match the description."""
    rows = _KEPT.get(entry.name)
    if rows is None or _digest(rows) != entry.revision:
        raise DatasetUnavailable(f"{entry.id} has changed since it was described")
    yield from map(dict, rows)


def _digest(rows: Sequence[Mapping[str, str]]) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def opens(spec: str) -> bool:
    """Return whether a user means this catalogue."""
    return spec == "archive:"


ARCHIVE = Catalogue(
    summary="past tickets of a help desk",
    opens=opens,
    listing=listing,
    describe=describe,
    rows=rows_of,
)
