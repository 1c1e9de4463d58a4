"""`ClaudeModel`: Anthropic's messages API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from targen_backends.claude.messages import (
    SAMPLING,
    TOOL,
    conversation,
    parameters,
    read_message,
)
from targen_backends.completions import token_bound
from targen_backends.http.bodies import SchemaParts, digest
from targen_backends.http.keys import missing_key
from targen_backends.http.limits import anthropic_rate_headers
from targen_backends.http.poster import Poster
from targen_backends.http.service import Service
from targen_backends.prices import price_of
from targen_backends.schema import described_schema
from targen_core.calls.model import ChatReply, ChatRequest

__all__ = ["ADDRESS", "KEY_VARIABLE", "SERVICE", "ClaudeModel", "Structured", "Thinking"]

ADDRESS = "https://api.anthropic.com"
KEY_VARIABLE = "ANTHROPIC_API_KEY"
Structured = Literal["json_schema", "tool", "none"]
Thinking = Literal["default", "adaptive", "disabled", "between_tools"]

SERVICE = Service(
    key_variable=KEY_VARIABLE,
    limits=anthropic_rate_headers,
    credit_hint="the organization is out of credit or at a spend limit: see Billing and Limits in "
    "the console, then resume the run",
    schema_hint="-o structured=tool, or -o structured=none, asks for JSON in other ways",
)

_AROUND: dict[str, int] = {"json_schema": 512, "tool": 1024, "none": 0}
"""Tokens that the service may put around a schema or a tool, for the upper bound:
the documentation tells of some hundreds, billed as input."""

_VERSION = "2026-10-21"
_OLDER = "2023-06-01"
"""The version before it, the last that takes `temperature`, `top_p` and `top_k`
(platform.claude.com/docs/en/api/versioning, read 2026-11-20)."""


class ClaudeModel:
    """A model behind Anthropic's `POST {base_url}/v1/messages`; a `ChatModel`.

    A request with a sampling parameter is sent in the last version of the API
    that has them; only models up to Claude 4.6 take them.

    Args:
        base_url: the address without `/v1/messages`.
        model: the model's name; it decides the price.
        api_key: the key. It never shows in `identity`, `repr` or an error.
        timeout: seconds for one whole call.
        structured: how a schema is asked for: as the output's format, as the
            input of a tool that must be used, or not at all.
        thinking: what the model is told about thinking; `default` tells it
            nothing.
        mark: whether long system prompts are marked for the prompt cache.
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
        thinking: Thinking = "default",
        mark: bool = True,
        max_concurrency: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        address = base_url.rstrip("/")
        head = dict(extra or {})
        if thinking != "default":
            head["thinking"] = {"type": thinking}
        self.identity = f"anthropic:{address}:{model}:{structured}{digest(head)}"
        self.structured = structured != "none"
        self.max_concurrency = max_concurrency
        self.price = price_of("anthropic", model)
        self._head = {"model": model, **head}
        self._mode = structured
        self._mark = mark
        self._schemas = SchemaParts(lambda schema, name: described_schema(schema))
        # As the official client does: since the newer version as a bearer token.
        self._newer = {"anthropic-version": _VERSION, "Authorization": f"Bearer {api_key}"}
        self._older = {"anthropic-version": _OLDER, "x-api-key": api_key}
        self._poster = Poster(
            f"{address}/v1/messages", headers={}, secret=api_key, timeout=timeout, service=SERVICE
        )

    @property
    def key(self) -> str:
        """The API key, for who sends what this client does not; "" for none."""
        return self._poster.secret

    def __repr__(self) -> str:
        return f"ClaudeModel({self.identity!r})"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request over HTTP; see `ChatModel.complete`."""
        if not self._poster.secret:
            raise missing_key("claude", KEY_VARIABLE)
        return await self._poster.ask(
            self.body(request),
            lambda answer: read_message(answer.envelope, request, answer.rate),
            self.headers(request.params),
        )

    def body(self, request: ChatRequest) -> bytes:
        """What is posted for a request."""
        return self._encoded(self._fields(request), request)

    def headers(self, params: Mapping[str, Any]) -> Mapping[str, str]:
        """The version of the API that has all of the parameters, and the key in its way."""
        sampled = any(params.get(name) is not None or name in self._head for name in SAMPLING)
        return self._older if sampled else self._newer

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the input tokens, by bytes."""
        return token_bound(request) + (_AROUND[self._mode] if request.schema else 0)

    async def aclose(self) -> None:
        """Close this event loop's connections; a later call opens new ones."""
        await self._poster.aclose()

    def _fields(self, request: ChatRequest) -> dict[str, Any]:
        sent = parameters(request.params)
        config = {**self._head.get("output_config", {}), **sent.pop("output_config", {})}
        body = {**self._head, **conversation(request.messages, mark=self._mark), **sent}
        if config:
            body["output_config"] = config
        return body

    def _encoded(self, body: dict[str, Any], request: ChatRequest) -> bytes:
        """The body as JSON, the schema put in without being made anew."""
        if request.schema is None or self._mode == "none":
            return json.dumps(body).encode()
        schema = self._schemas.part(request.schema, request.schema_name)
        if self._mode == "tool":
            body = {**body, "tool_choice": {"type": "tool", "name": TOOL}}
            tool = b'[{"name":"%s","description":"Gives the reply.","input_schema":%s}]'
            return b'%s,"tools":%s}' % (
                json.dumps(body).encode()[:-1],
                tool % (TOOL.encode(), schema),
            )
        config = dict(body.pop("output_config", {}))
        wanted = b'{"type":"json_schema","schema":%s}' % schema
        rest = json.dumps(config).encode()[1:-1]
        whole = b'{"format":%s%s}' % (wanted, b"," + rest if rest else b"")
        return b'%s,"output_config":%s}' % (json.dumps(body).encode()[:-1], whole)
