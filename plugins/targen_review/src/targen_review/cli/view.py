"""`targen view`: people read a dataset."""

from __future__ import annotations

import sys
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.completion import completer
from targen_core.cli.sources import EncodingArg, WhoseArg
from targen_core.errors import UsageError
from targen_core.text import plural
from targen_review.cli.open import DataArg

if TYPE_CHECKING:
    from targen_review.rows import ReviewData
    from targen_standard.embedding import Encode


def view(
    data: DataArg,
    key: Annotated[
        str,
        typer.Option(
            "--key",
            metavar="COLUMN",
            help="With two datasets, the column by which to pair their rows. "
            "[default: ids, texts or seeds that they share]",
        ),
    ] = "",
    analysis: Annotated[
        list[Path] | None,
        typer.Option(
            "--analysis",
            metavar="FOLDER",
            help="Folder of an analysis that measured difficulty; repeatable. [default: the run's "
            "own]",
        ),
    ] = None,
    embedder: Annotated[
        str,
        typer.Option(
            "--embedder",
            metavar="NAME",
            help="The embedder for similarity: minilm or words. [default: none; ROUGE-L is used]",
            autocompletion=completer("embedder"),
        ),
    ] = "",
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65535, help="The port. [default: any free port]"),
    ] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Print the link without opening a browser.")
    ] = False,
    task: WhoseArg = None,
    encoding: EncodingArg = "utf-8",
) -> None:
    """Browse rows and rejects in the browser: filter, sort, see where each came from.

    Filters by label, reason, dimension and text, and sorts by length, similarity or difficulty.
    Shows each row with its neighbours, context, seed, calls and the judge's explanation. Two
    datasets appear side by side.

    Examples:
    - targen view runs/rte-0
    - targen view RTE/train.jsonl runs/rte-0
    - targen view runs/rte-0 runs/rte-0-corrected
    - targen view data.jsonl --task rte --analysis analyses/data
    """
    from targen_review.cli.browser import open_page
    from targen_review.page.guard import Secret
    from targen_review.page.serving import port_of, serve
    from targen_review.view.catalogue import Catalogue
    from targen_review.view.difficulty import take_difficulty
    from targen_review.view.likeness import Alike
    from targen_review.view.server import view_app

    if key and len(data) != 2:
        raise UsageError("--key requires exactly two datasets")
    encode = _encode(embedder) if embedder else None
    opened = _opened(data, task, encoding)
    with ExitStack() as stack:
        listener, number = stack.enter_context(port_of(port))
        catalogue = Catalogue(opened, key=key)
        stack.callback(catalogue.close)
        for problem in take_difficulty(catalogue, opened, analysis or ()):
            print(problem, file=sys.stderr)
        alike = Alike(catalogue, encode, embedder)
        stack.callback(alike.close)
        secret = Secret(number, "view")
        rejects = sum(len(part.rejects) for part in catalogue.parts)
        also = f" and {plural(rejects, 'reject')}" if rejects else ""
        rows = plural(len(catalogue) - rejects, "row")
        print(f"{rows}{also}: {secret.address(number)}")
        if len(opened) == 2:
            print(catalogue.keys.words)
        with suppress(KeyboardInterrupt):  # the way to end it, from the words on
            print("Press Ctrl-C to stop", flush=True)
            open_page(secret.address(number), number, browser=not no_open)
            serve(view_app(catalogue, opened, alike, secret, number), listener)


def _encode(embedder: str) -> Encode:
    """Return what turns a text into a vector.

    Raises:
        UsageError: unknown embedder, or something that it needs is missing.
    """
    from targen_core.plugins.loader import load_registry
    from targen_standard.embedding import Embedder

    registry = load_registry()
    found: Embedder = registry.resolve(registry.find("embedder", embedder))
    return found.open()


def _opened(paths: list[str], task: str | None, encoding: str) -> list[ReviewData]:
    """The datasets, each under a name of its own.

    A file that says no task is read as of the others', where its first row is one of that task.

    Raises:
        UsageError: one cannot be read.
    """
    from targen_review.rows import open_data

    opened = [open_data(path, task, encoding=encoding) for path in paths]
    known = next((each.task_id for each in opened if each.task is not None), "")
    for at, each in enumerate(opened):
        if each.problem:
            print(f"{each.path}: {each.problem}", file=sys.stderr)
        elif known and not each.task_id:
            tried = open_data(paths[at], known, encoding=encoding)
            first = next(tried.rows(), None)
            if first is not None and first.instance is not None:
                opened[at] = tried
    names = [each.name for each in opened]
    if len(set(names)) < len(names):
        names = [str(path).rstrip("/") for path in paths]
    if len(set(names)) < len(names):
        raise UsageError(f"{paths[0]} is given twice, so its rows would be mixed up")
    return [replace(each, name=name) for each, name in zip(opened, names, strict=True)]
