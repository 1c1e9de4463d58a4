"""`retrieve`: datasets that are near to a task, from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from targen_core import Task
from targen_core.api.kinds import exported
from targen_core.api.request import TaskLike
from targen_core.options import several
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_datatune.finding import Filters, Findings, search
from targen_datatune.licenses import listed
from targen_datatune.request import read_request, wanted_of
from targen_standard.given import task_of


@exported
def retrieve(
    task: TaskLike,
    *,
    catalogue: str | PathLike[str] | Iterable[str | PathLike[str]] = (),
    index: str | PathLike[str] | None = None,
    retriever: str = "bm25",
    k: int = 25,
    license: str | Iterable[str] = (),
    min_rows: int | None = None,
    max_rows: int | None = None,
    gated: bool = False,
    options: Mapping[str, Any] | None = None,
    progress: bool = True,
    registry: Registry | None = None,
) -> Findings:
    """Find existing datasets similar to a task, without calling a model, as `targen retrieve`.

    `targen_datatune.api.retrieve` is this function.

    Args:
        task: a task's name, a file, a `Task`, a `Declaration`, or the instruction itself.
        catalogue: search only these: files or folders, which are described first, or built
            catalogues such as "hf:"; by default all that are built.
        index: the folder of the index; by default catalogue/ in targen's cache.
        retriever: the retriever, by name.
        k: the number of datasets to find.
        license: only datasets with these licences: ids, or "permissive", "open" and "unknown".
        min_rows: only datasets with at least this many rows.
        max_rows: only datasets with at most this many rows.
        gated: whether to include datasets for which you must request access.
        options: options of the retriever.
        progress: whether to show progress on a terminal.
        registry: finds tasks and retrievers; by default what is installed.

    Returns:
        The datasets, the nearest first: `findings.matches[0].entry` has its name, columns and
        licence.

    Raises:
        UsageError: the task, the index, a filter or an option is invalid.
        MissingDependency: the retriever needs a package.
    """
    sources = [catalogue] if isinstance(catalogue, str | PathLike) else catalogue
    registry = load_registry() if registry is None else registry
    whose = task_of(task)
    wanted = wanted_of(whose) if isinstance(whose, Task) else read_request(whose or "", registry)
    return search(
        registry,
        wanted.query,
        catalogues=[fspath(each) for each in sources],
        index=None if index is None else Path(index).expanduser(),
        retriever=retriever,
        k=k,
        filters=Filters(listed(several(license)), min_rows, max_rows, gated),
        options=options or {},
        quiet=not progress,
    )
