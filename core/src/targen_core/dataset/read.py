"""`read_dataset`: from any form of a dataset to a `Dataset`, with one set of words for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from targen_core.dataset.model import Dataset
from targen_core.plugins.registry import Registry
from targen_core.tasks.model import Task

__all__ = ["read_dataset"]


def read_dataset(
    source: Any,
    task: Task[Any, Any] | str | None = None,
    *,
    variants: Sequence[str] = (),
    registry: Registry | None = None,
    encoding: str = "utf-8",
    strict: bool = True,
) -> Dataset:
    """A dataset in any form, as official rows of its task.

    Args:
        source: a run directory, a .jsonl, .csv or .parquet file, a folder that
            `targen export --as hf` or `datasets` saved, "hf:OWNER/NAME", or rows: a
            `datasets.Dataset`, a data frame, any mappings.
        task: whose rows they are: a task, its name, or its file. A run knows.
        variants: of the task; a run knows these too.
        registry: finds the task; by default what is installed.
        encoding: of text files without a byte order mark.
        strict: whether the first bad row is an error. Where it is not, bad rows are
            left out, and told in `problems`.
    """
    raise NotImplementedError
