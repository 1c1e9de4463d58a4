"""`export_batch` and `import_batch`: a run's calls as files, from Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.api.kinds import exported
from targen_core.api.request import PathText, as_path, reopened
from targen_core.api.run import Run
from targen_core.cli.tracing import plan_of
from targen_core.errors import UsageError
from targen_core.plugins.registry import Registry

if TYPE_CHECKING:
    from targen_core.runs.job import Job
    from targen_standard.batches.files import Imported


@exported
def export_batch(run: PathText | Run, out: PathText, **keywords: Any) -> Mapping[str, int]:
    """Write the calls that a run waits for into a file, as `targen batch export` does.

    Args:
        run: a run, or its directory.
        out: the file.
        **keywords: `task`, `model`, `options`, `steps`, `cache` and `registry`, as `resume` takes
            them. A `Run` remembers its task and model.

    Returns:
        The number of calls by step; empty if the run is complete.

    Raises:
        UsageError: the run cannot be opened, or its model writes no files.
        JobFailed: the run cannot continue for another reason.
        RunDirectoryError: `out` cannot be written.
    """
    from targen_standard.batches.exchange import export_batch

    with opened(run, **keywords) as job:
        return export_batch(job, as_path(out))


@exported
def import_batch(
    run: PathText | Run, answers: PathText, *, encoding: str = "utf-8", **keywords: Any
) -> Imported:
    """Read answers to a run's exported calls, as `targen batch import` does.

    Args:
        run: a run, which then has the new rows and report, or its directory.
        answers: the file, in JSON lines.
        encoding: of the file, without a byte order mark.
        **keywords: as of `export_batch`.

    Returns:
        Counts of good, failed and rejected answers; `pending` calls still wait for one.

    Raises:
        UsageError: the file cannot be read, or has no answers to this run's calls.
        JobFailed: the run cannot continue for another reason.
    """
    from targen_standard.batches.exchange import import_batch

    try:
        with opened(run, **keywords) as job:
            return import_batch(job, as_path(answers), encoding)
    finally:
        if isinstance(run, Run):
            run.refresh()


def opened(run: PathText | Run, registry: Registry | None = None, **keywords: Any) -> Job:
    """Open a run whose calls are to be answered by files; `keywords` are those of `reopened`.

    Raises:
        UsageError: it is a correction, or cannot be opened.
    """
    path: Path = run.path if isinstance(run, Run) else as_path(run)
    if (plan := plan_of(path)) is not None and plan.review is None:
        raise UsageError(
            f"{path} contains a correction, which does not wait for answers in files",
            hint="run the command that created it again",
        )
    known = registry or (run.registry if isinstance(run, Run) else None)
    return reopened(path, known, **keywords)[0]
