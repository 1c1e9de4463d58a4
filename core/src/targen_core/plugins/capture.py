"""Other people's code at import, kept from what is the command's: its output, and its end.

A plugin's prints go to standard error. A `SystemExit` by which it tries to end the process is an
ordinary fault of the plugin; only Ctrl-C ends the command.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pluggy

_CALLERS = (
    "<frozen importlib",
    *(str(Path(at).parent) for at in (__file__, importlib.__file__, pluggy.__file__)),
)


class Escaped(Exception):
    """Code raised what would have ended the process, such as a `SystemExit`."""


class _Capture(io.TextIOBase):
    """Writes to standard error, and remembers what."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def write(self, text: str, /) -> int:
        self.said.append(text)
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


@contextlib.contextmanager
def capture_output() -> Iterator[list[str]]:
    """Send what is printed inside the block to standard error; gives what that was.

    In other threads than the main one, output is not redirected. Standard output belongs to the
    whole process, and two threads that restore it in another order would lose it.

    Raises:
        Escaped: the block raised something other than an `Exception` or Ctrl-C.
    """
    stream = _Capture()
    is_main = threading.current_thread() is threading.main_thread()
    try:
        with contextlib.redirect_stdout(stream) if is_main else contextlib.nullcontext():
            yield stream.said
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise Escaped(str(error)) from error


def line_of(error: BaseException) -> str:
    """Return the line of a plugin's code at which an error was raised, as words, or "".

    It is the last line in the module or package that targen called: below it, others' code runs.
    """
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(_CALLERS)
    ]
    if not frames:
        return ""
    first = Path(frames[0].filename)
    own = (
        [frame for frame in frames if first.parent in Path(frame.filename).parents]
        if first.name == "__init__.py"
        else [frame for frame in frames if frame.filename == frames[0].filename]
    )
    return f" in {own[-1].name} (line {own[-1].lineno} of {own[-1].filename})"


def raised_by(error: BaseException) -> BaseException:
    """Return the cause of an `Escaped`, or the error itself."""
    return error.__cause__ or error if isinstance(error, Escaped) else error
