"""The chain of a run's lists, with the user's own items in place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from targen_core.engine.quotas import Shard
from targen_core.engine.seeds import ListSpec
from targen_core.errors import UsageError
from targen_core.hints import flag_of
from targen_core.runs.config import RunConfig
from targen_core.runs.records.options import StepOptions
from targen_core.tasks.model import Task
from targen_core.tasks.steps import ListStep
from targen_core.text import plural


def chain_of(
    task: Task[Any, Any], config: RunConfig, options: Mapping[str, StepOptions]
) -> tuple[tuple[ListSpec, ...], dict[str, tuple[Any, ...]]]:
    """The chain of lists, with the user's own items and batch sizes in place."""
    fraction = config.contexts_fraction
    if fraction < 1 and config.contexts is None and config.contexts_limit is None:
        raise UsageError(
            "--contexts-fraction needs a fixed number of contexts: without one, contexts "
            "are requested as needed",
            hint="add --contexts-limit N, or --contexts FILE",
        )
    limit = config.contexts_limit
    if limit is not None:
        limit = math.ceil(limit * fraction)
    user_items: dict[str, tuple[Any, ...]] = {}
    chain: list[ListSpec] = []
    if task.seeding.parts and (
        config.seeds is not None or config.contexts is not None or limit is not None
    ):
        parts = ", ".join(task.seeding.parts)
        raise UsageError(
            f"the parts of the task {task.name} each have their own lists: {parts}",
            hint="omit --contexts and --seeds",
        )
    if config.seeds is not None:
        if config.contexts is not None:
            raise UsageError(
                "--seeds also replaces the contexts, so pass only one of the two options"
            )
        last = task.chain[-1]
        user_items["seeds"] = _items("seeds", config.seeds, last, most=True)
        return (
            ListSpec(last.name or "seeds", last, last.batch, fixed=user_items["seeds"]),
        ), user_items
    if (task.contexts is None and config.contexts is not None) or (
        limit is not None and not task.chain
    ):
        raise UsageError(f"task {task.name} has no contexts (step 1)", hint="use --seeds")
    if config.contexts is not None and task.contexts is not None:
        user_items["contexts"] = _items("contexts", config.contexts, task.contexts)
    steps = {id(source): step.name for step in task.steps for source in step.lists or ()}
    for lists in [part.lists for part in task.seeding.parts.values()] or [task.chain]:
        sizes = {name: list(options[name].batch) for name in steps.values()}
        for source in lists:
            name = steps[id(source)]
            part = ListSpec(
                name,
                source,
                sizes[name].pop(0) if sizes[name] else source.batch,
                candidates=options[name].candidates,
            )
            if source is task.contexts:
                items = user_items.get("contexts")
                part = replace(part, fixed=items and items[: math.ceil(len(items) * fraction)])
            if not chain:  # stands in for contexts in a task without them
                part = replace(part, limit=limit)
            chain.append(part)
    return tuple(chain), user_items


def _items(option: str, path: Path, step: ListStep[Any], *, most: bool = False) -> tuple[Any, ...]:
    """The items of a user's file."""
    from targen_core.dataset.items import read_items

    return read_items(path, step, flag_of(option), most=most)


def refuse_unsharded(task: Task[Any, Any], shard: Shard, chain: Sequence[ListSpec]) -> None:
    """Refuse a shard of a run that cannot be divided, or a shard without work."""
    alone = "omit --shard; for more rows, use a different --seed"
    paper = task.seeding.seed_branch is not None and "paper" in task.variants
    for part in chain:
        if part.source.balanced:
            raise UsageError(
                f"--shard: rows of {task.name} are spread evenly over the items of "
                f"{part.step}, which is only possible within one run",
                hint=alone,
            )
        if part.source.told_rows:
            raise UsageError(
                f"--shard: step {part.step} of {task.name} learns from earlier rows, which "
                "is only possible within one run",
                hint=alone + (", or add --variant paper" if paper else ""),
            )
    parts = [len(part.lists) for part in task.seeding.parts.values()] or [len(chain)]
    for first in (chain[sum(parts[:number])] for number in range(len(parts))):
        count = first.limit
        if first.fixed is not None or first.source.once:
            there = first.source.batch if first.fixed is None else len(first.fixed)
            count = there if count is None else min(there, count)
        if count is None or shard.of(count):
            continue
        if count == 1:
            raise UsageError(
                f"--shard {shard}: the first list of {task.name}, {first.step}, has only "
                "one item, and an item cannot be divided between shards",
                hint=alone,
            )
        raise UsageError(
            f"--shard {shard}: the first list of {task.name}, {first.step}, has "
            f"{plural(count, 'item')}, so this shard would be empty",
            hint=f"use at most {plural(count, 'shard')}",
        )
