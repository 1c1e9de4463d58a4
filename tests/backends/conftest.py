"""A loopback server that speaks the wire format, and the embedded model."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from targen_backends.local.backend import LocalOptions, create
from targen_core.calls.model import ChatReply, ChatRequest, Message

from .providers import PROVIDERS, Handler, Provider, serving

VARIABLES = """TARGEN_LLAMA_API_KEY TARGEN_LLAMA_BASE_URL OPENAI_API_KEY OPENAI_BASE_URL
ANTHROPIC_API_KEY ANTHROPIC_BASE_URL ANTHROPIC_AUTH_TOKEN""".split()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """No key, address or proxy of whoever runs the tests."""
    for name in (*VARIABLES, "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    # Nor of their keyring, where the package is there.
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def request_of():
    """Makes a request of one user message."""

    def make(text: str = "Name a river.", schema: Any = None, **params: Any) -> ChatRequest:
        return ChatRequest(
            (Message("system", "You answer briefly."), Message("user", text)),
            {"max_tokens": 40, "seed": 7, **params},
            schema,
            "reply",
        )

    return make


@pytest.fixture(params=[provider.name for provider in PROVIDERS])
def provider(request):
    """Each of the services that speak HTTP."""
    (service,) = [provider for provider in PROVIDERS if provider.name == request.param]
    return service


@pytest.fixture
def services():
    """The services by name, for tests of one of them."""
    return {provider.name: provider for provider in PROVIDERS}


@pytest.fixture
def call(request_of):
    """Asks a provider's client once, of a server made of `handler`."""

    def run(
        provider: Provider, handler: Handler, request: ChatRequest | None = None, **options: Any
    ) -> ChatReply:
        async def main() -> ChatReply:
            async with serving(handler, provider.base) as address:
                model = provider.make(address, "tiny", **{"api_key": "k-123", **options})
                try:
                    return await model.complete(request or request_of())
                finally:
                    await model.aclose()

        return asyncio.run(main())

    return run


@pytest.fixture
def exchange(call):
    """Asks a service once; gives the reply, and the path, the headers and the body it was sent."""

    def run(provider: Provider, request: ChatRequest, answer: Any = None, **options: Any) -> Any:
        seen = []

        async def handler(got: web.Request) -> web.Response:
            seen.append((got.path, dict(got.headers), await got.json()))
            return web.json_response(answer or provider.good("Volga"))

        reply = call(provider, handler, request, **options)
        return reply, *seen[0]

    return run


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """One model cache for all workers of a test session; TARGEN_CACHE_DIR keeps it longer."""
    if chosen := os.environ.get("TARGEN_CACHE_DIR"):
        return Path(chosen)
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "targen-cache"


@pytest.fixture(scope="session")
def local_model(cache):
    """The default embedded model, found as a user's would be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TARGEN_CACHE_DIR", str(cache))
        model = create(LocalOptions(parallel=2, n_ctx=1024, kept_prompts=2))
        yield model  # it looks for its file when the first call comes
        asyncio.run(model.aclose())
