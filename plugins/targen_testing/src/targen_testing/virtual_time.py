"""An event loop whose sleeps take no time: for tests of back-off, pauses and polls."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_STUCK = 60.0  # real seconds without timer, callback or answer: a deadlock; a busy disk takes many
_UNDER_WAY = 5e-5  # real seconds that bytes may take from one end of a loopback socket to the other


class _Clock(selectors.DefaultSelector):
    """Jumps to the next timer where a real selector would sleep.

    If sockets other than the loop's own exist, it looks twice before it jumps: bytes on their way
    through loopback come first. It does not wait for other threads or processes.
    """

    now = 1000.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            ready = super().select(_STUCK)
            if not ready:
                raise RuntimeError("the event loop waits for an event that will never come")
            return ready
        ready = super().select(0)
        if not ready and timeout > 0 and len(self.get_map()) > 1:
            time.sleep(_UNDER_WAY)
            ready = super().select(0)
        if not ready and timeout > 0:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time."""

    def __init__(self) -> None:
        self._virtual = _Clock()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Seconds on the virtual clock."""
        return self._virtual.now

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for threads without the time-out of Python 3.12 on: they take real time."""
        await super().shutdown_default_executor()


@contextmanager
def virtual_time() -> Iterator[None]:
    """Let `asyncio.run` use a `VirtualLoop` inside the block."""
    before = asyncio.events.new_event_loop
    asyncio.events.new_event_loop = VirtualLoop
    try:
        yield
    finally:
        asyncio.events.new_event_loop = before
