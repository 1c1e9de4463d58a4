"""`replay`: repeat a run from its journal, with a change but without making calls."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from targen_core.api.kinds import exported
from targen_core.api.models import ModelLike
from targen_core.api.report import Report
from targen_core.api.request import (
    PathText,
    TaskLike,
    as_path,
    called_task,
    counts_in,
    quotas_of,
    registry_for,
    spread,
)
from targen_core.api.run import Run
from targen_core.engine.quotas import Quotas
from targen_core.errors import JobFailed, QuotaNotMet, UsageError
from targen_core.origin import DECLARED
from targen_core.plugins.blame import blaming_plugins
from targen_core.plugins.registry import Registry
from targen_core.runs.event_loops import waiting
from targen_core.runs.manifest import Manifest
from targen_core.runs.permissions import sign_run
from targen_core.runs.place import numbered
from targen_core.runs.tasks import find_task
from targen_core.tasks.model import Task
from targen_standard.replaying.again import Again, again
from targen_standard.replaying.replay import Replay
from targen_standard.task_files.files import require_form_of
from targen_standard.task_files.model import Declaration


@exported
@blaming_plugins
async def areplay(
    run: PathText | Run,
    out: PathText | None = None,
    *,
    task: TaskLike | None = None,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    correct: bool | None = None,
    corrector: str | None = None,
    checks: str | Iterable[str] | None = None,
    filters: str | Iterable[str] | None = None,
    unsure: Literal["drop", "keep"] | None = None,
    near_duplicates: float | None = None,
    max_cosine: float | None = None,
    max_refused: float | None = None,
    embedder: str | None = None,
    options: Mapping[str, Any] | None = None,
    model: ModelLike | None = None,
    registry: Registry | None = None,
) -> Run:
    """Repeat a run from its journal with one thing changed, without making calls.

    Rows are rebuilt from the recorded replies. A candidate that needs another call gets no verdict.
    `report.raw["replay"]["needed"]` counts these calls by step, prompt and reason, and `resume`
    makes them and finishes the run. The old run is only read. Use `replay` in ordinary code and
    notebooks, `areplay` inside an event loop.

    The other keywords are the options of `targen replay`, with the same ranges and defaults.

    Args:
        run: a run, or its directory.
        out: the new directory; by default the old one's name with `-replay`.
        task: the current task: a name, a file, a `Task` or a `Declaration`. The default is the
            run's own copy of its file, or the installed task.
        n: number of rows, in the shares that the run has; by default as many as it was to have.
        correct: False leaves step 4 out, True takes the task's own corrector.
        options: options of the parts in use, as in `{"majority.times": 5}`.
        model: the model object, if the run was made with one; it is not asked.
        registry: resolves names; by default the registry of the `Run`, or all that is installed.

    Returns:
        The new run: its path, its report and its rows.

    Raises:
        UsageError: the request is invalid.
        RunConflict: `out` holds something.
        RunDirectoryError: `run` is not a run directory, or its journal is damaged.
    """
    asked = {k: v for k, v in locals().items() if k not in ("run", "out", "registry")}
    path, known = (run.path, run.registry) if isinstance(run, Run) else (as_path(run), None)
    return await replayed(path, None if out is None else as_path(out), registry or known, **asked)


async def replayed(
    path: Path, out: Path | None, registry: Registry | None = None, **asked: Any
) -> Run:
    """Return the result of `replay`; see `asked_again`.

    Raises:
        TargenError: as `replay`.
    """
    if out is None:
        out = next(one for one in numbered(place_beside(path, "replay")) if not one.exists())
    with (
        asked_again(path, registry, revises=False, **asked) as of,
        Replay.begin(of, out) as job,
    ):
        sign_run(job.manifest, job.path, {path: Manifest.load(path / "manifest.json")})
        # The report contains missing calls and unmet quotas.
        try:
            await job.arun()
        except JobFailed as error:
            if error.cause != "answers" and not isinstance(error, QuotaNotMet):
                raise
        assert job.report is not None
        return Run(job.path, Report.of(job.report), of.registry)


@contextmanager
def asked_again(
    path: Path,
    registry: Registry | None = None,
    *,
    revises: bool,
    task: TaskLike | None = None,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    correct: bool | None = None,
    corrector: str | None = None,
    options: Mapping[str, Any] | None = None,
    model: ModelLike | None = None,
    **fields: Any,
) -> Iterator[Again]:
    """Yield the request for a run again; until then, files of a declared task exist.

    `fields` are those of `RunConfig` that differ, or None; the rest is as in `replay`.

    Raises:
        TargenError: as `replay`.
    """
    if corrector is not None and correct is False:
        raise UsageError("--no-correct and --corrector cannot be combined")
    labels = counts_in(labels)
    manifest = Manifest.load(path / "manifest.json")
    known = registry_for(path, manifest, registry, None, {} if model is None else {"": model})
    changes = {name: value for name, value in fields.items() if value is not None}
    if correct is not None or corrector is not None:
        changes["corrector"] = None if correct is False else corrector or ""
    with (
        manifest.telling_what_to_install(),
        tempfile.TemporaryDirectory(prefix="targen-") as folder,
    ):
        called = None
        if task is not None:
            if isinstance(task, Declaration) and not task.name and manifest.task_file:
                # Its labels, which would name it, may have changed.
                task = task.model_copy(update={"name": manifest.task.id.partition(":")[2]})
            tasks, called = called_task(task, Path(folder))
            copy = path / manifest.task_file
            if Path(called).suffix in DECLARED and copy.suffix == ".json":
                require_form_of(copy, task if isinstance(task, Declaration) else Path(called))
            known = known.including(tasks=tasks, backends={})
        began, name = manifest.task, called or manifest.task_name(path)
        _, of = find_task(known, name, began.variants, (*began.labels, *labels))
        quotas = _quotas(of, manifest, n, labels, keeps_others=revises)
        yield again(
            known,
            path,
            revises=revises,
            task=called,
            quotas=quotas,
            options=spread(known, options),
            **changes,
        )


def _quotas(
    task: Task[Any, Any],
    was: Manifest,
    n: int | None,
    labels: Mapping[str, int],
    *,
    keeps_others: bool,
) -> Mapping[str, int] | None:
    """Return the rows by label that are requested now; None for those that the run was to have.

    With `keeps_others`, labels that are not named have as many as they had. A label that is new
    has as many as each of the others, where these have equally many.

    Raises:
        UsageError: it is not known how many rows a new label is to have.
    """
    had = was.targets[-1].quotas.over(was.task.labels)
    stay = {label: had[label] for label in task.quota_names if label in had}
    new = [label for label in task.quota_names if label not in had]
    if n is not None or (labels and not keeps_others):
        asked = quotas_of(task, n, labels, None)
        same = n is not None and not new and stay == dict(had)
        return Quotas.like(asked.total, had, task) if same else asked
    if not labels and not new and stay == dict(had):
        return None
    named = dict(quotas_of(task, None, labels, None)) if labels else {}
    lacking = [label for label in new if label not in named]
    if not stay:
        raise UsageError(
            "the task does not have any of the run's labels",
            hint="is this a different run's task? To start a new run: targen generate TASK -n 100",
        )
    if lacking and len({*stay.values()}) != 1:
        gone = [had[label] for label in had if label not in stay]
        usual = gone[0] if len(gone) == len(lacking) == 1 else min(stay.values(), default=10)
        raise UsageError(
            f"label {lacking[0]} is new, so give its number of rows",
            hint=f"--label {lacking[0]}={usual}",
        )
    return {**stay, **dict.fromkeys(lacking, min(stay.values(), default=0)), **named}


def place_beside(path: Path, what: str) -> Path:
    """RUN-WHAT; of a run that is called so itself, or RUN-WHAT-2, the same."""
    named = path if path.name.strip(".") else path.resolve()  # "." has no name to add to
    name = re.sub(rf"(?<=.)-{what}(-\d+)?$", "", path.resolve().name)
    return named.with_name(f"{name}-{what}")


replay = exported(waiting(areplay))
