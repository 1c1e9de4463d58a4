"""The progress display: bars on a terminal, a few plain lines elsewhere.

It draws from a thread of its own, on a copy of standard error, and reads plain numbers. So a run
never waits for a slow or stopped terminal, and never fails because of one that is narrow or closed.
An error here ends only the display.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO, cast

from targen_core.display.terminal import folded, room_of
from targen_core.display.watch import SILENCE, JobWatch, Watch, lines_of, state_of
from targen_core.engine.events import Event, LabelGivenUp, Listener
from targen_core.text import printable

if TYPE_CHECKING:
    from targen_core.runs.job import Job

_log = logging.getLogger("targen.display")

_REFRESH = 0.5  # seconds between two drawings
_PLAIN_INTERVAL = 10.0  # seconds between plain lines
_PLAIN_LATER = 60.0  # the same, once a run has continued for two minutes
_CLOSING = 2.0  # seconds that the end of a run waits for the last drawing
_MOST_BARS = 8  # labels with a bar each; more of them get one for all
_ROOM_FOR_BARS = 50  # columns of a window in which bars are drawn
_ECHO = 3  # columns at the end of a line that are left to the ^C which a terminal writes there
_BAR = 40  # columns of a bar
_DUMB = ("dumb", "unknown", "")


@contextmanager
def progress(job: Job, *, quiet: bool = False, transient: bool = False) -> Iterator[Listener]:
    """A listener that shows how far the job is, on standard error.

    With `transient`, bars disappear when it ends.
    """
    watch = JobWatch(job)
    with _shown(watch, quiet=quiet, transient=transient) as say:

        def listen(event: Event) -> None:
            watch.listen(event)
            if isinstance(event, LabelGivenUp):
                say(_given_up(event))

        yield listen


@contextmanager
def watching(*, quiet: bool = False) -> Iterator[Watch]:
    """Show calls that belong to no job; the bars disappear at the end."""
    watch = Watch()
    with _shown(watch, quiet=quiet, transient=True):
        yield watch


@contextmanager
def _shown(watch: Watch, *, quiet: bool, transient: bool) -> Iterator[Callable[[str], None]]:
    """Run a display while the body runs; yield a function that prints a line there."""
    out = None if quiet else _own_standard_error()
    if out is None:
        yield lambda line: None
        return
    plain = not out.isatty() or os.environ.get("TERM", "").lower() in _DUMB
    face = _Plain(watch, out) if plain else _Bars(watch, out, transient=transient)
    display = Display(face)
    try:
        with contextlib.nullcontext() if plain else _log_through(display):
            yield display.say
    finally:
        if display.stop() and out is not sys.stderr:
            with contextlib.suppress(Exception):
                out.close()


def _own_standard_error() -> TextIO | None:
    """A copy of standard error, so that a write that hangs holds no lock of the process."""
    if sys.stderr is None:
        return None
    try:
        raw = io.FileIO(os.dup(sys.stderr.fileno()), "w")
    except (OSError, ValueError, AttributeError):
        # Somebody put another stream there, or it was closed.
        return sys.stderr if hasattr(sys.stderr, "write") else None
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    wrapped = io.TextIOWrapper(
        cast("Any", raw), encoding=encoding, errors="backslashreplace", write_through=True
    )
    return cast("TextIO", wrapped)


@contextmanager
def _log_through(display: Display) -> Iterator[None]:
    """Print log lines above the bars, not across them."""
    handlers = [
        handler
        for handler in logging.getLogger("targen").handlers
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
    ]
    lines = _Lines(display.say)
    for handler in handlers:
        handler.setStream(lines)
    try:
        yield
    finally:
        for handler in handlers:
            handler.setStream(sys.stderr)


class _Lines:
    """A stream that hands on whole lines."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._rest = ""

    def write(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._say(line)

    def flush(self) -> None:
        """Do nothing, since lines are written at once."""


class Face:
    """A display's look: opened, drawn and closed by the display's thread."""

    def open(self) -> None:
        """Prepare to draw."""

    def draw(self, lines: list[str], *, last: bool) -> None:
        """Draw the present state, and these lines above it."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back what `open` took."""


class Display:
    """Draws a face again and again in a thread, until it is stopped or something goes wrong."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._lines: deque[str] = deque()
        self._wake = threading.Event()
        self._done = False
        self._dropped = False
        self._thread = threading.Thread(target=self._run, name="targen-display", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no more threads to be had
            self._dropped = True

    def say(self, line: str) -> None:
        """Print a line, above the bars if there are some."""
        if self._dropped:
            print(line, file=sys.stderr, flush=True)
            return
        self._lines.append(line)
        self._wake.set()

    def stop(self) -> bool:
        """Draw once more and end; False if the terminal does not take it in time."""
        self._done = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(_CLOSING)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._face.open()
            while True:
                done = self._done
                lines = [self._lines.popleft() for _ in range(len(self._lines))]
                self._face.draw(lines, last=done)
                if done:
                    break
                self._wake.wait(_REFRESH)
                self._wake.clear()
        except Exception as error:
            self._dropped = True
            if os.environ.get("TARGEN_DEBUG"):
                _log.warning("the progress display failed: %s: %s", type(error).__name__, error)
        finally:
            with contextlib.suppress(Exception):
                self._face.close()


class _Plain(Face):
    """Plain lines: soon if no call is answered, when that changes, and now and then."""

    def __init__(self, watch: Watch, out: TextIO) -> None:
        self._watch = watch
        self._out = out
        self._begun = self._last = time.monotonic()
        self._shown_trouble = False

    def draw(self, lines: list[str], *, last: bool) -> None:
        for line in lines:
            self._print(line)
        now = time.monotonic()
        since = now - self._last
        if last or since < SILENCE:
            return
        state = state_of(self._watch, now - self._begun)
        news = bool(state.trouble) and not self._shown_trouble
        interval = _PLAIN_INTERVAL if now - self._begun < 12 * _PLAIN_INTERVAL else _PLAIN_LATER
        if not news and since < interval:
            return
        self._last = now
        self._shown_trouble = bool(state.trouble)
        rows = ", ".join(f"{name} {done}/{of}" for name, (done, of) in state.counts.items())
        words = (rows, state.pace, state.money, state.figures, state.rejects, state.trouble)
        self._print("; ".join(filter(None, words)))

    def _print(self, line: str) -> None:
        room = room_of(self._out)  # a terminal where TERM=dumb
        safe = printable(line, lines=False)
        self._out.write(f"{folded(safe, room) if room else safe}\n")
        self._out.flush()


class _Bars(Face):
    """A bar for each label and one for all, what the calls took, and the last rows."""

    def __init__(self, watch: Watch, out: TextIO, *, transient: bool) -> None:
        self._watch = watch
        self._out = out
        self._transient = transient
        self._begun = time.monotonic()
        self._live: Any = None

    def open(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=self._out, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=self._console,
            auto_refresh=False,  # rich's own thread would end with a traceback
            transient=self._transient,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def draw(self, lines: list[str], *, last: bool) -> None:
        from rich.console import Group
        from rich.text import Text

        state = state_of(self._watch, time.monotonic() - self._begun)
        for line in lines:
            self._console.print(Text(printable(line, lines=False)))
        parts: list[Any] = [self._bars(state.counts)] if state.counts else []
        if not last:  # how it ended is said by what comes after
            width = max(1, self._console.width - _ECHO)
            room = max(1, self._console.height - min(len(state.counts), _MOST_BARS) - 3)
            texts = [Text(line) for line in lines_of(state, width)[:room]]
            for text in texts:
                text.truncate(width, overflow="ellipsis")
            parts += texts
        self._live.update(Group(*parts), refresh=True)

    def _bars(self, counts: Mapping[str, tuple[int, int]]) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        bars = dict(counts) if len(counts) <= _MOST_BARS else {}
        if len(counts) != 1:
            every = counts.values()
            bars[""] = (sum(done for done, _ in every), sum(of for _, of in every))
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True, overflow="ellipsis")
        wide = self._console.width >= _ROOM_FOR_BARS
        if wide:
            grid.add_column(width=min(_BAR, self._console.width // 3))
        grid.add_column(justify="right", no_wrap=True)
        for name, (done, of) in bars.items():
            label = Text(printable(name, lines=False) or "all")
            bar = [ProgressBar(total=of or 1, completed=done)] if wide else []
            grid.add_row(label, *bar, Text(f"{done:,}/{of:,}"))
        return grid

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()


def _given_up(event: LabelGivenUp) -> str:
    return (
        f"gave up on label {event.label} at {event.have} of {event.requested} rows: {event.after} "
        "candidates yielded no row"
    )
