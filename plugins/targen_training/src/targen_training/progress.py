"""How a training goes, on standard error: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from targen_core.text import printable
from targen_training.trainers import Watch

if TYPE_CHECKING:
    from targen_training.experiments.cells import Plan

__all__ = ["cells_shown", "shown", "status_line"]

_EVERY = 30.0  # seconds between two lines where there is no terminal


@contextmanager
def shown(*, quiet: bool = False) -> Iterator[Watch]:
    """A watch that shows steps, and says what is noted; with `quiet` the latter alone."""
    if quiet or not sys.stderr.isatty():
        yield Watch(_say, _Steps() if not quiet else Watch().step)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task("steps", total=None, figures="", visible=False)

        def note(text: str, /) -> None:
            bars.console.print(Text(f"note: {printable(text, lines=False)}"))

        def step(done: int, of: int, figures: Mapping[str, float], /) -> None:
            said = _figures(figures) or bars.tasks[bar].fields["figures"]
            bars.update(bar, completed=done, total=of, visible=True, figures=said)

        yield Watch(note, step)


@contextmanager
def status_line() -> Iterator[Callable[[str], None]]:
    """Shows what it is told: in place of the last on a terminal, now and then elsewhere."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield _Line()
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True, highlight=False).status("") as status:
        yield lambda said: status.update(Text(printable(said, lines=False)))


@contextmanager
def cells_shown() -> Iterator[Callable[[int, int, Plan], Watch]]:
    """Says which cell of an experiment is trained, and how far."""
    with status_line() as say:
        yield _Cells(say)


class _Cells:
    """A watch of each cell; a note that several seeds give is printed once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._noted: set[tuple[str, str, str]] = set()

    def __call__(self, done: int, of: int, plan: Plan) -> Watch:
        cell = plan.cell
        said = f"{done + 1:,} of {of:,}: {cell.task}, {cell.model}, {cell.arm}, {cell.rows:,} rows"
        said += f", seed {cell.seed}"
        self._say(said)

        def note(text: str, /) -> None:
            # Each seed draws other rows, and would say nearly the same.
            if (place := (cell.task, cell.model, cell.arm)) not in self._noted:
                self._noted.add(place)
                print(f"note: {', '.join(place)}: {text}", file=sys.stderr)

        def step(at: int, steps: int, _: Mapping[str, float], /) -> None:
            self._say(f"{said}, step {at:,} of {steps:,}")

        return Watch(note, step)


class _Line:
    """Prints what it is given now and then."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, said: str) -> None:
        if time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            print(said, file=sys.stderr, flush=True)


def _say(text: str, /) -> None:
    print(f"note: {text}", file=sys.stderr)


class _Steps:
    """Says how far a training is, now and then, with the last figures there were."""

    def __init__(self) -> None:
        self._say = _Line()
        self._figures = ""

    def __call__(self, done: int, of: int, figures: Mapping[str, float], /) -> None:
        self._figures = _figures(figures) or self._figures
        self._say(f"{done:,} of {of:,} steps  {self._figures}".rstrip())


def _figures(figures: Mapping[str, float]) -> str:
    said = ", ".join(f"{name} {value:.3g}" for name, value in figures.items())
    return printable(said, lines=False)
