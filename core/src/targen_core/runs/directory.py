"""A run directory: the engine's sink, and everything that a run leaves."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import weakref
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from targen_core.calls.journal import Mark
from targen_core.errors import RunDirectoryError
from targen_core.outputs import remove
from targen_core.plain import open_plain, read_plain, why_not
from targen_core.reading.lines import read_jsonl
from targen_core.reading.values import json_of
from targen_core.runs.files import (
    MAX_SECONDS,
    OUTPUTS,
    SMALL,
    ReplayedFile,
    check_members,
    write_atomically,
)

_OPEN: weakref.WeakSet[RunDirectory] = weakref.WeakSet()
"""Those that this process holds."""


class RunDirectory:
    """The files of one run, locked for one process.

    `manifest.json`, `journal`, `dataset.jsonl` (only official rows), `provenance.jsonl`,
    `rejects.jsonl`, `ledger`, `report.json`, `README.md`.

    Attributes:
        pending: where the calls are that a replay lacks: next to it, outputs are provisional.
        made: the folders that were made for it, itself first.
    """

    def __init__(self, path: Path) -> None:
        """Lock the directory, made if it is not there.

        Raises:
            RunDirectoryError: it cannot be made or written.
            RunDirectoryError: it contains links or other things that are not files.
            RunDirectoryError: another process holds it, or this one does already.
        """
        self.path = path
        self.manifest = path / "manifest.json"
        self.journal = path / "journal"
        self.ledger = path / "ledger"
        self.pending = path / "pending.jsonl"
        self._outputs: tuple[ReplayedFile, ...] = ()  # dataset, provenance and rejects
        self._report: bytes | None = None  # that of an earlier process
        self.made = [folder for folder in (path, *path.parents) if not folder.exists()]
        try:
            path.mkdir(parents=True, exist_ok=True)
            check_members(path)
            # Locking empties the file, so it must belong only to this run.
            os.close(open_plain(path / ".lock", os.O_RDWR | os.O_CREAT, alone=True))
            # Not a thread's own: a job may be run in one and closed in another.
            self._lock = FileLock(path / ".lock", timeout=0, thread_local=False)
            self._lock.acquire()
        except Timeout:
            if any(other.path.samefile(path) for other in list(_OPEN)):
                raise RunDirectoryError(
                    f"{path} is already open in this process: a run is in progress there, or a "
                    "Job was not closed",
                    hint="wait for it to finish, or pass a different --seed or --out; "
                    "job.close() closes a Job",
                ) from None
            raise RunDirectoryError(
                f"another process is using {path}", hint="wait until it ends, or stop it"
            ) from None
        except OSError as error:
            raise RunDirectoryError(
                f"cannot write to {path}: {why_not(path, error)}",
                hint=f"chmod -R u+w {shlex.quote(str(path))}, or copy the run to a writable "
                "folder, and resume the copy"
                if os.access(self.manifest, os.F_OK)
                else "choose a different --out",
            ) from error
        _OPEN.add(self)

    def remove_made(self) -> None:
        """Remove its files and the folders that were made for it, as far as possible."""
        with contextlib.suppress(OSError):
            for file in self.path.iterdir():
                remove(file)
            for folder in self.made:
                folder.rmdir()

    def drop_provisional(self) -> None:
        """Remove the outputs of a replay that lacks calls; the calls change them."""
        if self.pending.exists():
            self.drop_outputs()
            remove(self.ledger)
            remove(self.pending)

    def drop_outputs(self) -> None:
        """Remove dataset, provenance and rejects, before the run writes them again."""
        for name in OUTPUTS:
            remove(self.path / name)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Return how far dataset, provenance and rejects are written or repeated."""
        return tuple([file.mark for file in self._outputs])

    def open_outputs(self, *, empty: bool = False) -> None:
        """Open dataset, provenance and rejects, `empty` or not, to be written from their start."""
        for file in self._outputs:
            file.close()
        if empty:
            self.drop_outputs()
        # A report describes a finished run; this one continues.
        report = self.path / "report.json"
        with contextlib.suppress(OSError):
            self._report = read_plain(report, SMALL)
        remove(report)
        self._outputs = tuple(ReplayedFile(self.path / name) for name in OUTPUTS)

    @property
    def died(self) -> bool:
        """Return whether the last process on the open outputs did not write a report."""
        return self._report is None

    def skip(self, marks: Sequence[Mark]) -> bool:
        """Skip the lines of earlier processes, if all of them are unchanged.

        Where the last of them died, lines behind the marks go: a machine that lost power may
        have lost the answers that they rest on.

        Raises:
            RunDirectoryError: they cannot be cut off.
        """
        return all(
            file.skip(mark, cut=self.died) for file, mark in zip(self._outputs, marks, strict=True)
        )

    def lost(self, marks: Sequence[Mark]) -> bool:
        """Return whether a file ends before its mark, as after a power failure."""
        return any(at > file.size for file, (at, _) in zip(self._outputs, marks, strict=True))

    @property
    def replaying(self) -> bool:
        """Return whether records of an earlier process follow, which are only compared."""
        return any(file.replaying for file in self._outputs)

    def accept(self, rows: Sequence[Mapping[str, Any]], provenance: Mapping[str, Any]) -> None:
        """Write the rows of one instance, and where they come from."""
        dataset, of_rows, of_rejects = self._outputs
        of_rows.write(provenance, of_rejects)
        for row in rows:
            dataset.write(row)

    def reject(self, record: Mapping[str, Any]) -> None:
        """Write one rejected candidate or list item."""
        _, of_rows, of_rejects = self._outputs
        of_rejects.write(record, of_rows)

    def rows(self, count: int) -> Sequence[Mapping[str, Any]]:
        """Return the first rows of the dataset; a replay has not yet reached those after them."""
        return list(islice(read_jsonl(self.path / "dataset.jsonl"), count))

    @property
    def seconds_before(self) -> float | None:
        """Return the seconds that earlier processes worked; None if one was killed."""
        try:
            seconds = json_of(self._report or b"")["seconds"]
        except (ValueError, KeyError, TypeError):
            return None
        return seconds if type(seconds) in (int, float) and 0 <= seconds <= MAX_SECONDS else None

    def leave_as_it_was(self) -> None:
        """Restore the report: no line was written that it should mention."""
        if self._report is not None:
            write_atomically(self.path / "report.json", self._report.decode(errors="replace"))

    def finish(
        self, *, complete: bool, report: Mapping[str, Any], files: Mapping[str, str]
    ) -> None:
        """Write the report, and files by name; with `complete`, check that the files end here."""
        if complete:
            for file in self._outputs:
                file.end()
        text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
        write_atomically(self.path / "report.json", text)
        for name, text in files.items():
            write_atomically(self.path / name, text)

    def close(self) -> None:
        """Close the files and let the directory go."""
        for file in self._outputs:
            file.close()
        self._outputs = ()
        self._lock.release()
        _OPEN.discard(self)
