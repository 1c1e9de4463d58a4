"""A session: the call layer of one process's work, opened and closed."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

from targen_core.calls.budget import Budget
from targen_core.calls.cache import ReplyCache
from targen_core.calls.call import BoundModel
from targen_core.calls.calls import Calls
from targen_core.calls.journal import Journal
from targen_core.calls.usage import Usage
from targen_core.errors import RunDirectoryError
from targen_core.options import Limits

LimitsT = TypeVar("LimitsT", bound=Limits)

_SYNC_EVERY = 1.0  # seconds; a thread waits for the disk, so no call does


class Allowance:
    """Let a run or a correction spend as much as its own limits allow.

    A command of several parts sets `ALLOWANCE` to one that also limits their sum.
    """

    def limits(self, part: Path, limits: LimitsT) -> LimitsT:
        """Return the limits of the part in this folder, of at most `limits`."""
        return limits

    def budget(self, part: Path, limits: Limits, usage: Usage) -> Budget:
        """Return the budget of a part that opens, whose journal contains `usage`."""
        return Budget(usage, max_tokens=limits.max_tokens, max_cost=limits.max_cost)


_ITS_OWN = Allowance()

ALLOWANCE = ContextVar("targen_allowance", default=_ITS_OWN)
"""The allowance of all parts that open in this context."""


@contextlib.asynccontextmanager
async def open_layer(
    bound: Mapping[str, BoundModel],
    *,
    seed: int,
    limits: Limits,
    journal: Journal,
    usage: Usage,
    cache: Path | None,
    shares: bool = False,
) -> AsyncIterator[Calls]:
    """Open the call layer of a part, within the command's allowance; close its models.

    `usage` counts what the journal holds. With `shares`, the journal is this person's own, and an
    earlier process may have been killed before the cache had all its replies.

    The journal is brought to the disk every second, and at the end: what a power cut takes
    is the answers of a second.

    Raises:
        RunDirectoryError: the disk does not take the journal.
    """
    replies = ReplyCache(cache) if cache and limits.cache else None
    layer = Calls(
        bound,
        seed=seed,
        journal=journal,
        cache=replies,
        budget=ALLOWANCE.get().budget(journal.path.parent, limits, usage),
        usage=usage,
        max_outage=limits.max_outage,
        hedge=limits.hedge,
    )
    if shares:
        layer.share_last()
    thresholds = gc.get_threshold()
    # Calls leave much that is freed without the collector; looking through it all
    # the time cost a tenth of a run.
    gc.set_threshold(20_000, *thresholds[1:])
    syncing = asyncio.create_task(_keep_synced(journal, layer))
    try:
        yield layer
        journal.sync()
    finally:
        syncing.cancel()
        gc.set_threshold(*thresholds)
        for model in {id(step.model): step.model for step in bound.values()}.values():
            await model.aclose()
        if replies is not None:
            replies.close()


async def _keep_synced(journal: Journal, layer: Calls) -> None:
    """Bring the journal to the disk while it grows; halt the calls if the disk refuses."""
    synced = journal.mark
    while True:
        await asyncio.sleep(_SYNC_EVERY)
        if journal.mark != synced:
            synced = journal.mark
            try:
                await asyncio.to_thread(journal.sync)
            except RunDirectoryError as error:
                layer.halt(error)
                return
