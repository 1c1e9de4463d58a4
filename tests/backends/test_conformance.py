"""Each backend passes the kit that every backend passes."""

from __future__ import annotations

from typing import Any

import pytest

from targen_testing import OPENAI, Wire
from targen_testing import BackendSuite as Suite
from targen_testing.wire import TOKENS_IN, TOKENS_OUT, token_entries

from .providers import PROVIDERS, chat, message


def _message(text: str, finish: str) -> dict[str, Any]:
    """Anthropic's answer."""
    usage = {"input_tokens": TOKENS_IN, "output_tokens": TOKENS_OUT}
    reason = {"stop": "end_turn", "length": "max_tokens"}[finish]
    return message(text) | {"stop_reason": reason, "usage": usage}


def _chat(text: str, finish: str) -> dict[str, Any]:
    """Ollama's answer."""
    counts = {"prompt_eval_count": TOKENS_IN, "eval_count": TOKENS_OUT}
    return chat(text) | {"done_reason": finish, **counts}


def _scored_chat(text: str, finish: str, top: int) -> dict[str, Any]:
    """Ollama's answer with token probabilities: they stand beside the message."""
    return _chat(text, finish) | {"logprobs": token_entries(text, top)}


_EMPTY = {provider.name: provider.empty for provider in PROVIDERS}
ANTHROPIC = Wire(
    base="",
    answer=_message,
    fault=lambda message, code: {"type": "error", "error": {"type": code, "message": message}},
    empty=_EMPTY["claude"],
    too_long=("prompt is too long: 300000 tokens > 200000 maximum", "invalid_request_error"),
    request_id="request-id",
)
OLLAMA = Wire(
    base="",
    answer=_chat,
    scored=_scored_chat,
    fault=lambda message, code: {"error": message},
    empty=_EMPTY["ollama"],
    too_long=("prompt is too long; it exceeds the maximum context length", ""),
)


class TestChatGpt(Suite):
    """A model that does not reason, so that it tells token probabilities."""

    backend = "chatgpt"
    options = ("base_url={url}", "model=gpt-4o-mini", "api_key={key}")
    wire = OPENAI


class TestClaude(Suite):
    backend = "claude"
    wire = ANTHROPIC


class TestLlama(Suite):
    backend = "llama"
    wire = OPENAI


class TestOllama(Suite):
    backend = "llama"
    options = (*Suite.options, "api=ollama")
    wire = OLLAMA


class TestLocal(Suite):
    """The embedded model: it has no service, so that its checks are few."""

    backend = "local"
    options = ("n_ctx=1024", "parallel=1")
    wire = None

    @pytest.fixture(autouse=True)
    def _same_model(self, cache, monkeypatch):
        monkeypatch.setenv("TARGEN_CACHE_DIR", str(cache))
