"""Progress, redrawn: some lines in a notebook, one on a terminal, none anywhere else."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from targen_cli.watch import JobWatch, State, Watch, lines_of, state_of
from targen_core.engine.events import Listener
from targen_core.runs.jobs.job import Job
from targen_core.text import printable

__all__ = ["job_shown", "shown"]

_REFRESH = 0.5  # seconds between two drawings
_NOTEBOOK = 100  # characters of a line in a notebook
_CLOSING = 2.0  # seconds that the end of a run waits for the last drawing


@contextmanager
def shown(watch: Watch, name: str, *, enabled: bool) -> Iterator[None]:
    """Show the progress of the body's work; an error here only ends the line."""
    face = _face() if enabled else None
    if face is None:
        yield
        return
    draw, words = face
    begun, done = time.monotonic(), threading.Event()

    def run() -> None:
        try:
            while not done.wait(_REFRESH):
                draw(words(name, state_of(watch, time.monotonic() - begun)), False)
            draw(words(name, state_of(watch, time.monotonic() - begun)), True)
        except Exception:
            return  # a closed stream, a front end that went away

    thread = threading.Thread(target=run, name="targen-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(_CLOSING)


@contextmanager
def job_shown(job: Job) -> Iterator[Listener]:
    """Show how far a job is, as `generate` and `resume` do; the listener is to get its events."""
    watch = JobWatch(job)
    with shown(watch, job.task.name, enabled=True):
        yield watch.listen


def _face() -> tuple[Callable[[str, bool], None], Callable[[str, State], str]] | None:
    """Return a function that draws words and one that makes them from a state.

    Return None if no one would see them.
    """
    shell = _notebook()
    if shell is not None:
        return _in_notebook(shell), _lines
    stream = sys.stderr
    if stream is None or not stream.isatty():
        return None
    drawn = 0

    def draw(line: str, last: bool) -> None:
        nonlocal drawn
        line = line[: shutil.get_terminal_size().columns - 1]
        stream.write(f"\r{line.ljust(drawn)}" + "\n" * last)
        stream.flush()
        drawn = len(line)

    return draw, _line


def _notebook() -> Any:
    """IPython's shell if it is a notebook's, else None; IPython itself is not imported."""
    module = sys.modules.get("IPython")
    shell = None if module is None else module.get_ipython()
    return shell if shell is not None and hasattr(shell, "kernel") else None


def _in_notebook(shell: Any) -> Callable[[str, bool], None]:
    handle = f"targen-{time.monotonic_ns()}"
    first = True

    def draw(line: str, last: bool) -> None:
        nonlocal first
        shell.display_pub.publish(
            data={"text/plain": line}, transient={"display_id": handle}, update=not first
        )
        first = False

    return draw


def _line(name: str, state: State) -> str:
    parts = [_head(name, state), state.pace, state.money, state.figures, state.trouble]
    return printable("; ".join(filter(None, parts)), lines=False)


def _lines(name: str, state: State) -> str:
    labels = ", ".join(f"{label} {done:,}/{of:,}" for label, (done, of) in state.counts.items())
    several = len(state.counts) > 1
    head = f"{_head(name, state)}: {labels}" if several else _head(name, state)
    return "\n".join([printable(head, lines=False), *lines_of(state, _NOTEBOOK)])


def _head(name: str, state: State) -> str:
    done = sum(count for count, _ in state.counts.values())
    of = sum(count for _, count in state.counts.values())
    return f"{name} {done:,}/{of:,}"
