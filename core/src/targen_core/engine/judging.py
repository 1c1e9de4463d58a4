"""Step 4 of one instance, whether it was just generated or stood in a file."""

from __future__ import annotations

from typing import Any

from targen_core.engine.facade import StageLlm
from targen_core.engine.guard import Guard
from targen_core.errors import Rejected
from targen_core.tasks.judging import Correction
from targen_core.tasks.steps import Corrector

__all__ = ["CHANGED", "judge"]

CHANGED = "the corrector changed the instance that it was given"
"""What is said of one that does; the kit has a check for it."""


async def judge(
    corrector: Corrector[Any],
    llm: StageLlm,
    guard: Guard,
    instance: Any,
    claimed: str | None,
) -> tuple[Any, Correction]:
    """The instance with the label that the corrector gives it, and what it said.

    One that keeps its `claimed` label is given back as it is; whether another
    may have its new one is for the caller to check. None is claimed if step
    4 is to find the label. `guard` is the corrector's.

    Raises:
        Rejected: the corrector gives it none, or it cannot have that one.
        StageFailed: the corrector, or the task, is broken; it changed the instance, say.
    """
    before = instance.model_copy(deep=True)
    correction = await guard.wait(corrector, llm, instance)
    if instance != before:
        raise guard.fault(f"{CHANGED}: a row is written from it; return the label in a Correction")
    if not isinstance(correction, Correction):
        raise guard.fault(f"the corrector returned {type(correction).__name__}, not a Correction")
    if correction.label is None:
        raise Rejected(correction.reason or "rejected", correction.explanation)
    if correction.label == claimed:
        return instance, correction
    return guard.call(llm.task.with_label, instance, correction.label), correction
