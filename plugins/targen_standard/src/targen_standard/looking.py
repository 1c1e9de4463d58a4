"""Look for an existing run without making calls."""

from __future__ import annotations

from inspect import signature
from typing import Any

from targen_core.api.generating import agenerate
from targen_core.api.report import Report
from targen_core.api.request import PathText, TaskLike, as_path, asked, keywords_of
from targen_core.plugins.registry import Registry
from targen_core.runs.report import read_report


def found(
    task: TaskLike, *, out: PathText, registry: Registry | None = None, **values: Any
) -> Report | None:
    """Return what `generate` would find in `out`, without making calls or writing files.

    Args:
        task: as of `generate`.
        out: the run directory.
        registry: as of `generate`.
        values: all else that `generate` would be called with.

    Returns:
        The report of exactly this run, complete or not; None if it does not exist.

    Raises:
        RunConflict: `generate` would refuse, since `out` contains another run or something else.
        UsageError: the request is invalid.
    """
    path = as_path(out)
    if not path.exists():
        return None
    call = signature(agenerate).bind(task, registry=registry, **values)
    call.apply_defaults()
    keywords = keywords_of(call.arguments, "out", "executor", "progress")
    with asked(**keywords) as request:
        return None if request.found(path) is None else Report.of(read_report(path))
