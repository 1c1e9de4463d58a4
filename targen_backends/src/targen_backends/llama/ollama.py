"""`OllamaModel`: Ollama's own chat API, `POST /api/chat`.

Beside the OpenAI-compatible one it has a context length to choose
(`-o extra='{"options": {"num_ctx": 8192}}'`), which the other has not: what is
longer than the server's default is cut silently there.

The form: github.com/ollama/ollama, docs/api.md, read 2026-11-20.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from targen_backends.completions import sound, token_bound, without_thoughts
from targen_backends.http.address import is_near
from targen_backends.http.bodies import SchemaParts, digest
from targen_backends.http.poster import Poster
from targen_backends.http.service import Service
from targen_backends.llama.client import KEY_VARIABLE, Structured
from targen_backends.schema import strict_schema
from targen_core.calls import tokens
from targen_core.calls.model import ChatReply, ChatRequest, Finish, Price
from targen_core.errors import MalformedAnswer

__all__ = ["OllamaModel"]

_SERVICE = Service(
    key_variable=KEY_VARIABLE,
    missing_hint="ollama pull NAME fetches a model; ollama list shows what is there",
    schema_hint="-o structured=json_object, or -o structured=none, asks for JSON in other ways",
    long_hint="""-o extra='{"options": {"num_ctx": 16384}}' gives a longer context""",
)
_NAMES = {"max_tokens": "num_predict"}
_SEED_MASK = 0x7FFFFFFF
_FINISH: dict[Any, Finish] = {"stop": "stop", "length": "length"}


class OllamaModel:
    """A model behind Ollama's `/api/chat`; a `ChatModel`.

    Args:
        base_url: the address without `/api/chat`.
        model: the model's name.
        api_key: sent as a bearer token, for a server behind a gateway.
        timeout: seconds for one whole call; loading the model counts.
        structured: how a schema is asked for: enforced (`format`), any JSON
            object, or not at all.
        max_concurrency: calls that the server takes well at once, or None.
        extra: fields that every request body gets besides; its `options` are
            joined with the sampling parameters.
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
        self.identity = f"ollama:{address}:{model}:{structured}{digest(extra or {})}"
        self.structured = structured == "json_schema"
        self.max_concurrency = max_concurrency
        self.price = Price(0.0, 0.0) if is_near(address) else None
        rest = dict(extra or {})
        self._options = rest.pop("options", {})
        self._head = {"model": model, "stream": False, **rest}
        self._mode = structured
        self._formats = SchemaParts(lambda schema, name: strict_schema(schema))
        self._poster = Poster(
            f"{address}/api/chat",
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            secret=api_key,
            timeout=timeout,
            service=_SERVICE,
        )

    def __repr__(self) -> str:
        return f"OllamaModel({self.identity!r})"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request over HTTP; see `ChatModel.complete`."""
        return await self._poster.ask(
            self._body(request), lambda answer: _read(answer.envelope, request)
        )

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the input tokens, by bytes."""
        return token_bound(request)

    async def aclose(self) -> None:
        """Close this event loop's connections; a later call opens new ones."""
        await self._poster.aclose()

    def _body(self, request: ChatRequest) -> bytes:
        options = dict(self._options)
        body: dict[str, Any] = dict(self._head)
        body["messages"] = [{"role": m.role, "content": sound(m.content)} for m in request.messages]
        for name, value in request.params.items():
            if value is None:
                continue
            if name == "reasoning_effort":
                body["think"] = False if value == "none" else value
            elif name == "stop":
                options["stop"] = [value] if isinstance(value, str) else value
            else:
                value = value & _SEED_MASK if name == "seed" else value
                options[_NAMES.get(name, name)] = value
        body["options"] = options
        made = json.dumps(body).encode()
        if request.schema is None or self._mode == "none":
            return made
        if self._mode == "json_object":
            wanted = b'"json"'
        else:
            wanted = self._formats.part(request.schema, request.schema_name)
        return b'%s,"format":%s}' % (made[:-1], wanted)


def _read(envelope: Any, request: ChatRequest) -> ChatReply:
    """The reply inside the JSON that Ollama answered; its `thinking` is left out."""
    try:
        text = envelope["message"]["content"] or ""
        finish = _FINISH.get(envelope.get("done_reason") or "stop", "other")
        tokens_in = envelope.get("prompt_eval_count")
        tokens_out = envelope.get("eval_count")
        model = envelope.get("model")
    except (KeyError, TypeError, AttributeError):
        raise MalformedAnswer("the answer is no chat of Ollama's", billed=True) from None
    if not isinstance(text, str):
        raise MalformedAnswer("the answer is no chat of Ollama's", billed=True)
    if not isinstance(tokens_in, int):
        tokens_in = tokens.estimate(m.content for m in request.messages)
    if not isinstance(tokens_out, int):
        tokens_out = tokens.estimate([text])
    model = model if isinstance(model, str) else ""
    return ChatReply(without_thoughts(text), finish, tokens_in, tokens_out, model=model)
