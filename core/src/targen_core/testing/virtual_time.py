"""An event loop whose sleeps take no time: for tests of back-off, pauses and polls."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["VirtualLoop", "virtual_time"]

_STUCK = 5.0  # real seconds without timer, callback or answer: a deadlock


class _Clock(selectors.DefaultSelector):
    """Jumps to the next timer where a real selector would sleep."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            ready = super().select(_STUCK)
            if not ready:
                raise RuntimeError("the event loop waits for something that will never come")
            return ready
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


@contextmanager
def virtual_time() -> Iterator[None]:
    """Let `asyncio.run` use a `VirtualLoop` inside the block."""
    before = asyncio.events.new_event_loop
    asyncio.events.new_event_loop = VirtualLoop
    try:
        yield
    finally:
        asyncio.events.new_event_loop = before
