"""OpenAI's chat completions over HTTP, and as lines of a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from targen_backends.batches import NOBODY, careful, parsed
from targen_backends.completions import fields, from_stream, read_reply
from targen_backends.http.failures import failure_inside
from targen_backends.http.model import HttpModel
from targen_backends.schema import response_format
from targen_core import ChatReply
from targen_core.calls.backend import BatchAnswer
from targen_core.calls.model import ChatRequest
from targen_core.calls.secrets import Secrets
from targen_core.errors import ServiceError
from targen_standard import error_patterns

Structured = Literal["json_schema", "json_object", "none"]

URL = "/v1/chat/completions"
"""The endpoint in each line of a file."""


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


class CompletionCodec:
    """A model's calls as lines of OpenAI's batch files; a `BatchCodec`.

    vLLM's `run-batch` and other servers read and write the same.

    Args:
        model: makes the requests' bodies.
    """

    def __init__(self, model: CompletionsModel) -> None:
        self.identity = model.identity
        self._model = model
        self._secrets = Secrets(model.key)

    def encode(self, request: ChatRequest) -> bytes:
        """The request as a line of an input file."""
        head = {"custom_id": request.key, "method": "POST", "url": URL}
        return b'%s,"body":%s}' % (json.dumps(head).encode()[:-1], self._model.body(request))

    @careful
    def decode(self, line: bytes, requests: Mapping[str, ChatRequest]) -> tuple[str, BatchAnswer]:
        """The key and the answer of a line of an output or error file.

        Raises:
            ValueError: the line is neither.
        """
        key, record = parsed(line, self._secrets)
        response, error = record.get("response"), record.get("error")
        if isinstance(response, dict) and isinstance(response.get("status_code", 200), int):
            status, body = response.get("status_code", 200), response.get("body")
            headers = {"x-request-id": str(response.get("request_id") or "")}
            if status == 200:
                if inside := failure_inside(self._model, body, headers):
                    return key, inside
                try:
                    reply = self._model.read(body, requests.get(key, NOBODY))
                    return key, self._model.told_apart(reply)
                except ServiceError as raised:
                    return key, raised
            words = body or error or ""  # vLLM's run-batch writes the error next to an empty body
            # OpenAI's error files state 0 for a request that got no answer.
            return key, self._model.failure(status or 502, json.dumps(words).encode(), headers)
        if isinstance(error, dict):
            words = f"{error.get('code')}: {error.get('message')}"
            return key, ServiceError(error_patterns.quoted(words, self._model.key))
        raise ValueError("neither a response nor an error")

    async def aclose(self) -> None:
        """Close this event loop's connections."""
        await self._model.aclose()
