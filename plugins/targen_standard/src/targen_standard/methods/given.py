"""Rows of the task that a user gave a method, read when a step first asks for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from targen_core.dataset.reading import read_dataset
from targen_core.dataset.source import open_source
from targen_core.errors import UsageError
from targen_core.tasks.model import Task


def digest_of(sources: Sequence[str]) -> str:
    """Return sixteen hex digits that change with the content of datasets; of a hub, with names.

    Raises:
        UsageError: the dataset does not exist.
        RunDirectoryError: a folder holds none.
    """
    digest = hashlib.sha256()
    for source in sources:
        digest.update(f"\n{source if source.startswith('hf:') else ''}\n".encode())
        if not source.startswith("hf:"):
            for _, record in open_source(source).form.records():
                line = record if isinstance(record, bytes) else _line(record)
                digest.update(line.strip() + b"\n")
    return digest.hexdigest()[:16]


def _line(record: Any) -> bytes:
    return json.dumps(record, sort_keys=True, ensure_ascii=False, default=str).encode()


class GivenRows:
    """The rows, in their order; call the object to get them."""

    def __init__(self, sources: Sequence[str], task: Task[Any, Any], digest: str) -> None:
        """`digest` is what they were when the run was begun, or ""."""
        self._sources = sources
        self._task = task
        self._digest = digest

    def __call__(self) -> Sequence[Any]:
        """The instances, with their labels: at least one.

        Raises:
            UsageError: a dataset is missing, belongs to another task, or has changed.
        """
        return self._rows

    @cached_property
    def _rows(self) -> Sequence[Any]:
        if self._digest and digest_of(self._sources) != self._digest:
            names = ", ".join(Path(source).name for source in self._sources)
            raise UsageError(
                f"the given rows have changed since the task file was written: {names}",
                hint="restore the rows, or start a new run",
            )
        rows = [instance for source in self._sources for instance in self._read(source)]
        if not rows:
            raise UsageError(f"none of the given rows have labels: {', '.join(self._sources)}")
        return rows

    def _read(self, source: str) -> Sequence[Any]:
        try:
            return [*read_dataset(source, self._task).instances]
        except UsageError as error:  # what it would type names no task in a file, nor other runs
            columns = ", ".join(self._task.schema.model_fields)
            raise UsageError(
                f"given rows: {error}", hint=f"{self._task.name} has these columns: {columns}"
            ) from error
