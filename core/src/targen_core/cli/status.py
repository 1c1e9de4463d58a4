"""Progress of a long step on standard error: in place on a terminal, else a line now and then.

For the commands of plugins. Generation has a display of its own (`cli.display.progress`).
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from targen_core.text import printable

if TYPE_CHECKING:
    from rich.console import Console

_log = logging.getLogger("targen")

_EVERY = 30.0  # seconds between two lines without a terminal


@dataclass(frozen=True, slots=True)
class Status:
    """Shows progress.

    Attributes:
        at: what is at work now, in place of what was shown before.
        note: what people should know, which stays.
    """

    at: Callable[[str], None]
    note: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Bar:
    """Shows how many of how many are done.

    Attributes:
        step: how many are done, of how many, and figures as text ("" keeps those shown).
        note: what people should know, which stays.
    """

    step: Callable[[int, int, str], None]
    note: Callable[[str], None]


def note(text: str, /) -> None:
    """Log a note for people: a command prints it on standard error."""
    _log.warning("note: %s", printable(text, lines=False))


@contextmanager
def status(*, quiet: bool = False) -> Iterator[Status]:
    """Return a line that shows current work; with `quiet`, only notes."""
    if quiet or not _is_terminal():
        yield Status((lambda text: None) if quiet else _Lines(), note)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    with console.status("") as line:

        def at(text: str) -> None:
            line.update(Text(printable(text, lines=False)[: max(20, console.width - 4)]))

        yield Status(at, _noting(console))


@contextmanager
def bar(what: str, *, quiet: bool = False, doing: str = "") -> Iterator[Bar]:
    """Return a bar that appears once something is counted; with `quiet`, only notes.

    Args:
        what: what is counted: "steps".
        quiet: show no bar.
        doing: what to show until then; "" shows nothing.
    """
    if quiet or not _is_terminal():
        yield Bar((lambda done, of, figures: None) if quiet else _Steps(what), note)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[count]}", markup=False),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        shown = bars.add_task(
            printable(doing, lines=False), total=None, count="", figures="", visible=bool(doing)
        )
        what = printable(what, lines=False)

        def step(done: int, of: int, figures: str) -> None:
            said = printable(figures, lines=False) or bars.tasks[shown].fields["figures"]
            bars.update(
                shown,
                description=what,
                completed=done,
                total=of,
                visible=True,
                count=f"{done}/{of}",
                figures=said,
            )

        yield Bar(step, _noting(bars.console))


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _noting(console: Console) -> Callable[[str], None]:
    from rich.text import Text

    def note(text: str) -> None:
        console.print(Text(f"note: {printable(text, lines=False)}"), soft_wrap=True)

    return note


class _Lines:
    """Prints a line now and then."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, text: str) -> None:
        if time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            print(printable(text, lines=False), file=sys.stderr, flush=True)


class _Steps:
    """Prints how far it is now and then, with the last figures there were."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._say = _Lines()
        self._figures = ""

    def __call__(self, done: int, of: int, figures: str) -> None:
        self._figures = figures or self._figures
        self._say(f"{done:,} of {of:,} {self._what}  {self._figures}".rstrip())
