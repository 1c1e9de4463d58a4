"""A loopback server that speaks the wire format, and the embedded model."""

import asyncio
import os
import random
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

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


def spelled(text: str, rng: random.Random) -> str:
    """`text` inside a JSON string, each character in any of the forms that JSON has for it."""
    parts = []
    for sign in text:
        forms = [f"\\u{ord(sign):04x}", f"\\u{ord(sign):04X}"]
        if sign in '"\\/':
            forms.append(f"\\{sign}")
        if sign not in '"\\':
            forms.append(sign)
        parts.append(rng.choice(forms))
    return "".join(parts)


def holding(folder: Path, key: str) -> list[str]:
    """The files below `folder` that hold `key`, in clear or in any of JSON's escapes."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert len(files) > 3
    return [str(path) for path in files if key in _plain(path.read_bytes().decode("latin-1"))]


def _plain(text: str) -> str:
    """`text` and what JSON makes of it, decoded up to six times, one after the other."""
    forms = [text]
    for _ in range(6):
        text = re.sub(r"\\(?:u00([0-9a-fA-F]{2})|([\\\"/]))", _sign, text)
        forms.append(text)
    return "\0".join(forms)


def _sign(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else match[2]


@pytest.fixture
def echoing():
    """What tests of services that repeat a key have in common."""
    return SimpleNamespace(spelled=spelled, holding=holding)
