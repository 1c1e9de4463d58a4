"""One call that belongs to no run, through the call layer like any other."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from targen_core.calls.call import Scope
from targen_core.calls.journal import Journal
from targen_core.calls.layer import CallLayer
from targen_core.calls.usage import Counts, Usage
from targen_core.engine.facade import StageLlm
from targen_core.plugins.registry import Registry
from targen_core.runs.jobs.account import part_limits
from targen_core.runs.jobs.event_loops import finish
from targen_core.runs.jobs.session import open_layer
from targen_core.runs.preparing.delivering import chosen_delivery
from targen_core.runs.preparing.models import PreparedStep, bind_models, models_of
from targen_core.runs.preparing.parts import Parts
from targen_core.runs.preparing.plan import options_of
from targen_core.runs.records.spec import RunSpec
from targen_core.tasks.model import Task
from targen_core.tasks.prompt import Prompt

__all__ = ["ask_once", "cost_of_one"]

R = TypeVar("R", bound=BaseModel)


def ask_once(
    registry: Registry,
    task: Task[Any, Any],
    spec: RunSpec,
    prompt: Prompt,
    *,
    reply: type[R],
    check: Callable[[R], None] | None = None,
    place: str,
    cache: Path | None = None,
    folder: Path | None = None,
    on_layer: Callable[[CallLayer], None] = lambda layer: None,
    **values: Any,
) -> tuple[R, Counts]:
    """Return the reply to a prompt, and what it took, earlier processes included.

    Args:
        registry: finds the backend.
        task: the call is made as its step 3: with its parameters and dry-run replies.
        spec: its backend, options, seed and limits are used.
        prompt: the question, filled with `values`.
        reply: the model of the reply.
        check: raises `Rejected` for a reply that cannot be used, which is sent back once.
        place: the name of the call's place.
        cache: the folder of replies that are shared between runs.
        folder: keeps the journal, so that an answered call is not repeated; without it the journal
            is in a temporary folder.
        on_layer: is called with the call layer, before the call.
        **values: of the prompt.

    Raises:
        UsageError: anything wrong with the backend or its options.
        Rejected: two replies could not be used.
        JobFailed: budget or service stopped it.
    """

    async def asked(folder: Path, spec: RunSpec) -> tuple[R, Counts]:
        step, usage = _model(registry, spec, task), Usage()
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
                    place=place,
                    indices=(0,),
                    label=None,
                    scope=Scope(),
                )
                made = await llm.ask(prompt, reply=reply, check=check, **values)
        finally:
            journal.close()
        return made, usage.total

    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="targen-")))
        spec = spec.replace(limits=part_limits(folder, spec.limits))
        return finish(asked(folder, spec))  # in a notebook, a loop is running


def cost_of_one(
    registry: Registry, task: Task[Any, Any], spec: RunSpec, characters: int
) -> float | None:
    """Return the most that a call with a prompt of so many characters may cost, in dollars.

    A second attempt is included. None if no price is known.

    Raises:
        UsageError: anything wrong with the backend or its options.
    """
    step = _model(registry, spec, task)
    if step.price is None:
        return None
    # The prompt and an answer; a second attempt carries both, and has an answer of its own.
    answer = step.params["max_tokens"]
    first, second = (step.price.max_dollars(n, answer) for n in (characters, characters + answer))
    return first + second


def _model(registry: Registry, spec: RunSpec, task: Task[Any, Any]) -> PreparedStep:
    """Find and make the model of a call, asked as step 3 of `task`.

    Raises:
        UsageError: `spec` is invalid; its task and quotas are not looked at.
    """
    delivery = chosen_delivery(registry, spec.limits)
    options = options_of(task, spec, Parts(registry, spec.options))
    steps = models_of(registry, task, spec, options, {"generate"}, delivery)
    return steps["generate"]
