"""Where the data of a table's tasks are, in folders as people have them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from targen_core.dataset.source import open_source
from targen_core.errors import TargenError, UsageError
from targen_core.outputs import write_file
from targen_core.plugins.registry import Registry
from targen_core.reading.files import read_text
from targen_core.text import plural

_TRAIN = ("train",)
_TEST = ("val", "validation", "dev")
_FORMS = (".jsonl", ".json", ".csv", ".parquet")
_AXG_TRAIN = 284  # rows of AX-g that the paper trains on; the other 72 are tested on


def _folder(option: str, folder: Path, task: str, has_rows: Callable[[Path], bool]) -> Path | None:
    """The folder of a task's rows: that of its name, else a numbered one, or a run of the task.

    Raises:
        UsageError: the folder does not exist, or several folders in it could be meant.
    """
    if not folder.is_dir():
        raise UsageError(f"{option} {folder}: the folder does not exist")
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and has_rows(path))
    plain = {path: re.sub(r"[\W_]", "", path.name.lower()) for path in folders}
    found = [path for path in folders if plain[path] == task] or [
        path for path in folders if task in (re.sub(r"\d", "", plain[path]), _task_of(path))
    ]
    if len(found) > 1:
        raise UsageError(
            f"{option} {folder} has several folders with rows of {task}: "
            + ", ".join(path.name for path in found),
            hint=f"rename the one to use to {task}, and move the others elsewhere",
        )
    return found[0] if found else None


def _task_of(run: Path) -> str:
    """The name of the task of a run, "" of another folder."""
    with suppress(TargenError):
        if (run / "manifest.json").exists() and (task := open_source(run).task) is not None:
            return task().rpartition(":")[2]
    return ""


def file_in(folder: Path, names: tuple[str, ...]) -> Path | None:
    """Return the first file of rows that a folder has under one of these names."""
    places = [folder / f"{name}{form}" for name in names for form in _FORMS]
    return next((path for path in places if path.is_file()), None)


def layout(option: str) -> str:
    """Return the hint for a folder that lacks a task: what an option's folder must contain."""
    if option == "--original":
        return "--original FOLDER must contain SuperGLUE: CB/train.jsonl, CB/val.jsonl, and so on"
    return f"{option} FOLDER must contain one run or file per task: cb/dataset.jsonl or cb.jsonl"


def original_of(folder: Path, task: str, work: Path) -> tuple[Path, Path] | None:
    """The original training and test rows of a task: TASK/train.jsonl and TASK/val.jsonl.

    AX-g, which has one file, is split as in the paper; its parts are written below `work`.

    Raises:
        UsageError: see `_folder`.
        RunDirectoryError: the operating system refuses.
    """
    own = _original(folder, task)
    if own is None:
        return None
    train, test = file_in(own, _TRAIN), file_in(own, _TEST)
    if train is not None and test is not None:
        return train, test
    whole = _whole(own)
    if whole is None:
        return None
    rows = [line for line in read_text(whole, 1 << 30).split("\n") if line.strip()]
    parts = ("\n".join(part) + "\n" for part in (rows[:_AXG_TRAIN], rows[_AXG_TRAIN:]))
    names = (work / "axg-train.jsonl", work / "axg-test.jsonl")
    train, test = (write_file(name, part) for name, part in zip(names, parts, strict=True))
    return train, test


def rows_in(option: str, folder: Path, task: str) -> Path | None:
    """Return a task's rows in a folder of SuperGLUE or of synthetic rows, or None."""
    if option == "--synthetic":
        return synthetic_of(folder, task)
    own = _original(folder, task)
    return None if own is None else file_in(own, _TRAIN) or _whole(own)


def _original(folder: Path, task: str) -> Path | None:
    def has_rows(path: Path) -> bool:
        has_splits = file_in(path, _TRAIN) is not None and file_in(path, _TEST) is not None
        return has_splits or (task == "axg" and _whole(path) is not None)

    return _folder("--original", folder, task, has_rows)


def _whole(own: Path) -> Path | None:
    paths = (own / f"{name}.jsonl" for name in (own.name, "axg", "AX-g", "test"))
    return next((path for path in paths if path.is_file()), None)


def synthetic_of(folder: Path | None, task: str) -> Path | None:
    """Find the synthetic rows of a task in a folder: its run, or a folder or file with its name.

    Raises:
        UsageError: see `_folder`.
    """
    if folder is None:
        return None

    def has_rows(path: Path) -> bool:
        return (path / "dataset.jsonl").exists() or file_in(path, _TRAIN) is not None

    own = _folder("--synthetic", folder, task, has_rows)
    if own is None:
        return file_in(folder, (task,))
    return own if (own / "dataset.jsonl").exists() else file_in(own, _TRAIN)


def replayed_of(
    run: Path, changes: Mapping[str, Any], file: Path, registry: Registry
) -> tuple[Path | None, str]:
    """Return the rows of a run under `changes`, replayed from its journal.

    They are written to `file`, since a replay is free.

    Returns:
        The file, or None without rows, and what the replay lacks, or "".

    Raises:
        TargenError: the run cannot be made again.
        RunDirectoryError: the operating system refuses.
    """
    from targen_standard.replaying.api import replay

    if not (run / "journal").is_file():
        return None, f"{run} has no journal, which is needed to replay the other arm"
    with tempfile.TemporaryDirectory(prefix="targen-") as folder:
        again = replay(run, Path(folder) / run.name, registry=registry, **changes)
        lacking = sum(each["calls"] for each in again.report.raw["replay"]["needed"])
        rows = read_text(again.path / "dataset.jsonl", 1 << 30)
    note = f"the replay of {run} lacks {plural(lacking, 'call')}" if lacking else ""
    if not rows:
        return None, note or f"the replay of {run} has no rows"
    return write_file(file, rows), note
