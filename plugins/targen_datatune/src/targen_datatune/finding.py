"""Search an index: build the retriever's index next to it, filter, and explain each entry."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from targen_core.cli.status import bar, note, status
from targen_core.errors import UsageError, no_such_file
from targen_core.outputs import remove, write_file
from targen_core.plugins.configurable import read_options
from targen_core.reading.files import read_json
from targen_core.text import plural
from targen_datatune.index import (
    Built,
    Index,
    catalogue_of,
    default_index,
)
from targen_datatune.licenses import admits
from targen_datatune.retrieval import (
    Catalogue,
    DatasetEntry,
    Hit,
    Retriever,
    RetrieverOptions,
    Searcher,
)

if TYPE_CHECKING:
    from targen_core.plugins.register import Registration
    from targen_core.plugins.registry import Registry

_MADE = "made.json"
_MORE = 4  # multiple to request if filters leave too few


@dataclass(frozen=True, slots=True)
class Filters:
    """The datasets that a user admits.

    Attributes:
        licenses: licences, names of groups, "unknown"; empty admits all.
        min_rows: at least so many rows; a dataset of an unknown number is admitted.
        max_rows: at most so many.
        gated: whether those are admitted that must be asked for.
        sources: specifications as in the index; empty accepts all.
    """

    licenses: tuple[str, ...] = ()
    min_rows: int | None = None
    max_rows: int | None = None
    gated: bool = False
    sources: tuple[str, ...] = ()

    def refuses(self, spec: str, license: str, rows: int | None, gated: int) -> str:
        """Why an entry is left out, in a word; "" for one that is admitted."""
        if self.sources and spec not in self.sources:
            return "source"
        if gated and not self.gated:
            return "gated"
        if not admits(self.licenses, license):
            return "licence"
        if rows is not None and self.min_rows is not None and rows < self.min_rows:
            return "too few rows"
        if rows is not None and self.max_rows is not None and rows > self.max_rows:
            return "too many rows"
        return ""


@dataclass(frozen=True, slots=True)
class Match:
    """A dataset that was found.

    Attributes:
        entry: the catalogue's entry.
        rank: from 1.
        score: the retriever's.
        terms: words of the query that it has.
        parts: its rank at each of several retrievers.
    """

    entry: DatasetEntry
    rank: int
    score: float
    terms: tuple[str, ...] = ()
    parts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of a search.

    Attributes:
        matches: the nearest first.
        searched: how many entries of these sources there are, those left out included.
        left_out: nearer ones that the filters left out, by the reason.
        retriever: the id of what was asked.
        seconds: how long the search took.
        undescribed: how many datasets of these sources could not be described.
    """

    matches: tuple[Match, ...]
    searched: int
    left_out: Mapping[str, int]
    retriever: str
    seconds: float = 0.0
    undescribed: int = 0


def search(
    registry: Registry,
    query: str,
    *,
    catalogues: Sequence[str],
    index: Path | None,
    retriever: str,
    k: int,
    filters: Filters,
    options: Mapping[str, Any],
    quiet: bool,
) -> Findings:
    """Return the datasets near to a text; named files and folders are described first.

    Args:
        registry: finds catalogues and the retriever.
        query: what is looked for.
        catalogues: search only these; one may be the folder of an index. Empty searches all.
        index: the folder of the index; None for the user's own.
        retriever: its registered name.
        k: at most so many.
        filters: which entries are admitted, from any source.
        options: of the retriever, by name.
        quiet: whether to show no progress.

    Raises:
        UsageError: the index, a filter or an option makes no sense.
        MissingDependency: the retriever needs a package.
    """
    least, most = filters.min_rows, filters.max_rows
    if least is not None and most is not None and least > most:
        raise UsageError("--min-rows is larger than --max-rows")
    with _opened(index, catalogues) as base:
        sources = _searched(registry, base, catalogues, quiet=quiet)
        began = time.monotonic()
        with bar(f"indexed for {retriever}", quiet=quiet) as indexed:
            findings = find(
                registry,
                base,
                query,
                retriever=retriever,
                options=options,
                k=k,
                filters=replace(filters, sources=sources),
                progress=lambda done, of: indexed.step(done, of, ""),
            )
        took = time.monotonic() - began
        searched = (each for each in base.sources() if not sources or each.spec in sources)
        undescribed = sum(len(each.problems) for each in searched)
    return replace(findings, seconds=took, undescribed=undescribed)


