"""`LlamaModel`: one lean HTTP client for every OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import json
import urllib.request
import weakref
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import aiohttp

from targen_backends.completions import fields, read_reply, token_bound
from targen_backends.llama.outcomes import failure, rate_headers, scrub
from targen_backends.schema import response_format
from targen_core.calls.model import ChatReply, ChatRequest, Price
from targen_core.errors import ServiceUnavailable

__all__ = ["LlamaModel", "Structured"]

Structured = Literal["json_schema", "json_object", "none"]

_KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: less than the five after which
uvicorn, and so vLLM, hangs up, which would cost a call now and then."""

_CONNECT = 20.0
"""Seconds for a connection to come about; then nothing was sent or billed."""

_SCHEMAS_KEPT = 64


class LlamaModel:
    """A model behind `POST {base_url}/chat/completions`; a `ChatModel`.

    One session in each event loop that calls, with kept-alive connections and
    no cap on their number; the call layer says how many calls
    run at once. A proxy is taken from the environment once, at the start. On a
    loopback or private address calls cost nothing; elsewhere the price is
    unknown until the user sets it (`-o price_in=... -o price_out=...`).

    Args:
        base_url: the address without `/chat/completions`, without user info
            and query.
        model: the name that the server knows the model by.
        api_key: sent as a bearer token; "" sends none. It never shows in
            `identity`, `repr` or an error.
        timeout: seconds for one whole call.
        structured: how a schema is asked for: enforced by the server, any
            JSON object, or not at all.
        max_concurrency: calls that the server takes well at once, or None.
        extra: fields that every request body gets besides.
    """

    seeded = True

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str = "",
        timeout: float = 120.0,
        structured: Structured = "json_schema",
        max_concurrency: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        address = base_url.rstrip("/")
        self.identity = f"openai-compatible:{address}:{model}:{structured}"
        if extra:
            text = json.dumps(extra, sort_keys=True)
            self.identity += f":{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        self.structured = structured == "json_schema"
        self.max_concurrency = max_concurrency
        self.price = Price(0.0, 0.0) if _is_near(address) else None
        self._url = f"{address}/chat/completions"
        self._head = {"model": model, **(extra or {})}
        self._mode = structured
        self._secret = api_key
        self._timeout = timeout
        self._proxy = _proxy_for(address)
        # A session lives in one event loop; langchain users may have several.
        self._sessions: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, aiohttp.ClientSession
        ] = weakref.WeakKeyDictionary()
        # id of a schema -> the schema, which keeps its id its own, and its bytes.
        self._formats: dict[int, tuple[Mapping[str, Any], bytes]] = {}

    def __repr__(self) -> str:
        return f"LlamaModel({self.identity!r})"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request over HTTP; see `ChatModel.complete`."""
        session = self._open()
        try:
            async with session.post(
                self._url, data=self._body(request), proxy=self._proxy, allow_redirects=False
            ) as response:
                raw = await response.read()
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise self._lost(error) from None  # its context may hold the headers we sent
        headers = response.headers
        if response.status != 200:
            raise failure(response.status, raw, headers, self._secret)
        try:
            envelope = json.loads(raw)
        except ValueError:
            raise ServiceUnavailable(
                f"the answer is no JSON but {len(raw)} bytes that begin with "
                f"{scrub(raw[:40].decode('utf-8', 'replace'), self._secret)!r}",
                billed=True,
            ) from None
        if isinstance(envelope, dict) and "choices" not in envelope and "error" in envelope:
            raise self._failure_inside(envelope, raw, headers)
        return read_reply(envelope, request, rate_headers(headers))

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the input tokens, by bytes."""
        return token_bound(request)

    async def aclose(self) -> None:
        """Close this event loop's connections; a later call opens new ones."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            headers = {"Content-Type": "application/json", "Accept": "application/json"}
            if self._secret:
                headers["Authorization"] = f"Bearer {self._secret}"
            session = self._sessions[loop] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE),
                timeout=aiohttp.ClientTimeout(
                    total=self._timeout, sock_connect=min(_CONNECT, self._timeout)
                ),
                headers=headers,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return session

    def _body(self, request: ChatRequest) -> bytes:
        body = json.dumps({**self._head, **fields(request)}).encode()
        if request.schema is None or self._mode == "none":
            return body
        return b'%s,"response_format":%s}' % (body[:-1], self._format(request))

    def _format(self, request: ChatRequest) -> bytes:
        """The `response_format` field, made once for each schema object."""
        if self._mode == "json_object":
            return b'{"type":"json_object"}'
        schema = request.schema
        assert schema is not None
        found = self._formats.get(id(schema))
        if found is None:
            if len(self._formats) >= _SCHEMAS_KEPT:
                self._formats.clear()
            made = json.dumps(response_format(schema, request.schema_name)).encode()
            found = self._formats[id(schema)] = (schema, made)
        return found[1]

    def _lost(self, error: Exception) -> ServiceUnavailable:
        """The error for an answer that never came whole."""
        if isinstance(error, aiohttp.ConnectionTimeoutError | aiohttp.ClientConnectorError):
            return ServiceUnavailable(
                f"no connection to {self._url}: {scrub(str(error), self._secret)}",
                hint="is the server running, and is -o base_url=... right?",
            )
        if isinstance(error, TimeoutError):
            return ServiceUnavailable(
                f"no answer from {self._url} within {self._timeout:g} s",
                hint="-o timeout=SECONDS allows more",
                billed=True,
            )
        return ServiceUnavailable(
            f"the connection to {self._url} broke before the answer was whole: "
            f"{type(error).__name__}: {scrub(str(error), self._secret)}",
            billed=True,
        )

    def _failure_inside(
        self, envelope: dict[str, Any], raw: bytes, headers: Mapping[str, str]
    ) -> Exception:
        """The error that some gateways put into an answer with status 200."""
        error = envelope["error"]
        code = error.get("code") if isinstance(error, dict) else None
        status = code if isinstance(code, int) and 400 <= code < 600 else 502
        found = failure(status, raw, headers, self._secret)
        found.billed = found.retryable and status != 429
        return found


def _is_near(address: str) -> bool:
    """Whether an address is this machine or a private network, by its looks."""
    host = urlsplit(address).hostname or ""
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _proxy_for(address: str) -> str | None:
    """The proxy that the environment names for an address, or None."""
    parts = urlsplit(address)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return proxy
