"""Which rows were examples of a run: a test on them flatters it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError
from targen_core.tasks.model import Task
from targen_standard.examples.reading import read_examples


def examples_among(run: Path | None, task: Task[Any, Any], rows: Iterable[Iterable[str]]) -> int:
    """Count the rows that a run had as examples, as far as it keeps a copy of those.

    Args:
        run: the run's directory; None for rows that are not from a run.
        task: the task of the run.
        rows: the texts of each row.
    """
    copies = [] if run is None else [*run.glob("given-targen-standard.examples.examples*")]
    try:
        known = {_key(each.texts) for path in copies for each in read_examples(path, task).rows}
    except UsageError:  # a damaged copy is reported when the run continues
        return 0
    return sum(_key(texts) in known for texts in rows) if known else 0


def _key(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(" ".join(text.casefold().split()) for text in texts)
