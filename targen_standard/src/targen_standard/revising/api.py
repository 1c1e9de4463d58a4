"""`revise`: a run for a task that has changed, of which what is as it was is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from targen_cli.shelf import remove
from targen_core.api.generating import aresume
from targen_core.api.kinds import checked
from targen_core.api.models import named
from targen_core.api.request import PathText, TaskLike, as_path
from targen_core.api.run import Run
from targen_core.api.waiting import waiting
from targen_core.errors import AnswersAwaited, QuotaNotMet, TargenError, UsageError
from targen_core.plugins.registry import Registry
from targen_core.wording import Option
from targen_standard.replaying.api import begun, beside
from targen_standard.revising.plan import RevisionPlan, plan_of
from targen_standard.revising.revision import Judged, Revision

__all__ = ["aplan_revision", "arevise", "plan_revision", "planned", "revise"]


@checked
async def aplan_revision(
    run: PathText | Run,
    task: TaskLike | None = None,
    *,
    judge: Judged = "all",
    rewrite: bool = True,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    correct: bool | None = None,
    corrector: str | None = None,
    model: str | None = None,
    options: Mapping[str, Any] | None = None,
    registry: Registry | None = None,
) -> RevisionPlan:
    """Return what `revise` would change, keep, ask and cost; nothing is sent or written.

    Args:
        run: as in `revise`, and so are the others.
        task: likewise.
        judge: likewise.
        rewrite: likewise.
        n: likewise.
        labels: likewise.
        correct: likewise.
        corrector: likewise.
        model: likewise.
        options: likewise.
        registry: likewise.

    Raises:
        TargenError: as `revise`.
    """
    with tempfile.TemporaryDirectory(prefix="targen-") as folder:
        plan, _ = await planned(
            _path_of(run),
            Path(folder) / "run",
            registry or (run.registry if isinstance(run, Run) else None),
            judge=judge,
            rewrite=rewrite,
            task=task,
            n=n,
            labels=labels,
            correct=correct,
            corrector=corrector,
            **_asked_of(model, options),
        )
        return plan


@checked
async def arevise(
    run: PathText | Run,
    task: TaskLike | None = None,
    out: PathText | None = None,
    *,
    judge: Judged = "all",
    rewrite: bool = True,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    correct: bool | None = None,
    corrector: str | None = None,
    model: str | None = None,
    options: Mapping[str, Any] | None = None,
    registry: Registry | None = None,
    **resumed: Any,
) -> Run:
    """Make a run again for a task that has changed, and ask only for what the change touches.

    Calls that are asked as they were are answered from the old run. So a label that has another
    definition has its rows written again, a sample that is new has all rows judged again, and a
    label that is new has rows of its own. The old run is only read. Use `revise` in ordinary code
    and notebooks, `arevise` inside an event loop.

    Args:
        run: a run, or its directory.
        task: the task as it is now: a name, a file, a `Task` or a `Declaration`; by default the
            run's own.
        out: the new directory; by default the old one's name with `-revised`.
        judge: "all" judges every row again, as a new run would. "changed" judges those of labels
            that have changed and those that were taken for one of them, and takes all other
            judgements over; so it does with labels of samples that have changed.
        rewrite: False keeps the texts of labels that have changed, and judges them again.
        n: number of rows, split evenly over the labels; by default as many as the run was to have.
        labels: rows by label.
        correct: False leaves step 4 out, True takes the task's own corrector.
        corrector: the name of another corrector.
        model: another model for all steps, as `BACKEND/MODEL`.
        options: options of models and parts that differ, as in `{"correct.model": "larger"}` or
            `{"majority.times": 5}`.
        registry: resolves names; by default the registry of the `Run`, or all that is installed.
        **resumed: arguments of `resume`, such as `max_cost`, for the calls that are made.

    Returns:
        The new run: its path, its report and its rows.

    Raises:
        UsageError: the request is invalid, or nothing has changed.
        RunConflict: `out` holds something.
        RunDirectoryError: `run` is not a run directory, or its journal is damaged.
        TargenError: as `resume`.
    """
    path = _path_of(run)
    known = registry or (run.registry if isinstance(run, Run) else None)
    where = beside(path, "revised") if out is None else as_path(out)
    with removed_if_not_begun(where):
        _, known = await planned(
            path,
            where,
            known,
            judge=judge,
            rewrite=rewrite,
            task=task,
            n=n,
            labels=labels,
            correct=correct,
            corrector=corrector,
            **_asked_of(model, options),
        )
    said = {name: value for name, value in (options or {}).items() if "." not in name}
    return await aresume(where, registry=known, options=said, **resumed)


async def planned(
    path: Path,
    out: Path,
    registry: Registry | None = None,
    *,
    judge: Judged = "all",
    rewrite: bool = True,
    **asked: Any,
) -> tuple[RevisionPlan, Registry]:
    """Make the new run as far as nothing is asked, and its plan; `asked` is as in `begun`.

    Raises:
        TargenError: as `revise`.
    """
    if judge not in ("all", "changed"):
        raise UsageError(Option("judge", judge) + ": no such choice", hint='"all" or "changed"')
    with begun(Revision, path, out, registry, **asked) as (job, known):
        job.look_back(known, judge, rewrites=rewrite)
        with suppress(AnswersAwaited, QuotaNotMet):
            await job.arun()
        plan = plan_of(job)
    if not plan.changes:
        what = "its task" if asked.get("task") is None else "the task"
        raise UsageError(
            f"nothing of {path} has changed: {what} says what it said then",
            hint="change its file, and name it with " + Option("task", ...),
        )
    return plan, known


@contextmanager
def removed_if_not_begun(out: Path) -> Iterator[None]:
    """Take a folder away again that was made in vain."""
    was_there = out.exists()
    try:
        yield
    except BaseException:
        if not was_there and out.exists():
            with suppress(TargenError):
                remove(out)
        raise


def _asked_of(model: str | None, options: Mapping[str, Any] | None) -> dict[str, Any]:
    if model is None:
        return {"options": options}
    backend, own = named(model)
    return {"backend": backend, "options": {**own, **(options or {})}}


def _path_of(run: PathText | Run) -> Path:
    return run.path if isinstance(run, Run) else as_path(run)


plan_revision = waiting(aplan_revision)
revise = waiting(arevise)
