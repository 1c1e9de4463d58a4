"""Functions for programs that plugins register: `targen_core.merge`, `targen_core.analyze`."""

from __future__ import annotations

import functools
import os
import sysconfig
from collections.abc import Callable
from types import FunctionType, TracebackType
from typing import Any, ParamSpec, TypeVar

import targen_core
from targen_core.errors import AmbiguousName, TargenError, UnknownName
from targen_core.plugins.loader import load_registry
from targen_core.suggestions import suggestions_for
from targen_core.wording import in_a_command

__all__ = ["brief", "function", "names"]

P = ParamSpec("P")
T = TypeVar("T")

_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))

_looking: list[str] = []
"""Names that are being looked up: plugins are imported meanwhile, and may ask for others."""


def function(name: str) -> Any:
    """Return the function that a plugin registered as `name`, as `targen_core.NAME`.

    Raises:
        AttributeError: no plugin registers it, several do, or it cannot be imported.
    """
    problem = f"module 'targen_core' has no attribute {name!r}"
    if _looking:
        raise AttributeError(problem)
    _looking.append(name)
    try:
        found = load_registry().get("function", name)
        return brief(found) if isinstance(found, FunctionType) and name.isidentifier() else found
    except UnknownName as error:
        known = error.hint.startswith("pip install")
        if known:
            raise AttributeError(f"{problem}: {error.hint}") from None
        near = suggestions_for(name, [*targen_core.__all__, *names()])
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        raise AttributeError(f"{problem}{meant}") from None
    except AmbiguousName as error:
        raise AttributeError(f"{error}; import it from one of them") from error
    except TargenError as error:  # hasattr() must not raise anything else
        raise AttributeError(f"{error}: {error.hint}") from error
    finally:
        _looking.pop()


def names() -> list[str]:
    """Return the names of these functions; those with a hyphen are for other plugins."""
    return [each.name for each in load_registry().all("function") if each.name.isidentifier()]


def brief(function: Callable[P, T]) -> Callable[P, T]:
    """The same function, whose errors show the frames of the caller.

    Of what an error was caused by, they show those of the caller's own code: what lies between is
    ours. With the variable TARGEN_DEBUG they show all.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except TargenError as error:
            if not (os.environ.get("TARGEN_DEBUG") or in_a_command()):  # which has --debug
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
    """A traceback from the first frame that is neither ours nor a library's; else all of it."""
    first = trace
    while first is not None:
        frame = first.tb_frame
        is_ours = str(frame.f_globals.get("__package__")).startswith("targen_")  # no executed file
        if not is_ours and not frame.f_code.co_filename.startswith(_LIBRARIES):
            return first
        first = first.tb_next
    return trace
