"""(1) Where the models of a run work: here in a thread of this process.

One that goes to other machines has the same form: `place` gives models that pass their calls on.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from targen_core import ChatReply
from targen_core.calls.delivery import ModelExecutor, ModelSource, Workers
from targen_core.calls.model import ChatModel, ChatRequest
from targen_core.calls.scores import continues, most_top, scores_given
from targen_core.errors import UsageError


class _Thread:
    """A thread with an event loop, for as long as one of its models is open."""

    def __init__(self, models: int) -> None:
        self.loop = asyncio.new_event_loop()
        self._open = models
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    async def leave(self) -> None:
        """End with the last model."""
        self._open -= 1
        if self._open == 0:
            self.loop.call_soon_threadsafe(self.loop.stop)
            await asyncio.to_thread(self._thread.join)


class _Beside:
    """A model that answers in the thread; what it is stays what it was."""

    def __init__(self, model: ChatModel, thread: _Thread) -> None:
        self.identity = model.identity
        self.structured = model.structured
        self.seeded = model.seeded
        self.max_concurrency = model.max_concurrency
        self.price = model.price
        self.top_logprobs = most_top(model)
        self.scores_given = scores_given(model)
        self.continues = continues(model)
        self._model = model
        self._thread = thread
        self._closed = False

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Pass the call on; errors come back as they are, and cancelling goes through."""
        answer = asyncio.run_coroutine_threadsafe(self._model.complete(request), self._thread.loop)
        return await asyncio.wrap_future(answer)

    def count_tokens(self, request: ChatRequest) -> int:
        """Counted here, where the budget is."""
        return self._model.count_tokens(request)

    async def aclose(self) -> None:
        """Close the model where it worked; again does nothing."""
        if self._closed:
            return
        self._closed = True
        closed = asyncio.run_coroutine_threadsafe(self._model.aclose(), self._thread.loop)
        await asyncio.wrap_future(closed)
        await self._thread.leave()


async def _place(sources: Sequence[ModelSource], workers: Workers) -> Sequence[ChatModel]:
    if workers.address or workers.replicas or workers.resources or (workers.minimum or 1) > 1:
        raise UsageError(
            "my-demo has one worker, in this process, and no resources",
            hint="--executor my-demo, on its own or with --workers 1",
        )
    thread = _Thread(len(sources))
    return [_Beside(source.model, thread) for source in sources]


EXECUTOR = ModelExecutor(summary="a thread of this process", place=_place)
