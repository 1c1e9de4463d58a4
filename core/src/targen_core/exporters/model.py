"""What an exporter is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.tasks.model import Task

__all__ = ["Dataset", "Exporter"]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset to export.

    Attributes:
        name: its name, as a file or folder would be called.
        task: whose rows they are.
        rows: the official rows, in order, each valid by `task.schema`.
        card: the dataset card (Markdown), or "" where there is none.
    """

    name: str
    task: Task[Any, Any]
    rows: Sequence[Mapping[str, Any]]
    card: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """Writes a dataset in one form.

    Attributes:
        write: `write(dataset, out)` makes the file or folder `out`, which is
            not there yet; it is moved to where the user wants it when all of
            it is written.
        suffix: of the file that it writes, such as ".csv"; "" where it writes
            a folder.
        summary: one line for people.
    """

    write: Callable[[Dataset, Path], None]
    suffix: str
    summary: str = ""
