"""The progress display: bars on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from targen_core.engine.events import Committed, Event, LabelGivenUp, Listener

if TYPE_CHECKING:
    from targen_core.runs.job import Job

__all__ = ["progress"]

_PLAIN_INTERVAL = 10.0  # seconds between plain lines


@contextmanager
def progress(job: Job, *, quiet: bool) -> Iterator[Listener]:
    """A listener that shows how far the job is, on standard error."""
    if quiet:
        yield lambda event: None
    elif sys.stderr.isatty():
        with _bars(job) as listener:
            yield listener
    else:
        yield _PlainLines(job)


def _figures(job: Job) -> str:
    """Calls, tokens and money so far."""
    total = job.usage.total
    layer = job.layer
    flight = layer.in_flight if layer is not None else 0
    text = (
        f"{total.calls:,} calls, {flight} in flight, {total.tokens_in + total.tokens_out:,} tokens"
    )
    if total.cached:
        text += f", {total.cached:,} cached"
    if total.dollars:
        text += f", ${total.dollars:.4f}"
    for backend, pause in (layer.pauses if layer is not None else {}).items():
        if pause >= 1:  # counts down where the display is drawn anew
            text += f"; {backend.rpartition(':')[2]} is left alone for {pause:.0f} s"
    return text


class _PlainLines:
    """A line when a label is full or given up, and one now and then."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.last = time.monotonic()

    def __call__(self, event: Event) -> None:
        if isinstance(event, LabelGivenUp):
            print(_given_up(event), file=sys.stderr, flush=True)
        elif time.monotonic() - self.last >= _PLAIN_INTERVAL and self.job.engine is not None:
            self.last = time.monotonic()
            tally = self.job.engine.tally
            rows = ", ".join(
                f"{name} {have}/{tally.wanted[name]}" for name, have in tally.have.items()
            )
            print(f"{rows}; {_figures(self.job)}", file=sys.stderr, flush=True)


def _given_up(event: LabelGivenUp) -> str:
    return (
        f"label {event.label} is given up at {event.have} of {event.wanted} rows: "
        f"no row from {event.after} candidates"
    )


@contextmanager
def _bars(job: Job) -> Iterator[Listener]:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Figures:
        def __rich__(self) -> Text:
            return Text(_figures(job))

    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )
    wanted = job.manifest.targets[-1].quotas
    tasks = {name: bars.add_task(name, total=rows) for name, rows in wanted.items() if rows}
    tasks[""] = bars.add_task("all", total=sum(wanted.values()))
    console = Console(stderr=True)
    with Live(Group(bars, Figures()), console=console, refresh_per_second=4):

        def listen(event: Event) -> None:
            if isinstance(event, LabelGivenUp):
                console.print(_given_up(event))
            elif isinstance(event, Committed) and event.rows and job.engine is not None:
                have = job.engine.tally.have
                for name, bar in tasks.items():
                    bars.update(bar, completed=have.get(name, sum(have.values())))

        yield listen
