"""`ChatGptModel`: OpenAI's chat completions.

The forms: the types of the package `openai` 3.52 (its `chat.completions.create`
and what that returns), and developers.openai.com/api/docs/guides/error-codes,
both read 2026-11-20. A test compares what is sent here with what it sends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from targen_backends.completions import fields, read_reply, token_bound
from targen_backends.http.bodies import SchemaParts, digest
from targen_backends.http.keys import missing_key
from targen_backends.http.poster import Poster
from targen_backends.http.service import Service
from targen_backends.prices import price_of
from targen_backends.schema import response_format
from targen_core.calls.model import ChatReply, ChatRequest

__all__ = ["ADDRESS", "KEY_VARIABLE", "SERVICE", "ChatGptModel", "Structured"]

ADDRESS = "https://api.openai.com/v1"
KEY_VARIABLE = "OPENAI_API_KEY"
Structured = Literal["json_schema", "json_object", "none"]

SERVICE = Service(
    key_variable=KEY_VARIABLE,
    credit_hint="the account is out of credit or at its limit: see Billing and Limits in its "
    "settings, then resume the run",
)


class ChatGptModel:
    """A model behind OpenAI's `POST {base_url}/chat/completions`; a `ChatModel`.

    `max_tokens` is sent as `max_completion_tokens`, which all its models take
    and which counts thoughts too. No sampling seed is sent: the service gives
    no promise for it, and the journal keeps every reply.

    Args:
        base_url: the address without `/chat/completions`.
        model: the model's name; it decides the price.
        api_key: sent as a bearer token. It never shows in `identity`, `repr`
            or an error.
        timeout: seconds for one whole call.
        structured: how a schema is asked for: enforced, any JSON object, or
            not at all.
        max_concurrency: calls that make sense at once, or None.
        extra: fields that every request body gets besides.
    """

    seeded = False

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str = "",
        timeout: float = 300.0,
        structured: Structured = "json_schema",
        max_concurrency: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        address = base_url.rstrip("/")
        self.identity = f"openai:{address}:{model}:{structured}{digest(extra or {})}"
        self.structured = structured == "json_schema"
        self.max_concurrency = max_concurrency
        self.price = price_of("openai", model)
        self._head = {"model": model, **(extra or {})}
        self._mode = structured
        self._formats = SchemaParts(response_format)
        self._poster = Poster(
            f"{address}/chat/completions",
            headers={"Authorization": f"Bearer {api_key}"},
            secret=api_key,
            timeout=timeout,
            service=SERVICE,
        )

    @property
    def key(self) -> str:
        """The API key, for who sends what this client does not; "" for none."""
        return self._poster.secret

    def __repr__(self) -> str:
        return f"ChatGptModel({self.identity!r})"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request over HTTP; see `ChatModel.complete`."""
        if not self._poster.secret:
            raise missing_key("chatgpt", KEY_VARIABLE)
        return await self._poster.ask(
            self.body(request),
            lambda answer: read_reply(answer.envelope, request, answer.rate, details=True),
        )

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the input tokens, by bytes."""
        return token_bound(request)

    async def aclose(self) -> None:
        """Close this event loop's connections; a later call opens new ones."""
        await self._poster.aclose()

    def body(self, request: ChatRequest) -> bytes:
        """What is posted for a request."""
        sent = fields(request)
        most = sent.pop("max_tokens", None)
        if most is not None:
            sent["max_completion_tokens"] = most
        body = json.dumps({**self._head, **sent}).encode()
        if request.schema is None or self._mode == "none":
            return body
        if self._mode == "json_object":
            wanted = b'{"type":"json_object"}'
        else:
            wanted = self._formats.part(request.schema, request.schema_name)
        return b'%s,"response_format":%s}' % (body[:-1], wanted)
