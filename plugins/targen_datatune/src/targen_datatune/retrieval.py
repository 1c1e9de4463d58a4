"""Interfaces of catalogues of datasets and of retrievers, and their results."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from targen_core.errors import TargenError


class DatasetUnavailable(TargenError):
    """A dataset of a catalogue cannot be had: it vanished, changed, or is not for this user."""


class DatasetEntry(BaseModel):
    """A catalogue's description of a dataset, or of one of its configurations.

    Attributes:
        id: names it and its configuration, uniquely in its catalogue: "hf:super_glue:rte",
            "file:reviews/shop.csv".
        name: what people call it.
        configuration: which of several that the dataset has; "" for the only one.
        split: the split of `Catalogue.rows`; "" if there are no splits.
        revision: a commit, or a digest of the content: other rows have another.
        description: what it is, in words; may be "".
        tags: words that its authors or the catalogue file it under.
        license: of its rows, as SPDX or the hub writes it, in lower case: "cc-by-4.0"; "" if
            unknown.
        gated: its rows are only for those who were admitted.
        columns: their names with the types of their values, for people: "string", "list".
        rows: how many rows the split has; None if unknown.
        samples: some rows, with long cells cut.
        location: where the rows are: an absolute path, an address.
        signature: of the location, by which a catalogue knows that this user named it; or "".
        catalogue: the id of the catalogue that has it, filled in by what asked the catalogue.
        notes: remarks on it: "3 rows left out that cannot be read".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    configuration: str = ""
    split: str = ""
    revision: str
    description: str = ""
    tags: tuple[str, ...] = ()
    license: str = ""
    gated: bool = False
    columns: dict[str, str] = {}
    rows: int | None = None
    samples: tuple[dict[str, Any], ...] = ()
    location: str = ""
    signature: str = ""
    catalogue: str = ""
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the text for retrievers: its name, description, tags and columns, a line each."""
        names = [self.name, self.configuration]
        parts = (
            " ".join(filter(None, names)),
            self.description,
            ", ".join(self.tags),
            ", ".join(self.columns),
        )
        return "\n".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Listed:
    """A dataset that a catalogue has, before it is described.

    Attributes:
        key: names it in its catalogue; its configurations may share it.
        stamp: a cheap value that changes if the dataset may have changed: a commit, a size and a
            time. A dataset with an unchanged stamp is not described again.
        data: anything that `Catalogue.describe` needs to know about it.
    """

    key: str
    stamp: str
    data: Mapping[str, Any] = field(default_factory=dict)


class CatalogueOptions(BaseModel):
    """Options of a catalogue: a subclass's fields are what `-o KEY=VALUE` sets."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Datasets that can be searched and read.

    All functions import heavy packages inside. They raise `UsageError` for an invalid request, and
    `DatasetUnavailable` if one dataset is missing: the others then continue.

    Attributes:
        summary: a one-line summary for people.
        opens: returns whether a specification that a user types, such as "hf:" or a path, is for
            this catalogue. It must not use a network.
        listing: `listing(spec, options)` lists the datasets, cheaply and in a stable order.
        describe: `describe(listed, options)` returns an entry for each configuration of a dataset.
        rows: `rows(entry)` yields the rows of the entry's split, as JSON values and always in the
            same order. It raises `DatasetUnavailable` if the dataset no longer exists, is not
            available to this user, or is no longer at the entry's `revision`.
        options: the class of the functions' `options`.
        extra: the extra of the catalogue's distribution that installs what these functions import,
            or "".
    """

    summary: str
    opens: Callable[[str], bool]
    listing: Callable[[str, Any], Iterator[Listed]]
    describe: Callable[[Listed, Any], Sequence[DatasetEntry]]
    rows: Callable[[DatasetEntry], Iterator[Mapping[str, Any]]]
    options: type[CatalogueOptions] = CatalogueOptions
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that a search found.

    Attributes:
        at: its place in what was indexed, from 0.
        score: higher is nearer; comparable within one search.
        terms: words of the query that it has, as far as those count.
        parts: where several retrievers were asked: what each says, its rank from 1.
    """

    at: int
    score: float
    terms: tuple[str, ...] = ()
    parts: Mapping[str, int] = field(default_factory=dict)


class Searcher(Protocol):
    """An index that is ready."""

    def __call__(self, query: str, k: int, /) -> Sequence[Hit]:
        """At most `k` entries, the nearest first; equals in the order of the entries."""
        ...


class RetrieverOptions(BaseModel):
    """Options of a retriever: a subclass's fields are what `-o KEY=VALUE` sets."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retriever:
    """Finds the entries that are near to a text.

    Attributes:
        summary: a one-line summary for people.
        version: must change whenever the retriever would index the same entries differently.
        index: `index(entries, options, folder, progress)` creates an index of `DatasetEntry.text`.
            It may iterate over the entries several times, and reuse an earlier index in the folder,
            which may be unfinished or contain other entries. It writes only data, no pickles, and
            calls `progress(done, of)` from time to time.
        load: `load(folder)` returns the searcher, or raises `ValueError` if the folder does not
            contain what `index` writes. Import heavy packages inside both functions.
        options: the class of the `options` that `index` receives.
        extra: the extra of the retriever's distribution that installs what these functions import,
            or "".
    """

    summary: str
    version: str
    index: Callable[[Collection[DatasetEntry], Any, Path, Callable[[int, int], None]], None]
    load: Callable[[Path], Searcher]
    options: type[RetrieverOptions] = RetrieverOptions
    extra: str = ""
