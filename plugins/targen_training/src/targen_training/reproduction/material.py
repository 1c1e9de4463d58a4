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

REPLAYED = {"correct"}
"""Changes of an arm that a replay makes in a run, without a call."""

Found = tuple[Path, Path]
"""Training rows and test rows."""

_TRAIN = ("train",)
_TEST = ("val", "validation", "dev")
_FORMS = (".jsonl", ".json", ".csv", ".parquet")
_AXG_TRAIN = 284  # rows of AX-g that the paper trains on; the other 72 are tested on


class SeveralFolders(UsageError):
    """Several folders could have the rows of a task."""


def _folder(option: str, folder: Path, task: str, has_rows: Callable[[Path], bool]) -> Path | None:
    """The folder of a task's rows: that of its name, else a numbered one, or a run of the task.

    Raises:
        SeveralFolders: several folders could be meant.
    """
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and has_rows(path))
    plain = {path: re.sub(r"[\W_]", "", path.name.lower()) for path in folders}
    named = [path for path in folders if plain[path] == task]
    found = named or [
        path for path in folders if task in (re.sub(r"\d", "", plain[path]), _task_of(path))
    ]
    if len(found) > 1:
        raise SeveralFolders(
            f"{option} {folder} has several folders with rows of {task}: "
            + ", ".join(path.name for path in found),
            hint="keep one of them there, and move the others elsewhere"
            if named
            else f"rename the one to use to {task}",
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


def layout(option: str, folder: Path) -> str:
    """Return the hint for a folder that lacks a task: what an option's folder must contain."""
    if file_in(folder, _TRAIN) is not None or (folder / "dataset.jsonl").exists():
        return f"{option} must be the folder that contains {folder.resolve().name}"
    if option == "--original":
        return "--original FOLDER must contain SuperGLUE: CB/train.jsonl, CB/val.jsonl, and so on"
    return f"{option} FOLDER must contain one run or file per task: cb/dataset.jsonl or cb.jsonl"


def original_of(folder: Path, task: str, work: Path) -> Found | None:
    """The original rows of a task below a folder: TASK/train.jsonl and TASK/val.jsonl.

    AX-g, which has one file, is split as in the paper; its parts are written below `work`.

    Raises:
        UsageError: the folder does not exist, or several of its folders could be meant.
        WriteFailed: the operating system refuses.
    """
    own = _original(folder, task)
    if own is None:
        return None
    if task == "axg" and file_in(own, _TRAIN) is None:
        whole = _whole(own)
        return None if whole is None or whole.suffix != ".jsonl" else _split(whole, work)
    train, test = file_in(own, _TRAIN), file_in(own, _TEST)
    return (train, test) if train is not None and test is not None else None


def original_rows(folder: Path, task: str) -> Path | None:
    """The original rows that a figure describes: the training rows, and of AX-g its one file.

    Raises:
        UsageError: see `original_of`.
    """
    own = _original(folder, task)
    return None if own is None else file_in(own, _TRAIN) or _whole(own)


def _original(folder: Path, task: str) -> Path | None:
    if not folder.is_dir():
        raise UsageError(f"--original {folder}: the folder does not exist")
    return _folder(
        "--original",
        folder,
        task,
        lambda path: (
            all(file_in(path, names) for names in (_TRAIN, _TEST))
            or (task == "axg" and _whole(path) is not None)
        ),
    )


def _whole(own: Path) -> Path | None:
    return file_in(own, (own.name, "axg", "AX-g", "test"))


def _split(whole: Path, work: Path) -> Found:
    rows = [line for line in read_text(whole, 1 << 30).split("\n") if line.strip()]
    train, test = ("\n".join(part) + "\n" for part in (rows[:_AXG_TRAIN], rows[_AXG_TRAIN:]))
    return write_file(work / "axg-train.jsonl", train), write_file(work / "axg-test.jsonl", test)


def synthetic_of(folder: Path | None, task: str) -> Path | None:
    """Find the synthetic rows of a task in a folder: its run, or a folder or file with its name.

    Raises:
        UsageError: the folder does not exist, or several of its folders could be meant.
    """
    if folder is None:
        return None
    if not folder.is_dir():
        raise UsageError(f"--synthetic {folder}: the folder does not exist")
    own = _folder(
        "--synthetic",
        folder,
        task,
        lambda path: (path / "dataset.jsonl").exists() or file_in(path, _TRAIN) is not None,
    )
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
        WriteFailed: the operating system refuses.
    """
    from targen_standard.replaying.api import replay

    if not (run / "journal").is_file():
        return None, f"{run} has no journal, which is needed to replay the other arm"
    with tempfile.TemporaryDirectory(prefix="targen-") as folder:
        again = replay(run, Path(folder) / run.name, registry=registry, **changes)
        lacking = sum(each["calls"] for each in again.report.raw["replay"]["needed"])
        rows = read_text(again.path / "dataset.jsonl", 1 << 30)
    said = f"the replay of {run} lacks {plural(lacking, 'call')}" if lacking else ""
    if not rows:
        return None, said or f"the replay of {run} has no rows"
    return write_file(file, rows), said and f"{said} and has {plural(rows.count(chr(10)), 'row')}"
