"""Writing an export: whole, under its name at once, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from targen_core.dataset.model import Dataset
from targen_core.errors import RunDirectoryError, UsageError
from targen_core.plain import NO_ROOM, kind_of, why_not
from targen_core.plugins.register import Registration
from targen_standard.exporting.model import Exporter


def check_free(out: Path, *, folder: bool, force: bool) -> None:
    """Check that an export may be written to `out`.

    Raises:
        UsageError: a file or folder exists, and `force` is false or cannot help: links and devices
            are never replaced.
    """
    if not os.path.lexists(out):
        return
    if (kind := kind_of(out)) not in ("", "a folder"):
        raise UsageError(
            f"{out} is {kind}; an export can replace only a file or a folder",
            hint="choose a different --out",
        )
    if out.is_dir() != folder:
        there, made = ("folder", "file") if out.is_dir() else ("file", "folder")
        raise UsageError(
            f"{out} is a {there}, but this export is a {made}", hint="choose a different --out"
        )
    if not force:
        what = "an earlier export" if folder else "it"
        raise UsageError(
            f"{out} exists",
            hint=f"use --force to replace {what}, or choose a different --out",
        )


def check_apart(out: Path, source: Path) -> None:
    """Check that an export replaces neither its source nor a file of the source's run.

    Raises:
        UsageError: it would.
    """
    target, origin = out.resolve(), source.resolve()
    if target == origin:
        raise UsageError(
            f"{out} is the dataset that is being exported", hint="choose a different --out"
        )
    if source.is_dir() and origin in target.parents and origin / "exports" not in target.parents:
        raise UsageError(
            f"{out} is in the run directory itself, among the run's files",
            hint=f"choose a different --out, such as one in {source / 'exports'}",
        )


def save_as(
    item: Registration[Exporter],
    exporter: Exporter,
    dataset: Dataset,
    out: Path,
    *,
    force: bool = False,
    parts: Mapping[str, Dataset] | None = None,
) -> list[Path]:
    """Write a dataset as `save` does, with errors that name a registered exporter.

    Raises:
        TargenError: as `save` does.
        MissingDependency: the exporter needs a library that is not installed.
        PluginError: the exporter fails.
    """
    with item.blamed(exporter.extra):
        return save(dataset, exporter, out, force=force, parts=parts)


def save(
    dataset: Dataset,
    exporter: Exporter,
    out: Path,
    *,
    force: bool = False,
    parts: Mapping[str, Dataset] | None = None,
) -> list[Path]:
    """Write `dataset` to `out` and return the files, in order of their names.

    The export is created next to `out` and moved there when it is complete. With `force` an earlier
    export is replaced. A folder is replaced only if the new export has all of its files, so that
    other people's files are not lost. With `parts`, its splits by name, `out` is a folder with a
    file of each, or what the exporter makes of them.

    Raises:
        UsageError: see `check_free`.
        RunDirectoryError: the operating system refuses; what was at `out` is kept.
        RuntimeError: the exporter does not create anything, or not the declared file or folder.
        FileNotFoundError: the exporter does not find a file of its own.
    """
    folder = not exporter.suffix or parts is not None
    check_free(out, folder=folder, force=force)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".targen-export-", dir=out.parent))
    except OSError as error:
        raise _failed(out, error) from error
    made = beside / ("new" if folder else f"new{exporter.suffix}")  # some libraries go by it
    try:
        if parts is None:
            exporter.write(dataset, made)
        else:
            _write_parts(dataset, exporter, parts, made)
        if not made.exists() or made.is_dir() != folder:
            raise RuntimeError(f"it did not create a {'folder' if folder else 'file'}")
        files = _files(made)
        for path in files:
            with open(path, "rb") as file:
                os.fsync(file.fileno())
        if folder and out.is_dir():
            _keep_others(out, {path.relative_to(made) for path in files})
            out.rename(beside / "old")
            try:
                made.rename(out)
            except OSError:
                (beside / "old").rename(out)
                raise
        else:
            made.replace(out)
    except OSError as error:
        missing = error.filename if isinstance(error, FileNotFoundError) else None
        if isinstance(missing, str) and not _is_below(Path(missing), beside, out):
            raise  # a file of the exporter's own, such as a template
        raise _failed(out, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return [out / path.relative_to(made) for path in files]


def _is_below(path: Path, *folders: Path) -> bool:
    """Return whether a path is one of these, or in one of them."""
    return any(path.absolute().is_relative_to(each.absolute()) for each in folders)


def _write_parts(
    dataset: Dataset, exporter: Exporter, parts: Mapping[str, Dataset], made: Path
) -> None:
    """Write the splits of a dataset into a folder.

    Raises:
        UsageError: an exporter that writes a folder, and does not know splits.
    """
    if exporter.write_parts is not None:
        exporter.write_parts(dataset, parts, made)
    elif exporter.suffix:
        made.mkdir()
        for name, part in parts.items():
            exporter.write(part, made / f"{name}{exporter.suffix}")
    else:
        raise UsageError(
            "this format writes a single folder, which cannot be split",
            hint="leave out --split",
        )


def _files(path: Path) -> list[Path]:
    """The files of an export: itself, or what the folder holds."""
    return sorted(p for p in path.rglob("*") if not p.is_dir()) if path.is_dir() else [path]


def _keep_others(out: Path, ours: set[Path]) -> None:
    """Refuse to replace a folder that holds what the new export has not."""
    for path in _files(out):
        if path.relative_to(out) not in ours:
            raise UsageError(
                f"{out} contains {path.relative_to(out)}, which did not come from an export and "
                "would be lost",
                hint="move it elsewhere, or choose a different --out",
            )


def _failed(out: Path, error: OSError) -> RunDirectoryError:
    return RunDirectoryError(
        f"cannot write {out}: {why_not(out, error)}",
        hint=("free some space, or " if error.errno in NO_ROOM else "")
        + "choose a different --out",
    )
