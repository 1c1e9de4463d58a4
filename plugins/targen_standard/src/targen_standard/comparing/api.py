"""`diff`: what differs between two runs."""

from __future__ import annotations

from typing import Any

from targen_core.api.kinds import exported
from targen_core.api.request import PathText, as_path
from targen_core.api.run import Folder
from targen_standard.comparing.difference import Difference, difference


@exported
def diff(left: PathText | Folder[Any], right: PathText | Folder[Any]) -> Difference:
    """Compare two runs: settings, calls, candidates, rows and figures.

    Calls are compared by their keys, candidates by their ids, and rows by their text. Both runs are
    read line by line.

    Args:
        left: a run, or its directory; or one that `correct` left.
        right: another.

    Raises:
        UsageError: the directory does not exist, or one is a correction and the other a run.
        RunDirectoryError: one is not a run directory, or cannot be read.
    """
    paths = (run.path if isinstance(run, Folder) else as_path(run) for run in (left, right))
    return difference(*paths)
