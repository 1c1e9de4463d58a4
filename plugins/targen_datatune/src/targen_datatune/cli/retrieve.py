"""`targen retrieve`: datasets that are near to a task, and why."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_cli.tables import duration, print_json, print_table
from targen_core.errors import NoSuchFile, UsageError
from targen_core.text import plural, printable
from targen_core.wording import Option
from targen_datatune.cli.options import (
    CatalogueArg,
    GatedArg,
    IndexArg,
    KArg,
    LicenseArg,
    MaxRowsArg,
    MinRowsArg,
    RetrieverArg,
    assignments,
    licenses,
)

if TYPE_CHECKING:
    from targen_core import Registry
    from targen_datatune.asked import TaskRequest
    from targen_datatune.finding import Filters, Findings, Match
    from targen_datatune.index import Built, Index

__all__ = ["opened", "retrieve", "retrieved", "searched"]

_TERMS = 6  # shown of those that matched
_COLUMNS = 60  # characters


def retrieve(
    task: Annotated[
        str,
        typer.Argument(
            help="A task's name, a file, or the instruction itself in quotes. Files: a task file, "
            "BIG-bench's task.json, JSON or YAML with `instruction` and `examples`, or a "
            "plain-text file.",
            show_default=False,
        ),
    ],
    catalogue: CatalogueArg = None,
    index: IndexArg = None,
    retriever: RetrieverArg = "bm25",
    k: KArg = 25,
    license: LicenseArg = None,
    min_rows: MinRowsArg = None,
    max_rows: MaxRowsArg = None,
    gated: GatedArg = False,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="KEY=VALUE", help="An option of the retriever."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not show progress.")] = False,
) -> None:
    """Find existing datasets similar to a task, without calling a model.

    Searches the names, descriptions, tags and columns that `targen catalogue build` stored.
    Licences come from the datasets' cards. Datasets with an unknown licence are also shown.

    Examples:
    - targen retrieve "Does the review recommend the product?" --catalogue my/csvs
    - targen retrieve rte -k 10 --license permissive --min-rows 1000
    - targen retrieve task.json --retriever fused
    """
    from targen_core import load_registry
    from targen_datatune.finding import Filters

    asked, findings, took = retrieved(
        load_registry(),
        task,
        catalogue=catalogue or [],
        index=index,
        retriever=retriever,
        k=k,
        filters=Filters(licenses(license), min_rows, max_rows, gated),
        options=assignments(option),
        quiet=quiet,
    )
    if json:
        facts: dict[str, Any] = {
            "task": asked.name,
            "query": asked.query,
            "retriever": findings.retriever,
        }
        facts |= {"searched": findings.searched, "left_out": dict(findings.left_out)}
        print_json(facts | {"found": [_facts(each) for each in findings.matches]})
        return
    if not findings.matches:
        hint = (
            f"relax the filters, which excluded: {_left_out(findings)}" if findings.left_out else ""
        )
        raise UsageError(
            f"no entry is similar to {asked.name!r} ({findings.searched:,} searched)",
            hint=hint or "describe the task in more detail, or pass --retriever dense",
        )
    _print(findings)
    words = f"{findings.retriever} searched {plural(findings.searched, 'entry', 'entries')}"
    print(f"\n{words} in {duration(took)}")
    if len(findings.matches) < min(k, findings.searched - sum(findings.left_out.values())):
        words = (
            f"{len(findings.matches):,} of {k:,} found: no other entry shares a word with the task"
        )
        print(f"{words}; --retriever dense does not need shared words")
    if findings.left_out:
        print(f"More similar datasets excluded by the filters: {_left_out(findings)}")


def retrieved(
    registry: Registry,
    task: str,
    *,
    catalogue: list[str],
    index: Path | None,
    retriever: str,
    k: int,
    filters: Filters,
    options: Mapping[str, Any],
    quiet: bool,
) -> tuple[TaskRequest, Findings, float]:
    """Return the task, the datasets near to it, and the seconds of the search.

    Raises:
        UsageError: the task, the index, a filter or an option makes no sense.
        MissingDependency: the retriever needs a package.
    """
    from targen_cli.status import bar
    from targen_datatune.asked import read_request
    from targen_datatune.finding import find

    asked = read_request(task, registry)
    least, most = filters.min_rows, filters.max_rows
    if least is not None and most is not None and least > most:
        raise UsageError(Option("min_rows") + " is larger than " + Option("max_rows"))
    with opened(index, catalogue) as base:
        sources = searched(registry, base, catalogue, quiet=quiet)
        began = time.monotonic()
        with bar(f"indexed for {retriever}", quiet=quiet) as indexed:
            findings = find(
                registry,
                base,
                asked.query,
                retriever=retriever,
                options=options,
                k=k,
                filters=replace(filters, sources=sources),
                progress=lambda done, of: indexed.step(done, of, ""),
            )
        return asked, findings, time.monotonic() - began


def opened(index: Path | None, catalogue: list[str] | None) -> Index:
    """Open the index that a command searches; build one if a catalogue is named.

    A folder given as --catalogue may be an index itself.

    Raises:
        UsageError: the index does not exist, or two are named.
    """
    from targen_datatune.index import Index, default_index

    folders = [each for each in catalogue or [] if (Path(each) / "index.sqlite").is_file()]
    for each in folders:
        if index is not None or len(folders) > 1:
            raise UsageError(
                f"{each} is an index, but another index was also given", hint="give only one index"
            )
        return Index(Path(each))
    folder = index if index is not None else default_index()
    return Index(folder, create=bool(catalogue))


def searched(
    registry: Registry, index: Index, catalogue: list[str] | None, *, quiet: bool
) -> tuple[str, ...]:
    """The sources that are searched, brought up to date where that is quick: files and folders.

    Raises:
        UsageError: one of another kind was never built.
    """
    from targen_cli.status import status
    from targen_datatune.index import Watch

    specs = []
    empty: dict[str, Built] = {}
    for spec in catalogue or []:
        if (Path(spec) / "index.sqlite").is_file():
            continue
        if Path(spec).expanduser().exists():
            with status(quiet=quiet) as line:
                built = index.build(registry, spec, watch=Watch(line.at, line.note))
            if not built.entries:
                empty[spec] = built
        elif not any(source.spec == spec for source in index.sources()):
            from targen_datatune.index import catalogue_of

            catalogue_of(registry, spec)
            if ":" not in spec:
                raise NoSuchFile(spec, "file or folder")
        specs.append(index.spec_of(spec))
    if empty and len(empty) == len(catalogue or []):
        raise UsageError(
            f"there is no readable dataset in {', '.join(empty)}",
            hint=_why_none(*empty.values()),
        )
    for source in index.sources():
        if not source.complete and (not specs or source.spec in specs) and not quiet:
            said = (
                f"warning: {source.spec} is only partly built: {plural(source.datasets, 'dataset')}"
            )
            print(f"{said}; run targen catalogue build {source.spec} to continue", file=sys.stderr)
    return tuple(specs)


def _why_none(*built: Built) -> str:
    problems = {name: why for each in built for name, why in each.problems.items()}
    if not problems:
        return (
            "give a folder with CSV, TSV, JSON, JSON Lines or Parquet files, saved datasets or runs"
        )
    name, why = next(iter(problems.items()))
    return f"{plural(len(problems), 'dataset')} left out, such as {name}: {why}"


def _print(findings: Findings) -> None:
    rows = []
    for each in findings.matches:
        entry = each.entry
        columns = ", ".join(entry.columns)
        rows.append(
            (
                entry.id,
                f"{each.score:.4g}",
                "?" if entry.rows is None else f"{entry.rows:,}",
                (entry.license or "unknown") + (", gated" if entry.gated else ""),
                printable(columns, lines=False, max_length=_COLUMNS).partition(" …")[0],
                _why(each),
            )
        )
    heads = ["dataset", "score", "rows", "licence", "columns", "why"]
    print_table(heads, rows, optional=("why",), spaced=True)


def _why(match: Match) -> str:
    ranks = [f"{name} {rank}" for name, rank in match.parts.items()]
    words = " ".join(match.terms[:_TERMS])
    return "; ".join(filter(None, [", ".join(ranks), words])) or ("" if match.score else "nothing")


def _left_out(findings: Findings) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in findings.left_out.items())


def _facts(match: Match) -> dict[str, Any]:
    return {
        "rank": match.rank,
        "score": match.score,
        "terms": list(match.terms),
        "parts": dict(match.parts),
        "dataset": match.entry.model_dump(mode="json"),
    }