def _opened(index: Path | None, catalogues: Sequence[str]) -> Index:
    """Open the index to search; build one if a catalogue is named.

    A folder given as a catalogue may be an index itself.

    Raises:
        UsageError: the index does not exist, or two are named.
    """
    folders = [each for each in catalogues if _is_index(each)]
    for each in folders:
        if index is not None or len(folders) > 1:
            raise UsageError(
                f"{each} is an index, but another index was also given", hint="give only one index"
            )
        return Index(Path(each))
    return Index(index if index is not None else default_index(), create=bool(catalogues))


def _is_index(catalogue: str) -> bool:
    return (Path(catalogue) / "index.sqlite").is_file()


def _searched(
    registry: Registry, index: Index, catalogues: Sequence[str], *, quiet: bool
) -> tuple[str, ...]:
    """The sources that are searched, brought up to date where that is quick: files and folders.

    Raises:
        UsageError: one of another kind was never built.
    """
    specs = []
    empty: list[Built] = []
    for spec in catalogues:
        if _is_index(spec):
            continue
        if Path(spec).expanduser().exists():
            with status(quiet=quiet) as line:
                built = index.build(registry, spec, watch=line)
            if not built.entries:
                empty.append(built)
        elif not any(source.spec == spec for source in index.sources()):
            catalogue_of(registry, spec)
            if ":" not in spec:
                raise no_such_file(spec, "file or folder")
        specs.append(index.spec_of(spec))
    if empty and len(empty) == len(catalogues):
        raise UsageError(
            f"there is no readable dataset in {', '.join(catalogues)}", hint=_why_none(empty)
        )
    for source in index.sources():
        if not source.complete and (not specs or source.spec in specs) and not quiet:
            there = plural(source.datasets, "dataset")
            note(
                f"{source.spec} is only partly built: {there}; run targen catalogue build "
                f"{source.spec} to continue"
            )
    return tuple(specs)


def _why_none(empty: Sequence[Built]) -> str:
    problems = {name: why for each in empty for name, why in each.problems.items()}
    if not problems:
        return (
            "give a folder with CSV, TSV, JSON, JSON Lines or Parquet files, saved datasets or runs"
        )
    name, why = next(iter(problems.items()))
    return f"{plural(len(problems), 'dataset')} left out, such as {name}: {why}"


