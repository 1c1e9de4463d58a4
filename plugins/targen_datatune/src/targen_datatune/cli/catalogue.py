"""`targen catalogue`: what datasets there are, described into an index."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import asdict
from json import dumps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.status import note, status
from targen_core.cli.tables import duration, print_json, print_table
from targen_core.errors import Interrupted, UsageError
from targen_core.text import plural, printable
from targen_datatune.cells import LEFT_OUT
from targen_datatune.cli.options import IndexArg, licence_of

if TYPE_CHECKING:
    from targen_core.plugins.registry import Registry
    from targen_datatune.index import Built, Index, Source
    from targen_datatune.retrieval import DatasetEntry

_ACTIONS = "build, list, show, remove"


def catalogue(
    action: Annotated[str, typer.Argument(metavar="build|list|show|remove", help="The action.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPEC|DATASET]...",
            help="For build, list and remove: files or folders of CSV, JSON, JSON Lines or "
            "Parquet, folders saved by `datasets`, runs, or hf: for the hub. For show: a dataset's "
            "id.",
            show_default=False,
        ),
    ] = None,
    index: IndexArg = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            "-o",
            metavar="KEY=VALUE",
            help="For build: an option of the catalogue, such as -o limit=500; see "
            "`targen describe hub --kind catalogue`.",
        ),
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="For build: retry datasets that could not be described.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not show progress.")] = False,
) -> None:
    """Build or show the index of datasets that `targen retrieve` searches.

    For each dataset, keeps the name, the columns, the number of rows and five sample rows. Also
    keeps the description and licence from its card (README.md). Building reads all rows of files,
    but only the first rows of datasets on the hub. It describes only new or changed datasets again.
    If you stop it, the same command continues where it stopped.

    Examples:
    - targen catalogue build my/csvs
    - targen catalogue build hf: -o search=sentiment -o limit=500
    - targen catalogue list
    - targen catalogue show file:csvs/reviews.csv
    """
    from targen_core.plugins.loader import load_registry
    from targen_datatune.index import Index, default_index

    given = names or []
    if action not in ("build", "list", "show", "remove"):
        raise UsageError(f"catalogue {action}: no such action", hint=f"use one of: {_ACTIONS}")
    if action != "build" and (option or retry):
        raise UsageError("-o and --retry are only for catalogue build")
    if action != "list" and not given:
        wants = "a dataset, such as file:csvs/a.csv" if action == "show" else "a SPEC"
        raise UsageError(f"catalogue {action} needs {wants}", hint="targen catalogue list")
    folder = index if index is not None else default_index()
    with Index(folder, create=action == "build") as opened:
        if action == "build":
            _build(load_registry(), opened, given, option, retry=retry, json=json, quiet=quiet)
        elif action == "list":
            _list(opened, given, json=json)
        elif action == "show":
            entries = [opened.find(name) for name in given]
            _show(entries, json=json)
            _note_left_out(opened, entries)
        else:
            for name in given:
                count = opened.remove(name)
                print(f"{name}: removed {plural(count, 'entry', 'entries')}")


def _build(
    registry: Registry,
    index: Index,
    specs: list[str],
    option: list[str] | None,
    *,
    retry: bool,
    json: bool,
    quiet: bool,
) -> None:
    from targen_core.runs.parsing import parse_options

    done: dict[str, Built] = {}
    for spec in specs:
        with status(quiet=quiet) as line:
            values = parse_options(option, "-o limit=500") if option else None
            try:
                done[spec] = index.build(registry, spec, values, retry=retry, watch=line)
            except KeyboardInterrupt:
                raise Interrupted(
                    f"stopped; the descriptions of {spec} so far are kept",
                    hint=f"run targen catalogue build {spec} to continue",
                ) from None
    if json:
        print_json({spec: asdict(built) for spec, built in done.items()})
        return
    for spec, built in done.items():
        print(f"{spec}: {_built_words(built)}")
    _note_unreadable(_entries_of(index, {index.spec_of(spec) for spec in done}))
    print(index.folder)
    if not any(built.entries for built in done.values()):
        raise UsageError(
            f"there is no readable dataset in {', '.join(specs)}",
            hint="give CSV, TSV, JSON, JSON Lines or Parquet files, saved datasets, runs, or hf: "
            "for the hub",
        )


def _built_words(built: Built) -> str:
    parts = [plural(built.entries, "entry", "entries")]
    parts += [f"{plural(built.described, 'dataset')} described"] if built.described else []
    parts += [f"{built.same:,} unchanged"] if built.same else []
    parts += [f"{built.gone:,} gone"] if built.gone else []
    parts += [f"{len(built.problems):,} left out"] if built.problems else []
    return ", ".join(parts)


def _list(index: Index, specs: list[str], *, json: bool) -> None:
    if specs:
        known = {index.spec_of(spec) for spec in specs}
        entries = _entries_of(index, known)
        if json:
            print_json([entry.model_dump(mode="json") for entry in entries])
            return
        heads = ["dataset", "rows", "licence", "columns"]
        print_table(heads, [_line(entry) for entry in entries], spaced=True)
        _note_unreadable(entries)
        for source in index.sources():
            if source.spec in known:
                for key, problem in source.problems.items():
                    print(f"left out: {key}: {problem}")
        return
    sources = index.sources()
    if json:
        print_json([asdict(source) | {"built": source.built or None} for source in sources])
        return
    if not sources:
        raise UsageError(
            f"the index {index.folder} is empty", hint="run targen catalogue build SPEC to fill it"
        )
    heads = ["catalogue", "datasets", "entries", "left out", "built"]
    print_table(
        heads,
        [(s.spec, s.datasets, s.entries, len(s.problems), _age(s)) for s in sources],
        optional=("left out",),
    )


def _entries_of(index: Index, known: Collection[str]) -> list[DatasetEntry]:
    rows = index.select("SELECT spec, entry FROM entry ORDER BY number")
    return [index.read_entry(text) for spec, text in rows if spec in known]


def _note_unreadable(entries: Iterable[DatasetEntry]) -> None:
    """List datasets with unreadable rows: one unclosed quotation mark can take most of a file."""
    for entry in entries:
        for words in entry.notes:
            if words.startswith(LEFT_OUT):
                note(f"{entry.id}: {words}")


def _note_left_out(index: Index, entries: Iterable[DatasetEntry]) -> None:
    """List left-out datasets of other folders with the same names as these entries."""
    names = {entry.id.partition(":")[2] for entry in entries}
    for source in index.sources():
        for key, problem in source.problems.items():
            if key in names:
                note(f"another {key}, of {source.spec}, is left out: {problem}")


def _age(source: Source) -> str:
    ago = f"{duration(max(0.0, time.time() - source.built))} ago" if source.built else "never"
    return ago if source.complete else "unfinished: build it again to continue"


def _line(entry: DatasetEntry) -> tuple[str, str, str, str]:
    rows = "?" if entry.rows is None else f"{entry.rows:,}"
    return entry.id, rows, licence_of(entry), ", ".join(entry.columns)


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value, ensure_ascii=False)


def _show(entries: list[DatasetEntry], *, json: bool) -> None:
    if json:
        print_json([entry.model_dump(mode="json") for entry in entries])
        return
    for at, entry in enumerate(entries):
        if at:
            print()
        rows = "unknown" if entry.rows is None else f"{entry.rows:,}"
        split = f", split {entry.split}" if entry.split else ""
        print(f"{entry.id}{split}")
        if entry.description:
            print(printable(entry.description))
        facts = {
            "licence": licence_of(entry),
            "rows": rows,
            "tags": ", ".join(entry.tags),
            "at": entry.location,
            "revision": entry.revision,
            "from": entry.catalogue,
        }
        print()
        for name, value in facts.items():
            if value:
                print(printable(f"{name:9} {value}", lines=False))
        for words in entry.notes:
            print(printable(f"{'note':9} {words}", lines=False))
        if entry.columns:
            print()
            shown = dict(entry.samples[0]) if entry.samples else {}
            print_table(
                ["column", "type", "in the first row"],
                [(name, kind, _cell(shown.get(name, ""))) for name, kind in entry.columns.items()],
                spaced=True,
            )
