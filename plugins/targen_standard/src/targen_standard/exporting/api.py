"""`export`: a dataset in the form that another tool reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from targen_core.api.kinds import exported
from targen_core.api.request import PathText, TaskLike, as_path, spread
from targen_core.api.run import Folder
from targen_core.dataset.model import Dataset
from targen_core.dataset.reading import read_dataset
from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.runs.parts import Parts
from targen_standard.exporting.model import Exporter
from targen_standard.exporting.save import check_apart, check_free, save_as
from targen_standard.given import DataLike
from targen_standard.splitting import Shares
from targen_standard.splitting import split as split_dataset


@exported
def export(
    data: DataLike,
    out: PathText,
    *,
    form: str | None = None,
    task: TaskLike | None = None,
    split: Shares | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    force: bool = False,
    registry: Registry | None = None,
) -> list[Path]:
    """Write a dataset in the form that another tool reads, whole or not at all.

    Args:
        data: a run, a `Dataset`, the path of either, a data frame or rows.
        out: the output file or folder.
        form: the exporter's name, such as "hf"; by default `out` ends with it, as rows.csv does.
        task: the task of the rows; a run and a `Dataset` know theirs.
        split: shares of splits, as `Dataset.split` takes them; `out` is a folder then.
        seed: decides the split.
        options: of the form, such as {"csv.delimiter": "tab"}.
        force: replace an earlier export.
        registry: finds the task and the form; by default what is installed.

    Returns:
        The files written.

    Raises:
        UsageError: unknown form, a row is not one of the task, something is at `out`, or
            `out` is among the files of the source.
        RunDirectoryError: the operating system refuses.
        PluginError: the exporter fails.
    """
    path, known = as_path(out), load_registry() if registry is None else registry
    name = form or path.suffix.lower().removeprefix(".")
    if not name:
        usual = 'pass form="hf", or a name such as rows.csv; see: targen list-exporters'
        raise UsageError(f"{path} has no suffix, so its format is unknown", hint=usual)
    chosen = spread(known, options)
    used = Parts(known, chosen)
    exporter: Exporter
    item, exporter = used.find("exporter", "exporter", name)
    require_used(used, chosen)
    if (source := _place_of(data)) is not None:
        check_apart(path, source)
    check_free(path, folder=not exporter.suffix or split is not None, force=force)
    dataset = read_dataset(data, task, registry=known)
    parts = None if split is None else split_dataset(dataset, split, seed=seed)
    return save_as(item, exporter, dataset, path, force=force, parts=parts)


def require_used(parts: Parts, options: Iterable[str]) -> None:
    """Check that all options are of parts in use: an export has no steps.

    Raises:
        UsageError: one is not, with those that could be meant.
    """
    for name in options:
        about = name.rpartition(".")[0]
        if about not in parts.names:
            if about:
                parts.refuse_unused(name)
            known = parts.options
            raise UsageError(
                f"option {name!r}: no part of this export has this option",
                hint=did_you_mean(name, known, "options") if known else "leave -o out",
            )


def _place_of(data: DataLike) -> Path | None:
    """Return where data are on disk; None if they are in memory."""
    if isinstance(data, Folder):
        return data.path
    if isinstance(data, Dataset):
        return data.run
    return as_path(data) if isinstance(data, str | PathLike) else None
