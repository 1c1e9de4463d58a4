"""Other people's code at import, kept from what is the command's: its output, and its end.

A plugin's prints go to standard error, whichever way they are written. An exception by which it
tries to end the process is an ordinary fault of the plugin; only the user's Ctrl-C ends the
command.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pluggy

_CALLERS = (
    "<frozen importlib",
    *(str(Path(at).parent) for at in (__file__, importlib.__file__, pluggy.__file__)),
)
_MAX_BYTES = 65_536  # bytes of what was written past Python's own stream that are kept


class Escaped(Exception):
    """Code raised what would have ended the process: a `SystemExit`, a `KeyboardInterrupt`."""


class _CtrlC(KeyboardInterrupt):
    """Ctrl-C, pressed by the user."""


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
        Escaped: the block raised something other than an `Exception`, without Ctrl-C.
    """
    stream = _Capture()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_refuse_exit())
        if threading.current_thread() is threading.main_thread():
            stack.enter_context(_watch_ctrl_c())
            stack.enter_context(_capture_descriptor(stream))
            stack.enter_context(contextlib.redirect_stdout(stream))
        try:
            yield stream.said
        except Exception:
            raise
        except BaseException as error:
            if not is_theirs(error):
                raise
            raise Escaped(str(error)) from error


def is_theirs(error: BaseException) -> bool:
    """Return whether code inside `capture_output` raised an error, not the user by Ctrl-C."""
    if not isinstance(error, KeyboardInterrupt):
        return True
    if threading.current_thread() is not threading.main_thread():
        return True  # Python raises Ctrl-C only in the main thread
    # If SIGINT is ignored, as by a shell's `&`, or ends the process, it does not raise anything.
    raising_nothing = (_raise_ctrl_c, signal.SIG_IGN, signal.SIG_DFL)
    return not isinstance(error, _CtrlC) and signal.getsignal(signal.SIGINT) in raising_nothing


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


def _raise_ctrl_c(number: int, frame: FrameType | None) -> NoReturn:
    raise _CtrlC


@contextlib.contextmanager
def _refuse_exit() -> Iterator[None]:
    """Turn `os._exit`, which would end the command without a word, into an exception."""
    before, process = os._exit, os.getpid()

    def refuse(status: int) -> NoReturn:
        if os.getpid() != process:  # a child that was forked ends as it should
            before(status)
        raise SystemExit(f"os._exit({status})")

    os._exit = refuse
    try:
        yield
    finally:
        os._exit = before


@contextlib.contextmanager
def _watch_ctrl_c() -> Iterator[None]:
    """Tell Ctrl-C from a `KeyboardInterrupt` that code raises, where Python would handle it."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # somebody else handles it
        yield
        return
    signal.signal(signal.SIGINT, _raise_ctrl_c)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _capture_descriptor(stream: _Capture) -> Iterator[None]:
    """Send what is written to descriptor 1 itself to `stream`: by C code, or a child process."""
    _flush()
    try:
        kept = os.dup(1)
    except OSError:  # it is closed
        yield
        return
    try:
        with _scratch() as scratch:
            os.dup2(scratch, 1)
            try:
                yield
            finally:
                _flush()
                os.dup2(kept, 1)
                os.lseek(scratch, 0, os.SEEK_SET)
                written = os.read(scratch, _MAX_BYTES)
                if written:
                    stream.write(written.decode("utf-8", "replace"))
    finally:
        os.close(kept)


def _flush() -> None:
    for stream in (sys.stdout, sys.__stdout__):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # missing or closed
            stream.flush()  # type: ignore[union-attr]


@contextlib.contextmanager
def _scratch() -> Iterator[int]:
    """A descriptor of a file without a name."""
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("targen")
        try:
            yield number
        finally:
            os.close(number)
    else:
        import tempfile

        with tempfile.TemporaryFile() as file:
            yield file.fileno()
