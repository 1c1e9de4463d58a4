"""Options that the commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.completion import completer
from targen_core.cli.licenses import with_terms

if TYPE_CHECKING:
    from targen_datatune.retrieval import DatasetEntry

IndexArg = Annotated[
    Path | None,
    typer.Option(
        "--index",
        "--out",
        metavar="FOLDER",
        help="The index to use. [default: catalogue/ in targen's cache folder]",
    ),
]
CatalogueArg = Annotated[
    list[str] | None,
    typer.Option(
        "--catalogue",
        "--catalog",
        metavar="SPEC",
        help="Search only these: a file or folder, which targen describes first, or a built "
        "catalogue, such as hf:. [default: all built catalogues]",
    ),
]
RetrieverArg = Annotated[
    str,
    typer.Option(
        "--retriever",
        metavar="NAME",
        help="The retriever; see targen list-retrievers.",
        autocompletion=completer("retriever"),
    ),
]
KArg = Annotated[int, typer.Option("-k", "--top", min=1, help="Number of datasets to find.")]
LicenseArg = Annotated[
    list[str] | None,
    typer.Option(
        "--license",
        "--licence",
        metavar="ID,...",
        help="Only datasets with these licences: licence ids (such as cc-by-4.0) or the groups "
        "permissive, open and unknown.",
    ),
]
MinRowsArg = Annotated[
    int | None,
    typer.Option("--min-rows", min=0, help="Only datasets with at least this many rows."),
]
MaxRowsArg = Annotated[
    int | None, typer.Option("--max-rows", min=0, help="Only datasets with at most this many rows.")
]
GatedArg = Annotated[
    bool, typer.Option("--gated", help="Include datasets for which you must request access.")
]


def licence_of(entry: DatasetEntry) -> str:
    """Return a dataset's licence for people, with its terms, and whether it is gated."""
    return (with_terms(entry.license) or "unknown") + (", gated" if entry.gated else "")
