"""The directory that a merge writes: next to its final place, and moved there when complete."""

from __future__ import annotations

from pathlib import Path

from targen_core.cli.commands.shelf import is_busy
from targen_core.errors import (
    RunConflict,
    RunDirectoryError,
    UnreadableFile,
)
from targen_core.outputs import remove
from targen_core.plain import kind_of
from targen_core.runs.directory import RunDirectory
from targen_core.runs.files import MEMBERS, check_members, keep_copies
from targen_core.runs.manifest import Manifest
from targen_core.runs.place import is_fresh
from targen_standard.merging.runs import Run


def copy_files(first: Run, folder: Path) -> None:
    """Copy the task's file and given items: the manifest speaks of them."""
    names = [*first.manifest.copies]
    if first.manifest.task_file:
        names.append(first.manifest.task_file.partition(":")[0])
    for name in names:
        try:
            check_members(first.path, [name])
            keep_copies({name: (first.path / name).absolute()}, folder)
        except UnreadableFile as error:
            raise RunDirectoryError(str(error)) from error


class NewFolder:
    """A run directory that is written next to its final place, and moved there on success."""

    def __init__(self, unfinished: Path, out: Path) -> None:
        self._unfinished = unfinished
        self._out = out
        self._before = out.with_name(f".{out.name}.before")

    def __enter__(self) -> RunDirectory:
        try:
            self._out.parent.mkdir(parents=True, exist_ok=True)
            self._require_folders()
            self._recover()
            self._require_place()
            self._directory = RunDirectory(self._unfinished)
            for path in self._unfinished.iterdir():  # what a merge left that was killed
                if path.name != ".lock":
                    remove(path)
        except OSError as error:
            raise RunDirectoryError(f"cannot write to {self._out}: {error.strerror}") from error
        self._directory.open_outputs()
        return self._directory

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is not None:
                remove(self._unfinished)
                return
            # Locked until it is in its place: another merge would empty it.
            if self._out.exists():
                self._out.rename(self._before)
            self._unfinished.rename(self._out)
            self._recover()
        except OSError as why:
            raise RunDirectoryError(f"cannot write to {self._out}: {why.strerror}") from why
        finally:
            self._directory.close()

    def _require_folders(self) -> None:
        """Refuse links and the like where the merge goes: what they point to would be emptied."""
        for path in (self._out, self._unfinished, self._before):
            if (kind := kind_of(path)) not in ("", "a folder"):
                raise RunConflict(
                    f"{path} is {kind}, not a folder", hint="remove it, or choose a different --out"
                )

    def _require_place(self) -> None:
        if not self._out.exists() or is_fresh(self._out):
            return
        manifest = self._out / "manifest.json"
        if not manifest.exists() or not Manifest.load(manifest).merged:
            what = (
                "contains a run"
                if manifest.exists()
                else "already exists, but is not a run directory"
            )
            raise RunConflict(f"{self._out} {what}", hint="choose a different --out")
        if is_busy(self._out):
            raise RunDirectoryError(
                f"a process is using {self._out}", hint="wait for it, or stop it"
            )

    def _recover(self) -> None:
        """Take what is not the merge's own, such as exports, from the one before; or put it back.

        A process that was killed may have left it there.
        """
        if not self._before.exists():
            return
        if not self._out.exists():
            self._before.rename(self._out)
            return
        for path in self._before.iterdir():
            if path.name not in MEMBERS and not (self._out / path.name).exists():
                path.rename(self._out / path.name)
        remove(self._before)
