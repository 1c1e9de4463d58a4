"""Errors without the frames of targen: a program's traceback shows its own lines."""

from __future__ import annotations

import functools
import inspect
import os
import sysconfig
from asyncio import CancelledError
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from targen_core.errors import MissingDependency, PluginError, TargenError
from targen_core.wording import in_a_command

P = ParamSpec("P")
T = TypeVar("T")

_EXPECTED = (TargenError, KeyboardInterrupt, CancelledError)  # any other is a bug, shown in full
_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


def trimmed(function: Callable[P, T]) -> Callable[P, T]:
    """Return the same function, whose errors only show the caller's frames.

    The cause of an error keeps the frames of the caller's own code. In a command, and with the
    variable TARGEN_DEBUG, all frames remain.
    """
    return within(function, lambda *_: _Trimming())


def within(
    function: Callable[P, T],
    context: Callable[[tuple[Any, ...], dict[str, Any]], AbstractContextManager[Any]],
) -> Callable[P, T]:
    """Return the same function, or coroutine function, in the context that its arguments make."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> T:
        with context(args, kwargs):
            return function(*args, **kwargs)

    @functools.wraps(function)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        with context(args, kwargs):
            return await cast("Any", function)(*args, **kwargs)

    return cast("Callable[P, T]", awaited if inspect.iscoroutinefunction(function) else call)


class _Trimming:
    """Shortens the errors of its block; a generator as a context would restore their frames."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _EXPECTED):
            _shorten(error)


def _shorten(error: BaseException) -> None:
    """Leave out targen's frames, and the causes that no code of the caller raised."""
    if in_a_command() or os.environ.get("TARGEN_DEBUG"):
        return
    error.__traceback__ = None
    while True:
        shown = cause = _cause(error)
        while cause is not None and not (own := _of_caller(cause.__traceback__)):
            cause = _cause(cause)
        if cause is not None:
            cause.__traceback__ = own
        elif shown is not None and _is_of_a_plugin(error):
            return  # its authors need the whole traceback
        error.__cause__ = cause
        if cause is None:
            return
        error = cause


def _cause(error: BaseException) -> BaseException | None:
    """Return what a traceback shows above an error."""
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _is_of_a_plugin(error: BaseException) -> bool:
    return isinstance(error, PluginError) and not isinstance(error, MissingDependency)


def _of_caller(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the first frame that is neither ours nor a library's."""
    while trace is not None:
        frame = trace.tb_frame
        is_ours = str(frame.f_globals.get("__package__")).startswith("targen_")  # no executed file
        if not is_ours and not frame.f_code.co_filename.startswith(_LIBRARIES):
            return trace
        trace = trace.tb_next
    return None
