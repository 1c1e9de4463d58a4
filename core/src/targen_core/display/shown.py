"""Progress, redrawn: some lines in a notebook, one on a terminal, none anywhere else."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from targen_core.display.progress import Display, Face
from targen_core.display.watch import JobWatch, State, Watch, lines_of, state_of
from targen_core.engine.events import Listener
from targen_core.runs.job import Job
from targen_core.text import printable

_NOTEBOOK = 100  # characters of a line in a notebook


@contextmanager
def shown(watch: Watch, name: str, *, enabled: bool) -> Iterator[None]:
    """Show the progress of the body's work; an error here only ends the line."""
    face = _face(watch, name) if enabled else None
    if face is None:
        yield
        return
    display = Display(face)
    try:
        yield
    finally:
        display.stop()


@contextmanager
def job_shown(job: Job) -> Iterator[Listener]:
    """Show how far a job is, as `generate` and `resume` do; the listener is to get its events."""
    watch = JobWatch(job)
    with shown(watch, job.task.name, enabled=True):
        yield watch.listen


def _face(watch: Watch, name: str) -> Face | None:
    """Return what draws the progress; None if no one would see it."""
    if (shell := _notebook()) is not None:
        return _Notebook(watch, name, shell)
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    return _Line(watch, name, sys.stderr)


def _notebook() -> Any:
    """IPython's shell if it is a notebook's, else None; IPython itself is not imported."""
    module = sys.modules.get("IPython")
    shell = None if module is None else module.get_ipython()
    return shell if shell is not None and hasattr(shell, "kernel") else None


class _Line(Face):
    """One line of a terminal, drawn over itself."""

    def __init__(self, watch: Watch, name: str, stream: TextIO) -> None:
        self._watch, self._name, self._stream = watch, name, stream
        self._begun = time.monotonic()
        self._drawn = 0

    def draw(self, lines: list[str], *, last: bool) -> None:
        state = state_of(self._watch, time.monotonic() - self._begun)
        parts = [_head(self._name, state), state.pace, state.money, state.figures, state.trouble]
        line = printable("; ".join(filter(None, parts)), lines=False)
        line = line[: shutil.get_terminal_size().columns - 1]
        self._stream.write(f"\r{line.ljust(self._drawn)}" + "\n" * last)
        self._stream.flush()
        self._drawn = len(line)


class _Notebook(Face):
    """Some lines of a notebook's output, put in place of those before."""

    def __init__(self, watch: Watch, name: str, shell: Any) -> None:
        self._watch, self._name, self._shell = watch, name, shell
        self._begun = time.monotonic()
        self._handle = f"targen-{time.monotonic_ns()}"
        self._update = False

    def draw(self, lines: list[str], *, last: bool) -> None:
        state = state_of(self._watch, time.monotonic() - self._begun)
        head = _head(self._name, state)
        if len(state.counts) > 1:
            each = (f"{label} {done:,}/{of:,}" for label, (done, of) in state.counts.items())
            head = f"{head}: {', '.join(each)}"
        text = "\n".join([printable(head, lines=False), *lines_of(state, _NOTEBOOK)])
        self._shell.display_pub.publish(
            data={"text/plain": text},
            transient={"display_id": self._handle},
            update=self._update,
        )
        self._update = True


def _head(name: str, state: State) -> str:
    done = sum(count for count, _ in state.counts.values())
    of = sum(count for _, count in state.counts.values())
    return f"{name} {done:,}/{of:,}"
