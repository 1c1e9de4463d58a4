"""What a spec came to when a run was begun: compared with what it comes to later."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from targen_core.errors import RunConflict
from targen_core.runs.records.spec import ManifestPart
from targen_core.wording import Option

__all__ = [
    "COPY",
    "Lock",
    "PartPlan",
    "SourcePlan",
    "StepPlan",
    "TaskPlan",
    "alike",
    "changed_part",
    "require_same",
]

COPY = re.compile(r"given-[A-Za-z0-9][\w.-]{0,199}")
"""What a run's copy of a file is called that an option of a part names."""


class TaskPlan(ManifestPart):
    """The task: its full id and version, its variants, each prompt's version.

    `dimensions` holds digests by `STEP.NAME`.

    `branches` says what each branch aims at, where these are not the labels.
    """

    id: str
    version: str
    variants: tuple[str, ...] = ()
    labels: tuple[str, ...]
    branches: Mapping[str, str | None] = {}
    lists: Mapping[str, tuple[str, ...]] = {}
    unit: int
    prompts: dict[str, str]
    dimensions: Mapping[str, str] = {}

    @property
    def aims(self) -> dict[str, str | None]:
        """What each branch aims at: a label, or None where step 4 finds it."""
        return dict(self.branches) or {label: label for label in self.labels}


class StepPlan(ManifestPart):
    """One step's model: backend id, options without secrets, parameters."""

    backend: str
    identity: str
    options: dict[str, Any]
    params: dict[str, Any]


class SourcePlan(ManifestPart):
    """A dataset that an option of a part names: its digest is of the texts in `columns`."""

    source: str
    rows: Annotated[int, Field(gt=0, le=10**12)]
    digest: str
    columns: tuple[str, ...]


class PartPlan(ManifestPart):
    """A registered part in use: its full id, all of its options, its own prompts' versions.

    `files` are its options that are paths, each with the digest of the file there, or "" where
    there is none. The option then is the name of the run's copy, or an absolute path. `sources` are
    the datasets that its options name, in the order of their digests; these options are not here.
    `version` is a filter's; runs that record none were begun with version 1.
    """

    id: str
    options: Mapping[str, Any] = {}
    prompts: Mapping[str, str] = {}
    files: Mapping[str, str] = {}
    sources: tuple[SourcePlan, ...] = ()
    version: int = 1

    @property
    def copies(self) -> dict[str, str]:
        """The names of the run's copies of files, by the option that each is for."""
        named = {option: str(self.options.get(option)) for option in self.files}
        return {option: name for option, name in named.items() if COPY.fullmatch(name)}

    @property
    def names(self) -> tuple[str, str]:
        """What its options may be typed with: its full id, and its name."""
        return self.id, self.id.partition(":")[2]

    @property
    def typed(self) -> dict[str, Any]:
        """Its options as a spec has them, by the full id."""
        return {f"{self.id}.{name}": value for name, value in self.options.items()}


class Lock(ManifestPart):
    """All that a spec's names stand for.

    `batches` holds items a batch for each list of the chain; `given` the
    digests of the user's own contexts or seeds.
    `parts` are by their place in the run, such as "corrector"; earlier runs have none.
    """

    task: TaskPlan
    steps: dict[str, StepPlan]
    corrector: str | None
    batches: tuple[int, ...]
    given: dict[str, str]
    distributions: dict[str, str]
    parts: Mapping[str, PartPlan] = {}


