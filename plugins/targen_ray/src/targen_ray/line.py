"""A line between the process of a run and a worker: a socket on which both prove who they are.

Ray starts and ends workers. Calls bypass it: a message of Ray's costs the process of the run half a
millisecond, and a frame here a tenth of that.

A worker creates a secret, which only reaches the run through Ray. Both ends must prove that they
know the secret: a port may have passed to a stranger since. Neither sends it. Before both have, no
data are unpickled and neither a key nor a prompt is sent. Afterwards each frame proves that it is
the next one of its side. Frames are not encrypted.
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

_HEAD = struct.Struct(">Q")
_LARGEST = 1 << 30  # bytes of a frame
_SECRET = 32  # bytes, as each nonce and proof
_GATHER = 0.002  # seconds in which answers of a worker go together
_CONNECT = 5.0  # seconds for a connection and both proofs
_LISTEN = 60.0  # seconds in which a worker waits for its run to connect
_STRANGERS = 16  # unproven connections; beyond this, the oldest is dropped

_WORKER, _RUN = b"targen-ray worker", b"targen-ray run"  # who proves


class NotAWorker(ConnectionError):
    """The process at a worker's address does not know its secret."""


class LineServer:
    """A worker's end: accepts one line, from a client that knows the secret, and answers on it."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._secret = b""
        self._server: asyncio.Server | None = None
        self._strangers: dict[asyncio.StreamWriter, None] = {}
        self._open: asyncio.StreamWriter | None = None

    async def start(self, host: str) -> tuple[int, bytes]:
        """Listen at `host` for a minute, or until the line is open; gives port and secret."""
        await self.close()
        self._secret = secrets.token_bytes(_SECRET)
        self._server = await asyncio.start_server(self._serve, host, 0)
        asyncio.get_running_loop().call_later(_LISTEN, self._listen_no_more, self._server)
        return self._server.sockets[0].getsockname()[1], self._secret

    async def close(self) -> None:
        """Listen no more, and hang up."""
        self._listen_no_more(self._server)
        writer, self._open = self._open, None
        if writer is not None:
            writer.close()

    def _listen_no_more(self, server: asyncio.Server | None) -> None:
        if server is None or server is not self._server:
            return
        self._server = None
        server.close()
        for stranger in self._strangers:
            stranger.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sending: asyncio.Task[None] | None = None
        self._strangers[writer] = None
        if len(self._strangers) > _STRANGERS:
            next(iter(self._strangers)).transport.abort()
        try:
            channel = await asyncio.wait_for(_admitted(reader, writer, self._secret), _CONNECT)
            if self._open is not None:
                return
            self._open = writer
            del self._strangers[writer]
            self._listen_no_more(self._server)
            sending = asyncio.ensure_future(self._send(channel, writer))
            while True:
                await self._worker.submit(await channel.read())
        except (OSError, EOFError, TimeoutError):
            pass  # the run has ended, or it was a stranger
        finally:
            self._strangers.pop(writer, None)
            if sending is not None:
                sending.cancel()
            writer.close()

    async def _send(self, channel: _Channel, writer: asyncio.StreamWriter) -> None:
        while True:
            channel.write(dump(await self._worker.told(_GATHER)))
            await writer.drain()


class Line:
    """The end of the run: a `Link`."""

    def __init__(self, channel: _Channel, writer: asyncio.StreamWriter) -> None:
        self._channel = channel
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int, secret: bytes) -> Line:
        """Connect to a worker.

        Raises:
            NotAWorker: something else answers there.
            OSError: it cannot be reached from here.
            TimeoutError: it does not answer.
        """
        return await asyncio.wait_for(cls._opened(host, port, secret), _CONNECT)

    @classmethod
    async def _opened(cls, host: str, port: int, secret: bytes) -> Line:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            return cls(await _introduced(reader, writer, secret), writer)
        except EOFError as error:
            writer.close()
            raise ConnectionError("it closed the connection") from error
        except BaseException:
            writer.close()
            raise

    async def exchange(self, payload: bytes) -> bytes:
        """See `Link.exchange`."""
        if payload != _NOTHING:
            self.submit(payload)
        try:
            return await asyncio.wait_for(self._channel.read(), 3 * POLL)
        except TimeoutError:
            raise LinkLost(f"it has not responded for {3 * POLL:.0f} s") from None
        except (OSError, EOFError) as error:
            raise LinkLost("its process or its machine has stopped") from error

    def submit(self, payload: bytes) -> None:
        """See `Link.submit`."""
        with contextlib.suppress(OSError, RuntimeError):
            self._channel.write(payload)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


_NOTHING = dump([])


async def _introduced(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: bytes
) -> _Channel:
    """Run the run's side of the proofs: the worker's first, so that a stranger learns nothing.

    Raises:
        NotAWorker: its proof is wrong.
        OSError: the connection broke.
        EOFError: it ended.
    """
    mine = secrets.token_bytes(_SECRET)
    writer.write(mine)
    theirs = await reader.readexactly(_SECRET)
    proof = await reader.readexactly(_SECRET)
    if not hmac.compare_digest(proof, _proof(secret, _WORKER, mine + theirs)):
        raise NotAWorker("it does not know the worker's secret")
    writer.write(_proof(secret, _RUN, mine + theirs))
    return _Channel(reader, writer, secret, mine + theirs, sends=_RUN, reads=_WORKER)


async def _admitted(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: bytes
) -> _Channel:
    """The worker's side of them.

    Raises:
        ConnectionError: the client's proof is wrong.
        OSError: the connection broke.
        EOFError: it ended.
    """
    theirs = await reader.readexactly(_SECRET)
    mine = secrets.token_bytes(_SECRET)
    writer.write(mine + _proof(secret, _WORKER, theirs + mine))
    proof = await reader.readexactly(_SECRET)
    if not hmac.compare_digest(proof, _proof(secret, _RUN, theirs + mine)):
        raise ConnectionError("it does not know the secret")
    return _Channel(reader, writer, secret, theirs + mine, sends=_WORKER, reads=_RUN)


def _proof(secret: bytes, who: bytes, nonces: bytes) -> bytes:
    return hmac.digest(secret, who + nonces, "sha256")


class _Channel:
    """Frames of one connection, each with a proof of its side, its place and its content."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        secret: bytes,
        nonces: bytes,
        *,
        sends: bytes,
        reads: bytes,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._sends = _proof(secret, b"frames of " + sends, nonces)
        self._reads = _proof(secret, b"frames of " + reads, nonces)
        self._sent = self._read = 0

    def write(self, payload: bytes) -> None:
        """Send a frame."""
        self._sent += 1
        proof = hmac.digest(self._sends, _HEAD.pack(self._sent) + payload, "sha256")
        self._writer.write(_HEAD.pack(len(payload)) + proof + payload)

    async def read(self) -> bytes:
        """The next frame.

        Raises:
            OSError: the connection broke, or the frame is not of the other side.
            EOFError: it ended.
        """
        (size,) = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
        if size > _LARGEST:
            raise ConnectionError("the frame is too large")
        proof = await self._reader.readexactly(_SECRET)
        payload = await self._reader.readexactly(size)
        self._read += 1
        expected = hmac.digest(self._reads, _HEAD.pack(self._read) + payload, "sha256")
        if not hmac.compare_digest(proof, expected):
            raise ConnectionError("the frame was not sent by the other side")
        return payload
