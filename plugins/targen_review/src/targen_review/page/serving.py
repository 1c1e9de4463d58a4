"""Serving a page on this machine until Ctrl-C."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from targen_core.errors import UsageError


@contextmanager
def port_of(port: int) -> Iterator[tuple[socket.socket, int]]:
    """Return a socket only on this machine's own address, at a port, or at any free one for 0.

    Raises:
        UsageError: the port is in use, or needs rights.
    """
    # By its protocol asyncio knows that TCP may send at once: else each answer waits some 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()  # who is quicker than the server waits, and is not refused
        except OSError as error:
            raise UsageError(
                f"port {port} cannot be used: {error.strerror}",
                hint="omit --port to use any free port",
            ) from error
        yield listener, listener.getsockname()[1]
    finally:
        listener.close()


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve at a socket that listens, until Ctrl-C or SIGTERM."""
    import uvicorn

    config = uvicorn.Config(
        app,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_level="error",  # a warning for each bad request would fill the terminal
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run(sockets=[listener])
