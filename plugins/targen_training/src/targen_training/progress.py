"""How a training goes, on standard error: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from targen_core.training.model import Watch

__all__ = ["shown"]

_EVERY = 30.0  # seconds between two lines where there is no terminal


@contextmanager
def shown(*, quiet: bool = False) -> Iterator[Watch]:
    """A watch that shows steps, and says what is noted; with `quiet` the latter alone."""
    if quiet or not sys.stderr.isatty():
        yield Watch(_say, _lines() if not quiet else Watch().step)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task("steps", total=None, figures="", visible=False)

        def note(text: str, /) -> None:
            bars.console.print(f"note: {text}", markup=False, highlight=False)

        def step(done: int, of: int, figures: Mapping[str, float], /) -> None:
            said = _figures(figures) or bars.tasks[bar].fields["figures"]
            bars.update(bar, completed=done, total=of, visible=True, figures=said)

        yield Watch(note, step)


def _say(text: str, /) -> None:
    print(f"note: {text}", file=sys.stderr)


class _lines:  # noqa: N801 - used as a function
    """Says how far a training is, every half minute."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._figures = ""

    def __call__(self, done: int, of: int, figures: Mapping[str, float], /) -> None:
        self._figures = _figures(figures) or self._figures
        if time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            print(f"{done:,} of {of:,} steps  {self._figures}".rstrip(), file=sys.stderr)


def _figures(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in figures.items())
