"""Which rows were examples of a run: a test on them flatters it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError
from targen_core.tasks.model import Task
from targen_standard.examples.reading import read_examples


def examples_among(run: Path | None, task: Task[Any, Any], rows: Iterable[Iterable[str]]) -> int:
    """Count the rows that a run had as examples; `rows` has the texts of each."""
    known = examples_of(run, task)
    return sum(key_of(texts) in known for texts in rows) if known else 0


def examples_of(run: Path | None, task: Task[Any, Any]) -> set[frozenset[str]]:
    """Return the keys of a run's examples, as far as it keeps a copy of those.

    Args:
        run: the run's directory; None for rows that are not from a run.
        task: the task of the run.
    """
    copies = [] if run is None else [*run.glob("given-targen-standard.examples.examples*")]
    try:
        return {key_of(each.texts) for path in copies for each in read_examples(path, task).rows}
    except UsageError:  # a damaged copy is reported when the run continues
        return set()


def key_of(texts: Iterable[str]) -> frozenset[str]:
    """Return what rows share whose texts are equal except for case and spaces."""
    return frozenset(" ".join(text.casefold().split()) for text in texts)
