"""`CatalogueSuite` and `RetrieverSuite`: the checks of catalogues of datasets and of retrievers.

from targen_datatune.testing import CatalogueSuite as Catalogues, RetrieverSuite as Retrievers

class TestHouse(Catalogues):
    catalogue = "house"
    spec = "house:sales"

class TestWords(Retrievers):
    retriever = "words"
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from targen_core.errors import UsageError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.parsing import parse_options
from targen_datatune.retrieval import (
    Catalogue,
    DatasetEntry,
    DatasetUnavailable,
    Hit,
    Listed,
    Retriever,
    Searcher,
)
from targen_testing.suite import Suite, fail

_ROWS = 200  # of an entry that are looked at
_SETS = {
    "film-reviews": "Reviews of films with the number of stars",
    "soup-recipes": "Recipes of soups with their ingredients",
    "town-weather": "Temperatures and rain of towns, day by day",
    "court-cases": "Judgments of courts with the laws that they cite",
}
_ODD = ("", "🙂 日本語", "a" * 5000, "\u2028 ' \" ; --", "zzqx")


def _options(part: Any, assignments: Sequence[str]) -> Any:
    return part.options.model_validate(parse_options(assignments))


class CatalogueSuite(Suite):
    """Checks of a catalogue; set `catalogue` to its registered name, `spec` to what it opens.

    Attributes:
        catalogue: the registered name.
        spec: a specification of a few small datasets, such as a folder of the tests.
        options: what a user gives as `-o`, "KEY=VALUE".
    """

    catalogue: ClassVar[str]
    spec: ClassVar[str] = ""
    options: ClassVar[tuple[str, ...]] = ()
    kind = "catalogue"

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Refuse: only its author has datasets for it."""
        raise UsageError(
            "write a CatalogueSuite, and set its spec to something that the catalogue opens"
        )

    def target(self) -> Catalogue:
        """The catalogue."""
        catalogue: Catalogue = self.registry().get("catalogue", self.catalogue)
        return catalogue

    def listed(self) -> list[Listed]:
        """Return its listing of `spec`."""
        catalogue = self.target()
        return list(catalogue.listing(self.spec, _options(catalogue, self.options)))

    def described(self) -> list[DatasetEntry]:
        """The entries of all that it lists; datasets that cannot be had are left out."""
        catalogue = self.target()
        options = _options(catalogue, self.options)
        entries: list[DatasetEntry] = []
        for listed in self.listed():
            try:
                entries += catalogue.describe(listed, options)
            except DatasetUnavailable:
                continue
        return entries

    @pytest.fixture
    def entries(self) -> list[DatasetEntry]:
        """Its entries."""
        return self.kept("entries", self.described)

    # --- what must hold ---

    def test_described(self) -> None:
        """It is registered with a summary, which listings show."""
        item = self.registry().find("catalogue", self.catalogue)
        assert item.summary.strip() or self.target().summary.strip(), "register it with a summary"

    def test_opens_its_own(self) -> None:
        """It accepts the suite's `spec`, but not every specification."""
        assert self.spec, f"{type(self).__name__}.spec is empty: set it to what to open"
        catalogue = self.target()
        assert catalogue.opens(self.spec), f"it does not open {self.spec!r}"
        assert not catalogue.opens("unknown-scheme:x"), (
            "it opens a specification with an unknown scheme"
        )

    def test_lists_the_same_again(self) -> None:
        """Keys are unique, stamps are strings, and a second listing returns the same ones."""
        first = self.listed()
        keys = [each.key for each in first]
        assert keys, f"it does not list any datasets for {self.spec!r}"
        assert len(set(keys)) == len(keys), "a key is listed twice"
        assert all(isinstance(each.stamp, str) for each in first)
        again = [(each.key, each.stamp) for each in self.listed()]
        assert again == [(each.key, each.stamp) for each in first], (
            "a second listing returns different datasets"
        )

    def test_describes_each_by_an_id_of_its_own(self, entries: list[DatasetEntry]) -> None:
        """It returns entries, each with an id, a name and a revision."""
        assert entries, "it cannot describe any of its datasets"
        ids = [entry.id for entry in entries]
        assert len(set(ids)) == len(ids), "two entries have the same id"
        assert all(entry.name and entry.revision for entry in entries), (
            "an entry lacks a name or a revision"
        )

    def test_entries_survive_json(self, entries: list[DatasetEntry]) -> None:
        """An entry can be saved as JSON and read back, including its samples."""
        for entry in entries:
            assert DatasetEntry.model_validate_json(entry.model_dump_json()) == entry, entry.id

    def test_rows_are_the_same_again(self, entries: list[DatasetEntry]) -> None:
        """Rows have a fixed order, JSON values, and the columns of their entry."""
        for entry in self._open(entries):
            rows = self._rows(entry)
            try:
                json.dumps(rows, allow_nan=False)
            except (TypeError, ValueError) as error:
                fail(f"{entry.id}: a row has values that JSON cannot represent: {error}")
            assert self._rows(entry) == rows, (
                f"{entry.id}: the rows come in a different order the second time"
            )
            more = {name for row in rows for name in row} - set(entry.columns)
            assert not more, f"{entry.id}: columns that were not described: {sorted(more)}"
            if entry.rows is not None:
                assert len(rows) == min(entry.rows, _ROWS), (
                    f"{entry.id}: the entry states {entry.rows} rows, but {len(rows)} were read"
                )

    def test_refuses_another_revision(self, entries: list[DatasetEntry]) -> None:
        """Reading a revision that no longer exists raises `DatasetUnavailable`."""
        for entry in self._open(entries)[:1]:
            other = entry.model_copy(update={"revision": "0" * 40})
            try:
                next(iter(self.target().rows(other)), None)
            except DatasetUnavailable:
                return
            except Exception as error:
                fail(
                    f"{entry.id}: it raised {type(error).__name__} instead of DatasetUnavailable: "
                    f"{error}"
                )
            fail(f"{entry.id}: it returns rows of revision {other.revision}, which does not exist")

    def _open(self, entries: list[DatasetEntry]) -> list[DatasetEntry]:
        return [entry for entry in entries if not entry.gated][:3]

    def _rows(self, entry: DatasetEntry) -> list[Mapping[str, Any]]:
        return list(itertools.islice(self.target().rows(entry), _ROWS))


