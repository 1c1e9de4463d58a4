"""Check that a run would continue with what it started with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from targen_core.errors import RunConflict
from targen_core.hints import flag_of
from targen_core.runs.records.lock import Lock, PartPlan
from targen_core.runs.records.manifest import Manifest, flat


def difference(there: Manifest, requested: Manifest) -> str:
    """Name the options by which a request differs from a run, with values that people pass."""
    mine, theirs = (
        flat({**decides, "targets": decides["targets"][-1]}) | of.parts_beside(other)
        for of, other in ((there, requested), (requested, there))
        for decides in (of.deciding(),)
    )
    names = [name for name in {**theirs, **mine} if mine.get(name) != theirs.get(name)]
    said = (_option(name, mine.get(name), theirs.get(name)) for name in names)
    return ", ".join(dict.fromkeys(said))


def _option(name: str, was: Any, now: Any) -> str:
    """Return the option behind a field of a manifest, with its two values if they are short."""
    first, _, rest = name.partition(".")
    match first:
        case "task" | "task_file" | "given":
            return "a different task" if first != "given" else f"different {rest}"
        case "steps":
            return "a different --backend, --model or -o"
        case "batches":
            return "a different -o STEP.batch"
        case "parts":
            return f"a different {rest.partition('.')[0]}"
        case "targets" if rest.startswith("quotas"):
            return "a different -n or --label"
        case "targets":
            first, rest = rest, ""
    passed = [flag_of(first)] if not rest else [flag_of(first), rest]
    values = ["none" if each in (None, "", []) else str(each) for each in (was, now)]
    return f"{' '.join(passed)} {values[0]}, not {values[1]}"


def require_same(there: Lock, now: Lock, file: str) -> None:
    """Check that a run would continue with what it started with.

    `file` is the run's copy of the task's file, if it was in one.

    Raises:
        RunConflict: something has changed.
    """
    if apart := [*_apart(there, now, file)]:
        raise RunConflict(
            f"this run was started with a different {', '.join(apart)}",
            hint="resume it with its original options and files, and the versions in its "
            "manifest.json; or generate a new run",
        )


def _apart(there: Lock, now: Lock, file: str) -> Iterator[str]:
    """Yield the names of what has changed."""
    if now.task != there.task:
        yield file or "task"
    models, models_now = (
        {step: (plan.identity, plan.params) for step, plan in lock.steps.items()}
        for lock in (there, now)
    )
    steps = {**models, **models_now}
    if apart := [step for step in steps if models.get(step) != models_now.get(step)]:
        yield f"model, or one of its options, in {', '.join(apart)}"
    if there.corrector != now.corrector:
        yield "corrector"
    if there.batches != now.batches:
        yield "number of list items per call"
    for name in sorted({*there.given, *now.given}):
        if there.given.get(name) != now.given.get(name):
            yield f"list of {name}"
    for place in {**there.parts, **now.parts}:
        was, is_now = there.parts.get(place), now.parts.get(place)
        if was is None or is_now is None or (was.id == is_now.id and not alike(was, is_now)):
            yield place


def alike(was: PartPlan, now: PartPlan) -> bool:
    """Return whether parts are the same except for their datasets, which are compared apart."""
    return was == now.model_copy(update={"sources": was.sources})
