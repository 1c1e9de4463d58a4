"""The one way to a terminal: output is made safe on writing.

`guarded` puts a `Guard` in place of standard output and standard error for as long as a command
runs. All output (tables, errors, log lines, plugins) passes through it, so callers need not escape.
Only Rich may draw: its colours and cursor moves pass, but no other control characters. It is also
the one place that breaks lines: on a terminal between words, in a pipe nowhere.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TextIO, cast

from targen_core.display.streams import ClosedPipe, mute
from targen_core.text import printable

_DRAWN = re.compile(
    r"(\r"
    r"|\x1b\[[0-9;]*[ABCDEFGHJKm]"  # cursor, erasing, colours
    r"|\x1b\[\?(?:25|1049)[hl]"  # hiding the cursor, the other screen
    r"|\x1b\]8;[^\x07\x1b]*\x1b\\)"  # links
)
_COMMAND = re.compile(r"\b(?:targen|pip install) (?:(?![;,] ).)*")
_LAID_OUT = ("targen_core.cli.tables", __name__)  # modules whose lines are as they should be
_GLUE = "\0"  # what `printable` leaves in no text


class Guard:
    """A text stream that escapes what a terminal would obey, and writes any text.

    Characters that the stream's encoding lacks are also escaped: a command never behaves
    differently for its output. On a terminal lines are broken between words.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begins = True  # whether a line begins with what is written next
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write `text`, made safe."""
        writer = sys._getframe(1).f_globals.get("__name__", "")
        if writer.startswith("rich."):
            self._try(self._stream.write, _drawing(text))
            return len(text)
        safe = printable(text)
        if self._begins and writer not in _LAID_OUT and (room := room_of(self._stream)):
            safe = folded(safe, room)
        self._try(self._stream.write, safe)
        self._begins = text.endswith("\n") if text else self._begins
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what the stream still holds."""
        self._try(self._stream.flush)

    def _try(self, function: Callable[..., Any], *args: str) -> None:
        try:
            function(*args)
        except BrokenPipeError as error:
            mute(self._stream)
            raise ClosedPipe(str(error)) from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream)


def _drawing(text: str) -> str:
    """Return Rich's text with its own controls, and the text between them made safe."""
    parts = _DRAWN.split(text)
    parts[::2] = map(printable, parts[::2])
    return "".join(parts)


def room_of(stream: TextIO | None) -> int | None:
    """Return the columns of the terminal that a stream is; None for other streams."""
    if stream is None or not stream.isatty():
        return None
    return shutil.get_terminal_size().columns or None


def width_of(text: str) -> int:
    """Columns that a text takes; those of Chinese are two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def folded(text: str, room: int) -> str:
    """Return `text` in lines of at most `room` columns, only broken between words.

    A continued line has the indentation of its first line. A command that fits into a line stays in
    one piece, to be copied.
    """
    return "\n".join(_folded(line, room) for line in text.split("\n"))


def _folded(line: str, room: int) -> str:
    if width_of(line) <= room:
        return line
    words = line.lstrip(" ")
    indent = " " * (len(line) - len(words))

    def glued(command: re.Match[str]) -> str:
        fits = width_of(indent + command[0]) <= room
        return command[0].replace(" ", _GLUE) if fits else command[0]

    lines: list[str] = []
    here = indent
    for word in _COMMAND.sub(glued, words).split(" "):
        longer = here + word if here == indent else f"{here} {word}"
        if here != indent and width_of(longer) > room:
            lines.append(here.rstrip())
            longer = indent + word
        here = longer
    return "\n".join([*lines, here]).replace(_GLUE, " ")


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Guard standard output and standard error inside the block.

    A stream that was closed (`2>&-`) swallows what is written.
    """
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w") as nowhere:
        sys.stdout, sys.stderr = (cast("TextIO", Guard(stream or nowhere)) for stream in before)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def print_traceback(
    kind: type[BaseException], error: BaseException, where: TracebackType | None
) -> None:
    """A hook for `sys.excepthook`: the traceback on standard error, made safe."""
    import traceback

    text = "".join(traceback.format_exception(kind, error, where))
    with guarded():
        print(text, end="", file=sys.stderr)
