"""OpenAI's chat completions over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from targen_backends.completions import fields, from_stream, read_reply
from targen_backends.http.model import HttpModel
from targen_backends.schema import response_format
from targen_core import ChatReply
from targen_core.calls.model import ChatRequest

Structured = Literal["json_schema", "json_object", "none"]


class CompletionsModel(HttpModel):
    """A model behind `POST {base_url}/chat/completions`.

    A schema is enforced by the server, or asked for as any JSON object
    (`json_object`), or not at all (`none`).
    """

    path = "/chat/completions"

    def body(self, request: ChatRequest) -> bytes:
        """Return the body to post for a request."""
        body = json.dumps({**self.fixed, **self.fields(request)}).encode()
        if request.schema is None or self.schema_mode == "none":
            return body
        if self.schema_mode == "json_object":
            form = b'{"type":"json_object"}'
        else:
            form = self.schema_json(request)
        return b'%s,"response_format":%s}' % (body[:-1], form)

    def fields(self, request: ChatRequest) -> dict[str, Any]:
        """Return the messages and parameters as sent."""
        return fields(request)

    def schema(self, schema: Mapping[str, Any], name: str) -> Any:
        """A reply's schema as `response_format` holds it."""
        return response_format(schema, name)

    def parsed(self, raw: bytes) -> Any:
        """Return the JSON of an answer, also if the server streams it; see `HttpModel.parsed`."""
        if raw.lstrip()[:5] in (b"data:", b"event"):
            raw = json.dumps(from_stream(raw.decode("utf-8", "replace"))).encode()
        return super().parsed(raw)

    def read(self, envelope: Any, request: ChatRequest) -> ChatReply:
        """Return the reply in a chat completion; see `HttpModel.read`."""
        return read_reply(envelope, request, detailed=True)