def require_same(there: Lock, now: Lock, file: str) -> None:
    """See that what a run was begun with is what it would go on with.

    `file` is the run's copy of the task's file, if it was in one.

    Raises:
        RunConflict: naming each difference.
    """
    for place, was in there.parts.items():  # a file of a part may decide the task's prompts
        is_now = now.parts.get(place)
        if is_now is not None and was.id == is_now.id and was.files != is_now.files:
            raise RunConflict(
                f"the {place} of this run, {was.id}, {changed_part(was, is_now)}",
                hint="put the file back as it was, or generate a new run",
            )
    if now.task != there.task:
        raise _other_task(there.task, now.task, file)
    apart = []
    hint = "resume it with its original options and the versions in its manifest.json"
    steps: dict[tuple[str, str], list[str]] = {}  # those with the same difference, together
    for step in {**there.steps, **now.steps}:
        used, uses = _apart(there.steps.get(step), now.steps.get(step))
        if used != uses:
            steps.setdefault((used, uses), []).append(step)
    for (used, uses), names in steps.items():
        apart.append(f"{', '.join(names)} of this run used {used}, not {uses}")
    if there.corrector != now.corrector:
        apart.append(f"this run's corrector was {there.corrector}, not {now.corrector}")
    for place, was in there.parts.items():
        is_now = now.parts.get(place)
        if is_now is None or (was.id == is_now.id and not alike(was, is_now)):
            apart.append(f"the {place} of this run, {was.id}, {changed_part(was, is_now)}")
    for place in now.parts.keys() - there.parts.keys():
        if place.startswith(("check ", "filter ")):  # earlier versions recorded no other parts
            apart.append(f"this run was begun without the {place}")
    if there.batches != now.batches:
        apart.append(f"this run asks for {there.batches} list items per call, not {now.batches}")
    for name in sorted({*there.given, *now.given}):
        if there.given.get(name) != now.given.get(name):
            hint = "put the file back as it was, or generate a new run"
            apart.append(f"the {name} of this run, given-{name}.jsonl, have changed")
    if apart:
        raise RunConflict("; ".join(apart), hint=hint)


def alike(was: PartPlan, now: PartPlan) -> bool:
    """Whether parts are the same but for their datasets and versions.

    Datasets are compared by themselves. A run of another version of a filter goes on: its rows are
    compared with what they would be now, as always.
    """
    return was == now.model_copy(update={"sources": was.sources, "version": was.version})


def changed_part(was: PartPlan, now: PartPlan | None) -> str:
    """What is not as it was of a part in use."""
    if now is None:
        return "is not used now"
    if was.id != now.id:
        return f"is {now.id} now"
    for name in sorted({*was.options, *now.options}):
        before, after = was.options.get(name), now.options.get(name)
        if before != after:
            return f"had {name}={before}, not {after}"
    for name in sorted({*was.files, *now.files}):
        if was.files.get(name) != now.files.get(name):
            return f"read another file: that of its option {name} has changed"
    return "has other prompts now"


def _apart(there: StepPlan | None, now: StepPlan | None) -> tuple[str, str]:
    """What a step used and uses: all of it, or the parameters that differ where those alone do."""
    if there is None or now is None or there.identity != now.identity:
        return _used(there), _used(now)
    names = [n for n in {**there.params, **now.params} if there.params.get(n) != now.params.get(n)]
    used, uses = (", ".join(f"{n}={plan.params.get(n)}" for n in names) for plan in (there, now))
    return used, uses


def _used(plan: StepPlan | None) -> str:
    return f"{plan.identity} with {plan.params}" if plan else "no model"


def _other_task(there: TaskPlan, now: TaskPlan, file: str) -> RunConflict:
    if file and now.version == there.version:
        return RunConflict(
            f"{file} gives different prompts with this version of targen",
            hint="use the versions in its manifest.json, or generate a new run",
        )
    if file:
        return RunConflict(
            f"the task of this run, {file}, has changed",
            hint="put the file back as it was, or generate a new run with another "
            + Option("out", ...),
        )
    if now.version != there.version:
        return RunConflict(
            f"this run was made with {now.id} version {there.version}; version "
            f"{now.version} is installed",
            hint="install the version it was made with, or generate a new run",
        )
    return RunConflict(
        f"the prompts, dimensions or labels of {now.id} changed without a new version",
        hint=f"report it to the authors of {now.id.partition(':')[0]}, or generate a new run",
    )
