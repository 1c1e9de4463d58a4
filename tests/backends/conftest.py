"""A loopback server that speaks the wire format, and the embedded model."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from targen_backends.llama.client import LlamaModel
from targen_backends.local.backend import LocalOptions, create
from targen_backends.local.engine import LocalModel
from targen_core.calls.model import ChatReply, ChatRequest, Message

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

VARIABLES = ("TARGEN_LLAMA_API_KEY", "TARGEN_LLAMA_BASE_URL", "OPENAI_API_KEY")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, address or proxy of whoever runs the tests."""
    for name in (*VARIABLES, "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def request_of() -> Callable[..., ChatRequest]:
    """Makes a request of one user message."""

    def make(text: str = "Name a river.", schema: Any = None, **params: Any) -> ChatRequest:
        return ChatRequest(
            (Message("system", "You answer briefly."), Message("user", text)),
            {"max_tokens": 40, "seed": 7, **params},
            schema,
            "reply",
        )

    return make


@asynccontextmanager
async def serving(handler: Handler) -> Any:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


@pytest.fixture
def ask(request_of: Callable[..., ChatRequest]) -> Callable[..., ChatReply]:
    """Asks a server made of `handler` once, with a client of the given options."""

    def run(handler: Handler, request: ChatRequest | None = None, **options: Any) -> ChatReply:
        async def main() -> ChatReply:
            async with serving(handler) as address:
                model = LlamaModel(address, "tiny", **options)
                try:
                    return await model.complete(request or request_of())
                finally:
                    await model.aclose()

        return asyncio.run(main())

    return run


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One model cache for all workers of a test session; TARGEN_CACHE_DIR keeps it longer."""
    if chosen := os.environ.get("TARGEN_CACHE_DIR"):
        return Path(chosen)
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "targen-cache"


@pytest.fixture(scope="session")
def local_model(cache: Path) -> Iterator[LocalModel]:
    """The default embedded model, found as a user's would be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TARGEN_CACHE_DIR", str(cache))
        model = create(LocalOptions(parallel=2, n_ctx=1024, kept_prompts=2))
        yield model  # it looks for its file when the first call comes
        asyncio.run(model.aclose())
