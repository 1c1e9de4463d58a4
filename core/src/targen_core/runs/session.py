"""A session: the call layer of one process's work, opened and closed."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
import threading
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from pathlib import Path

from targen_core.calls.budget import Budget
from targen_core.calls.cache import ReplyCache
from targen_core.calls.journal import Journal
from targen_core.calls.layer import CallLayer
from targen_core.calls.model import ChatModel
from targen_core.calls.question import BoundModel
from targen_core.calls.usage import Usage
from targen_core.errors import Interrupted
from targen_core.runs.manifest import Limits

__all__ = ["interruptible", "open_layer", "tidy_when_killed"]

_log = logging.getLogger("targen.run")
# People stop a run by the one, queues and services by the other.
_STOPPING = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


@contextlib.asynccontextmanager
async def open_layer(
    bound: Mapping[str, BoundModel],
    models: Collection[ChatModel],
    *,
    seed: int,
    limits: Limits,
    journal: Journal,
    usage: Usage,
    cache: Path | None,
) -> AsyncIterator[CallLayer]:
    """A call layer whose budget knows what `usage` says was spent; closes its models."""
    replies = ReplyCache(cache) if cache else None
    budget = Budget(max_tokens=limits.max_tokens, max_cost=limits.max_cost)
    spent = usage.total
    budget.spend(spent.tokens_in + spent.tokens_out, spent.dollars)
    layer = CallLayer(
        bound,
        seed=seed,
        journal=journal,
        cache=replies,
        budget=budget,
        usage=usage,
        patience=limits.patience,
    )
    thresholds = gc.get_threshold()
    # Calls leave much that is freed without the collector; looking through it all
    # the time cost a tenth of a run.
    gc.set_threshold(20_000, *thresholds[1:])
    try:
        yield layer
    finally:
        gc.set_threshold(*thresholds)
        await layer.aclose()
        for model in models:
            await model.aclose()
        if replies is not None:
            replies.close()


@contextlib.contextmanager
def interruptible(layer: CallLayer, resume: str) -> Iterator[None]:
    """Let the first Ctrl-C, or `kill`, halt the layer, and the second one kill.

    `resume` is the command that goes on, or "" where nothing stays.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _STOPPING}

    def unhandle() -> None:
        for number in _STOPPING:
            if loop.remove_signal_handler(number):
                signal.signal(number, before[number])

    def stop(name: str) -> None:
        unhandle()
        _log.warning(
            "finishing the calls in flight (%d); %s again stops at once%s",
            layer.in_flight,
            name,
            f". Then: {resume}" if resume else "",
        )
        layer.halt(Interrupted(f"stopped by {name}", hint=resume))

    try:
        for number, name in _STOPPING.items():
            loop.add_signal_handler(number, stop, name)
    except (NotImplementedError, RuntimeError, ValueError):
        yield  # no signals here: another thread, or Windows
        return
    try:
        yield
    finally:
        unhandle()


@contextlib.contextmanager
def tidy_when_killed() -> Iterator[None]:
    """Let `kill` end the process as `sys.exit` does, so that nothing temporary stays."""

    def leave(number: int, frame: object) -> None:
        sys.exit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
