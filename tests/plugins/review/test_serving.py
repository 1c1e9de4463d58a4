"""The server among strangers who open sockets and go silent, over real connections."""

from __future__ import annotations

import http.client
import re
import resource
import socket
import subprocess
import sys
import webbrowser
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from targen_review.cli.browser import open_page

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no limit of descriptors there")

FEW = 128
"""Descriptors of the server: fewer than the strangers' connections."""
LARGE = 32 << 20
"""Bytes of an answer: more than the buffers of both sockets."""
GET, POST = (b"%s / HTTP/1.1\r\nHost: 127.0.0.1\r\n" % verb for verb in (b"GET", b"POST"))
HALF = [
    b"",
    GET + b"X: ",
    POST + b"Content-Length: 9\r\n\r\n",
    POST + b"Transfer-Encoding: chunked\r\n\r\nff\r\nx",
]
"""Nothing, and headers, a body and a chunk that do not end."""

SERVER = f"""
import sys
from targen_review.page.serving import port_of, serve

async def app(scope, receive, send):
    message = {{"more_body": True}}
    while message.get("more_body"):
        message = await receive()
    text = b"." * ({LARGE} if scope["path"] == "/large" else 2)
    headers = [(b"content-length", str(len(text)).encode())]
    await send({{"type": "http.response.start", "status": 200, "headers": headers}})
    await send({{"type": "http.response.body", "body": text}})

with port_of(0) as (listener, port):
    print(port, flush=True)
    serve(app, listener, patience=0.3)
"""


@pytest.fixture(scope="module")
def started():
    """Start a process, and wait for a line that says where it listens."""
    with ExitStack() as stack:

        def start(where: str, *line: object, descriptors: int = 1024) -> re.Match[str]:
            def limit() -> None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

            command = [sys.executable, *map(str, line)]
            opened = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=limit)
            process = stack.enter_context(opened)
            stack.callback(process.kill)
            assert process.stdout is not None
            found = (re.search(where, said) for said in process.stdout)
            return next(filter(None, found))

        yield start


@pytest.mark.parametrize("command", ["review", "view"])
def test_a_request_is_answered_among_many_silent_strangers(command, rows_file, task_file, started):
    line = ("-m", "targen_core.cli", command, rows_file(), "--task", task_file, "--no-open")
    line += ("--as", "ann") if command == "review" else ()
    link = urlsplit(started(r"http://\S+", *line, descriptors=FEW)[0])
    with ExitStack() as stack:
        for number, half in enumerate(HALF * (FEW // 2), start=1):
            stranger = stack.enter_context(socket.create_connection((link.hostname, link.port)))
            stranger.sendall(half)
            if number % 32:
                continue
            # An answer also shows that all were accepted: the system has the next ones of a crowd
            # try again after a second.
            mine = http.client.HTTPConnection(link.hostname, link.port, timeout=60)
            stack.callback(mine.close)
            mine.request("GET", f"{link.path}?{link.query}")
            assert mine.getresponse().status == 200


@pytest.fixture(scope="module")
def port(started):
    return int(started(r"\d+", "-c", SERVER)[0])


@pytest.fixture
def stranger(port):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as opened:
        yield opened


def _said(stranger: socket.socket) -> bytes:
    """All that the server says until it hangs up."""
    said = b""
    try:
        while part := stranger.recv(1 << 16):
            said += part
    except ConnectionResetError:
        pass
    return said


@pytest.mark.parametrize("half", HALF)
def test_a_half_request_is_dropped_and_a_begun_one_is_told_why(half, stranger):
    stranger.sendall(half)
    said = _said(stranger)
    assert said.startswith(b"HTTP/1.1 408 ") == half.startswith(b"POST")
    assert (b"longer than 0.3 seconds" in said) == half.startswith(b"POST")


def test_a_byte_now_and_then_puts_nothing_off(stranger):
    stranger.sendall(GET + b"X: ")
    stranger.settimeout(0.01)
    for _ in range(6000):
        try:
            stranger.sendall(b"x")
            said = stranger.recv(1)
        except TimeoutError:
            continue
        except OSError:
            said = b""
        break
    assert said == b""


def test_an_answer_that_is_not_read_is_dropped(stranger, port):
    stranger.sendall(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert stranger.recv(12) == b"HTTP/1.1 200"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as later:
        assert _said(later) == b"", "its time began later, and is over"
    assert len(_said(stranger)) < LARGE


def test_many_requests_over_one_connection_are_all_answered(port):
    mine = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for body in (None, b"x" * 100_000, None):
        mine.request("POST" if body else "GET", "/", body)
        assert mine.getresponse().read() == b".."
    mine.close()


def test_headers_without_end_are_refused(stranger):
    stranger.sendall(GET + b"X: " + b"x" * (17 << 10))
    assert _said(stranger).startswith(b"HTTP/1.1 400 ")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a screen is always there")
def test_without_a_screen_there_is_a_way_to_the_page(monkeypatch, capsys):
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", shown.append)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    open_page("http://127.0.0.1:8765/", 8765)
    assert "first run there: ssh -L 8765:127.0.0.1:8765 HOST" in capsys.readouterr().err
    assert not shown
