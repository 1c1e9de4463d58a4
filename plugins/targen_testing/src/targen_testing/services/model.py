"""`SimulatedModel`: a chat model in front of a simulated service."""

from __future__ import annotations

import asyncio

from targen_core.calls.model import ChatReply, ChatRequest, Price
from targen_core.errors import (
    RateLimited,
    ServiceError,
    ServiceUnavailable,
    TimedOut,
)
from targen_testing.services.service import Answer, Service


class SimulatedModel:
    """Answers as `service` does, by sleeping and raising: wants virtual time.

    Several models may share one service, as several models share one key.

    Args:
        input_tokens: what every request is counted as.
    """

    structured = True
    seeded = False
    max_concurrency: int | None = None
    price: Price | None = None

    def __init__(self, service: Service, *, input_tokens: int = 10, name: str = "") -> None:
        self.service = service
        self.identity = f"simulated {name}"
        self.input_tokens = input_tokens

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request.

        Raises:
            ServiceError: of the class that a backend over HTTP makes of the answer.
        """
        tokens = self.input_tokens + int(request.params["max_tokens"])
        answer = self.service.arrive(self.service.now(), tokens)
        try:
            await asyncio.sleep(answer.seconds)
        finally:
            self.service.leave(answer)
        if not answer.good:
            raise _error(answer)
        return ChatReply("{}", "stop", self.input_tokens, 1, answer.rate)

    def count_tokens(self, request: ChatRequest) -> int:
        """The same for each."""
        return self.input_tokens

    async def aclose(self) -> None:
        """There is nothing to give back."""


def _error(answer: Answer) -> ServiceError:
    """Return the error of an HTTP backend for such an answer."""
    match answer.what:
        case "hang":
            return TimedOut("no answer in time", billed=True)
        case "refuse":
            return ServiceUnavailable("no connection", broken=True)
        case "drop":
            return ServiceUnavailable("the connection broke", billed=True, broken=True)
        case "garbage":
            return ServiceUnavailable("the answer is not JSON", billed=True)
    message, wait = f"HTTP {answer.status}", answer.retry_after
    if answer.status == 429:
        return RateLimited(message, retry_after=wait, rate=answer.rate)
    if answer.status in (503, 529):
        return RateLimited(message, retry_after=wait)
    return ServiceUnavailable(message, retry_after=wait, billed=answer.status == 504)
