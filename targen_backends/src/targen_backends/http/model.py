"""`HttpModel`: the base of chat models over HTTP, which our backends and authors' share.

A subclass says how a request is written (`body`) and how a reply is read (`read`). It may say what
a failure means (`failure`). The base has the connections, limits of size and time, keys, and the
error of each failure.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import socket
import ssl
import weakref
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import urlsplit

import aiohttp

from targen_backends.completions import is_another, token_bound
from targen_backends.http.failures import HINTS, failure, failure_inside, named, request_id
from targen_backends.http.limits import rate_headers
from targen_backends.http.options import (
    HttpOptions,
    find_key,
    is_loopback,
    missing_key,
    proxy_for,
)
from targen_backends.http.reading import (
    ENCODINGS,
    MAX_ANSWER,
    MAX_ERROR,
    Unreadable,
    body,
    decoded,
    lines,
)
from targen_backends.prices import price_of
from targen_core import Backend, ChatReply, Price
from targen_core.calls.model import ChatRequest, RateHeaders
from targen_core.calls.rate import DESCRIPTORS_HINT, descriptors_used_up
from targen_core.calls.secrets import Secrets, scrub
from targen_core.errors import ServiceError, UsageError
from targen_core.hints import suggestions_for
from targen_core.text import printable
from targen_standard import error_patterns

_KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept. uvicorn, and so vLLM, hangs up after five, which would
cost a call now and then."""

_LISTING = 10.0  # seconds for the list of a service's models, which is requested after a 404
_CONNECT = 20.0  # seconds for a connection; after a time-out, no call was sent or billed
_SHOWN = 10  # names of models that an error lists
_KEPT_SCHEMAS = 64

_OF_KEY = ("authorization", "x-api-key", "api-key")  # headers with the key
_CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_OF_PROXIES = (407, 502, 503, 504)  # statuses with which a proxy answers for itself
_MAYBE_TLS = "if the server speaks https, write --base-url with https://"
_PLAIN_HTTP = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
"""TLS errors that mean an answer in plain HTTP."""


