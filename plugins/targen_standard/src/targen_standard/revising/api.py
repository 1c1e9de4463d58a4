"""`revise`: make a run again for a changed task, and keep what the change leaves."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from inspect import signature
from os import PathLike
from pathlib import Path
from secrets import token_hex
from typing import Any

from targen_core.api.generating import aresume, load
from targen_core.api.kinds import exported
from targen_core.api.models import ModelLike, backend_of, name_of, named
from targen_core.api.request import PathText, TaskLike, as_path, registry_for, require_objects
from targen_core.api.run import Run
from targen_core.cli.outputs import new_folder, put_folder
from targen_core.errors import (
    AnswersAwaited,
    QuotaNotMet,
    RunConflict,
    TargenError,
    UsageError,
)
from targen_core.hints import did_you_mean, in_python, quoted
from targen_core.places import is_inside
from targen_core.plugins.blame import blaming_plugins
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import MEMORY
from targen_core.plugins.registry import Registry
from targen_core.runs.folder.place import is_fresh, numbered
from targen_core.runs.jobs.event_loops import waiting
from targen_core.runs.jobs.job import note_begun
from targen_core.runs.preparing.trust import note_new
from targen_core.runs.records.manifest import Carried, Manifest
from targen_core.tasks.model import Task
from targen_standard.replaying.api import begun, place_beside
from targen_standard.revising.plan import RevisionPlan, plan_of
from targen_standard.revising.revision import Judged, Revision, RevisionOfTouched

_KINDS = {kind.judged: kind for kind in (Revision, RevisionOfTouched)}

_log = logging.getLogger("targen.run")


@exported
@blaming_plugins
async def aplan_revision(
    run: PathText | Run,
    task: TaskLike | None = None,
    *,
    judge: Judged | None = None,
    rewrite: bool | None = None,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    correct: bool | None = None,
    corrector: str | None = None,
    model: ModelLike | None = None,
    options: Mapping[str, Any] | None = None,
    cache: bool | None = None,
    registry: Registry | None = None,
) -> RevisionPlan:
    """Return what `revise` would change, keep, ask and cost, without sending or writing.

    Args:
        run: as in `revise`, and so are the others.
        task: as in `revise`.
        judge: as in `revise`.
        rewrite: as in `revise`.
        n: as in `revise`.
        labels: as in `revise`.
        correct: as in `revise`.
        corrector: as in `revise`.
        model: as in `revise`.
        options: as in `revise`.
        cache: as in `revise`.
        registry: as in `revise`.

    Raises:
        TargenError: as `revise`.
    """
    revision = await _planned(**locals(), out=None, action="plan_revision")
    return revision.plan


@exported
@blaming_plugins
async def arevise(
    run: PathText | Run,
    task: TaskLike | None = None,
    out: PathText | None = None,
    *,
    judge: Judged | None = None,
    rewrite: bool | None = None,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    correct: bool | None = None,
    corrector: str | None = None,
    model: ModelLike | None = None,
    options: Mapping[str, Any] | None = None,
    cache: bool | None = None,
    registry: Registry | None = None,
    **resumed: Any,
) -> Run:
    """Make a run again for a task that has changed, and ask only for what the change touches.

    Unchanged calls are answered from the old run. So a label with another definition gets new rows,
    and a new sample has all rows judged again. A new label gets rows of its own. The old run is
    only read. Use `revise` in ordinary code and notebooks, `arevise` inside an event loop.

    Args:
        run: a run, or its directory.
        task: the changed task: a name, a file, a `Task` or a `Declaration`; by default the run's
            own.
        out: the new directory; by default the old one's name with `-revised`. Repeating a stopped
            revision continues it there.
        judge: "all" judges every row again, as a new run would. "changed" judges those of changed
            labels and those that were mistaken for one of them, and keeps all other judgements. It
            treats labels of changed samples in the same way. By default as the run was made, if it
            is a revision itself, and otherwise "all".
        rewrite: False keeps the texts of labels that have changed, and judges them again. By
            default as the run was made, and otherwise True.
        n: number of rows, in the shares that the run has; by default as many as it was to have.
        labels: rows by label.
        correct: False leaves step 4 out, True takes the task's own corrector.
        corrector: the name of another corrector.
        model: another model for all steps, as `BACKEND/MODEL` or an object; or the model object of
            the original run, which is not stored with it. A `Run` remembers it.
        options: options of models and parts that differ, as in `{"correct.model": "larger"}` or
            `{"majority.times": 5}`.
        cache: whether replies are shared with earlier runs; by default as the run was started.
        registry: resolves names; by default the registry of the `Run`, or all that is installed.
        **resumed: arguments of `resume`, such as `max_cost`, for the calls that are made.

    Returns:
        The new run: its path, its report and its rows. Without changes, the old run.

    Raises:
        UsageError: the request is invalid.
        RunConflict: `out` holds something.
        RunDirectoryError: `run` is not a run directory, or its journal is damaged.
        TargenError: as `resume`.
    """
    asked = {name: value for name, value in locals().items() if name != "resumed"}
    revision = await _planned(**asked)
    _check_keywords(run, model, revision.registry, resumed)
    if not revision.plan.changes:
        _log.warning("%s", revision.plan.said)
        return load(revision.path, registry=revision.registry)
    where, known = await revision.begin()
    # Of a part, a run keeps all options; of models, not those that decide no reply.
    steps = Manifest.load(where / "manifest.json").steps
    said = {
        name: value
        for name, value in (options or {}).items()
        if "." not in name or name.partition(".")[0] in steps
    }
    return await aresume(where, registry=known, options=said, cache=cache, **resumed)


def _check_keywords(
    run: PathText | Run, model: ModelLike | None, registry: Registry, resumed: Mapping[str, Any]
) -> None:
    """Check that `resume` accepts the keywords: without changes, it is not called.

    Raises:
        UsageError: it does not, and no model of the run has such an option.
    """
    ours = {*signature(arevise).parameters, *signature(aresume).parameters}
    if not (unknown := [name for name in resumed if name not in ours and "." not in name]):
        return
    path = run.path if isinstance(run, Run) else as_path(run)
    used = {step.backend for step in Manifest.load(path / "manifest.json").steps.values()}
    used |= {named(model)[0]} if isinstance(model, str) else set()
    options = [registry.get("backend", name).options for name in sorted(used)]
    if any(each.model_config.get("extra") == "allow" for each in options):
        return
    taken = [name for each in options for name in each.model_fields]
    known = [*sorted(ours - {"resumed", "model_options"}), *taken]
    for name in unknown:
        if name not in taken:
            raise UsageError(
                f"revise() has no keyword {name!r}",
                option=name,
                known=known,
                hint=did_you_mean(name, known, "keywords"),
            )


@dataclass(frozen=True, slots=True)
class Planned:
    """A revision before its first file, planned as far as possible without answers.

    Attributes:
        plan: what it changes, keeps and asks.
        path: where it goes; it may be there already, from a process that was stopped. Without
            changes, the run that is revised.
        registry: what finds its parts.
    """

    plan: RevisionPlan
    path: Path
    registry: Registry
    _is_there: bool
    _make: Callable[[Path], Awaitable[tuple[Revision, Registry]]]

    async def begin(self) -> tuple[Path, Registry]:
        """Make it, as far as possible without calls; return its path and the registry of its parts.

        Raises:
            RunConflict: something else appeared there since it was planned.
            TargenError: as `revise`.
        """
        if self._is_there:
            return self.path, self.registry
        # Resolved, since a folder such as "." has no name from which to derive a sibling's.
        out = self.path if self.path.name.strip(".") else self.path.resolve()
        with new_folder(out.with_name(f".{out.name}.part")) as folder:
            made = folder / token_hex(8)  # another process that starts here only claims its own
            job, registry = await self._make(made)
            # Since it was planned, somebody was asked, or another process began it.
            if out.exists() and not is_fresh(out):
                if _is_same(out, Manifest.load(made / "manifest.json")):
                    return out, registry
                raise _taken(out)
            # Complete at once: the remains of a killed process never count as a revision.
            put_folder(made, out)
            note_new(job.manifest, out, {job.of: job.before})
            note_begun(out)
        return out, registry


async def planned(
    path: Path,
    out: Path | None,
    registry: Registry | None = None,
    *,
    judge: Judged | None = None,
    rewrite: bool | None = None,
    cache: bool | None = None,
    action: str = "revise",
    **asked: Any,
) -> Planned:
    """Find out what a revision changes and takes; `asked` is as in `begun`.

    `action` is the function that was called, for hints.

    Raises:
        TargenError: as `revise`.
    """
    if judge not in (None, *_KINDS):
        raise UsageError(f"--judge {quoted(judge)}: no such choice", hint='use "all" or "changed"')
    if out is not None and is_inside(path, out):
        raise UsageError(
            f"{out} is in {path}, which must not change", hint="choose a different --out"
        )

    begun_as = Manifest.load(path / "manifest.json")
    _require_objects(path, begun_as, registry, action, asked.get("task"))
    of_then = begun_as.may_carry
    if judge is None:
        judge = "changed" if "judgements" in of_then else "all"
    if rewrite is None:
        rewrite = "texts" not in of_then
    may_carry: tuple[Carried, ...] = () if rewrite else ("texts",)
    may_carry += ("judgements",) if judge == "changed" else ()

    taken: list[dict[str, Any]] = []

    async def make(at: Path, rehearses: bool = False) -> tuple[Revision, Registry]:
        with begun(_KINDS[judge], path, at, registry, may_carry=may_carry, **asked) as (job, known):
            job.look_back(known, rewrites=rewrite, taken=taken)
            if rehearses:
                job.rehearse(cache=cache)
            with suppress(AnswersAwaited, QuotaNotMet):
                await job.arun()
            if rehearses:
                await job.take_ahead()
            return job, known

    with tempfile.TemporaryDirectory(prefix="targen-") as folder:
        job, known = await make(Path(folder) / "run", rehearses=True)
        plan, manifest, taken = plan_of(job), job.manifest, job.taken
    if not plan.changes:
        return Planned(plan, path, known, True, make)
    for place in [out] if out is not None else numbered(place_beside(path, "revised")):
        if not place.exists() or is_fresh(place):
            return Planned(plan, place, known, False, make)
        if _is_same(place, manifest):
            return Planned(plan, place, known, True, make)
    assert out is not None
    raise _taken(out)


def _taken(out: Path) -> RunConflict:
    return RunConflict(
        f"{out} exists", hint="choose a different --out: a revision creates a new run"
    )


def _require_objects(
    path: Path, manifest: Manifest, registry: Registry | None, action: str, task: TaskLike | None
) -> None:
    """Say how to pass a run's objects again.

    Raises:
        UnknownName: one is not here.
    """
    typed = [] if task is None else [str(task) if isinstance(task, str | PathLike) else "TASK"]
    lacking = {k: v for k, v in manifest.objects.items() if k != "task" or not typed}
    again = in_python(f"{__name__}.{action}", str(path), *typed, **lacking)
    known = load_registry() if registry is None else registry
    if isinstance(task, Task):  # it takes the place of the run's, if they have the same name
        known = known.including(tasks={task.name: task})
    require_objects(known, manifest, again)


def _is_same(place: Path, manifest: Manifest) -> bool:
    """Return whether a place holds this very revision, started by a process that was stopped."""
    try:
        there = Manifest.load(place / "manifest.json")
    except TargenError:
        return False
    made = ("replay_of", "carried", "may_carry")
    return not there.differences(manifest) and all(
        getattr(there, name) == getattr(manifest, name) for name in made
    )


async def _planned(
    run: PathText | Run,
    out: PathText | None,
    registry: Registry | None,
    model: ModelLike | None,
    options: Mapping[str, Any] | None,
    **asked: Any,
) -> Planned:
    """The same of what a program passes."""
    path, known = (run.path, run.registry) if isinstance(run, Run) else (as_path(run), None)
    known = registry or known
    if isinstance(model, str):
        asked["backend"], own = named(model)
        options = {**own, **(options or {})}
    elif model is not None:
        manifest = Manifest.load(path / "manifest.json")
        if manifest.spec.backend.startswith(f"{MEMORY}:"):  # a run keeps no object
            known = registry_for(path, manifest, known, None, {"": model})
        else:
            known = load_registry() if known is None else known
            name = name_of(model, {})
            known = known.including(tasks={}, backends={name: backend_of(known, model)})
            asked["backend"] = f"{MEMORY}:{name}"
    where = None if out is None else as_path(out)
    return await planned(path, where, known, options=options, **asked)


plan_revision = exported(waiting(aplan_revision))
revise = exported(waiting(arevise))
