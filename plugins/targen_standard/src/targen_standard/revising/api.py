"""`revise`: make a run again for a changed task, and keep what the change leaves."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from os import PathLike
from pathlib import Path
from typing import Any, get_args

from targen_core.api.generating import aresume, load
from targen_core.api.kinds import exported
from targen_core.api.models import ModelLike, backend_of, name_of, named
from targen_core.api.request import PathText, TaskLike, as_path, registry_for, require_objects
from targen_core.api.run import Run
from targen_core.errors import UsageError
from targen_core.hints import did_you_mean, in_python, quoted
from targen_core.plain import is_inside
from targen_core.plugins.blame import blaming, blaming_plugins
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import MEMORY
from targen_core.plugins.registry import Registry
from targen_core.runs.event_loops import waiting
from targen_core.runs.manifest import Manifest
from targen_core.runs.place import is_fresh, numbered
from targen_core.tasks.model import Task
from targen_standard.replaying.api import asked_again, place_beside
from targen_standard.revising.plan import Judged, RevisionPlan
from targen_standard.revising.revision import Revision, is_same, revision_of, taken

_log = logging.getLogger("targen.run")


@exported
def plan_revision(
    run: PathText | Run,
    task: TaskLike | None = None,
    *,
    judge: Judged = "changed",
    rewrite: bool = True,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    correct: bool | None = None,
    corrector: str | None = None,
    model: ModelLike | None = None,
    options: Mapping[str, Any] | None = None,
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
        registry: as in `revise`.

    Raises:
        TargenError: as `revise`.
    """
    asked = locals()
    with blaming(), _planned(**asked, out=None, action="plan_revision") as revision:
        return revision.plan


@exported
@blaming_plugins
async def arevise(
    run: PathText | Run,
    task: TaskLike | None = None,
    out: PathText | None = None,
    *,
    judge: Judged = "changed",
    rewrite: bool = True,
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

    Rows that the change does not concern come first and are those of the old run, with their
    provenance. A label with another definition gets new rows, and so does a new label. A change of
    the description, the fields or the first two steps concerns all rows. The old run is only read.
    Use `revise` in ordinary code and notebooks, `arevise` inside an event loop.

    Args:
        run: a run, or its directory.
        task: the changed task: a name, a file, a `Task` or a `Declaration`; by default the run's
            own.
        out: the new directory; by default the old one's name with `-revised`. Repeating a stopped
            revision continues it there.
        judge: "changed" judges new rows, and those whose label is that of a worked sample that has
            changed. "all" also judges kept rows again.
        rewrite: False keeps the texts of labels that have changed, and judges them again.
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
    asked = {name: value for name, value in locals().items() if name not in ("resumed", "cache")}
    with _planned(**asked) as revision:
        _check_keywords(run, model, revision.registry, resumed)
        if not revision.plan.changes:
            _log.warning("%s", revision.plan.said)
            return load(revision.path, registry=revision.registry)
        where, known = revision.begin()
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
    """A revision before its first file.

    Attributes:
        plan: what it changes, keeps and asks.
        path: where it goes; it may be there already, from a process that was stopped. Without
            changes, the run that is revised.
        registry: what finds its parts.
    """

    plan: RevisionPlan
    path: Path
    registry: Registry
    _revision: Revision | None

    def begin(self) -> tuple[Path, Registry]:
        """Make it, without calls; return its path and the registry of its parts.

        Raises:
            RunConflict: something else appeared there since it was planned.
            TargenError: as `revise`.
        """
        if self._revision is None:
            return self.path, self.registry
        return self._revision.begin(self.path)


@contextmanager
def planned(
    path: Path,
    out: Path | None,
    registry: Registry | None = None,
    *,
    judge: Judged = "changed",
    rewrite: bool = True,
    action: str = "revise",
    **asked: Any,
) -> Iterator[Planned]:
    """Find out what a revision changes and takes; `asked` is as in `asked_again`.

    `action` is the function that was called, for hints.

    Raises:
        TargenError: as `revise`.
    """
    if judge not in get_args(Judged):
        raise UsageError(f"--judge {quoted(judge)}: no such choice", hint='use "all" or "changed"')
    if out is not None and is_inside(path, out):
        raise UsageError(
            f"{out} is in {path}, which must not change", hint="choose a different --out"
        )
    begun_as = Manifest.load(path / "manifest.json")
    _require_objects(path, begun_as, registry, action, asked.get("task"))
    with asked_again(path, registry, revises=True, **asked) as again:
        revision = revision_of(again, judge=judge, rewrites=rewrite)
        plan, known = revision.plan, again.registry
        if not plan.changes:
            yield Planned(plan, path, known, None)
            return
        manifest = revision.manifest
        for place in [out] if out is not None else numbered(place_beside(path, "revised")):
            if not place.exists() or is_fresh(place):
                yield Planned(plan, place, known, revision)
                return
            if is_same(place, manifest):
                yield Planned(plan, place, known, None)
                return
        assert out is not None
        raise taken(out)


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


@contextmanager
def _planned(
    run: PathText | Run,
    out: PathText | None,
    registry: Registry | None,
    model: ModelLike | None,
    options: Mapping[str, Any] | None,
    **asked: Any,
) -> Iterator[Planned]:
    """The same of what a program passes."""
    path, known = (run.path, run.registry) if isinstance(run, Run) else (as_path(run), None)
    known = registry or known
    if isinstance(model, str):
        asked["backend"], own = named(model)
        options = {**own, **(options or {})}
    elif model is not None:
        manifest = Manifest.load(path / "manifest.json")
        if manifest.config.backend.startswith(f"{MEMORY}:"):  # a run keeps no object
            known = registry_for(path, manifest, known, None, {"": model})
        else:
            known = load_registry() if known is None else known
            name = name_of(model, {})
            known = known.including(tasks={}, backends={name: backend_of(known, model)})
            asked["backend"] = f"{MEMORY}:{name}"
    where = None if out is None else as_path(out)
    with planned(path, where, known, options=options, **asked) as revision:
        yield revision


revise = exported(waiting(arevise))
