"""`LlamaModel`: one lean HTTP client for every OpenAI-compatible server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from targen_backends.completions import fields, read_reply, token_bound
from targen_backends.http.address import is_near
from targen_backends.http.bodies import SchemaParts, digest
from targen_backends.http.poster import Poster
from targen_backends.http.service import Service
from targen_backends.schema import response_format
from targen_core.calls.model import ChatReply, ChatRequest, Price

__all__ = ["KEY_VARIABLE", "SERVICE", "LlamaModel", "Structured"]

KEY_VARIABLE = "TARGEN_LLAMA_API_KEY"

SERVICE = Service(
    key_variable=KEY_VARIABLE,
    missing_hint="base_url usually ends in /v1; is the model's name right?",
    long_hint="lower -o max_tokens=N, or serve the model with a longer context",
)

Structured = Literal["json_schema", "json_object", "none"]


class LlamaModel:
    """A model behind `POST {base_url}/chat/completions`; a `ChatModel`.

    On a loopback or private address calls cost nothing; elsewhere the price is
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
        self.identity = f"openai-compatible:{address}:{model}:{structured}{digest(extra or {})}"
        self.structured = structured == "json_schema"
        self.max_concurrency = max_concurrency
        self.price = Price(0.0, 0.0) if is_near(address) else None
        self._head = {"model": model, **(extra or {})}
        self._mode = structured
        self._formats = SchemaParts(response_format)
        self._poster = Poster(
            f"{address}/chat/completions",
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            secret=api_key,
            timeout=timeout,
            service=SERVICE,
        )

    def __repr__(self) -> str:
        return f"LlamaModel({self.identity!r})"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request over HTTP; see `ChatModel.complete`."""
        return await self._poster.ask(
            self._body(request),
            lambda answer: read_reply(answer.envelope, request, answer.rate, details=True),
        )

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the input tokens, by bytes."""
        return token_bound(request)

    async def aclose(self) -> None:
        """Close this event loop's connections; a later call opens new ones."""
        await self._poster.aclose()

    def _body(self, request: ChatRequest) -> bytes:
        body = json.dumps({**self._head, **fields(request)}).encode()
        if request.schema is None or self._mode == "none":
            return body
        if self._mode == "json_object":
            wanted = b'{"type":"json_object"}'
        else:
            wanted = self._formats.part(request.schema, request.schema_name)
        return b'%s,"response_format":%s}' % (body[:-1], wanted)
