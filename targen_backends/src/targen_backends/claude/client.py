"""`ClaudeModel`: Anthropic's messages API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from targen_backends.claude.messages import (
    SAMPLING,
    TOOL,
    conversation,
    parameters,
    read_message,
)
from targen_backends.http.limits import anthropic_rate_headers
from targen_backends.http.model import HttpModel
from targen_backends.schema import described_schema
from targen_core import ChatReply
from targen_core.calls.model import ChatRequest, RateHeaders

ADDRESS = "https://api.anthropic.com"
KEY_VARIABLE = "ANTHROPIC_API_KEY"
Structured = Literal["json_schema", "tool", "none"]
Thinking = Literal["default", "adaptive", "disabled", "between_tools"]

_AROUND: dict[str, int] = {"json_schema": 512, "tool": 1024, "none": 0}
"""Tokens that the service may put around a schema or a tool, for the upper bound:
the documentation tells of some hundreds, billed as input."""

_VERSION = "2026-10-21"
_OLDER = "2023-06-01"
"""The version before it, the last that takes `temperature`, `top_p` and `top_k`
(platform.claude.com/docs/en/api/versioning, read 2026-11-20)."""


class ClaudeModel(HttpModel):
    """A model behind Anthropic's `POST {base_url}/v1/messages`; see `HttpModel`.

    A request with a sampling parameter uses the last version of the API that has them. Only models
    up to Claude 4.6 accept it. The model's name decides the price.

    Args:
        base_url: the address without `/v1/messages`.
        model: the model's name.
        structured: the way to request a schema: as the output's format, as the input of a tool that
            must be used (`tool`), or not (`none`).
        thinking: the model's setting for thinking; `default` leaves it out.
        mark: whether the long fixed part of a prompt is marked for the prompt cache.
        extra: further fields of every request body.
        **http_options: as `HttpModel` takes them.
    """

    kind = "anthropic"
    path = "/v1/messages"
    models_path = "/v1/models"
    key_variable = KEY_VARIABLE
    hints: ClassVar[Mapping[str, str]] = {
        "credit": "the organisation is out of credit or has reached its spend limit: see Billing "
        "and Limits in the console, then run the same command again",
        "schema": "-o structured=tool, or -o structured=none, requests JSON in a different way",
    }
    key_of = "claude"
    prices = "anthropic"
    seeded = False

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        structured: Structured = "json_schema",
        thinking: Thinking = "default",
        mark: bool = True,
        extra: Mapping[str, Any] | None = None,
        **http_options: Any,
    ) -> None:
        fixed = dict(extra or {})
        if thinking != "default":
            fixed["thinking"] = {"type": thinking}
        super().__init__(base_url, model, structured=structured, extra=fixed, **http_options)
        self.structured = structured != "none"
        self._mark = mark
        # As the official client does: since the newer version as a bearer token.
        self._newer = {"anthropic-version": _VERSION, "Authorization": f"Bearer {self.key}"}
        self._older = {"anthropic-version": _OLDER, "x-api-key": self.key}

    def schema(self, schema: Mapping[str, Any], name: str) -> Any:
        """A reply's schema as a format or a tool holds it."""
        return described_schema(schema)

    def read(self, envelope: Any, request: ChatRequest) -> ChatReply:
        """Return the reply in a message; see `HttpModel.read`."""
        return read_message(envelope, request)

    def rate(self, headers: Mapping[str, str]) -> RateHeaders | None:
        """Return the limits in Anthropic's headers."""
        return anthropic_rate_headers(headers)

    def body(self, request: ChatRequest) -> bytes:
        """Return the body to post for a request."""
        return self._encoded(self._fields(request), request)

    def headers(self, params: Mapping[str, Any]) -> Mapping[str, str]:
        """The version of the API that has all of the parameters, and the key in its way."""
        sampled = any(params.get(name) is not None or name in self.fixed for name in SAMPLING)
        return self._older if sampled else self._newer

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the input tokens, by bytes."""
        return super().count_tokens(request) + (_AROUND[self.schema_mode] if request.schema else 0)

    def _fields(self, request: ChatRequest) -> dict[str, Any]:
        sent = parameters(request.params)
        config = {**self.fixed.get("output_config", {}), **sent.pop("output_config", {})}
        body = {**self.fixed, **conversation(request.messages, mark=self._mark), **sent}
        if config:
            body["output_config"] = config
        return body

    def _encoded(self, body: dict[str, Any], request: ChatRequest) -> bytes:
        """Return the body as JSON; the schema is inserted without encoding it again."""
        if request.schema is None or self.schema_mode == "none":
            return json.dumps(body).encode()
        schema = self.schema_json(request)
        if self.schema_mode == "tool":
            body = {**body, "tool_choice": {"type": "tool", "name": TOOL}}
            tool = b'[{"name":"%s","description":"Gives the reply.","input_schema":%s}]'
            return b'%s,"tools":%s}' % (
                json.dumps(body).encode()[:-1],
                tool % (TOOL.encode(), schema),
            )
        config = dict(body.pop("output_config", {}))
        form = b'{"type":"json_schema","schema":%s}' % schema
        rest = json.dumps(config).encode()[1:-1]
        whole = b'{"format":%s%s}' % (form, b"," + rest if rest else b"")
        return b'%s,"output_config":%s}' % (json.dumps(body).encode()[:-1], whole)
