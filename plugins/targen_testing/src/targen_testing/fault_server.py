"""A server on loopback that does to a client what services do at their worst.

It runs in threads of its own, so that a client which blocks the event loop
is caught and does not stop it.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SILENCE = 10.0
"""Seconds after which a silent server gives up: only a client that fails waits for it."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: a body as text or as a JSON value, a status, and headers."""

    body: Any = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer at all, for as long as the client stays."""


@dataclass(frozen=True, slots=True)
class Drop:
    """An answer that breaks off within its body."""


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer byte by byte, with its head: parts that are sent until the client leaves."""

    parts: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the server got it; `text` is the raw body."""

    path: str
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        """The body as JSON, or None."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


Plan = Callable[[Seen], Response | Silence | Drop | Raw]


class FaultServer:
    """Answers every POST as `plan` says; use it as a context manager.

    Args:
        plan: what it answers, always or to each request.
        models: the names that it lists at `/v1/models`; any other GET is a 404 then. Without names
            it answers each GET with an empty list.

    Attributes:
        url: its address, without a path.
        seen: the requests so far.
        arrived: set when a request came.
        taken: bytes of the last `Raw` answer that the client took, or that lie on the way to it.
        gave_up: whether a silent answer lasted longer than any client may wait.
        closing: whether it takes no more connections.
    """

    def __init__(
        self,
        plan: Plan | Response | Silence | Drop | Raw,
        *,
        models: Sequence[str] = (),
        port: int = 0,
    ) -> None:
        self.models = models
        self._port = port  # 0 is any free one
        self.plan: Plan = plan if callable(plan) else lambda seen: plan
        self.seen: list[Seen] = []
        self.arrived = threading.Event()
        self.gave_up = False
        self.taken = 0
        self._change = threading.Condition()
        self._connections = 0
        self.closing = False

    def __enter__(self) -> FaultServer:
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.faults = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing = True
        with contextlib.suppress(OSError):  # wakes the thread, where polls would keep us waiting
            socket.create_connection(("127.0.0.1", self._server.server_port)).close()
        self._thread.join()
        self._server.server_close()

    def wait_closed(self) -> bool:
        """Return whether the client has closed all its connections, or does so soon."""
        with self._change:
            return self._change.wait_for(lambda: not self._connections, timeout=SILENCE)

    def connected(self, by: int) -> None:
        """Count a connection that opens (1) or closes (-1)."""
        with self._change:
            self._connections += by
            self._change.notify_all()

    def wait_silently(self, connection: socket.socket) -> None:
        """Wait until the client goes, or has waited for too long."""
        for _ in range(int(SILENCE / 0.05)):
            ready, _, _ = select.select([connection], [], [], 0.05)
            if ready or self.closing:
                return
        self.gave_up = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # with the usual 5 a burst of calls waits for a second
    block_on_close = False
    faults: FaultServer

    def serve(self) -> None:
        """Take connections until the end."""
        while not self.faults.closing:
            self.handle_request()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Take no connection at the end, when one comes only to wake this."""
        return not self.faults.closing

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: clients that leave are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go in two parts: 40 ms each time
    server: _Server

    def setup(self) -> None:
        self.server.faults.connected(1)
        super().setup()

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.server.faults.connected(-1)

    def do_GET(self) -> None:
        models = self.server.faults.models
        if models and self.path != "/v1/models":
            self._answer(Response({"detail": "Not Found"}, 404))
        else:
            self._answer(Response({"data": [{"id": name} for name in models]}))

    def do_POST(self) -> None:
        faults = self.server.faults
        length = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(length).decode("utf-8", "replace")
        seen = Seen(self.path, {k.lower(): v for k, v in self.headers.items()}, text)
        faults.seen.append(seen)
        faults.arrived.set()
        what = faults.plan(seen)
        if isinstance(what, Silence):
            faults.wait_silently(self.connection)
            self.close_connection = True
        elif isinstance(what, Drop):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif isinstance(what, Raw):
            self._send(what)
            self.close_connection = True
        else:
            self._answer(what)

    def _send(self, what: Raw) -> None:
        faults = self.server.faults
        faults.taken = 0
        with contextlib.suppress(OSError):  # the client has enough
            for part in what.parts:
                self.wfile.write(part)
                faults.taken += len(part)

    def _answer(self, what: Response) -> None:
        text = what.body if isinstance(what.body, str) else json.dumps(what.body)
        raw = text.encode()
        self.send_response(what.status)
        for name, value in {"Content-Type": "application/json", **what.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read no access log."""
