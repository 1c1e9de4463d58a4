"""Check that a run would continue with what it started with, and say what has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from targen_core.errors import RunConflict
from targen_core.plugins.register import MEMORY
from targen_core.runs.records.lock import Lock, PartPlan, StepPlan, TaskPlan
from targen_core.runs.records.model_names import called, class_of, is_in_file, settings_of
from targen_core.wording import Action, Blank, Option

_Use = tuple[str, str]
"""A model, and the settings by which two uses may differ, or ""."""


def require_same(there: Lock, now: Lock, file: str) -> None:
    """Check that a run would continue with what it started with.

    `file` is the run's copy of the task's file, if it was in one.

    Raises:
        RunConflict: naming each difference.
    """
    for place, was in there.parts.items():  # a file of a part may decide the task's prompts
        is_now = now.parts.get(place)
        if is_now is not None and was.id == is_now.id and was.files != is_now.files:
            raise RunConflict(
                f"the {place} of this run, {was.id}, {changed_part(was, is_now)}",
                hint="restore the file, or generate a new run",
            )
    if now.task != there.task:
        raise _other_task(there.task, now.task, file)
    hint = "resume it with its original options and the versions in its manifest.json"
    if any(map(is_in_file, there.steps.values())):
        hint = "a run of a class in a file continues only with the command that started it"
    steps = steps_apart(
        there.steps,
        now.steps,
        lambda was, now: (was.identity, was.params) != (now.identity, now.params),
    )
    apart = []
    for uses, names in steps.items():
        used, uses_now = (settings or model for model, settings in uses)
        apart.append(f"in {', '.join(names)}, this run used {used}, not {uses_now}")
    if there.corrector != now.corrector:
        apart.append(f"this run's corrector was {there.corrector}, not {now.corrector}")
    for place, was in there.parts.items():
        is_now = now.parts.get(place)
        if is_now is None or (was.id == is_now.id and not alike(was, is_now)):
            apart.append(f"the {place} of this run, {was.id}, {changed_part(was, is_now)}")
    for place in now.parts.keys() - there.parts.keys():
        if place.startswith(("check ", "filter ")):  # earlier versions recorded no other parts
            apart.append(f"this run was started without the {place}")
    if there.batches != now.batches:
        sizes, sizes_now = (", ".join(map(str, lock.batches)) for lock in (there, now))
        apart.append(f"this run's number of list items per call is {sizes}, not {sizes_now}")
    for name in sorted({*there.given, *now.given}):
        if there.given.get(name) != now.given.get(name):
            hint = "restore the file, or generate a new run"
            apart.append(f"the {name} of this run, given-{name}.jsonl, have changed")
    if apart:
        raise RunConflict("; ".join(apart), hint=hint)


def versions_apart(there: Lock, now: Lock) -> dict[str, tuple[str, str]]:
    """Return the distributions that are installed in another version, with both versions.

    A run continues with it, as long as it gives the same rows from the same replies.
    """
    installed = now.distributions
    return {
        name: (was, installed[name])
        for name, was in there.distributions.items()
        if installed.get(name, was) != was
    }


def changed_part(was: PartPlan, now: PartPlan | None) -> str:
    """Return what has changed in a part in use."""
    if now is None:
        return "is no longer used"
    if was.id != now.id:
        return f"is {now.id} now"
    for name in sorted({*was.options, *now.options}):
        before, after = was.options.get(name), now.options.get(name)
        if before == after:
            continue
        if name not in was.options:
            return f"was started without the option {name}, which is {after} now"
        if name not in now.options:
            return f"had {name}={before}, but no longer has this option"
        return f"had {name}={before}, not {after}"
    for name in sorted({*was.files, *now.files}):
        if was.files.get(name) != now.files.get(name):
            return f"read different data: the file or the rows in its option {name} have changed"
    return "has different prompts now"


def alike(was: PartPlan, now: PartPlan) -> bool:
    """Return whether parts are the same except for their datasets and versions.

    Datasets are compared by themselves. A run with another version of a filter continues: its rows
    are compared with new ones, as always.
    """
    return was == now.model_copy(update={"sources": was.sources, "version": was.version})


def steps_apart(
    there: Mapping[str, StepPlan],
    now: Mapping[str, StepPlan],
    differ: Callable[[StepPlan, StepPlan], bool],
) -> dict[tuple[_Use, _Use], list[str]]:
    """The steps that differ, by how: those with the same difference are together."""
    apart: dict[tuple[_Use, _Use], list[str]] = {}
    for step in {**there, **now}:
        was, is_now = there.get(step), now.get(step)
        if was is None or is_now is None:
            uses = tuple((called(plan) if plan else "no model", "") for plan in (was, is_now))
            apart.setdefault((uses[0], uses[1]), []).append(step)
        elif differ(was, is_now):
            apart.setdefault(_uses(was, is_now), []).append(step)
    return apart


def _uses(was: StepPlan, now: StepPlan) -> tuple[_Use, _Use]:
    """Two uses of models, with the settings that differ if the models are called alike."""
    mine, other = called(was), called(now)
    if mine != other:
        return (mine, ""), (other, "")
    for before, after in ((was.params, now.params), (was.options, now.options)):
        names = [n for n in sorted({*before, *after}) if before.get(n) != after.get(n)]
        if names:
            break
    words = [
        ", ".join(f"{name}={of[name]}" if name in of else f"the default {name}" for name in names)
        for of in (before, after)
    ]
    if not names:  # only the backend knows
        tell = next(
            (way for way in (settings_of, class_of) if way(was.identity) != way(now.identity)), str
        )
        words = [tell(was.identity), tell(now.identity)]
    return (mine, words[0]), (other, words[1])


def _other_task(there: TaskPlan, now: TaskPlan, file: str) -> RunConflict:
    if file and now.version == there.version:
        return RunConflict(
            f"{file} gives different prompts with this version of targen",
            hint="use the versions in the run's manifest.json, or generate a new run",
        )
    if file:
        return RunConflict(
            f"the task of this run, {file}, has changed",
            hint="restore the file, or generate a new run with a different " + Option("out", ...),
        )
    if now.id.startswith(f"{MEMORY}:"):
        versions = f"version {there.version}, not {now.version},"
        other = versions if now.version != there.version else "other prompts, dimensions or labels"
        return RunConflict(
            f"this run was started with {other} of the task {now.id.partition(':')[2]}",
            hint="pass the Task that it was started with, or make a new version of the run: "
            + Action("revise", Blank("RUN"), Blank("TASK"), out=...),
        )
    if now.version != there.version:
        return RunConflict(
            f"this run was started with {now.id} version {there.version}, but version "
            f"{now.version} is installed",
            hint=f"install the version of {now.id.partition(':')[0]} that created it, or generate "
            "a new run",
        )
    return RunConflict(
        f"the prompts, dimensions or labels of {now.id} changed without a new version number",
        hint=f"report it to the authors of {now.id.partition(':')[0]}, or generate a new run",
    )
