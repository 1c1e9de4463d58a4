"""The one way to a terminal: what is printed is made safe where it is written.

`guarded` puts a `Guard` in place of standard output and standard error for as
long as a command runs. Whatever prints (tables, errors, log lines, a plugin)
writes through it, so nobody has to remember to escape. Only Rich may draw: its
colours and cursor moves pass, and no other control does.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any, TextIO, cast

from targen_core.text import printable

__all__ = ["Guard", "guarded", "print_traceback"]

_DRAWN = re.compile(
    r"(\r"
    r"|\x1b\[[0-9;]*[ABCDEFGHJKm]"  # cursor, erasing, colours
    r"|\x1b\[\?(?:25|1049)[hl]"  # hiding the cursor, the other screen
    r"|\x1b\]8;[^\x07\x1b]*\x1b\\)"  # links
)


class Guard:
    """A text stream that escapes what a terminal would obey, and writes any text.

    What the stream's encoding lacks is escaped as well: what a command does
    never depends on where it prints.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write `text`, made safe."""
        drawn = sys._getframe(1).f_globals.get("__name__", "").startswith("rich.")
        self._stream.write(_drawing(text) if drawn else printable(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream)


def _drawing(text: str) -> str:
    """What Rich writes: its own controls as they are, the text between them made safe."""
    parts = _DRAWN.split(text)
    parts[::2] = map(printable, parts[::2])
    return "".join(parts)


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
