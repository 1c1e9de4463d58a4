"""A line between the process of a run and a worker: a socket, with a token before all else.

Ray starts and ends workers; calls go beside it, since a message of Ray's costs the process of the
run half a millisecond, and a frame here a tenth of that.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import secrets
import struct

from targen_ray.pool import LinkLost
from targen_ray.wire import dump
from targen_ray.worker import POLL, Worker

__all__ = ["Line", "LineServer"]

_HEAD = struct.Struct(">Q")
_LARGEST = 1 << 30  # bytes of a frame
_TOKEN = 32  # bytes
_GATHER = 0.002  # seconds in which answers of a worker go together
_CONNECT = 5.0  # seconds


class LineServer:
    """A worker's end: it takes one line, from whoever has the token, and answers on it."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._token = b""
        self._server: asyncio.Server | None = None
        self._open: asyncio.StreamWriter | None = None

    async def start(self, host: str) -> tuple[int, bytes]:
        """Listen at `host`; gives the port and the token."""
        await self.close()
        self._token = secrets.token_bytes(_TOKEN)
        self._server = await asyncio.start_server(self._serve, host, 0)
        return self._server.sockets[0].getsockname()[1], self._token

    async def close(self) -> None:
        """Listen no more."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        if self._open is not None:
            self._open.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sending: asyncio.Task[None] | None = None
        try:
            token = await asyncio.wait_for(reader.readexactly(_TOKEN), _CONNECT)
            if not hmac.compare_digest(token, self._token) or self._open is not None:
                return
            self._open = writer
            sending = asyncio.ensure_future(self._send(writer))
            while True:
                await self._worker.submit(await _frame(reader))
        except (OSError, EOFError, TimeoutError):
            pass  # the run has ended, or it was a stranger
        finally:
            if sending is not None:
                sending.cancel()
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        while True:
            _write(writer, dump(await self._worker.told(_GATHER)))
            await writer.drain()


class Line:
    """The end of the run: a `Link`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int, token: bytes) -> Line:
        """Connect to a worker.

        Raises:
            OSError: it cannot be reached from here.
        """
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), _CONNECT)
        writer.write(token)
        return cls(reader, writer)

    async def exchange(self, payload: bytes) -> bytes:
        """See `Link.exchange`."""
        if payload != _NOTHING:
            self.submit(payload)
        try:
            return await asyncio.wait_for(_frame(self._reader), 3 * POLL)
        except TimeoutError:
            raise LinkLost(f"it has said nothing for {3 * POLL:.0f} s") from None
        except (OSError, EOFError) as error:
            raise LinkLost("its process or its machine is gone") from error

    def submit(self, payload: bytes) -> None:
        """See `Link.submit`."""
        with contextlib.suppress(OSError, RuntimeError):
            _write(self._writer, payload)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


_NOTHING = dump([])


def _write(writer: asyncio.StreamWriter, payload: bytes) -> None:
    writer.write(_HEAD.pack(len(payload)) + payload)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """The next frame.

    Raises:
        OSError: the connection broke.
        EOFError: it ended.
    """
    (size,) = _HEAD.unpack(await reader.readexactly(_HEAD.size))
    if size > _LARGEST:
        raise ConnectionError("a frame too large to be one")
    return await reader.readexactly(size)
