"""`Poster`: one lean HTTP client for JSON, shared by the backends that call a service."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from targen_backends.http.address import is_loopback, proxy_for
from targen_backends.http.failures import failure, failure_inside, named, request_id
from targen_backends.http.reading import (
    ENCODINGS,
    MAX_ANSWER,
    MAX_ERROR,
    TooLong,
    Unreadable,
    body,
    decoded,
)
from targen_backends.http.service import Service
from targen_core import ChatReply
from targen_core.calls import descriptors
from targen_core.calls.model import RateHeaders
from targen_core.calls.secrets import Secrets, scrub
from targen_core.errors import (
    ServiceError,
    ServiceUnavailable,
    TimedOut,
)
from targen_core.hints import quoted
from targen_core.text import printable
from targen_standard import error_patterns

_KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept. uvicorn, and so vLLM, hangs up after five, which would
cost a call now and then.
"""

_NO_SERVICE = 10.0  # seconds that a wrong address is tried
_HERE = 1.5
"""Seconds to start up if no server listens on this machine. A starting server is tried again a few
times, and an absent one is reported soon.
"""

_LISTING = 10.0
"""Seconds for the list of a service's models, which is requested after a 404."""

_CONNECT = 20.0
"""Seconds for a connection; after a time-out, no call was sent or billed."""

_PLAIN_HTTP = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
"""TLS errors that mean an answer in plain HTTP."""

_LOST = (aiohttp.ClientError, OSError)  # TimeoutError is an OSError
"""Errors of aiohttp if no whole answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON of an answer with status 200, and its metadata."""

    envelope: Any
    rate: RateHeaders | None
    headers: Mapping[str, str]


