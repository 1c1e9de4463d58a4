"""`OllamaModel`: Ollama's own chat API, `POST /api/chat`.

Unlike the OpenAI-compatible one, it has a context length to choose (`-o extra='{"options":
{"num_ctx": 8192}}'`). The other silently cuts prompts that exceed the server's default.

The form: github.com/ollama/ollama, docs/api.md, read 2026-11-20.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from targen_backends.completions import (
    SEED_MASK,
    finish_of,
    reported,
    reported_or_estimated,
    sound,
    whole,
    without_reasoning,
)
from targen_backends.http.model import HttpModel
from targen_backends.llama.client import KEY_VARIABLE
from targen_backends.schema import strict_schema
from targen_backends.scores import asking, read_tokens
from targen_core import ChatReply
from targen_core.calls.model import ChatRequest
from targen_core.errors import ServiceError

_NAMES = {"max_tokens": "num_predict"}


class OllamaModel(HttpModel):
    """A model behind Ollama's `/api/chat`; see `HttpModel`.

    A schema is enforced (`format`), or asked for as any JSON object
    (`json_object`), or not at all (`none`). The `options` in `extra` are joined
    with the sampling parameters. Loading the model counts towards `timeout`.
    """

    kind = "ollama"
    path = "/api/chat"
    models_path = "/api/tags"
    key_variable = KEY_VARIABLE
    hints: ClassVar[Mapping[str, str]] = {
        "no-model": "ollama pull NAME downloads a model; ollama list shows those you have",
        "too-long": "start a new run with a longer context: "
        """-o 'extra={"options": {"num_ctx": 16384}}'""",
    }

    def schema(self, schema: Mapping[str, Any], name: str) -> Any:
        """A reply's schema as `format` holds it."""
        return strict_schema(schema)

    def read(self, envelope: Any, request: ChatRequest) -> ChatReply:
        """Return the reply in a chat response; see `HttpModel.read`."""
        return _read(envelope, request)

    def body(self, request: ChatRequest) -> bytes:
        """Return the body to post for a request."""
        body: dict[str, Any] = {"stream": False, **self.fixed}
        options = dict(body.get("options", {}))
        body["messages"] = [{"role": m.role, "content": sound(m.content)} for m in request.messages]
        for name, value in request.params.items():
            if value is None:
                continue
            if name == "reasoning_effort":
                body["think"] = False if value == "none" else value
            elif name == "stop":
                options["stop"] = [value] if isinstance(value, str) else value
            else:
                value = value & SEED_MASK if name == "seed" else value
                options[_NAMES.get(name, name)] = value
        body["options"] = options
        body |= asking(request)
        made = json.dumps(body).encode()
        if request.schema is None or self.schema_mode == "none":
            return made
        form = b'"json"' if self.schema_mode == "json_object" else self.schema_json(request)
        return b'%s,"format":%s}' % (made[:-1], form)


def _read(envelope: Any, request: ChatRequest) -> ChatReply:
    """The reply inside the JSON that Ollama answered; its `thinking` is left out."""
    try:
        text = envelope["message"]["content"] or ""
        finish = finish_of(envelope.get("done_reason") or "stop")
        known = reported(envelope.get("prompt_eval_count"), envelope.get("eval_count"))
        model = envelope.get("model")
        listed = envelope.get("logprobs")
    except (KeyError, TypeError, AttributeError):
        raise ServiceError(
            "the answer is not an Ollama chat response", cause="no-reply", billed=True
        ) from None
    if not isinstance(text, str):
        raise ServiceError(
            "the answer is not an Ollama chat response", cause="no-reply", billed=True
        )
    input_tokens, output_tokens = reported_or_estimated(*known, request, text)
    raw, text = text, without_reasoning(text)
    tokens, unscored = read_tokens(listed, request, raw, text)
    return ChatReply(
        text,
        whole(finish, text, request),
        input_tokens,
        output_tokens,
        model=model if isinstance(model, str) else "",
        tokens=tokens,
        unscored=unscored,
        estimated=known[0] is None or (known[1] is None and bool(text)),
    )
