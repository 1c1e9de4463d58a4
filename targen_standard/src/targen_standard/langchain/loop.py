"""The event loop in which langchain's models answer: one per process.

langchain's classes keep one HTTP client per address and share it between objects. Its connections
work only in the loop that opened them. But each function of targen for ordinary code has a loop of
its own, and a notebook another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["submit"]

T = TypeVar("T")


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """An event loop in a thread of its own, which ends with the process."""
    loop = asyncio.new_event_loop()

    def forever() -> None:
        while True:
            with contextlib.suppress(BaseException):  # a SystemExit also reaches the caller
                loop.run_forever()

    threading.Thread(target=forever, name="targen-langchain", daemon=True).start()
    return loop


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_loop.cache_clear)  # a fork has no other threads


def submit(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Start the work in that loop, in the caller's context; to cancel the future cancels it."""
    return asyncio.run_coroutine_threadsafe(work, _loop())