def find(
    registry: Registry,
    index: Index,
    query: str,
    *,
    retriever: str = "bm25",
    options: Mapping[str, Any] | None = None,
    k: int = 25,
    filters: Filters | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Findings:
    """The entries of an index that are nearest to a text.

    The retriever's own index is made if it does not exist for these entries.

    Args:
        registry: finds the retriever.
        index: what is searched.
        query: what is looked for.
        retriever: its registered name.
        options: of the retriever, by name.
        k: at most so many.
        filters: which entries are admitted.
        progress: called with the progress of the retriever's own index.

    Raises:
        UsageError: the index is empty, or an option makes no sense.
        MissingDependency: the retriever needs a package.
    """
    filters = filters or Filters()
    item = registry.find("retriever", retriever)
    facts = index.select("SELECT spec, license, size, gated FROM entry ORDER BY number")
    if not facts:
        raise UsageError(
            f"the index {index.folder} is empty",
            hint="run targen catalogue build SPEC to fill it",
        )
    search = _ready(registry, index, item, options or {}, progress)
    refused = [filters.refuses(*fact) for fact in facts]
    hits: Sequence[Hit] = ()
    depth = min(max(k, 1), len(facts))
    while True:
        with item.blamed(registry.resolve(item).extra):
            hits = search(query, depth)
        if any(not 0 <= hit.at < len(facts) for hit in hits):
            raise UsageError(
                f"the {item.name} index in {index.folder} does not match its entries",
                hint=f"delete {index.folder / 'retrievers'}; targen then recreates it",
            )
        admitted = [hit for hit in hits if not refused[hit.at]]
        if len(admitted) >= k or len(hits) < depth or depth == len(facts):
            break
        depth = min(depth * _MORE, len(facts))
    if refused.count("") <= k:  # all of a small catalogue, those without anything in common last
        known = {hit.at for hit in admitted}
        rest = (at for at, reason in enumerate(refused) if not reason and at not in known)
        admitted += [Hit(at, 0.0) for at in rest]
    entries = index.entries()
    matches = tuple(
        Match(entries[hit.at], rank, hit.score, tuple(hit.terms), dict(hit.parts))
        for rank, hit in enumerate(admitted[:k], 1)
    )
    last = admitted[k - 1].score if len(admitted) >= k > 0 else float("-inf")
    nearer = [refused[hit.at] for hit in hits if refused[hit.at] and hit.score >= last]
    nearer = nearer if matches else [*filter(None, refused)]  # of none, all are nearer
    left_out = Counter(reason for reason in nearer if reason != "source")
    searched = sum(reason != "source" for reason in refused)
    return Findings(matches, searched, dict(left_out), item.id)


def rows_of(registry: Registry, entry: DatasetEntry) -> Iterator[Mapping[str, Any]]:
    """The rows of an entry, one by one, from the catalogue that has it.

    Raises:
        DatasetUnavailable: the dataset vanished, changed, or is not for this user.
        UnknownName: its catalogue is not installed.
    """
    item = registry.find("catalogue", entry.catalogue)
    catalogue: Catalogue = registry.resolve(item)
    with item.blamed(catalogue.extra):
        yield from catalogue.rows(entry)


def _ready(
    registry: Registry,
    index: Index,
    item: Registration[Any],
    values: Mapping[str, Any],
    progress: Callable[[int, int], None],
) -> Searcher:
    """The searcher of a retriever over all entries, created again if they have changed."""
    retriever: Retriever = registry.resolve(item)
    options = read_options(retriever.options, values, of=item.name)
    folder = retriever_folder(index.folder / "retrievers", item, retriever, options)
    made = {"retriever": item.id, "version": retriever.version, "entries": index.token()}
    if (loaded := _loaded(retriever, folder, made)) is not None:
        return loaded
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"), item.blamed(retriever.extra):
        if (loaded := _loaded(retriever, folder, made)) is not None:
            return loaded  # another process has made it meanwhile
        remove(folder / _MADE)
        retriever.index(index.entries(), options, folder, progress)
        try:
            loaded = retriever.load(folder)
        except ValueError:  # what lay there was damaged
            remove(folder)
            folder.mkdir()
            retriever.index(index.entries(), options, folder, progress)
            loaded = retriever.load(folder)
        write_file(folder / _MADE, json.dumps(made))
    return loaded


def retriever_folder(
    above: Path, item: Registration[Any], retriever: Retriever, options: RetrieverOptions
) -> Path:
    """Where a retriever with these options keeps its index, in the folder for all of them."""
    chosen = options.model_dump(mode="json")
    made = {"retriever": item.id, "version": retriever.version, "options": chosen}
    digest = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:12]
    return above / f"{re.sub(r'[^a-z0-9]+', '-', item.name)}-{digest}"


def _loaded(retriever: Retriever, folder: Path, made: Mapping[str, Any]) -> Searcher | None:
    """Return the searcher in a folder, if it has these entries and is whole."""
    try:
        if read_json(folder / _MADE, inside=folder) != made:
            return None
        return retriever.load(folder)
    except (OSError, ValueError, RecursionError, MemoryError):
        return None
