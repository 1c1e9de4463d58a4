"""Serve pages on this machine: who is admitted, templates, and the server until Ctrl-C."""

from __future__ import annotations

import os
import re
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from targen_core.errors import TargenError, UsageError
from targen_core.pages import SERVED
from targen_core.text import plural, printable
from targen_review.rows import ReviewRow, name_of

if TYPE_CHECKING:
    from targen_standard.tracing.api import Trace

_HOSTS = ("127.0.0.1", "localhost")
_MAX_FORM = 4 << 20  # bytes
_MAX_TARGET = 4096  # of a path with its query: no number in it is too long for int()
_STATIC = {"style.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
_NOT_OURS = "This request did not come from the page itself."
_UNKNOWN_LINK = (
    "Open the link that the command printed. A link opens once: for another browser, stop the "
    "command with Ctrl-C and start it again. Every answer is kept."
)

Endpoint = Callable[[Request], Awaitable[Response]]


class Secret:
    """The secrets of a server: of a link that opens once, and of the session that it begins.

    Attributes:
        form: a secret in each form of the page. A site that cannot read the page cannot know it.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookie = f"targen-{port}"
        self._link = secrets.token_urlsafe(24)
        self._session = secrets.token_urlsafe(24)
        self.form = secrets.token_urlsafe(24)

    @property
    def address(self) -> str:
        """The link that a person opens, once: other programs may see it in a command line."""
        return f"http://127.0.0.1:{self._port}/?token={self._link}"

    def knows(self, request: Request) -> bool:
        """Return whether a request brings the session's cookie."""
        return _same(request.cookies.get(self._cookie), self._session)

    def enter(self, request: Request, response: Response) -> bool:
        """Begin the session if a request brings the link, and put its cookie into the response.

        No script reads the cookie, and no other site sends it.
        """
        if not self.knows(request):
            if not _same(request.query_params.get("token"), self._link):
                return False
            self._link = ""
        response.set_cookie(self._cookie, self._session, httponly=True, samesite="strict")
        return True


def _same(value: str | None, secret: str) -> bool:
    return bool(value and secret and secrets.compare_digest(value.encode(), secret.encode()))


class _LocalOnly:
    """Answers requests that name this machine as their host, and no others.

    A page elsewhere whose name was made to mean 127.0.0.1 (DNS rebinding) sends its own name.
    Requests that may change something must come from our own page.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"{host}:{port}" for host in _HOSTS}
        self._hosts |= set(_HOSTS) if port == 80 else set()  # which browsers leave out

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on to the application."""
        if scope["type"] != "http":
            return
        if (refusal := self._refusal(Request(scope))) is not None:
            words, status = refusal
            await PlainTextResponse(f"{words}\n", status, SERVED)(scope, receive, send)
            return

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] += [
                    (name.lower().encode(), value.encode())
                    for name, value in SERVED.items()
                    if name.lower().encode() not in own
                ]
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> tuple[str, int] | None:
        """Return why a request is refused, and the status; None if it is not."""
        if request.headers.get("host", "") not in self._hosts:
            return "This page can be opened only at 127.0.0.1.", 403
        if len(request.scope["path"]) + len(request.scope["query_string"]) > _MAX_TARGET:
            return "This address is too long.", 414
        if request.method not in ("GET", "HEAD") and not _is_own_origin(request):
            return _NOT_OURS, 403
        length = request.headers.get("content-length", "0")
        if not re.fullmatch(r"[0-9]{1,12}", length) or int(length) > _MAX_FORM:
            return "This request is too large.", 413
        return None


