"""Connections of the page's server, each bounded in time and all of them in number.

uvicorn waits for ever for a request that does not end, and for a client that
does not read its answer. Here such connections are dropped, so strangers who
open sockets and go silent can hold neither descriptors nor the page.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_HEAD = 16 << 10
"""Bytes that the request line and headers may have."""


def bounded(patience: float, most: int) -> type[H11Protocol]:
    """Return the protocol class for one server.

    Args:
        patience: seconds for a client to send a whole request, and to read its answer.
        most: connections at once; a new one then replaces the one that has waited longest.
    """

    class Bounded(_Bounded):
        pass

    Bounded.patience, Bounded.most = patience, most
    return Bounded


class _Bounded(H11Protocol):
    patience: float
    most: int
    _deadline: asyncio.TimerHandle | None = None
    _since: float = 0.0
    _blocked = False  # whether the client reads more slowly than it is answered

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since = self.loop.time()
        if len(self.connections) > self.most:
            waiting = [each for each in self.connections if each._waits]  # type: ignore[union-attr]
            oldest: Any = min(waiting, key=lambda each: each._since)  # type: ignore[union-attr]
            oldest._drop()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._since = self.loop.time()
        self._unwatch()
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._blocked = True
        self._watch()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._blocked = False
        self._unwatch()
        self._watch()

    @property
    def _waits(self) -> bool:
        """Return whether the next move is the client's."""
        if self.cycle is None or self.cycle.response_complete:
            return True
        return self.cycle.more_body or self._blocked

    def _watch(self) -> None:
        """Keep one deadline as long as the client's move is awaited; bytes do not put it off."""
        if not self._waits:
            self._unwatch()
        elif self._deadline is None and self in self.connections:
            self._deadline = self.loop.call_later(self.patience, self._late)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        # Only a request that has begun is answered: the others never asked anything.
        begun = self.cycle is not None and not self.cycle.response_started
        if begun and self.conn.our_state is h11.SEND_RESPONSE and not self.transport.is_closing():
            words = f"The request took longer than {self.patience:g} seconds to arrive.\n".encode()
            self.transport.write(
                b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(words), words)
            )
        self._drop(flush=not self._blocked)

    def _drop(self, *, flush: bool = False) -> None:
        """End the connection now, without waiting for the client to read."""
        self._unwatch()
        self.connections.discard(self)
        if flush and not self.transport.get_write_buffer_size():
            self.transport.close()
        else:
            self.transport.abort()
