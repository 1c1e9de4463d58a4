"""Step 4 of one instance, whether it was just generated or stood in a file."""

from __future__ import annotations

from typing import Any

from targen_core.engine.guard import Guard
from targen_core.engine.stage_llm import StageLlm
from targen_core.errors import Rejected
from targen_core.tasks.judging import Correction
from targen_core.tasks.model import Task
from targen_core.tasks.steps import Corrector
from targen_core.text import with_article

CHANGED = "the corrector changed the instance that it was given"
"""The error for a corrector that changes its instance; the kit has a check for it."""


async def judge(
    corrector: Corrector[Any],
    llm: StageLlm,
    guard: Guard,
    instance: Any,
    claimed: str | None,
) -> tuple[Any, Correction]:
    """Return the instance as the corrector leaves it, and what it said.

    An instance that keeps its `claimed` label and is not corrected otherwise is returned unchanged.
    The caller checks whether a changed one is valid. `claimed` is None if step 4 is to find the
    label. `guard` is the corrector's.

    Raises:
        Rejected: the corrector gives it none, or it cannot have that one.
        PluginError: the corrector, or the task, is broken; it changed the instance, say.
    """
    before = instance.model_copy(deep=True)
    correction = await guard.wait(corrector, llm, instance)
    if instance != before:
        raise guard.fault(
            f"{CHANGED}; rows are written from that instance, so return the label in a Correction"
        )
    if not isinstance(correction, Correction):
        raise guard.fault(f"the corrector returned {type(correction).__name__}, not a Correction")
    if correction.label is None:
        raise Rejected(correction.reason or "rejected", correction.explanation)
    if correction.instance is not None:
        return _corrected(llm.task, guard, correction), correction
    if correction.label == claimed:
        return instance, correction
    return guard.call(llm.task.with_label, instance, correction.label), correction


def _corrected(task: Task[Any, Any], guard: Guard, correction: Correction) -> Any:
    """Return the instance that a correction brings, which must be of the task and of its label."""
    instance = correction.instance
    if not isinstance(instance, task.instance):
        raise guard.fault(
            f"the corrected instance is {with_article(type(instance).__name__)}, not "
            f"{with_article(task.instance.__name__)}"
        )
    label = guard.call(task.label_of, instance)
    if label != correction.label:
        raise guard.fault(
            f"the corrected instance is labelled {label}, but the Correction's label is "
            f"{correction.label}"
        )
    return instance
