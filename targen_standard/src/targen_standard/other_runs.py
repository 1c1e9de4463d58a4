"""Describe how the run in a folder differs from a request for that folder."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

from targen_core.plain import content_of
from targen_core.runs.records.comparing import alike, changed_part, steps_apart
from targen_core.runs.records.manifest import USUAL_PLACES, Manifest, flat
from targen_core.runs.records.shortcuts import datasets_of
from targen_core.task_files import TaskFile

__all__ = ["difference"]


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
    if apart := steps_apart(mine, theirs, lambda was, now: was != now):
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
