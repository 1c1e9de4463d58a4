"""One call of a model that is tested: what is asked, what came back, what the service saw."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from targen_core.calls.model import ChatModel, ChatReply, ChatRequest, Message
from targen_core.errors import ServiceError
from targen_testing.fault_server import Seen

KEY = "sk-conformance-7f3a91c2"
_SCHEMA = {
    "type": "object",
    "properties": {"waterway_of_note": {"type": "string"}},
    "required": ["waterway_of_note"],
    "additionalProperties": False,
}
TEXT = '{"waterway_of_note": "Volga"}'
MOST = 437  # a `max_tokens` that is nobody's default

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call: what came back, and what the server saw."""

    reply: ChatReply | None
    error: Exception | None
    seen: Sequence[Seen]


def request_of(
    text: str = "Name a river.", *, schema: bool = False, top_logprobs: int | None = None
) -> ChatRequest:
    """A call of one message."""
    return ChatRequest(
        (Message("system", "You answer briefly."), Message("user", text)),
        {"max_tokens": MOST},
        _SCHEMA if schema else None,
        "waterway" if schema else "",
        key="ab" * 32,
        top_logprobs=top_logprobs,
    )


def using(model: ChatModel, use: Callable[[ChatModel], Awaitable[T]]) -> T:
    """Use a model in an event loop of its own, and close it."""

    async def main() -> T:
        try:
            return await use(model)
        finally:
            await model.aclose()

    return asyncio.run(main())


def answered(model: ChatModel, request: ChatRequest) -> ChatReply:
    """Ask a model once, and close it."""
    return using(model, lambda model: model.complete(request))


def error_of(exchange: Exchange, what: str) -> ServiceError:
    """The error that a call must raise."""
    assert exchange.error is not None, (
        f"{what} led to the reply {exchange.reply!r}, not to an error"
    )
    assert isinstance(exchange.error, ServiceError), (
        f"{what} raises {exchange.error!r}, which is not a ServiceError"
    )
    return exchange.error
