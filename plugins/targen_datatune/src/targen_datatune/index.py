"""The local index of described datasets, kept in one folder between commands.

It is one SQLite file, and each dataset is described in one transaction. So a process may be killed
at any moment and a later one continues. Beside it lies a folder for each retriever that was asked.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from pydantic import ValidationError

from targen_core.cli.outputs import check_own
from targen_core.cli.status import Status
from targen_core.errors import MissingDependency, PluginError, UsageError
from targen_core.folders import cache_folder
from targen_core.hints import did_you_mean, quoted
from targen_core.plugins.configurable import read_options
from targen_core.reading.values import Malformed, json_of
from targen_core.text import refused
from targen_datatune.retrieval import Catalogue, CatalogueOptions, DatasetEntry, DatasetUnavailable

if TYPE_CHECKING:
    from targen_core.plugins.register import Registration
    from targen_core.plugins.registry import Registry

_FILE = "index.sqlite"
_FORM = 1  # of the tables
# With STRICT and NOT NULL, SQLite enforces the types of any file.
_TABLES = """
CREATE TABLE source (
    spec TEXT PRIMARY KEY NOT NULL, catalogue TEXT NOT NULL, options TEXT NOT NULL,
    complete INTEGER NOT NULL, built REAL, pass INTEGER NOT NULL
) STRICT;
CREATE TABLE dataset (
    spec TEXT NOT NULL, key TEXT NOT NULL, stamp TEXT NOT NULL, pass INTEGER NOT NULL,
    problem TEXT NOT NULL, PRIMARY KEY (spec, key)
) STRICT;
CREATE TABLE entry (
    number INTEGER PRIMARY KEY, spec TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL,
    license TEXT NOT NULL, size INTEGER, gated INTEGER NOT NULL, entry TEXT NOT NULL
) STRICT;
CREATE INDEX entry_of ON entry (spec, key);
CREATE INDEX entry_id ON entry (id);
CREATE TABLE fact (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;
"""
_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
_RETRIEVERS = "retrievers"
_AGAIN = "delete it and build it again, or give a different folder with --index"
_WAIT = 30.0  # seconds for another process's transaction


def default_index() -> Path:
    """The folder of the user's own index."""
    return cache_folder() / "catalogue"


@dataclass(frozen=True, slots=True)
class Source:
    """A source that was built into an index.

    Attributes:
        spec: the specification, a path made absolute.
        catalogue: the id of the catalogue that opened it.
        options: of the catalogue, as they were set.
        complete: whether its listing was read to the end.
        built: when it was last, in seconds since 1970.
        datasets: how many there are.
        entries: how many descriptions there are: one for each configuration.
        problems: the datasets that are left out, with the reason.
    """

    spec: str
    catalogue: str
    options: Mapping[str, Any]
    complete: bool
    built: float
    datasets: int
    entries: int
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Built:
    """The result of a build.

    Attributes:
        entries: descriptions there are now.
        described: datasets that were new or had changed.
        same: those that were known already.
        gone: those that are not listed any more, and were taken out.
        problems: the datasets that are left out, with the reason.
    """

    entries: int = 0
    described: int = 0
    same: int = 0
    gone: int = 0
    problems: dict[str, str] = field(default_factory=dict)


class Entries(Collection[DatasetEntry]):
    """All entries of an index, read again for each iteration; `Hit.at` is a place in them."""

    def __init__(self, index: Index, numbers: Sequence[int]) -> None:
        self._index = index
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[DatasetEntry]:
        for (text,) in self._index.select("SELECT entry FROM entry ORDER BY number"):
            yield self._index.read_entry(text)

    def __contains__(self, entry: object) -> bool:
        return any(entry == each for each in self)

    def __getitem__(self, at: int) -> DatasetEntry:
        query = "SELECT entry FROM entry WHERE number = ?"
        ((text,),) = self._index.select(query, self._numbers[at])
        return self._index.read_entry(text)


class Index:
    """The index of one folder, which may be a stranger's: only data, which does not run or wait.

    Raises:
        UsageError: the folder holds something else, or what another version wrote.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        path = folder / _FILE
        names = (f"{_FILE}{end}" for end in ("", "-wal", "-shm", "-journal"))
        check_own(folder, *names, ".lock", f"{_RETRIEVERS}/", alone=True, hint=_AGAIN)
        if not create and not path.is_file():
            raise UsageError(
                f"there is no index in {folder}",
                hint="run targen catalogue build SPEC to create one",
            )
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds rows of the user
            self._base = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        except OSError as error:
            raise UsageError(f"cannot write {folder}: {error}") from error
        try:
            if self._is_empty():
                with FileLock(folder / ".lock", timeout=_WAIT):
                    self._make()
            # With a write-ahead log, a commit need not wait for the disk: killing the process loses
            # no data, and a power cut at most the last datasets.
            self._base.execute("PRAGMA synchronous = NORMAL")
            (form,) = self._base.execute("PRAGMA user_version").fetchone()
            if form != _FORM:
                raise UsageError(
                    f"{path} was created by a different version of targen-datatune",
                    hint=_AGAIN,
                )
            # A view or a trigger would be code from the file's author.
            if self._base.execute(_SCHEMA).fetchall() != _schema():
                raise UsageError(f"{path} does not have the tables of an index", hint=_AGAIN)
        except (sqlite3.Error, OSError, Timeout, UsageError) as error:
            self._base.close()
            if isinstance(error, sqlite3.Error):
                raise self._broken(error) from error
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"cannot write {folder}: {error}") from error

    def _is_empty(self) -> bool:
        return not self._base.execute("SELECT 1 FROM sqlite_master").fetchone()

    def _make(self) -> None:
        """Make the tables, unless another process has done so meanwhile."""
        if not self._is_empty():
            return
        self._base.execute("PRAGMA journal_mode = WAL")
        with self._base:
            self._base.execute("BEGIN IMMEDIATE")
            for statement in filter(str.strip, _TABLES.split(";")):
                self._base.execute(statement)
            self._base.execute(f"PRAGMA user_version = {_FORM}")

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- what there is ---

    def select(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query.

        Raises:
            UsageError: the file cannot be read.
        """
        try:
            return self._base.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def _odd(self, what: str) -> UsageError:
        return UsageError(f"{self.folder / _FILE} contains {what}", hint=_AGAIN)

    def _options(self, text: str) -> dict[str, Any]:
        """Read a catalogue's stored options."""
        try:
            options = json_of(text)
        except Malformed:
            options = None
        if not isinstance(options, dict):
            raise self._odd("invalid options")
        return options

    def read_entry(self, text: str) -> DatasetEntry:
        """Read a stored entry.

        Raises:
            UsageError: the text is not an entry.
        """
        try:
            return DatasetEntry.model_validate_json(text)
        except ValidationError as error:
            raise self._odd(f"an invalid entry: {refused(error)}") from error

    def entries(self) -> Entries:
        """All entries, in the order in which they were described."""
        rows = self.select("SELECT number FROM entry ORDER BY number")
        return Entries(self, [number for (number,) in rows])

    def sources(self) -> list[Source]:
        """Return the sources, in the order of their specifications."""
        query = "SELECT spec, catalogue, options, complete, built FROM source ORDER BY spec"
        return [self._source(*row) for row in self.select(query)]

    def _source(self, spec: str, by: str, options: str, complete: int, built: float) -> Source:
        ((datasets,),) = self.select("SELECT count(*) FROM dataset WHERE spec = ?", spec)
        ((entries,),) = self.select("SELECT count(*) FROM entry WHERE spec = ?", spec)
        query = "SELECT key, problem FROM dataset WHERE spec = ? AND problem != '' ORDER BY key"
        problems = dict(self.select(query, spec))
        known = self._options(options)
        return Source(spec, by, known, bool(complete), built or 0.0, datasets, entries, problems)

    def find(self, name: str) -> DatasetEntry:
        """The entry of an id, or of a name that only one entry has.

        Raises:
            UsageError: no entry has the name, or several have.
        """
        rows = self.select("SELECT entry FROM entry WHERE id = ?", name)
        entries = [self.read_entry(text) for (text,) in rows]
        if not entries:
            every = [row[0] for row in self.select("SELECT DISTINCT id FROM entry")]
            near = [one for one in every if name in (*re.split(r"[:/]", one), Path(one).stem)]
            if len(near) == 1:
                return self.find(near[0])
            hint: str = f"one of: {', '.join(near[:8])}"
            if not near:
                hint = did_you_mean(name, every, "one of") or "targen catalogue build"
            raise UsageError(f"the dataset {name!r} is not in the index {self.folder}", hint=hint)
        if len(entries) > 1:
            places = ", ".join(entry.location for entry in entries)
            raise UsageError(f"{name} matches several datasets: {places}")
        return entries[0]

    def token(self) -> str:
        """Return a token that changes with the entries."""
        rows = self.select("SELECT value FROM fact WHERE name = 'token'")
        return str(rows[0][0]) if rows else ""

    # --- building it ---

    def build(
        self,
        registry: Registry,
        spec: str,
        options: Mapping[str, Any] | None = None,
        *,
        retry: bool = False,
        watch: Status | None = None,
        wait: float = _WAIT,
    ) -> Built:
        """Update the index from a specification: add new, changed and remove vanished datasets.

        If it is stopped at any moment, the next call continues.

        Args:
            registry: finds the catalogue that opens `spec`.
            spec: such as a path, or "hf:".
            options: of the catalogue; by default those of the last build.
            retry: describe also what could not be read before and has not changed.
            watch: whom to tell how it goes.
            wait: seconds for another process that builds the same index.

        Raises:
            UsageError: no catalogue opens it, it has no datasets, or another process is building.
            TargenError: what the catalogue raised, such as that a service gave up.
        """
        watch = watch or Status(at=lambda text: None, note=lambda text: None)
        spec = _absolute(spec)
        item = catalogue_of(registry, spec)
        catalogue: Catalogue = registry.resolve(item)
        built = Built()
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise UsageError(
                f"another process is building the index {self.folder}",
                hint="wait until it finishes, or give a different folder with --index",
            ) from None
        try:  # what another process has built meanwhile is known now
            known = self.select("SELECT options, pass FROM source WHERE spec = ?", spec)
            if options is None:
                options = self._options(known[0][0]) if known else {}
            chosen = read_options(catalogue.options, options, of=item.name)
            at = int(known[0][1]) + 1 if known else 1
            said = json.dumps(chosen.model_dump(mode="json", exclude_defaults=True))
            self._write(
                "INSERT INTO source VALUES (?, ?, ?, 0, NULL, ?) ON CONFLICT (spec) DO UPDATE SET "
                "catalogue = excluded.catalogue, options = excluded.options, complete = 0, "
                "pass = excluded.pass",
                (spec, item.id, said, at),
            )
            with item.blamed(catalogue.extra):
                for listed in catalogue.listing(spec, chosen):
                    self._one(item, catalogue, chosen, spec, listed, at, built, watch, retry)
            gone = self.select("SELECT key FROM dataset WHERE spec = ? AND pass != ?", spec, at)
            for (key,) in gone:
                self._replace(spec, key, None, at, (), "")
            built.gone = len(gone)
            self._write(
                "UPDATE source SET complete = 1, built = ? WHERE spec = ?", (time.time(), spec)
            )
        except UsageError:  # such as no such file: a slip is not a catalogue to continue
            self._write(
                "DELETE FROM source WHERE spec = ? AND spec NOT IN (SELECT spec FROM dataset)",
                (spec,),
            )
            raise
        finally:
            lock.release()
        ((built.entries,),) = self.select("SELECT count(*) FROM entry WHERE spec = ?", spec)
        return built

    def _one(
        self,
        item: Registration[Any],
        catalogue: Catalogue,
        options: CatalogueOptions,
        spec: str,
        listed: Any,
        at: int,
        built: Built,
        watch: Status,
        retry: bool,
    ) -> None:
        """Describe one dataset, unless it is known."""
        query = "SELECT stamp, problem, pass FROM dataset WHERE spec = ? AND key = ?"
        known = self.select(query, spec, listed.key)
        if known and known[0][2] == at:
            watch.note(f"{listed.key} is listed twice; targen uses the first")
            return
        if known and known[0][0] == listed.stamp and not (retry and known[0][1]):
            self._write(
                "UPDATE dataset SET pass = ? WHERE spec = ? AND key = ?", (at, spec, listed.key)
            )
            built.same += 1
            if known[0][1]:
                built.problems[listed.key] = known[0][1]
            return
        watch.at(f"{listed.key} ({built.described + built.same + 1:,})")
        try:
            entries = [
                entry.model_copy(update={"catalogue": item.id})
                for entry in catalogue.describe(listed, options)
            ]
            problem, stamp = "", listed.stamp
        except (DatasetUnavailable, MissingDependency) as error:
            problem = f"{error}; try: {error.hint}" if error.hint else str(error)
            # Problems that a package would solve are retried as soon as it is installed.
            entries, stamp = [], "" if isinstance(error, MissingDependency) else listed.stamp
            built.problems[listed.key] = problem
            watch.note(f"{listed.key} is left out: {problem}")
        self._replace(spec, listed.key, stamp, at, entries, problem)
        built.described += not problem

    def _replace(
        self,
        spec: str,
        key: str,
        stamp: str | None,
        at: int,
        entries: Sequence[DatasetEntry],
        problem: str,
    ) -> None:
        """Put a dataset's entries in the place of those that it had; no stamp takes it out."""
        with self._writing():
            for table in ("entry", "dataset"):
                self._base.execute(f"DELETE FROM {table} WHERE spec = ? AND key = ?", (spec, key))  # noqa: S608
            if stamp is not None:
                values = (spec, key, stamp, at, problem)
                self._base.execute("INSERT INTO dataset VALUES (?, ?, ?, ?, ?)", values)
            for entry in entries:
                text = entry.model_dump_json(exclude_defaults=True)
                facts = (spec, key, entry.id, entry.license, entry.rows, entry.gated, text)
                self._base.execute("INSERT INTO entry VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", facts)
            self._change_token()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Make one transaction of all that is written meanwhile."""
        try:
            with self._base:
                self._base.execute("BEGIN IMMEDIATE")
                yield
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def _change_token(self) -> None:
        values = (secrets.token_hex(8),)
        self._base.execute("INSERT OR REPLACE INTO fact VALUES ('token', ?)", values)

    def _write(self, statement: str, values: Sequence[Any]) -> None:
        with self._writing():
            self._base.execute(statement, values)

    def remove(self, spec: str) -> int:
        """Take a source out, with all its entries; how many there were.

        Raises:
            UsageError: it is not in the index.
        """
        spec = self.spec_of(spec)
        ((count,),) = self.select("SELECT count(*) FROM entry WHERE spec = ?", spec)
        with self._writing():
            for table in ("entry", "dataset", "source"):
                self._base.execute(f"DELETE FROM {table} WHERE spec = ?", (spec,))  # noqa: S608
            self._change_token()
        return int(count)

    def spec_of(self, spec: str) -> str:
        """A specification as the index knows it.

        Raises:
            UsageError: it was not built.
        """
        known = [row[0] for row in self.select("SELECT spec FROM source")]
        for each in (spec, _absolute(spec)):
            if each in known:
                return each
        raise UsageError(
            f"{spec} is not in the index {self.folder}",
            hint=f"targen catalogue build {quoted(spec)}",
        )

    def _broken(self, error: sqlite3.Error) -> UsageError:
        hint: str = _AGAIN
        if "locked" in str(error):
            hint = "another process is writing to it; wait until it finishes"
        return UsageError(f"cannot use {self.folder / _FILE}: {error}", hint=hint)


@lru_cache(maxsize=1)
def _schema() -> list[tuple[Any, ...]]:
    """Return SQLite's record of our tables."""
    with contextlib.closing(sqlite3.connect(":memory:")) as base:
        base.executescript(_TABLES)
        return base.execute(_SCHEMA).fetchall()


def _absolute(spec: str) -> str:
    """A path made absolute, so that it means the same wherever the next command is typed."""
    path = Path(spec).expanduser()
    with contextlib.suppress(OSError):
        if path.exists():
            return str(path.resolve())
    return spec


def catalogue_of(registry: Registry, spec: str) -> Registration[Any]:
    """The catalogue that opens a specification.

    Raises:
        UsageError: no catalogue does, or several do.
    """
    catalogues = []
    for item in registry.all("catalogue"):
        try:
            if registry.resolve(item).opens(spec):
                catalogues.append(item)
        except PluginError:
            continue
    if not catalogues:
        names = ", ".join(item.name for item in registry.all("catalogue")) or "none"
        raise UsageError(
            f"no installed catalogue can open {spec!r}; installed: {names}",
            hint="pass a file, a folder, or hf: for the hub; see targen list-catalogues",
        )
    if len(catalogues) > 1:
        raise UsageError(
            f"several catalogues can open {spec!r}: {', '.join(item.id for item in catalogues)}",
            hint="disable one with TARGEN_DISABLE_PLUGINS=DISTRIBUTION",
        )
    return catalogues[0]
