"""The common forms of datasets, told apart and opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn

from targen_core.dataset.lines import lines
from targen_core.dataset.records import Form, Record
from targen_core.dataset.source import Source, open_source, run_source
from targen_core.errors import NoSuchFile, RunDirectoryError, UsageError
from targen_core.plain import is_inside
from targen_core.plugins.loader import load_registry
from targen_core.reading import refuse_spreadsheet
from targen_core.runs.preparing.sources import HUB
from targen_core.wording import Action, Option, Words
from targen_standard.datasets.columns import columns_of, from_hub, parquet, saved
from targen_standard.datasets.texts import document, table

__all__ = ["common_source"]

_FORMS = "a run directory, or a .jsonl, .csv or .parquet file"


def common_source(source: Any, encoding: str) -> Source:
    """Open a dataset without a reader of its own: a file, a folder, a hub's, or rows in memory.

    Args:
        source: a path, `hf:OWNER/NAME[:CONFIG[:SPLIT]]`, or what holds rows.
        encoding: of text files without a byte order mark.

    Raises:
        UsageError: the source does not exist or cannot be read.
        RunDirectoryError: the folder contains no dataset.
        MissingDependency: the library that reads this form is not installed.
    """
    if not isinstance(source, str | PathLike):
        return _in_memory(source)
    if str(source).startswith(HUB):
        named = str(source).removeprefix(HUB).replace("/", "-").replace(":", "-")
        return Source(str(source), named, from_hub(str(source)))
    path = Path(source).expanduser()
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise NoSuchFile(path, hint=_of_a_task(str(source)) or _FORMS)
    suffix = path.suffix.lower()
    if path.is_file() and suffix in (".yaml", ".yml", ".toml", ".py"):
        raise UsageError(
            f"{path} is the file of a task, not a dataset",
            hint=f"{_FORMS}; the task goes with " + Option("task", str(path)),
        )
    refuse_spreadsheet(path)
    if suffix in (".csv", ".tsv"):
        form = table(path, encoding)
    elif suffix == ".parquet":
        form = parquet([path])
    elif suffix == ".json":
        form = document(path, encoding)
    else:
        form = lines(path, encoding)
    return Source(str(path), path.stem, form)


def _folder(path: Path) -> Source:
    name = path.resolve().name
    if (path / "state.json").is_file():
        return Source(str(path), name, saved(path))
    if (path / "dataset_dict.json").is_file():
        splits = sorted(each for each in path.iterdir() if (each / "state.json").is_file())
        _refuse_outside(path, splits)
        return open_source(splits[0]) if len(splits) == 1 else _several(path, splits)
    tables = sorted([*path.glob("*.parquet"), *path.glob("data/*.parquet")])
    if files := [each for each in tables if each.is_file()]:
        _refuse_outside(path, files)
        if len({_split(each) for each in files}) > 1:
            _several(path, files)
        return Source(str(path), name, parquet(files))
    if not (path / "manifest.json").is_symlink() and not (path / "manifest.json").exists():
        raise RunDirectoryError(f"{path} is a folder that contains no dataset", hint=_FORMS)
    return run_source(path)  # which says that it is none


def _of_a_task(name: str) -> Words:
    """Return the hint if someone named an installed task in place of a dataset; or ""."""
    if name not in {item.name for item in load_registry().all("task")}:
        return ""
    return f"{name} is a task; for rows: " + Action("generate", name, n=100)


def _refuse_outside(folder: Path, members: Iterable[Path]) -> None:
    """Refuse links that lead out of a folder, which may be from anybody."""
    for member in members:
        if not is_inside(folder, member):
            raise UsageError(
                f"{member} is a link that leads out of {folder}",
                hint="name what it leads to, or copy that into the folder",
            )


def _split(path: Path) -> str:
    """The split whose rows a file of an export or a hub holds: `train-00000-of-00001.parquet`."""
    return path.stem.partition("-")[0].lstrip("0123456789")


def _several(path: Path, parts: Sequence[Path]) -> NoReturn:
    names = ", ".join(part.name for part in parts) or "no readable dataset"
    raise UsageError(
        f"{path} contains several datasets: {names}",
        hint=f"name one, such as {parts[0]}" if parts else "",
    )


def _in_memory(source: Any) -> Source:
    """Rows that are in memory."""
    name = "the data given"
    if hasattr(source, "features") and hasattr(source, "with_format"):
        return Source(name, "dataset", columns_of(source))
    if hasattr(source, "to_dict") and hasattr(source, "columns"):  # a data frame
        source = source.astype(object).where(source.notna(), None).to_dict("records")
    if isinstance(source, Mapping) or not isinstance(source, Iterable):
        raise UsageError(f"{type(source).__name__} is not a dataset: pass a path or rows")
    rows = list(source)

    def records() -> Iterator[tuple[int, Record]]:
        for number, row in enumerate(rows, 1):
            bad = ValueError(f"{type(row).__name__} is not a row")
            yield number, row if isinstance(row, Mapping) else bad

    return Source(name, "dataset", Form(records, place="row"))
