"""`targen view`: people read a dataset."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import Annotated

import typer

from targen_core.cli.sources import EncodingArg, WhoseArg
from targen_core.text import plural
from targen_review.cli.open import DataArg, opened_data

__all__ = ["view"]


def view(
    data: DataArg,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Of this machine. [default: any free]")
    ] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Print the link, and open no browser.")
    ] = False,
    task: WhoseArg = None,
    encoding: EncodingArg = "utf-8",
) -> None:
    """Read rows and rejects on a page of this machine: filtered, sorted, with their origin.

    Nothing is changed. By label, reason, dimension and text; the longest or the shortest first;
    each row with its context, seed, the judge's words and its calls.

    Examples:
    - targen view runs/rte-0
    - targen view runs/rte-0 runs/rte-1
    - targen view data.jsonl --task rte
    """
    from targen_review.page.guard import Secret
    from targen_review.page.serving import open_browser, port_of, serve
    from targen_review.view.catalogue import Catalogue, Query
    from targen_review.view.server import view_app

    opened = opened_data(data, task, encoding)
    with ExitStack() as stack:
        listener, number = stack.enter_context(port_of(port))
        catalogue = Catalogue(opened)
        stack.callback(catalogue.close)
        secret = Secret(number, "view")
        print(f"{plural(catalogue.count(Query()), 'row')}: {secret.address(number)}")
        print("Ctrl-C ends it", flush=True)
        if not no_open:
            open_browser(secret.address(number))
        with suppress(KeyboardInterrupt):  # the way to end it
            serve(view_app(catalogue, opened, secret, number), listener)