class RetrieverSuite(Suite):
    """Checks of a retriever; set `retriever` to its registered name.

    Attributes:
        retriever: the registered name.
        options: what a user gives as `-o`, "KEY=VALUE".
    """

    retriever: ClassVar[str]
    options: ClassVar[tuple[str, ...]] = ()
    kind = "retriever"

    def target(self) -> Retriever:
        """The retriever."""
        retriever: Retriever = self.registry().get("retriever", self.retriever)
        return retriever

    def indexed(self, entries: Sequence[DatasetEntry], folder: Path) -> Searcher:
        """Return its searcher of entries, which it may walk repeatedly and use in no other way."""
        retriever = self.target()
        folder.mkdir(parents=True, exist_ok=True)
        options = _options(retriever, self.options)
        try:
            retriever.index(_Walked(entries), options, folder, lambda done, of: None)
            return retriever.load(folder)
        except Exception as error:
            fail(f"indexing {len(entries)} entries raised {type(error).__name__}: {error}")

    @pytest.fixture
    def search(self, tmp_path_factory: pytest.TempPathFactory) -> Searcher:
        """An index of four entries."""
        made = tmp_path_factory.mktemp("retriever") / "indexes" / "own"
        return self.kept("search", lambda: self.indexed(_entries(), made))

    # --- what must hold ---

    def test_described(self) -> None:
        """It is registered with a summary, which the listings show, and has a version."""
        item = self.registry().find("retriever", self.retriever)
        assert item.summary.strip() or self.target().summary.strip(), "register it with a summary"
        assert self.target().version, "give it a version"

    def test_finds_what_says_the_same(self, search: Searcher) -> None:
        """A query with an entry's description finds that entry first."""
        for at, words in enumerate(_SETS.values()):
            hits = search(words, 2)
            assert hits and hits[0].at == at, f"{words!r} does not find its own entry first"

    def test_nearest_first_and_no_more_than_asked_for(self, search: Searcher) -> None:
        """Scores decrease, positions are unique, and there are at most `k` hits."""
        for k in (1, 3, 50):
            hits = search("reviews of films and recipes of soups in towns", k)
            self._whole(hits, k)

    def test_takes_any_query(self, search: Searcher) -> None:
        """Empty, long and foreign queries do not raise an error."""
        for query in _ODD:
            try:
                self._whole(search(query, 3), 3)
            except Exception as error:
                fail(f"the query {query[:20]!r} raised {type(error).__name__}: {error}")

    def test_same_hits_again(self, search: Searcher, tmp_path: Path) -> None:
        """The same entries and query give the same hits, even from a second index."""
        query = "films with stars"
        assert _plain(search(query, 4)) == _plain(search(query, 4)), (
            "a second search returns different hits"
        )
        again = self.indexed(_entries(), tmp_path / "indexes" / "own")
        assert _plain(again(query, 4)) == _plain(search(query, 4)), (
            "a second index returns different hits"
        )

    def test_follows_the_entries(self, tmp_path: Path) -> None:
        """A second index in the same folder contains only the new entries."""
        folder = tmp_path / "indexes" / "own"
        self.indexed(_entries(), folder)
        words = list(_SETS.values())
        hits = self.indexed(_entries()[2:], folder)(words[2], 4)
        assert hits and hits[0].at == 0, "it finds an entry from before the change"
        assert {hit.at for hit in hits} <= {0, 1}, "it finds entries that do not exist"

    def test_takes_no_entries(self, tmp_path: Path) -> None:
        """An empty index returns no hits."""
        assert not self.indexed([], tmp_path / "indexes" / "own")("films", 3)

    def test_refuses_what_is_no_index(self, tmp_path: Path) -> None:
        """A folder without an index, or with a damaged one, raises a ValueError."""
        (tmp_path / "empty").mkdir()
        damaged = tmp_path / "indexes" / "own"
        self.indexed(_entries(), damaged)
        for path in sorted(damaged.rglob("*")):
            if path.is_file():
                path.write_bytes(b"nothing of the kind")
        for kind, folder in (("an empty", tmp_path / "empty"), ("a damaged", damaged)):
            try:
                self.target().load(folder)
            except ValueError:
                continue
            except Exception as error:
                fail(f"load() of {kind} folder raises {type(error).__name__}: {error}")
            fail(f"load() accepts {kind} folder")

    def _whole(self, hits: Sequence[Hit], k: int) -> None:
        places = [hit.at for hit in hits]
        scores = [hit.score for hit in hits]
        assert len(hits) <= k, f"{len(hits)} hits, although {k} were requested"
        assert len(set(places)) == len(places), "an entry is found twice"
        assert all(0 <= at < len(_SETS) for at in places), (
            "a hit refers to an entry that does not exist"
        )
        assert scores == sorted(scores, reverse=True), "a later hit has a higher score"


class _Walked:
    """Entries that can only be counted and iterated, like those of an index."""

    def __init__(self, entries: Sequence[DatasetEntry]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[DatasetEntry]:
        return iter(self._entries)

    def __contains__(self, entry: object) -> bool:
        return entry in self._entries


def _entries() -> list[DatasetEntry]:
    return [
        DatasetEntry(id=f"made:{name}", name=name, revision="1", description=words)
        for name, words in _SETS.items()
    ]


def _plain(hits: Sequence[Hit]) -> list[tuple[int, float]]:
    return [(hit.at, round(hit.score, 5)) for hit in hits]
