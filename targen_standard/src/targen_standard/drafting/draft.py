"""One call that drafts a declaration, through the call layer like any other."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.calls.call import Scope
from targen_core.calls.journal import Journal
from targen_core.calls.layer import CallLayer
from targen_core.calls.usage import Counts, Usage
from targen_core.engine.facade import StageLlm
from targen_core.errors import JobFailed, Rejected
from targen_core.plugins.registry import Registry
from targen_core.runs.jobs.account import part_limits
from targen_core.runs.jobs.session import open_layer
from targen_core.runs.preparing.delivering import chosen_delivery
from targen_core.runs.preparing.models import PreparedStep, bind_models, models_of
from targen_core.runs.preparing.plan import options_of
from targen_core.runs.records.spec import RunSpec
from targen_core.tasks.model import Task
from targen_core.wording import Action
from targen_standard.drafting.declaration import DRAFT_PROMPT, DraftReply, declared, drafting_task
from targen_standard.task_files.model import Declaration

__all__ = ["Draft", "draft_cost", "draft_task"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a model drafted, and what that took, earlier processes included."""

    declaration: Declaration
    usage: Counts


def draft_task(
    registry: Registry,
    description: str,
    spec: RunSpec,
    *,
    cache: Path | None = None,
    folder: Path | None = None,
    on_layer: Callable[[CallLayer], None] = lambda layer: None,
) -> Draft:
    """Have a model draft the declaration of a task from its `description`.

    A draft that makes no task is sent back once, with what is wrong. Of
    `spec`, backend, options, seed and limits are used. `folder` keeps the journal, so that the
    same draft asks no answered call again; without it the journal is in a temporary folder.
    `on_layer` is called with the call layer, before the first call.

    Raises:
        UsageError: anything wrong with the backend or its options.
        JobFailed: two drafts made no task; or budget or service stopped it.
    """
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="targen-")))
        spec = spec.replace(limits=part_limits(folder, spec.limits))
        return asyncio.run(_draft(registry, description, spec, cache, folder, on_layer))


def draft_cost(registry: Registry, description: str, spec: RunSpec) -> float | None:
    """Return the most that a draft may cost, in dollars; None if no price is known.

    Raises:
        UsageError: anything wrong with the backend or its options.
    """
    step = _model(registry, spec, drafting_task())
    if step.price is None:
        return None
    # The prompt and an answer; a second attempt carries both, and has an answer of its own.
    prompt = len(DRAFT_PROMPT.text) + len(description)
    answer = step.params["max_tokens"]
    return step.price.max_dollars(prompt, answer) + step.price.max_dollars(prompt + answer, answer)


async def _draft(
    registry: Registry,
    description: str,
    spec: RunSpec,
    cache: Path | None,
    folder: Path,
    on_layer: Callable[[CallLayer], None],
) -> Draft:
    task = drafting_task()
    step = _model(registry, spec, task)
    usage = Usage()

    def usable(reply: DraftReply) -> None:
        declared(reply)

    journal = Journal(folder / "journal", on_record=usage.recall)
    try:
        async with open_layer(
            bind_models({"generate": step}, spec.limits),
            seed=spec.seed,
            limits=spec.limits,
            journal=journal,
            usage=usage,
            cache=cache,
        ) as layer:
            on_layer(layer)
            llm = StageLlm(
                layer,
                task,
                step="generate",
                place="draft",
                indices=(0,),
                label=None,
                scope=Scope(),
            )
            reply = await llm.ask(
                DRAFT_PROMPT, reply=DraftReply, check=usable, wanted=description.strip()
            )
    except Rejected as error:
        raise JobFailed(
            f"the model's draft is not a valid task: {error}",
            hint="try another model, or: " + Action("init-task", blank=True),
        ) from error
    finally:
        journal.close()
    return Draft(declared(reply), usage.total)


def _model(registry: Registry, spec: RunSpec, task: Task[Any, Any]) -> PreparedStep:
    """Find and make the model of a call that is no part of a run, asked as step 3 of `task`.

    Raises:
        UsageError: `spec` is invalid; its task and quotas are not looked at.
    """
    delivery = chosen_delivery(registry, spec.limits)
    steps = models_of(registry, task, spec, options_of(task, spec), {"generate"}, delivery)
    return steps["generate"]
