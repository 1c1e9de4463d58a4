"""Check that a run would continue with what it started with."""

from __future__ import annotations

from collections.abc import Iterator

from targen_core.errors import RunConflict
from targen_core.runs.records.differences import alike, explain
from targen_core.runs.records.lock import Lock


def require_same(there: Lock, now: Lock, file: str) -> None:
    """Check that a run would continue with what it started with.

    `file` is the run's copy of the task's file, if it was in one.

    Raises:
        RunConflict: something has changed.
    """
    apart = [*_apart(there, now)]
    if not apart:
        return
    conflict = RunConflict(
        f"this run was started with other values of: {', '.join(apart)}",
        hint="resume it with its original options and the versions in its manifest.json",
    )
    explain(conflict, there, now, file)
    raise conflict


def _apart(there: Lock, now: Lock) -> Iterator[str]:
    """Yield the names of what has changed."""
    if now.task != there.task:
        yield "task"
    for step in {**there.steps, **now.steps}:
        model, model_now = (
            (lock.steps[step].identity, lock.steps[step].params) if step in lock.steps else None
            for lock in (there, now)
        )
        if model != model_now:
            yield f"model of step {step}"
    for name in ("corrector", "batches", "given"):
        if getattr(there, name) != getattr(now, name):
            yield name
    for place in {**there.parts, **now.parts}:
        was, is_now = there.parts.get(place), now.parts.get(place)
        if was is None or is_now is None or (was.id == is_now.id and not alike(was, is_now)):
            yield place
