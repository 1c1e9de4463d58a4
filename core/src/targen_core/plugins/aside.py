"""What plugins print goes to standard error: standard output is the command's."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator

__all__ = ["aside"]


class _Aside(io.TextIOBase):
    """Writes to standard error, and remembers what."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def write(self, text: str, /) -> int:
        self.said.append(text)
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


@contextlib.contextmanager
def aside() -> Iterator[list[str]]:
    """Send what is printed inside the block to standard error; gives what that was."""
    stream = _Aside()
    with contextlib.redirect_stdout(stream):
        yield stream.said
