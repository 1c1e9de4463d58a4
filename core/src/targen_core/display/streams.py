"""Standard streams that may be closed or full, without ending the work."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast


class ClosedPipe(OSError):
    """The reader of a stream has left. Rich and click exit with 1 for a `BrokenPipeError`."""


@contextlib.contextmanager
def sound_streams() -> Iterator[None]:
    """Standard error that never raises, and no file of ours under a standard number.

    If a stream was closed (`2>&-`), the next opened file would get its number, and a library's
    messages to standard error would land in it.
    """
    with contextlib.suppress(OSError):
        number = os.open(os.devnull, os.O_RDWR)
        while number <= 2:
            number = os.dup(number)
        os.close(number)
    before = sys.stderr
    sys.stderr = cast("TextIO", _Unfailing(before))
    try:
        yield
    finally:
        if isinstance(sys.stderr, _Unfailing):
            sys.stderr = before


def mute(stream: TextIO | None) -> None:
    """Send what a stream still holds, and all that follows, nowhere."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, cast("TextIO", stream).fileno())
        os.close(null)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        cast("TextIO", stream).flush()


class _Unfailing:
    """A text stream that becomes silent after a failed write."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            if self._stream is not None:
                self._stream.write(text)
        except UnicodeError:
            self.write(text.encode("ascii", "backslashreplace").decode())
        except (OSError, ValueError):
            mute(self._stream)
        return len(text)

    def flush(self) -> None:
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError):
            mute(self._stream)

    def isatty(self) -> bool:
        return self._stream is not None and not self._stream.closed and self._stream.isatty()

    def fileno(self) -> int:
        if self._stream is None:
            raise OSError("standard error is closed")
        return self._stream.fileno()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
