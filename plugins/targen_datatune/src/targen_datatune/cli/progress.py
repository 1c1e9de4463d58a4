"""How a build and an index go, on standard error: a line on a terminal, notes elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from targen_core.text import printable
from targen_datatune.index import Watch

__all__ = ["counting", "shown"]


@contextmanager
def shown(*, quiet: bool = False) -> Iterator[Watch]:
    """A watch that shows what is described now, and says what is noted."""
    if quiet or not sys.stderr.isatty():
        yield Watch(note=_say)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    with console.status("listing …") as status:

        def at(text: str) -> None:
            room = max(20, console.width - 4)
            status.update(Text(printable(text, lines=False)[:room]))

        def note(text: str) -> None:
            console.print(Text(f"note: {printable(text, lines=False)}"), soft_wrap=True)

        yield Watch(at, note)


@contextmanager
def counting(what: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar that appears once something is counted."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    said = TextColumn("{task.description}", markup=False)
    columns = (said, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(printable(what, lines=False), total=None, visible=False)
        yield lambda done, of: bars.update(bar, completed=done, total=of, visible=True)


def _say(text: str) -> None:
    print(f"note: {printable(text, lines=False)}", file=sys.stderr)
