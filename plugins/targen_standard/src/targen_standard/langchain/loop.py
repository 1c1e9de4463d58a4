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
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class _Threads(ThreadPoolExecutor):
    """Starts a thread for each call of a model that has only `_generate`.

    The call layer limits how many there are; a pool's usual limit is far lower. The process does
    not wait for one that hangs.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **named: Any) -> Future[T]:
        """See `Executor.submit`."""
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **named)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=run, name="targen-langchain-call", daemon=True).start()
        return future


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """An event loop in a thread of its own, which ends with the process."""
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_Threads())

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
