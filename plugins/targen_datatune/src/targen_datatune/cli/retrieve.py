"""`targen retrieve`: datasets that are near to a task, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.tables import duration, print_json, print_table
from targen_core.errors import UsageError
from targen_core.text import plural, printable
from targen_datatune.cli.options import (
    CatalogueArg,
    GatedArg,
    IndexArg,
    KArg,
    LicenseArg,
    MaxRowsArg,
    MinRowsArg,
    RetrieverArg,
    licence_of,
)

if TYPE_CHECKING:
    from targen_datatune.finding import Findings, Match

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
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.parsing import parse_options
    from targen_datatune.finding import Filters, search
    from targen_datatune.licenses import listed
    from targen_datatune.request import read_request

    registry = load_registry()
    asked = read_request(task, registry)
    findings = search(
        registry,
        asked.query,
        catalogues=catalogue or [],
        index=index,
        retriever=retriever,
        k=k,
        filters=Filters(listed(license or ()), min_rows, max_rows, gated),
        options=parse_options(option or (), "-o best_of=200"),
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
    for each in findings.matches:
        for note in each.entry.notes:
            print(printable(f"note: {each.entry.id}: {note}", lines=False))
    words = f"{findings.retriever} searched {plural(findings.searched, 'entry', 'entries')}"
    print(f"\n{words} in {duration(findings.seconds)}")
    if len(findings.matches) < min(k, findings.searched - sum(findings.left_out.values())):
        words = (
            f"{len(findings.matches):,} of {k:,} found: no other entry shares a word with the task"
        )
        print(f"{words}; --retriever dense does not need shared words")
    if findings.left_out:
        print(f"More similar datasets excluded by the filters: {_left_out(findings)}")


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
                licence_of(entry),
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