class Poster:
    """Posts JSON to one address and sorts what comes back.

    Each calling event loop has one session, with kept-alive connections and no cap on their number.
    The call layer limits the calls in flight. A proxy is taken from the environment once,
    at the start. Redirects are not followed: they would take the key elsewhere.

    Args:
        url: where to post.
        headers: sent with every call; they may hold `secret`.
        secret: the key, never shown in an error; "" for none.
        timeout: seconds for one whole call.
        service: whose answers they are.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        secret: str,
        timeout: float,
        service: Service,
    ) -> None:
        self.url = url
        self.secret = secret
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": ENCODINGS,
            **headers,
        }
        self._secrets = Secrets(secret)
        self._timeout = timeout
        self._service = service
        self._proxy = proxy_for(url)
        # A session lives in one event loop; LangChain users may have several.
        self._sessions: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[aiohttp.ClientSession, AsyncGenerator[None]]
        ] = weakref.WeakKeyDictionary()
        self._latest: tuple[Any, aiohttp.ClientSession] | None = None  # the loop that asked last

    async def post(self, data: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Post `data` once; `headers` only apply to this call.

        Raises:
            ServiceError: for every answer that is not JSON with status 200.
        """
        async with self._answer("POST", self.url, data, headers) as response:
            raw = await body(response, MAX_ANSWER)
        headers = response.headers
        try:
            envelope = decoded(raw, self._secrets)
        except (ValueError, RecursionError):
            raise self._malformed(raw, headers) from None
        if inside := failure_inside(envelope, headers, self._service, self.secret):
            raise inside
        return Answer(envelope, self._service.limits(headers), headers)

    async def models(self, url: str) -> list[str]:
        """Return the names of the models that a service lists at `url`, if it does."""
        timeout = aiohttp.ClientTimeout(total=min(_LISTING, self._timeout))
        try:
            async with self._answer("GET", url, timeout=timeout) as response:
                listed = decoded(await body(response, MAX_ANSWER), self._secrets)
        except (ServiceError, ValueError, RecursionError):
            return []
        items = listed.get("data") or listed.get("models") if isinstance(listed, dict) else None
        items = (
            [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
        )
        names = [each.get("id") or each.get("name") for each in items]
        return [
            printable(name, lines=False, max_length=80) for name in names if isinstance(name, str)
        ]

    async def ask(
        self,
        data: bytes,
        read: Callable[[Answer], ChatReply],
        headers: Mapping[str, str] | None = None,
    ) -> ChatReply:
        """Post `data` once and read the answer; an answer that `read` refuses is named.

        Raises:
            ServiceError: as `post` does, or as `read` does.
        """
        answer = await self.post(data, headers)
        try:
            return read(answer)
        except ServiceUnavailable as error:
            raise named(error, request_id(answer.headers, self.secret)) from None
        except RecursionError:
            deep = ServiceUnavailable("the answer is too deeply nested", billed=True)
            raise named(deep, request_id(answer.headers, self.secret)) from None

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        url: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **how: Any,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield an answer with status 200, with its body still unread.

        Raises:
            ServiceError: for every other answer, for none, and for a body that cannot be read.
        """
        try:
            async with self._open().request(
                method,
                url,
                data=data,
                headers=headers,
                proxy=self._proxy,
                allow_redirects=False,
                **how,
            ) as response:
                if response.status != 200:
                    raw = await body(response, MAX_ERROR, cut=True)
                    raise failure(
                        response.status, raw, response.headers, self._service, self.secret
                    )
                try:
                    yield response
                except Unreadable as error:
                    raise self._unreadable(error, response.headers) from None
        except _LOST as error:
            raise self._lost(error) from None  # its context may hold the headers we sent

    async def aclose(self) -> None:
        """Close this event loop's connections; a later call opens new ones."""
        _, ending = self._sessions.get(asyncio.get_running_loop(), (None, None))
        if ending is not None:
            await ending.aclose()

    def _open(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        latest = self._latest
        if latest is not None and latest[0]() is loop and not latest[1].closed:
            return latest[1]
        session, _ = self._sessions.get(loop, (None, None))
        if session is None or session.closed:
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE),
                timeout=aiohttp.ClientTimeout(
                    total=self._timeout, sock_connect=min(_CONNECT, self._timeout)
                ),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # see targen_backends.http.reading
            )
            ending = self._until_end(loop, session)
            with suppress(StopIteration):
                ending.asend(None).send(None)  # enters it, as `_open` cannot await
            self._sessions[loop] = session, ending
        self._latest = weakref.ref(loop), session
        return session

    async def _until_end(
        self, loop: asyncio.AbstractEventLoop, session: aiohttp.ClientSession
    ) -> AsyncGenerator[None]:
        """Close a session at the latest with its loop, which ends the generators begun in it.

        A program that passes its own model to `generate` cannot close what is of that call's loop.
        """
        try:
            yield
        finally:
            self._sessions.pop(loop, None)
            await session.close()

    def _lost(self, error: Exception) -> ServiceUnavailable:
        """The error for an answer that never came whole."""
        words = error_patterns.quoted(str(error), self.secret)
        full = _no_descriptors(error)
        if full is not None:
            return ServiceUnavailable(
                f"no connection to {self.url}: {full}",
                hint=descriptors.HINT,
                broken=True,
                max_startup=_NO_SERVICE,
            )
        if isinstance(error, aiohttp.ConnectionTimeoutError | aiohttp.ClientConnectorError):
            why, hint = _unconnected(error, self.url)
            if isinstance(error, aiohttp.ClientProxyConnectionError):
                why = "the proxy in HTTPS_PROXY or HTTP_PROXY does not answer"
                hint = "is the proxy's address right? NO_PROXY lists hosts that need no proxy"
            return ServiceUnavailable(
                f"no connection to {self.url}: {why or words}",
                hint=hint,
                broken=True,
                max_startup=_HERE if _refused_here(error) else _NO_SERVICE,
            )
        if isinstance(error, TimeoutError):
            return TimedOut(
                f"no answer from {self.url} within {self._timeout:g} s",
                hint="-o timeout=SECONDS sets a longer limit",
                billed=True,
            )
        secure = self.url.replace("http://", "https://", 1).removesuffix("/chat/completions")
        return ServiceUnavailable(
            f"the connection to {self.url} broke before the answer was complete: "
            f"{type(error).__name__}: {words}",
            hint=f"if the server uses https: --base-url {quoted(secure)}"
            if self.url.startswith("http://") and not isinstance(error, aiohttp.ClientPayloadError)
            else "",  # a payload belongs to an answer that began, and so in plain http
            billed=True,
            broken=True,
            max_startup=_NO_SERVICE,
        )

    def _unreadable(self, error: Unreadable, headers: Mapping[str, str]) -> ServiceUnavailable:
        """The error for an answer with status 200 that is too long, or does not unpack."""
        hint: str = ""
        if isinstance(error, TooLong):
            hint = "is --base-url the address of the API?"
        malformed = ServiceUnavailable(
            f"the answer is {error}", hint=hint, billed=True, max_startup=_NO_SERVICE
        )
        return named(malformed, request_id(headers, self.secret))

    def _malformed(self, raw: bytes, headers: Mapping[str, str]) -> ServiceUnavailable:
        """Return the error for an answer with status 200 that is not JSON."""
        begin = scrub(raw[:400].decode("utf-8", "replace"), self.secret)[:40]
        kind = headers.get("Content-Type", "")
        media = error_patterns.quoted(kind.partition(";")[0], self.secret, max_length=60)
        web = bool(kind) and "json" not in kind
        hint: str = ""
        if "event-stream" in kind:
            hint = (
                "the service streams its answer, which targen did not request; turn off streaming "
                "in the service"
            )
        elif web or not raw.strip():
            hint = "check that --base-url is the address of the API, not of a web page"
        error = ServiceUnavailable(
            f"the answer is not JSON but {len(raw)} bytes{f' ({media})' if web else ''} starting "
            f"with {begin!r}"
            if raw.strip()
            else "the answer is empty instead of JSON",
            hint=hint,
            billed=True,
            max_startup=_NO_SERVICE,
        )
        return named(error, request_id(headers, self.secret))


def _no_descriptors(error: Exception) -> str | None:
    """Return the problem if this process, or the machine, has no file descriptor left; or None."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in (errno.EMFILE, errno.ENFILE):
            return descriptors.used_up()
        cause = getattr(cause, "os_error", None) or cause.__cause__
        if cause is error:
            return None
    return None


def _unconnected(error: Exception, url: str) -> tuple[str, str]:
    """Return why there is no connection, and a hint; "" if only the system's words explain it."""
    cause = getattr(error, "os_error", None)
    plain = url.replace("https://", "http://", 1).removesuffix("/chat/completions")
    if isinstance(cause, ssl.SSLError) and cause.reason in _PLAIN_HTTP:
        return "the server does not use https", f"--base-url {quoted(plain)}"
    if isinstance(cause, ConnectionResetError) and plain != url.removesuffix("/chat/completions"):
        why = "the server closed the connection when targen used https"
        return why, f"if it uses plain http: --base-url {quoted(plain)}"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({cause.verify_message})",
            "set SSL_CERT_FILE=FILE to the certificate of the server or its issuer",
        )
    hint = "is the server running, and is --base-url right?"
    if isinstance(cause, ConnectionRefusedError):
        return "no server is listening there (connection refused)", hint
    if isinstance(cause, socket.gaierror):
        return f"the host {urlsplit(url).hostname} was not found, or there is no network", hint
    return "", hint


def _refused_here(error: Exception) -> bool:
    """Return whether this machine itself reports that no server listens there."""
    if not isinstance(error, aiohttp.ClientConnectorError):
        return False
    return isinstance(error.os_error, ConnectionRefusedError) and is_loopback(error.host)
