"""The services that speak HTTP, as their wire formats make them, and a loopback server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from targen_backends.chatgpt.client import ChatGptModel
from targen_backends.claude.client import ClaudeModel
from targen_backends.llama.client import LlamaModel
from targen_backends.llama.ollama import OllamaModel

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Provider:
    """A service as its wire format makes it: what a test has to know of it."""

    name: str
    make: Callable[..., Any]
    base: str  # what the base address ends in
    path: str  # where calls go
    key_variable: str
    request_id: str  # its header for the id of a request
    good: Callable[[str], dict[str, Any]]
    empty: tuple[dict[str, Any], ...]  # answers without a reply, with status 200

    def fault(self, message: str, **more: Any) -> dict[str, Any]:
        """An error's body, in the provider's form."""
        if self.name == "ollama":
            return {"error": message}
        body = {"error": {"message": message, **more}}
        return {"type": "error", **body} if self.name == "claude" else body


def completion(text: str) -> dict[str, Any]:
    """OpenAI's answer, with fields that the request does not name."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny-2026",
        "novelty": {"of": ["the", "future"]},
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None, "odd": 1},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14, "odd": {}},
    }


def message(text: str) -> dict[str, Any]:
    """Anthropic's answer, with a thought and fields that the request does not name."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "tiny-2026",
        "novelty": {"of": ["the", "future"]},
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "x"},
            {"type": "text", "text": text},
        ],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 3, "odd": {}},
    }


def chat(text: str) -> dict[str, Any]:
    """Ollama's answer."""
    return {
        "model": "tiny-2026",
        "created_at": "2026-11-20T00:00:00Z",
        "message": {"role": "assistant", "content": text, "thinking": "hm"},
        "done_reason": "stop",
        "done": True,
        "prompt_eval_count": 11,
        "eval_count": 3,
    }


def _of_openai(name: str, make: Callable[..., Any], key_variable: str) -> Provider:
    """A service that speaks as OpenAI's does."""
    no_choice = ({"choices": []}, {"choices": [{}]}, {}, {"choices": None})
    path = "/v1/chat/completions"
    return Provider(name, make, "/v1", path, key_variable, "x-request-id", completion, no_choice)


PROVIDERS = (
    _of_openai("chatgpt", ChatGptModel, "OPENAI_API_KEY"),
    Provider(
        "claude",
        ClaudeModel,
        "",
        "/v1/messages",
        "ANTHROPIC_API_KEY",
        "request-id",
        message,
        ({}, {"content": None}, {"content": [{}], "stop_reason": "end_turn"}),
    ),
    _of_openai("llama", LlamaModel, "TARGEN_LLAMA_API_KEY"),
    Provider(
        "ollama",
        OllamaModel,
        "",
        "/api/chat",
        "TARGEN_LLAMA_API_KEY",
        "x-request-id",
        chat,
        ({}, {"message": {}}, {"message": None}, {"message": {"content": 7}}),
    ),
)


@asynccontextmanager
async def serving(handler: Handler, base: str = "/v1") -> AsyncIterator[str]:
    """The address of a server that answers POST requests by `handler`."""
    app = web.Application()
    app.router.add_post("/{path:.*}", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{base}"
    finally:
        await runner.cleanup()
