"""A session: the call layer of one process's work, opened and closed."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from targen_core.calls.budget import Budget
from targen_core.calls.cache import ReplyCache
from targen_core.calls.call import BoundModel
from targen_core.calls.journal import Journal
from targen_core.calls.layer import CallLayer
from targen_core.calls.usage import Usage
from targen_core.runs.spec import Limits

__all__ = ["open_layer"]


@contextlib.asynccontextmanager
async def open_layer(
    bound: Mapping[str, BoundModel],
    *,
    seed: int,
    limits: Limits,
    journal: Journal,
    usage: Usage,
    cache: Path | None,
) -> AsyncIterator[CallLayer]:
    """A call layer whose budget knows what `usage` says was spent; closes its models."""
    replies = ReplyCache(cache) if cache and limits.cache else None
    budget = Budget(max_tokens=limits.max_tokens, max_cost=limits.max_cost)
    spent = usage.total
    budget.spend(spent.tokens, spent.dollars)
    layer = CallLayer(
        bound,
        seed=seed,
        journal=journal,
        cache=replies,
        budget=budget,
        usage=usage,
        max_outage=limits.max_outage,
    )
    thresholds = gc.get_threshold()
    # Calls leave much that is freed without the collector; looking through it all
    # the time cost a tenth of a run.
    gc.set_threshold(20_000, *thresholds[1:])
    try:
        yield layer
    finally:
        gc.set_threshold(*thresholds)
        for model in {id(step.model): step.model for step in bound.values()}.values():
            await model.aclose()
        if replies is not None:
            replies.close()
