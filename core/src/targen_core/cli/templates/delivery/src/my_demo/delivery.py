"""(1) How the calls of a run reach their models: here one at a time.

A delivery puts a model of the same identity in the place of each model of a run. So keys, journal
and rows stay as they were, and a run goes on with or without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from targen_core import ChatReply
from targen_core.calls.delivery import DeliveredRun, Delivery, ModelSource
from targen_core.calls.model import ChatModel, ChatRequest
from targen_core.calls.scores import continues, most_top, scores_given


class _Delivered:
    """A model whose calls are handed over; what it is stays what it was."""

    def __init__(self, model: ChatModel, turn: asyncio.Lock) -> None:
        self.identity = model.identity
        self.structured = model.structured
        self.seeded = model.seeded
        self.max_concurrency = model.max_concurrency
        self.price = model.price
        self.top_logprobs = most_top(model)
        self.scores_given = scores_given(model)
        self.continues = continues(model)
        self._model = model
        self._turn = turn

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Hand a call over and wait for its answer: put yours in the place of this.

        A model whose answers may take hours also has `attach_run`: see `DeferredModel`.
        """
        async with self._turn:
            return await self._model.complete(request)

    def count_tokens(self, request: ChatRequest) -> int:
        """Counted here, where the budget is."""
        return self._model.count_tokens(request)

    async def aclose(self) -> None:
        """Close the model in whose place it is."""
        await self._model.aclose()


class InTurn(Delivery):
    """Hands calls over one at a time."""

    summary = "hands calls over one at a time"
    asked = "--delivery my-demo"
    dropped = "--delivery ''"
    answered = "its calls are answered one after another"

    def wrap(self, sources: Sequence[ModelSource], run: DeliveredRun) -> Sequence[ChatModel]:
        """Put a model in the place of each, in their order."""
        turn = asyncio.Lock()
        return [_Delivered(source.model, turn) for source in sources]


DELIVERY = InTurn()
