"""One call that drafts a declaration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from targen_core.calls.layer import CallLayer
from targen_core.calls.usage import Counts
from targen_core.errors import JobFailed, Rejected
from targen_core.plugins.registry import Registry
from targen_core.runs.records.spec import RunSpec
from targen_core.wording import Action
from targen_standard.drafting.declaration import (
    DRAFT_PROMPT,
    DraftReply,
    declared,
    drafting_task,
    outputs,
)
from targen_standard.single import ask_once, cost_of_one
from targen_standard.task_files.model import Declaration


@dataclass(frozen=True, slots=True)
class Draft:
    """A model's draft, and its usage, earlier processes included."""

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

    A draft that makes no task is sent back once, with what is wrong. `spec` gives backend, options,
    seed and limits. `folder` keeps the journal, so that the same draft asks no answered call again;
    without it the journal is in a temporary folder. `on_layer` is called with the call layer,
    before the first call.

    Raises:
        UsageError: anything wrong with the backend or its options.
        JobFailed: two drafts made no task; or budget or service stopped it.
    """
    try:
        reply, usage = ask_once(
            registry,
            drafting_task(),
            spec,
            DRAFT_PROMPT,
            reply=DraftReply,
            check=_usable,
            place="draft",
            cache=cache,
            folder=folder,
            on_layer=on_layer,
            wanted=description.strip(),
            outputs=outputs(registry),
        )
    except Rejected as error:
        raise JobFailed(
            f"the model's draft is not a valid task: {error}",
            hint="try a different model, or: " + Action("init-task", blank=True),
        ) from error
    return Draft(declared(reply), usage)


def _usable(reply: DraftReply) -> None:
    declared(reply)


def draft_cost(registry: Registry, description: str, spec: RunSpec) -> float | None:
    """Return the most that a draft may cost, in dollars; None if no price is known.

    Raises:
        UsageError: anything wrong with the backend or its options.
    """
    characters = len(DRAFT_PROMPT.text) + len(outputs(registry)) + len(description)
    return cost_of_one(registry, drafting_task(), spec, characters)
