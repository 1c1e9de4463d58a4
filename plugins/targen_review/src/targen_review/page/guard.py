"""The guard of the page: it admits this machine, with the secret, from the page's own address."""

from __future__ import annotations

import re
import secrets
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from targen_core.pages import SERVED

_HOSTS = ("127.0.0.1", "localhost")
MAX_FORM = 4 << 20
"""Bytes that the body of a request may have."""
_LONGEST_TARGET = 4096  # of a path with its query: no number in it is too long for int()


class LocalOnly:
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
        """Why a request is refused, and the status; None if it is not."""
        if request.headers.get("host", "") not in self._hosts:
            return "This page can be opened only at 127.0.0.1.", 403
        if len(request.scope["path"]) + len(request.scope["query_string"]) > _LONGEST_TARGET:
            return "This address is too long.", 414
        if request.method not in ("GET", "HEAD") and not _is_own_origin(request):
            return "This request did not come from the page itself.", 403
        length = request.headers.get("content-length", "0")
        if not re.fullmatch(r"[0-9]{1,12}", length) or int(length) > MAX_FORM:
            return "This request is too large.", 413
        return None


class Secret:
    """The secrets of one rater: of a link that opens once, and of the session that it begins."""

    def __init__(self, port: int, rater: str) -> None:
        self.path = f"/{quote(rater)}/"  # as browsers send it; a cookie's path is ASCII
        self.link = secrets.token_urlsafe(24)
        self.session = secrets.token_urlsafe(24)
        self._cookie = f"targen-{port}"
        self.form = secrets.token_urlsafe(24)
        """A secret in each form of the page: a site that cannot read the page cannot know it."""

    def address(self, port: int) -> str:
        """The link that a rater opens, once: other programs may see it in a command line."""
        return f"http://127.0.0.1:{port}{self.path}?token={self.link}"

    def knows(self, request: Request) -> bool:
        """Return whether a request brings the session's cookie."""
        return _same(request.cookies.get(self._cookie), self.session)

    def enter(self, request: Request, response: Response) -> bool:
        """Begin the session if a request brings the link, and put its cookie into the response.

        No script reads the cookie, and no other site sends it.
        """
        if not self.knows(request):
            if not _same(request.query_params.get("token"), self.link):
                return False
            self.link = ""
        response.set_cookie(
            self._cookie, self.session, path=self.path, httponly=True, samesite="strict"
        )
        return True


def _same(value: str | None, secret: str) -> bool:
    return bool(value and secret and secrets.compare_digest(value.encode(), secret.encode()))


def _is_own_origin(request: Request) -> bool:
    """Return whether a request that changes something comes from this very page.

    Browsers state it in `Origin`, or in `Sec-Fetch-Site`; a client without either is not a browser,
    but still needs the cookie and the form's secret.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        return origin == f"http://{request.headers.get('host')}"
    return request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