class HttpModel(ABC):
    """A `ChatModel` that posts each request to one address.

    Each event loop has one session, with kept-alive connections. Their number has no cap, since the
    call layer limits the calls in flight. Redirects are not followed: they would take the key
    elsewhere.

    Args:
        base_url: the address without the path that is posted to.
        model: the name that the service knows the model by.
        api_key: sent as a bearer token; "" sends none. It never shows in `identity`, `repr` or an
            error.
        timeout: seconds for one whole call.
        structured: how to request a schema; `json_schema`: enforced.
        max_concurrency: maximum useful concurrent calls, or None.
        extra: further fields of every request body.
        more_headers: further headers of every request.
        key_in_headers: whether they contain the key, so that it is sent in no other way.
    """

    kind: ClassVar[str]
    """The prefix of an identity: the form that the service speaks."""
    path: ClassVar[str]
    """The path to post to, under the address."""
    models_path: ClassVar[str] = "/models"
    """Where it lists its models, under the address."""
    content_type: ClassVar[str] = "application/json"
    """The form of a request's body."""
    key_variable: ClassVar[str] = ""
    """The environment variable of its key, for hints."""
    key_of: ClassVar[str] = ""
    """The backend that makes no call without a key; "" if a call needs none."""
    prices: ClassVar[str] = ""
    """Whose table of `prices.toml` has its price; "": it is `price`."""
    price: Price | None = None
    """Dollars per million tokens; None: unknown."""
    hints: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """The hint for a failure, in place of `failures.HINTS`, or if a parameter is refused."""
    seeded = True
    top_logprobs: int | None = None
    scores_given = False
    continues = False

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str = "",
        timeout: float = 120.0,
        structured: str = "json_schema",
        max_concurrency: int | None = None,
        extra: Mapping[str, Any] | None = None,
        more_headers: Mapping[str, str] | None = None,
        key_in_headers: bool = False,
    ) -> None:
        address, mark, query = base_url.partition("?")
        self.address = address.rstrip("/")
        self._query = mark + query
        self._more_headers = more_headers or {}
        self._key_in_headers = key_in_headers
        self._may_lack_v1 = urlsplit(address).path in ("", "/") and self.path.startswith("/chat")
        self.key = api_key
        self.name = model
        self.identity = f"{self.kind}:{self.address}:{model}:{structured}{_digest(extra or {})}"
        self.structured = structured == "json_schema"
        self.max_concurrency = max_concurrency
        if self.prices:
            self.price = price_of(self.prices, model)
        self.timeout = timeout
        self.fixed = {"model": model, **(extra or {})}
        self.schema_mode = structured
        self._key_filter = Secrets(api_key)
        self._proxy = proxy_for(self.address)
        # id of a schema -> the schema, which keeps its id its own, and its JSON: a run has a few
        # schemas and asks for each thousands of times.
        self._schemas: dict[int, tuple[Mapping[str, Any], bytes]] = {}
        # A session lives in one event loop, and a program's calls may each have their own.
        self._sessions: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[aiohttp.ClientSession, AsyncGenerator[None]]
        ] = weakref.WeakKeyDictionary()

    @classmethod
    def backend(cls, summary: str, *, base_url: str, model: str = "") -> Backend:
        """Return the backend of this class, with the options that all services have.

        The key is in the variable `key_variable`, the address also in that of the same name with
        `BASE_URL` in place of `API_KEY`.

        Args:
            summary: one line for `targen list-backends`.
            base_url: the usual address, without `path`.
            model: the usual name of the model; "" if people must name one.
        """

        class Options(HttpOptions):
            key_variable: ClassVar[str] = cls.key_variable
            address_variable: ClassVar[str] = cls.key_variable.replace("API_KEY", "BASE_URL")
            default_address: ClassVar[str] = base_url
            path: ClassVar[str] = cls.path

        def create(options: HttpOptions) -> HttpModel:
            if not (name := options.model or model):
                options.require_model(cls.kind, "--model NAME")
            key = find_key(options.api_key, options.api_key_file, cls.key_variable)
            return cls(options.base_url, name, **options.arguments(key))

        return Backend(
            summary=summary,
            options=Options,
            create=create,
            ready=lambda said: Options.has_address(said) or Options.has_key(said),
        )

    @property
    def url(self) -> str:
        """The address that calls are posted to."""
        return f"{self.address}{self.path}{self._query}"

    # --- what a subclass says -----------------------------------------------------------

    @abstractmethod
    def body(self, request: ChatRequest) -> bytes | Mapping[str, Any]:
        """Return the body to post for a request; a mapping is sent as JSON."""

    @abstractmethod
    def read(self, envelope: Any, request: ChatRequest) -> ChatReply:
        """Return the reply in the JSON of an answer with status 200.

        Raises:
            ServiceError: the answer contains no reply.
        """

    def parsed(self, raw: bytes) -> Any:
        """Return the JSON in the body of an answer with status 200, without the key.

        Raises:
            ValueError: it is not JSON.
        """
        return decoded(raw, self._key_filter)

    def failure(
        self, status: int, content: bytes, headers: Mapping[str, str], shown: str = ""
    ) -> ServiceError:
        """Return the error for an answer with a status other than 200.

        Args:
            status: the HTTP status.
            content: the body of the answer.
            headers: the headers of the answer.
            shown: what the message says in place of the status.
        """
        return failure(self, status, content, headers, shown=shown)

    def headers(self, params: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the headers of a call with these parameters: by default, the key's."""
        if not self.key:
            return {}
        if (urlsplit(self.address).hostname or "").endswith(".azure.com"):
            return {"api-key": self.key}
        return {"Authorization": f"Bearer {self.key}"}

    def rate(self, headers: Mapping[str, str]) -> RateHeaders | None:
        """Return the limits in an answer's headers."""
        return rate_headers(headers)

    def schema(self, schema: Mapping[str, Any], name: str) -> Any:
        """Return a reply's schema as the service wants it."""
        return schema

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the input tokens, by bytes."""
        return token_bound(request)

    # --- calls -----------------------------------------------------------------------------

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request over HTTP; see `ChatModel.complete`."""
        self.require_key()
        data = self.body(request)
        if not isinstance(data, bytes):
            data = json.dumps(data).encode()
        try:
            async with self._answer("POST", self.url, data, self.headers(request.params)) as answer:
                raw = await body(answer, MAX_ANSWER)
        except ServiceError as error:
            if error.cause == "no-model":
                if self._may_lack_v1 and await self._find_v1():
                    return await self.complete(request)
                await self._explain(error)
            raise
        headers = answer.headers
        try:
            envelope = self.parsed(raw)
        except (ValueError, RecursionError):
            raise named(self._malformed(raw, headers), request_id(headers, self.key)) from None
        if inside := failure_inside(self, envelope, headers):
            raise inside
        try:
            reply = self.told_apart(self.read(envelope, request))
        except ServiceError as error:
            raise named(error, request_id(headers, self.key)) from None
        except RecursionError:
            deep = ServiceError("the answer is too deeply nested", cause="no-reply", billed=True)
            raise named(deep, request_id(headers, self.key)) from None
        rate = self.rate(headers)
        return reply if rate is None else replace(reply, rate=rate)

    async def fetch(
        self,
        method: str,
        path: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send `data` to `path` under the address; return the JSON of an answer with status 200.

        The key is removed from it. An answer that is not JSON gives None. `headers` are added to
        those of a call.

        Raises:
            ServiceError: for every other answer, and for none.
        """
        sent = {**self.headers({}), **(headers or {})}
        url = f"{self.address}{path}{self._query}"
        async with self._answer(method, url, data, sent, timeout=self._long) as answer:
            raw = await body(answer, MAX_ANSWER)
        try:
            return decoded(raw, self._key_filter)
        except (ValueError, RecursionError):
            return None

    async def fetch_lines(self, path: str) -> AsyncIterator[bytes]:
        """The lines of the file at `path`, as they come; see `fetch`.

        A file of results may have hundreds of megabytes. Lines that are longer than an answer may
        be are left out. The key is still in them: see `batches.parsed`.
        """
        url = f"{self.address}{path}{self._query}"
        async with self._answer("GET", url, None, self.headers({}), timeout=self._long) as answer:
            async for line in lines(answer, MAX_ANSWER):
                yield line

    @property
    def _long(self) -> aiohttp.ClientTimeout:
        """The time-out of a transfer of many megabytes."""
        return aiohttp.ClientTimeout(total=10 * self.timeout)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return secrets that replies and errors must not repeat; see `ChatModel`."""
        return (self.key,)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.identity!r})"

    def told_apart(self, reply: ChatReply) -> ChatReply:
        """`reply`, marked if a model answered that is not the requested one."""
        return replace(reply, is_other=True) if is_another(reply.model, self.name) else reply

    def require_key(self) -> None:
        """Check that there is a key, if calls need one.

        Raises:
            ServiceError: the key is missing.
        """
        if self.key_of and not self.key:
            raise missing_key(self.key_of, self.key_variable)

    def schema_json(self, request: ChatRequest) -> bytes:
        """Return the JSON of a request's schema as the service wants it, made once."""
        assert request.schema is not None
        entry = self._schemas.get(id(request.schema))
        if entry is None:
            if len(self._schemas) >= _KEPT_SCHEMAS:
                self._schemas.clear()
            made = json.dumps(self.schema(request.schema, request.schema_name)).encode()
            entry = self._schemas[id(request.schema)] = (request.schema, made)
        return entry[1]

    async def aclose(self) -> None:
        """Close this event loop's connections; a later call opens new ones."""
        _, ending = self._sessions.get(asyncio.get_running_loop(), (None, None))
        if ending is not None:
            await ending.aclose()

    # --- connections ------------------------------------------------------------------------

    @asynccontextmanager
    async def _answer(
        self, method: str, url: str, data: bytes | None, headers: Mapping[str, str], **how: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield an answer with status 200, with its body still unread.

        Raises:
            ServiceError: for every other answer, for none, and for a body that cannot be read.
        """
        if self._key_in_headers:
            headers = {n: v for n, v in headers.items() if n.lower() not in _OF_KEY}
        headers = {**headers, **self._more_headers}
        try:
            async with self._session().request(
                method,
                url,
                data=data,
                headers=headers,
                proxy=self._proxy,
                allow_redirects=False,
                **how,
            ) as response:
                if response.status != 200:
                    content = await body(response, MAX_ERROR, cut=True)
                    failed = self.failure(response.status, content, response.headers)
                    if self._proxy and response.status in _OF_PROXIES:
                        failed.args = (f"{failed}, through {_proxy_words(self._proxy)}",)
                        if not content.lstrip().startswith(b"{"):  # no service says it like this
                            failed.cause = "connection"
                            failed.hint = HINTS["way"]
                    raise failed
                try:
                    yield response
                except Unreadable as error:
                    unreadable = ServiceError(
                        f"the answer is {error}", billed=True, cause="no-reply"
                    )
                    request = request_id(response.headers, self.key)
                    raise named(unreadable, request) from None
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise self._lost(error) from None  # its context may hold the headers we sent

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session, _ = self._sessions.get(loop, (None, None))
        if session is None or session.closed:
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    keepalive_timeout=_KEEP_ALIVE,
                    ssl=_trusted() if self.address.startswith("https") else True,
                ),
                timeout=aiohttp.ClientTimeout(
                    total=self.timeout, sock_connect=min(_CONNECT, self.timeout)
                ),
                headers={
                    "Content-Type": self.content_type,
                    "Accept": "application/json",
                    "Accept-Encoding": ENCODINGS,
                },
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # see targen_backends.http.reading
            )
            ending = self._until_end(loop, session)
            with suppress(StopIteration):
                ending.asend(None).send(None)  # enters it, as this function cannot await
            self._sessions[loop] = session, ending
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

    async def _find_v1(self) -> bool:
        """Look for the API under /v1, where most servers have it, and keep that address."""
        self._may_lack_v1 = False
        plain, self.address = self.address, f"{self.address}/v1"
        if await self._models():
            return True
        self.address = plain
        return False

    async def _explain(self, error: ServiceError) -> None:
        """Add to a 404 its address, and the models that the service has."""
        error.args = (f"{error} (POST {self.url}, model {self.name})",)
        names = await self._models()
        if not names or self.name in names:
            return
        near = suggestions_for(self.name, names)
        shown = f"the server has {', '.join(names[:_SHOWN])}{', …' if names[_SHOWN:] else ''}"
        error.hint = f"did you mean {' or '.join(near)}? {shown}" if near else shown

    async def _models(self) -> list[str]:
        """Return the names of the models that the service lists, if it does."""
        timeout = aiohttp.ClientTimeout(total=min(_LISTING, self.timeout))
        url = f"{self.address}{self.models_path}{self._query}"
        try:
            async with self._answer("GET", url, None, self.headers({}), timeout=timeout) as answer:
                listed = decoded(await body(answer, MAX_ANSWER), self._key_filter)
        except (ServiceError, ValueError, RecursionError):
            return []
        items = listed.get("data") or listed.get("models") if isinstance(listed, dict) else None
        items = items if isinstance(items, list) else []
        names = [each.get("id") or each.get("name") for each in items if isinstance(each, dict)]
        return [
            printable(name, lines=False, max_length=80) for name in names if isinstance(name, str)
        ]

    # --- answers that never came whole ---------------------------------------------------------

    def _lost(self, error: Exception) -> ServiceError:
        """The error for an answer that never came whole."""
        words = error_patterns.quoted(str(error), self.key)
        if full := _no_descriptors(error):
            return ServiceError(
                f"no connection to {self.url}: {full}",
                hint=DESCRIPTORS_HINT,
                cause="connection",
            )
        if isinstance(error, aiohttp.ConnectionTimeoutError | aiohttp.ClientConnectorError):
            why, hint = _unconnected(error, self.url, self._proxy)
            return ServiceError(
                f"no connection to {self.url}: {why or words}",
                hint=hint,
                cause="no-server" if _refused_here(error) else "connection",
            )
        if isinstance(error, TimeoutError):
            return ServiceError(
                f"no answer from {self.url} within {self.timeout:g} s",
                hint="-o timeout=SECONDS sets a longer limit",
                billed=True,
                cause="timeout",
            )
        if isinstance(error, aiohttp.ClientResponseError) and "Bad status line" in error.message:
            is_tls = r"\x15\x03" in error.message
            return ServiceError(
                f"the server at {urlsplit(self.url).netloc} does not answer in HTTP: {words}",
                hint=HINTS["tls"] if is_tls else "is the port in --base-url right?",
                cause="connection",
            )
        is_silent = isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
        return ServiceError(
            f"the connection to {self.url} broke before the answer was complete: "
            f"{type(error).__name__}: {words}",
            hint=_MAYBE_TLS if is_silent and self.url.startswith("http:") else "",
            billed=True,
            cause="connection",
        )

    def _malformed(self, raw: bytes, headers: Mapping[str, str]) -> ServiceError:
        """Return the error for an answer with status 200 that is not JSON."""
        begin = scrub(raw[:400].decode("utf-8", "replace"), self.key)[:40]
        kind = headers.get("Content-Type", "").partition(";")[0]
        media = error_patterns.quoted(kind, self.key, max_length=60)
        return ServiceError(
            f"the answer is not JSON but {len(raw)} bytes ({media}) starting with {begin!r}"
            if raw.strip()
            else "the answer is empty instead of JSON",
            hint="check that --base-url is the address of the API, not of a web page",
            billed=True,
            cause="no-reply",
        )


def _digest(extra: Mapping[str, Any]) -> str:
    """Return `":"` and 12 hex digits that represent `extra` in an identity; "" for none."""
    if not extra:
        return ""
    text = json.dumps(extra, sort_keys=True)
    return f":{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _trusted() -> ssl.SSLContext | bool:
    """Return what certificates are checked against: those that the usual variables name.

    Raises:
        UsageError: the file cannot be read, or has no certificates.
    """
    named = ((name, os.environ.get(name)) for name in _CERTIFICATES)
    name, file = next((pair for pair in named if pair[1]), ("", None))
    try:
        return ssl.create_default_context(cafile=file) if file else True
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"cannot read certificates from {file}: {error.strerror or error}",
            hint=f"set {name} to a file in PEM format",
        ) from None


def _no_descriptors(error: Exception) -> str:
    """Return the problem if this process, or the machine, has no file descriptor left; or ""."""
    cause = getattr(error, "os_error", error)
    full = isinstance(cause, OSError) and cause.errno in (errno.EMFILE, errno.ENFILE)
    return descriptors_used_up() if full else ""


def _proxy_words(proxy: str) -> str:
    """Return what a proxy is called in messages: its address without a password."""
    return f"the proxy {urlsplit(proxy).netloc.rpartition('@')[2]} (HTTPS_PROXY or HTTP_PROXY)"


def _unconnected(error: Exception, url: str, proxy: str | None) -> tuple[str, str]:
    """Return why there is no connection, and a hint; "" if only the system's words explain it."""
    cause = getattr(error, "os_error", None)
    hint = "is the server running, and is --base-url right?"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return (
            f"{_proxy_words(proxy or '')} does not answer",
            "is the proxy's address right? NO_PROXY lists hosts that need no proxy",
        )
    if isinstance(cause, ssl.SSLError) and cause.reason in _PLAIN_HTTP:
        return "the server does not use https", "write --base-url with http://"
    if isinstance(cause, ConnectionResetError):
        why = "the server closed the connection at once"
        return why, "if it does not use https, write --base-url with http://"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({cause.verify_message})",
            "set SSL_CERT_FILE=FILE to the certificate of the server or its issuer",
        )
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
