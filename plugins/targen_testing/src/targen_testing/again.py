"""A suite's run once more, in a process of its own: TASK ROWS OUT [FOLDER]."""

from __future__ import annotations

from pathlib import Path

from targen_core.plugins import loader
from targen_core.plugins.loader import load_registry
from targen_core.runs.jobs.job import Job


def main(task: str, rows: str, out: str, folder: str = "") -> None:
    """Make `rows` rows per label of a task in the folder `out`."""
    from targen_testing.folder import sources_with
    from targen_testing.trials import job_of

    if folder:
        sources = sources_with(Path(folder))
        loader.installed_sources = lambda: sources  # a task file's output is looked up there
    registry = load_registry()
    spec = job_of(registry.get("task", task), task, int(rows))
    with Job.create(registry, spec, Path(out)) as job:
        job.run()
