"""A simulated service on loopback: HTTP/1.1 in the client's own event loop, and so on its time.

Give the client's loop virtual time (`targen_testing.virtual_time`) and
a real HTTP client runs hours of a service's life in seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any

from targen_testing.services.service import Answer, Service
from targen_testing.wire import OPENAI, Wire

_WEB_PAGE = b"<html><body>Bad gateway</body></html>"
_SAID = {
    429: ("Rate limit reached, please try again later.", "rate_limit_exceeded"),
    503: ("The server is busy.", ""),
    529: ("Overloaded", "overloaded_error"),
}


@contextlib.asynccontextmanager
async def serve(
    service: Service, wire: Wire = OPENAI, text: str = "{}", *, scores: bool = True
) -> AsyncIterator[str]:
    """Answer on loopback as `service` does, in the forms of `wire`; gives the address.

    Clients that ask for token probabilities get some; without `scores` the service ignores the
    wish, as many do.

    A call counts as its `max_tokens` and a token for each four bytes of its body. For "refuse" the
    client must see a connection that closes before any answer. A silent call lasts until the client
    leaves: give the service the client's own time-out.
    """
    door = _Door(service, wire, text, scores)
    server = await asyncio.start_server(door.connection, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{wire.base}"
    finally:
        server.close()
        for task in door.open:
            task.cancel()
        await asyncio.gather(*door.open, return_exceptions=True)


class _Door:
    def __init__(self, service: Service, wire: Wire, text: str, scores: bool) -> None:
        self.scores = scores
        self.service = service
        self.wire = wire
        self.text = text
        self.open: set[asyncio.Task[None]] = set()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the calls of one connection, one after the other."""
        task = asyncio.current_task()
        assert task is not None
        self.open.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._call(reader, writer):
                    pass
        except asyncio.CancelledError:
            pass  # the server closes: a task that ends cancelled would be reported
        finally:
            self.open.discard(task)
            writer.close()

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one call; whether the connection stays."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = head.partition("content-length:")[2].partition("\r\n")[0].strip()
        body = await reader.readexactly(int(length or 0))
        try:
            asked = json.loads(body)
        except ValueError:
            asked = {}
        most = asked.get("max_completion_tokens") or asked.get("max_tokens") or 0
        tokens = int(most) + max(1, len(body) // 4)
        answer = self.service.arrive(self.service.now(), tokens)
        gone = asyncio.ensure_future(reader.read(1))
        try:
            seconds = None if answer.what == "hang" else answer.seconds
            await asyncio.wait([gone], timeout=seconds)
        finally:
            self.service.leave(answer)
            stays = gone.cancel()
        await asyncio.wait([gone])  # only one may wait for the connection's next bytes
        if not stays or answer.what in ("hang", "refuse"):
            return False
        status, raw = self._body(answer, asked)
        missing = 100 if answer.what == "drop" else 0
        headers = {
            **answer.headers(),
            "Content-Type": "text/html" if answer.what == "garbage" else "application/json",
            "Content-Length": str(len(raw) + missing),
        }
        lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{k}: {v}" for k, v in headers.items())]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + raw)
        await writer.drain()
        return not missing

    def _body(self, answer: Answer, asked: Mapping[str, Any]) -> tuple[int, bytes]:
        if answer.what == "garbage":
            return 200, _WEB_PAGE
        if answer.what == "status":
            said = _SAID.get(answer.status, ("Internal error.", ""))
            return answer.status, json.dumps(self.wire.fault(*said)).encode()
        if self.scores and asked.get("logprobs") is True:
            good = self.wire.scored(self.text, "stop", int(asked.get("top_logprobs") or 0))
        else:
            good = self.wire.answer(self.text, "stop")
        raw = json.dumps(good).encode()
        return 200, raw[:20] if answer.what == "drop" else raw


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Overloaded"
