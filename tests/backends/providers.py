"""The services that speak HTTP, as their wire formats make them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from targen_backends.chatgpt.client import ChatGptModel
from targen_backends.claude.client import ClaudeModel
from targen_backends.llama.client import LlamaModel
from targen_backends.llama.ollama import OllamaModel
from targen_core.calls.model import ChatReply, ChatRequest
from targen_testing.fault_server import Raw
from targen_testing.wire import OPENAI, TOKENS_IN, TOKENS_OUT, Wire, token_entries

ODD = {"model": "tiny-2026", "novelty": {"of": ["the", "future"]}}
"""What answers have that no request names."""


def _completion(text: str, finish: str) -> dict[str, Any]:
    answer: dict[str, Any] = OPENAI.answer(text, finish)
    answer["choices"][0]["message"]["odd"] = 1
    answer["usage"]["odd"] = {}
    return answer | ODD


def _message(text: str, finish: str) -> dict[str, Any]:
    thought = {"type": "thinking", "thinking": "hm", "signature": "x"}
    return ODD | {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [thought, {"type": "text", "text": text}],
        "stop_reason": {"stop": "end_turn", "length": "max_tokens"}[finish],
        "stop_sequence": None,
        "usage": {"input_tokens": TOKENS_IN, "output_tokens": TOKENS_OUT, "odd": {}},
    }


def _chat(text: str, finish: str) -> dict[str, Any]:
    return ODD | {
        "created_at": "2026-11-20T00:00:00Z",
        "message": {"role": "assistant", "content": text, "thinking": "hm"},
        "done_reason": finish,
        "done": True,
        "prompt_eval_count": TOKENS_IN,
        "eval_count": TOKENS_OUT,
    }


def _scored_chat(text: str, finish: str, top: int) -> dict[str, Any]:
    """Return an answer of Ollama with token probabilities: they stand beside the message."""
    return _chat(text, finish) | {"logprobs": token_entries(text, top)}


COMPLETIONS = replace(OPENAI, answer=_completion, empty=(*OPENAI.empty, {"choices": None}))
ANTHROPIC = Wire(
    base="",
    answer=_message,
    fault=lambda message, code: {"type": "error", "error": {"type": code, "message": message}},
    empty=({}, {"content": None}, {"content": [{}], "stop_reason": "end_turn"}),
    too_long=("prompt is too long: 300000 tokens > 200000 maximum", "invalid_request_error"),
    request_id="request-id",
)
OLLAMA = Wire(
    base="",
    answer=_chat,
    scored=_scored_chat,
    fault=lambda message, code: {"error": message},
    empty=({}, {"message": {}}, {"message": None}, {"message": {"content": 7}}),
    too_long=("prompt is too long; it exceeds the maximum context length", ""),
)


@dataclass(frozen=True)
class Provider:
    """A service as its wire format makes it: what a test has to know of it."""

    name: str
    make: Callable[..., Any]
    path: str  # where calls go
    key_variable: str
    wire: Wire

    @property
    def base(self) -> str:
        """What the base address ends in."""
        return self.wire.base

    @property
    def request_id(self) -> str:
        """The header for the id of a request."""
        return self.wire.request_id

    def good(self, text: str) -> dict[str, Any]:
        """Return an answer with this text."""
        answer: dict[str, Any] = self.wire.answer(text, "stop")
        return answer

    def fault(self, message: str, **more: Any) -> dict[str, Any]:
        """Return an error's body, in the provider's form."""
        body: dict[str, Any] = self.wire.fault(message, "")
        if self.wire is not OLLAMA:
            body["error"] |= more
        return body


COMPLETION, LLAMA_KEY = "/v1/chat/completions", "TARGEN_LLAMA_API_KEY"
PROVIDERS = (
    Provider("chatgpt", ChatGptModel, COMPLETION, "OPENAI_API_KEY", COMPLETIONS),
    Provider("claude", ClaudeModel, "/v1/messages", "ANTHROPIC_API_KEY", ANTHROPIC),
    Provider("llama", LlamaModel, COMPLETION, LLAMA_KEY, COMPLETIONS),
    Provider("ollama", OllamaModel, "/api/chat", LLAMA_KEY, OLLAMA),
)


def schema_of(body: dict[str, Any]) -> Any:
    """Return the schema that a call asks for, in whichever field it is."""
    if isinstance(body.get("format"), dict):
        return body["format"]
    if body.get("tools"):
        return body["tools"][0]["input_schema"]
    form = body.get("response_format", {}).get("json_schema") or body["output_config"]
    return (form.get("format") or form)["schema"]


def together(model: Any, *requests: ChatRequest) -> list[ChatReply]:
    """Make calls at once, and leave the model open."""

    async def main() -> list[ChatReply]:
        return await asyncio.gather(*map(model.complete, requests))

    return asyncio.run(main())


def raw(body: bytes, status: int = 200, **headers: str) -> Raw:
    """An answer of these bytes; `_` stands for the dash in a header's name."""
    named = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return Raw([f"HTTP/1.1 {status} Odd\r\n{lines}\r\n".encode(), body])
