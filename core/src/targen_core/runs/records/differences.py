"""Describe how a run differs from a request for its folder, or from what is installed now."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from targen_core.errors import RunConflict
from targen_core.plain import content_of
from targen_core.plugins.adapters import IN_FILE
from targen_core.plugins.register import MEMORY
from targen_core.runs.records.lock import Lock, PartPlan, StepPlan, TaskPlan
from targen_core.runs.records.manifest import USUAL_PLACES, Manifest, flat
from targen_core.runs.records.model_names import (
    ADAPTED,
    backend_name,
    is_in_file,
    model_name,
)
from targen_core.runs.records.shortcuts import datasets_of
from targen_core.task_files import TaskFile

_Use = tuple[str, str]
"""A model, and the settings by which two uses may differ, or ""."""


def difference(there: Manifest, asked: Manifest, out: Path, file: TaskFile | None) -> str:
    """Return the first difference between the start of the run in `out` and a request.

    `file` is that of the requested task, if it is in one.
    """
    if of_task := _task_apart(there, asked, out, file):
        return of_task
    if there.task.id != asked.task.id:
        return _both(f"task {there.task.id}", asked.task.id)
    if there.task.variants != asked.task.variants:  # they change much else
        was, now = (" ".join(of.task.variants) for of in (there, asked))
        return _both(f"variant {was}" if was else "no variant", now or "none")
    both = there.steps.keys() & asked.steps.keys()
    mine, theirs = ({step: of.steps[step] for step in both} for of in (there, asked))
    if apart := _steps_apart(mine, theirs, lambda was, now: was != now):
        uses, steps = max(apart.items(), key=lambda item: len(item[1]))
        begun, now = (" with ".join(filter(None, use)) for use in uses)
        return _both(
            begun if len(steps) == len(asked.steps) else f"{begun} in step {min(steps)}", now
        )
    return _sources_apart(there, asked) or _parts_apart(there, asked) or _plan_apart(there, asked)


def _both(begun: object, asked: object) -> str:
    return f"{begun}; you asked for {asked}"


def _sources_apart(there: Manifest, asked: Manifest) -> str:
    """The first other datasets that options of parts name, or ""."""
    for place in {**there.lock.parts, **asked.lock.parts}:
        plans = [of.lock.parts.get(place) for of in (there, asked)]
        mine, theirs = (() if plan is None else plan.sources for plan in plans)
        if [one.digest for one in mine] == [one.digest for one in theirs]:
            continue
        begun, now = (
            ", ".join(f"{one.source} (digest {one.digest[:12]})" for one in sources)
            for sources in (mine, theirs)
        )
        part = next(plan for plan in plans if plan is not None)
        done = datasets_of(part.id)[1].done
        return _both(f"{begun or 'nothing'} {done}", now or "nothing")
    return ""


def _parts_apart(there: Manifest, asked: Manifest) -> str:
    """The first part in use that has different options now, or ""."""
    now = asked.lock.parts
    for place, was in there.lock.parts.items():
        same = place in now and was.id == now[place].id
        if same and place not in USUAL_PLACES and not alike(was, now[place]):
            return f"{place} {was.id}, which {changed_part(was, now[place])}"
    return ""


def _plan_apart(there: Manifest, asked: Manifest) -> str:
    """The first value that differs between two plans whose models are alike."""
    mine, theirs = (
        flat({**decides, "targets": decides["targets"][-1]}) | of.parts_beside(other)
        for of, other in ((there, asked), (asked, there))
        for decides in (of.deciding(),)
    )
    for name in {**theirs, **mine}:
        begun, now = (of.get(name, "the default") for of in (mine, theirs))
        if begun != now:
            words = re.sub(r"^targets\.|^parts\.|\boptions\.", "", name)
            words = words.replace("_", " ").replace(".", " ")
            return _both(f"{words} {_listed(begun)}", _listed(now))
    return "different options"


def _listed(value: object) -> object:
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return "none" if value in (None, "") else value


def _task_apart(there: Manifest, requested: Manifest, out: Path, file: TaskFile | None) -> str:
    """Return in what the task's file differs from the run's copy, or ""."""
    was, now = there.task, requested.task
    if not there.task_file or was.id != now.id or was.version == now.version:
        return ""
    keys: list[str] = []
    with suppress(OSError, ValueError):  # a file in Python
        copies = content_of(out / there.task_file), file.text if file else ""
        before, after = (json.loads(text) for text in copies)
        keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    name = was.id.partition(":")[2]
    what = ", ".join(keys)
    return (
        f"a version of the task {name} that differs in {what}"
        if what
        else f"a different version of the task {name}"
    )


def explain(error: RunConflict, there: Lock, now: Lock, file: str) -> None:
    """Have an error say how what a run would continue with differs from what it started with.

    `file` is the run's copy of the task's file, if it was in one.
    """
    words, error.hint = _conflict(there, now, file)
    error.args = (words,)


def _conflict(there: Lock, now: Lock, file: str) -> tuple[str, str]:
    """Return what has changed, and what to do about it."""
    for place, was in there.parts.items():  # a file of a part may decide the task's prompts
        is_now = now.parts.get(place)
        if is_now is not None and was.id == is_now.id and was.files != is_now.files:
            return (
                f"the {place} of this run, {was.id}, {changed_part(was, is_now)}",
                "restore the file, or generate a new run",
            )
    if now.task != there.task:
        return _other_task(there.task, now.task, file)
    hint = "resume it with its original options and the versions in its manifest.json"
    if any(map(is_in_file, there.steps.values())):
        hint = "a run of a class in a file continues only with the command that started it"
    steps = _steps_apart(
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
        apart.append(f"this run was started without the {place}")
    if there.batches != now.batches:
        sizes, sizes_now = (", ".join(map(str, lock.batches)) for lock in (there, now))
        apart.append(f"this run's number of list items per call is {sizes}, not {sizes_now}")
    for name in sorted({*there.given, *now.given}):
        if there.given.get(name) != now.given.get(name):
            hint = "restore the file, or generate a new run"
            apart.append(f"the {name} of this run, given-{name}.jsonl, have changed")
    return "; ".join(apart), hint


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
        return f"had {name}={before}, not {after}"
    for name in sorted({*was.files, *now.files}):
        if was.files.get(name) != now.files.get(name):
            return f"read different data: the file or the rows in its option {name} have changed"
    return "has different prompts now"


def _steps_apart(
    there: Mapping[str, StepPlan],
    now: Mapping[str, StepPlan],
    differ: Callable[[StepPlan, StepPlan], bool],
) -> dict[tuple[_Use, _Use], list[str]]:
    """The steps that differ, by how: those with the same difference are together."""
    apart: dict[tuple[_Use, _Use], list[str]] = {}
    for step in {**there, **now}:
        was, is_now = there.get(step), now.get(step)
        if was is None or is_now is None:
            uses = tuple((_called(plan) if plan else "no model", "") for plan in (was, is_now))
            apart.setdefault((uses[0], uses[1]), []).append(step)
        elif differ(was, is_now):
            apart.setdefault(_uses(was, is_now), []).append(step)
    return apart


def _uses(was: StepPlan, now: StepPlan) -> tuple[_Use, _Use]:
    """Two uses of models, with the settings that differ if the models are called alike."""
    mine, other = _called(was), _called(now)
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
            (way for way in (_settings_of, _class_of) if way(was.identity) != way(now.identity)),
            str,
        )
        words = [tell(was.identity), tell(now.identity)]
    return (mine, words[0]), (other, words[1])


def _other_task(there: TaskPlan, now: TaskPlan, file: str) -> tuple[str, str]:
    """Return how two tasks of one name differ, and what to do about it."""
    if file and now.version == there.version:
        return (
            f"{file} gives different prompts with this version of targen",
            "use the versions in the run's manifest.json, or generate a new run",
        )
    if file:
        return (
            f"the task of this run, {file}, has changed",
            "restore the file, or generate a new run with a different --out",
        )
    if now.id.startswith(f"{MEMORY}:"):
        versions = f"version {there.version}, not {now.version},"
        other = versions if now.version != there.version else "other prompts, dimensions or labels"
        return (
            f"this run was started with {other} of the task {now.id.partition(':')[2]}",
            (
                "pass the Task that it was started with, or make a new version of the run: "
                "targen revise RUN TASK --out"
            ),
        )
    if now.version != there.version:
        return (
            (
                f"this run was started with {now.id} version {there.version}, but version "
                f"{now.version} is installed"
            ),
            (
                f"install the version of {now.id.partition(':')[0]} that created it, or generate "
                "a new run"
            ),
        )
    return (
        f"the prompts, dimensions or labels of {now.id} changed without a new version number",
        f"report it to the authors of {now.id.partition(':')[0]}, or generate a new run",
    )


def _settings_of(identity: str) -> str:
    """Return how two models that are called alike differ, as far as their identities tell."""
    return f"settings {identity.split(':')[3]}" if ADAPTED.match(identity) else identity


def _class_of(identity: str) -> str:
    """Return the class of an adapted model; one in a file has the name of no module."""
    if not ADAPTED.match(identity):
        return identity
    where, _, name = identity.split(":")[1].rpartition(".")
    module = where.removeprefix(IN_FILE)
    return f"class {name} of {f'module {where}' if module == where else f'{module}.py'}"


def _called(plan: StepPlan) -> str:
    """A step's model, its backend and the address of its service, as a person gave them."""
    name = model_name(plan)
    if plan.backend.startswith(f"{MEMORY}:"):  # named by its class, which the person wrote
        _, kind, *_ = plan.identity.split(":") if ADAPTED.match(plan.identity) else ("", "")
        given = kind or backend_name(plan)
        return f"model object {given}" + (f" ({name})" if not given.endswith(name) else "")
    backend = f"backend {backend_name(plan)}"
    where = plan.options.get("base_url")
    at = f" at {where}" if where else ""
    return f"model {name} on {backend}{at}" if name else f"{backend}{at}"


def alike(was: PartPlan, now: PartPlan) -> bool:
    """Return whether parts are the same except for their datasets, which are compared apart."""
    return was == now.model_copy(update={"sources": was.sources})
