"""From coroutine functions to functions for ordinary code, which Ctrl-C ends for good."""

from __future__ import annotations

import functools
import os
import sysconfig
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from targen_core.errors import Interrupted, TargenError
from targen_core.runs.jobs.event_loops import synchronous

__all__ = ["waiting"]

P = ParamSpec("P")
T = TypeVar("T")

_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


def waiting(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """The same function for ordinary code, which waits for what it returns.

    Ctrl-C also ends the calling program: otherwise `except JobFailed` in a loop over seeds would
    treat `Interrupted` as one more failed run. An error shows the frames of the caller, and those
    of the caller's own code for its cause. Our own frames in between are left out. With the
    variable TARGEN_DEBUG it shows all.

    Raises:
        KeyboardInterrupt: in place of `Interrupted`, which is its cause.
    """
    plain = synchronous(function)

    @functools.wraps(plain)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return plain(*args, **kwargs)
        except Interrupted as stopped:
            raise KeyboardInterrupt(str(stopped)) from stopped
        except TargenError as error:
            if not os.environ.get("TARGEN_DEBUG"):
                _shorten(error)
            raise

    return call


def _shorten(error: TargenError) -> None:
    """Leave out the frames of the engine, in an error and in what it was caused by."""
    cause: BaseException | None = error
    while cause is not None:
        is_ours = isinstance(cause, TargenError)
        cause.__traceback__ = None if is_ours else _of_caller(cause.__traceback__)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _of_caller(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the first frame of the caller's own code; else all of it."""
    first = trace
    while first is not None:
        frame = first.tb_frame
        is_ours = str(frame.f_globals.get("__package__")).startswith("targen_")  # no executed file
        if not is_ours and not frame.f_code.co_filename.startswith(_LIBRARIES):
            return first
        first = first.tb_next
    return trace
