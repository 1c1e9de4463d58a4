"""From coroutine functions to functions for ordinary code, which Ctrl-C ends for good."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from targen_core.errors import Interrupted
from targen_core.runs.jobs.event_loops import synchronous

P = ParamSpec("P")
T = TypeVar("T")


def waiting(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Return the same function for ordinary code, which waits for what it returns.

    Ctrl-C also ends the calling program: otherwise `except JobFailed` in a loop over seeds would
    treat `Interrupted` as one more failed run.

    Raises:
        KeyboardInterrupt: in place of `Interrupted`, with its hint, which Python would not show.
    """
    plain = synchronous(function)

    @functools.wraps(plain)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return plain(*args, **kwargs)
        except Interrupted as stopped:
            resume = f"; to continue: {stopped.hint}" if stopped.hint else ""
            raise KeyboardInterrupt(f"{stopped}{resume}") from stopped

    return call
