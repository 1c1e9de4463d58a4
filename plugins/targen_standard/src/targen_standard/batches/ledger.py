"""`batches.jsonl`: which calls of a run were handed over to services, and by whom the rest came."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from targen_core.errors import RunDirectoryError
from targen_core.plain import open_plain, read_plain, write_failed
from targen_core.reading.lines import json_line

_LARGEST = 64 << 20  # bytes of the file: two million calls
_BATCH = re.compile(r"[.:-]*+\w[\w.:-]*+")


class BatchLedgerFile:
    """The batches of a run, in a file: a line per handed-over batch and per failure.

    A line is `{"batch", "model", "keys", "at"}` or `{"batch", "failed", "problem", "at"}`. For
    answers from a file it is `{"imported", "at"}` with their number. A line that does not read,
    torn by a kill, is passed over.
    """

    NAME = "batches.jsonl"

    def __init__(self, folder: Path) -> None:
        """Read what a run directory has.

        Raises:
            RunDirectoryError: the file cannot be read.
        """
        self._path = path = folder / self.NAME
        self._batch: dict[tuple[str, str], str] = {}  # by model and key: the last batch
        self._failed: dict[str, set[str]] = {}
        self.imported = False  # whether answers were ever brought by a file
        try:
            lines = io.BytesIO(read_plain(path, _LARGEST))  # a list of short ones is far larger
        except FileNotFoundError:
            lines = io.BytesIO()
        except OSError as error:
            raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error
        for line in lines:
            try:
                self._take(json_line(line))
            except (ValueError, KeyError, TypeError):
                continue

    def find(self, identity: str, key: str) -> str | None:
        """Return the batch that still owes, or has, the answer to a call, if any."""
        batch = self._batch.get((identity, key))
        return None if batch is None or key in self._failed.get(batch, ()) else batch

    def add(self, identity: str, batch: str, keys: Sequence[str]) -> None:
        """Write down that a batch was handed over.

        Raises:
            RunDirectoryError: the disk does not take it.
        """
        self._append({"batch": batch, "model": identity, "keys": list(keys)})

    def failed(self, batch: str, keys: Sequence[str], problem: str) -> None:
        """Write down which calls a batch did not answer.

        Raises:
            RunDirectoryError: the disk does not take it.
        """
        self._append({"batch": batch, "failed": list(keys), "problem": problem[:500]})

    def drop(self, keys: Set[str]) -> None:
        """Write down that the answers to some calls are of no use, so that they are asked again.

        Raises:
            RunDirectoryError: the disk does not take it.
        """
        for (identity, key), batch in [*self._batch.items()]:
            if key in keys and self.find(identity, key):
                self.failed(batch, [key], "the answer could not be used")

    def bring(self, answers: int) -> None:
        """Write down that a file of so many answers is read.

        Raises:
            RunDirectoryError: the disk does not take it.
        """
        self._append({"imported": answers})

    def _append(self, record: dict[str, Any]) -> None:
        self._take(record)
        record["at"] = datetime.now(UTC).isoformat(timespec="seconds")
        # Start with a line break, so that a torn last line remains separate.
        line = f"\n{json.dumps(record, ensure_ascii=False)}\n".encode("utf-8", "replace")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            with os.fdopen(open_plain(self._path, flags, alone=True), "ab") as file:
                file.write(line[1:] if os.fstat(file.fileno()).st_size == 0 else line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise write_failed(self._path, error) from error

    def _take(self, record: Mapping[str, Any]) -> None:
        if "imported" in record:
            self.imported = True
            return
        batch = str(record["batch"])
        if not _BATCH.fullmatch(batch):
            raise ValueError("not a valid batch id")  # it becomes part of an address
        if "failed" in record:
            self._failed.setdefault(batch, set()).update(record["failed"])
            return
        for key in record["keys"]:
            self._batch[record["model"], key] = batch