def _is_own_origin(request: Request) -> bool:
    """Return whether a request that changes something comes from this very page.

    Browsers state it in `Origin`, or in `Sec-Fetch-Site`; a client without either is not a browser,
    but still needs the cookie and the form's secret.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        return origin == f"http://{request.headers.get('host')}"
    return request.headers.get("sec-fetch-site", "same-origin") == "same-origin"


def app_for(
    pages: Sequence[tuple[str, Endpoint]],
    secret: Secret,
    port: int,
    *,
    start: Callable[[], str],
) -> ASGIApp:
    """Return an application whose pages are behind a secret.

    Args:
        pages: paths and what answers them; a path that begins with "POST " takes forms, whose
            fields the endpoint finds in `request.state.fields`.
        secret: of the server.
        port: of the server.
        start: returns the path of the page to which the link leads.
    """

    def guarded(endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            if not secret.knows(request):
                return refused(_UNKNOWN_LINK, 403)
            try:
                if request.method == "POST":
                    request.state.fields = fields = await _form(request)
                    if not _same(dict(fields).get("secret"), secret.form):
                        return refused(_NOT_OURS, 403)
                return await endpoint(request)
            except ClientDisconnect:
                return refused("The rest of the form did not arrive.", 400)
            except TargenError as error:
                return refused(str(error), 422 if error.exit_code == 2 else 500, error.hint)

        return answer

    async def entrance(request: Request) -> Response:
        # By a page, and no redirect: a strict cookie is not sent on a way that began elsewhere.
        response = html("enter.html", {"to": start()})
        return response if secret.enter(request, response) else refused(_UNKNOWN_LINK, 403)

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _STATIC:
            return refused("No such page.", 404)
        content = (files("targen_review.page") / "static" / name).read_bytes()
        headers = {"Cache-Control": "max-age=300"}
        return Response(content, media_type=_STATIC[name], headers=headers)

    async def lost(request: Request, error: Exception) -> Response:
        return refused("No such page.", 404)

    routes = [Route("/", entrance), Route("/static/{name}", static)]
    for path, endpoint in pages:
        method, _, address = path.rpartition(" ")
        routes.append(Route(address, guarded(endpoint), methods=[method or "GET"]))
    return _LocalOnly(Starlette(routes=routes, exception_handlers={404: lost}), port)


async def _form(request: Request) -> list[tuple[str, str]]:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > _MAX_FORM:
            raise UsageError("the form is too large")
    return parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    """Return the templates, which escape every text and show characters that cannot be seen."""
    environment = Environment(
        loader=PackageLoader("targen_review.page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["shown"] = lambda value: printable(str(value))
    environment.filters["line"] = lambda value: printable(str(value), lines=False)
    environment.filters["plural"] = plural
    environment.filters["capital"] = lambda words: words[:1].upper() + words[1:]
    environment.globals["name_of"] = name_of
    return environment


def html(template: str, context: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """Return a page from a template."""
    text = _templates().get_template(template).render(**context)
    return HTMLResponse(text.encode("utf-8", "replace"), status)


def refused(words: str, status: int, hint: str = "") -> Response:
    """Return the page that says why a request failed."""
    return html("refused.html", {"words": printable(words), "hint": printable(hint)}, status)


def number_in(text: str) -> int:
    """Return a number of an address or a form, or 0 without one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def traced(path: Path, name: str | int) -> Trace:
    """Return the trace of a row, with code that is imported with the first: it takes 15 MB.

    Raises:
        TargenError: it cannot be read.
    """
    from targen_standard.tracing.api import trace

    return await run_in_threadpool(trace, path, name)


def origin_of(row: ReviewRow) -> list[tuple[str, str]]:
    """Return what a row came from, in the order in which it came: (what, text)."""
    origin: list[tuple[str, str]] = []
    if len(row.above) == 1:
        origin.append(("context", row.above[0]))
    else:
        origin += [(f"list {depth}", item) for depth, item in enumerate(row.above, 1)]
    if row.seed is not None:
        parts = row.seed.items() if isinstance(row.seed, dict) else [("", row.seed)]
        origin += [(f"seed, {name}" if name else "seed", _words(value)) for name, value in parts]
    origin += [(name.replace("_", " "), _words(value)) for name, value in row.drawn.items()]
    origin += [("generated for", row.intended)] if row.intended else []
    origin += [(name, _words(value)) for name, value in row.notes.items()]
    return [*origin, ("candidate", row.id)]


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(_words(each) for each in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_words(each)}" for name, each in value.items())
    return str(value)


@contextmanager
def listening(port: int) -> Iterator[tuple[socket.socket, int]]:
    """Yield a socket only on this machine's own address, at a port, or at any free one for 0.

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


def serve(app: ASGIApp, listener: socket.socket, secret: Secret, *, browser: bool) -> None:
    """Serve until Ctrl-C or SIGTERM, and open the link in a browser or say how to reach it."""
    import uvicorn

    port = listener.getsockname()[1]
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):  # a browser for terminals would take this one
        print(
            "note: this machine cannot show a browser. To open the link on your own machine, first "
            f"run there: ssh -L {port}:127.0.0.1:{port} HOST",
            file=sys.stderr,
        )
    elif browser:
        threading.Thread(target=webbrowser.open, args=(secret.address,), daemon=True).start()
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
