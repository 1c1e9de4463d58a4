"""Each backend passes the kit that every backend passes."""

from __future__ import annotations

import pytest

from targen_testing.backends import BackendSuite as Suite

from .providers import ANTHROPIC, COMPLETIONS, OLLAMA


class TestChatGpt(Suite):
    """A model that does not reason, so that it tells token probabilities."""

    backend = "chatgpt"
    options = ("base_url={url}", "model=gpt-4o-mini", "api_key={key}")
    wire = COMPLETIONS


class TestClaude(Suite):
    backend = "claude"
    wire = ANTHROPIC


class TestLlama(Suite):
    backend = "llama"
    wire = COMPLETIONS


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
