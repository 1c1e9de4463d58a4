"""A loopback server that speaks the wire format, and the embedded model."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from targen_backends.local.backend import LocalOptions, create
from targen_core.calls.model import ChatReply, ChatRequest, Message
from targen_testing.exchange import answered
from targen_testing.fault_server import FaultServer, Response, Seen

from .providers import PROVIDERS, Provider

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
    """Asks a provider's client once, of a server that answers as `plan` says."""

    def run(
        provider: Provider, plan: Any, request: ChatRequest | None = None, **options: Any
    ) -> ChatReply:
        with FaultServer(plan) as server:
            address = f"{server.url}{provider.base}"
            model = provider.make(address, "tiny", **{"api_key": "k-123", **options})
            return answered(model, request or request_of())

    return run


@pytest.fixture
def exchange(call):
    """Asks a service once; gives the reply, and the path, headers and body that it was sent."""

    def run(provider: Provider, request: ChatRequest, answer: Any = None, **options: Any) -> Any:
        sent = []

        def plan(seen: Seen) -> Response:
            sent.append(seen)
            return Response(answer or provider.good("Volga"))

        reply = call(provider, plan, request, **options)
        (seen,) = sent
        return reply, seen.path, seen.headers, seen.body

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
