"""Grades of raters: one file of lines per rater, which survives a kill at any moment.

Each line is the whole state of one row for one rater, and the last line of a row counts. So an
undo writes the earlier state once more, and the files of several machines are merged by copying
them into one folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from targen_core.errors import RunDirectoryError, UsageError
from targen_core.plain import open_plain, read_plain, write_failed
from targen_core.tasks.words import MARKS
from targen_core.text import refused

NAME = re.compile(rf"\A[\w{MARKS}.-]{{1,40}}\Z")
"""A rater's name, which is also part of a file name: letters of any script."""

_MAX_BYTES = 256 << 20
_MAX_TEXT = 100_000


def as_key(output: Mapping[str, Any] | None) -> str:
    """Return an output as text for comparison, or ""."""
    return "" if output is None else json.dumps(output, sort_keys=True)


def _check_text(text: str) -> str:
    if "\0" in text:
        raise ValueError("it contains a NUL (U+0000), which is not text")
    return text


def _check_output(output: Mapping[str, Any]) -> Mapping[str, Any]:
    text = json.dumps(output, ensure_ascii=False)
    if "\\u0000" in text or len(text) > _MAX_TEXT:
        raise ValueError("it contains a NUL (U+0000), or is too long")
    return output


_Text = Annotated[str, Field(max_length=_MAX_TEXT), AfterValidator(_check_text)]


class Grade(BaseModel):
    """The whole state of one row for one rater.

    Attributes:
        row: the row's id in the review.
        digest: of the row's contents as they were shown, 16 hex digits.
        at: when it was given, ISO 8601 in UTC.
        before: the letter for the label before correction; None if there was no correction.
        after: the letter for the final label.
        label: the label that the rater would give; None if they gave none.
        output: the columns of the output that the rater would give; None if they gave none.
        edit: field -> its text as the rater rewrote it.
        reject: whether the row should not be in the dataset.
        flag: whether the row needs discussion.
        comment: the rater's remark.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: Annotated[str, Field(min_length=1, max_length=500)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    at: str = ""
    before: str | None = None
    after: str | None = None
    label: _Text | None = None
    output: Annotated[Mapping[str, Any], AfterValidator(_check_output)] | None = None
    edit: Mapping[str, _Text] | None = None
    reject: bool = False
    flag: bool = False
    comment: _Text = ""

    @property
    def gives(self) -> bool:
        """Return whether the rater gave the row a label or an output."""
        return self.label is not None or self.output is not None

    @property
    def is_empty(self) -> bool:
        """Return whether it is empty, as after an undo."""
        return not any(self.content.values())

    @property
    def is_done(self) -> bool:
        """Return whether the row has its grade, or is rejected."""
        return self.after is not None or self.reject

    @property
    def content(self) -> dict[str, Any]:
        """Return what the rater decided, without when."""
        return self.model_dump(exclude={"row", "digest", "at"})


class Rater(BaseModel):
    """The rater of a file's grades: its first line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    rater: Annotated[str, Field(pattern=NAME)]
    kind: Literal["person", "model"] = "person"
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Graded:
    """A rater, and the last state of each row that they graded, by the row's id."""

    rater: Rater
    grades: Mapping[str, Grade] = field(default_factory=dict)


def people(graded: Mapping[str, Graded]) -> dict[str, Graded]:
    """Return the raters who are people, in alphabetical order."""
    return {name: graded[name] for name in sorted(graded) if graded[name].rater.kind == "person"}


def check_name(name: str) -> str:
    """Return the name of a rater, composed (NFC), since a file system may decompose letters.

    Raises:
        UsageError: it cannot name a file.
    """
    name = unicodedata.normalize("NFC", name)
    if not NAME.fullmatch(name) or not name.strip("."):
        raise UsageError(
            f"{name!r} cannot be the name of a rater",
            hint="use 1 to 40 letters, digits, '_', '.' and '-'",
        )
    return name


def as_name(text: str) -> str:
    """Return a text as a rater's name, with hyphens in place of other characters; may be ""."""
    name = re.sub(rf"[^\w{MARKS}.-]+", "-", unicodedata.normalize("NFC", text))
    return name[:40].strip(".-")


class GradeBook:
    """The file of one rater, open for grades; one process at a time may hold it.

    Attributes:
        rater: whose it is.
        path: the file.
        grades: the last state of each row, by the row's id; after an undo it may be empty.
    """

    def __init__(self, folder: Path, rater: Rater) -> None:
        """Open the file, or begin it; a torn last line is dropped.

        Raises:
            UsageError: another process has it open.
            RunDirectoryError: it cannot be opened or written.
            RunDirectoryError: it cannot be read, or is another rater's.
        """
        self.rater = rater
        self.path = folder / f"grades-{rater.rater}.jsonl"
        self.grades: dict[str, Grade] = {}
        self._steps: list[tuple[Grade, Grade]] = []  # a state, and the one before it
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._fd = open_plain(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, alone=True)
        except OSError as error:
            raise write_failed(self.path, error) from error
        try:
            self._lock()
            whole = read_plain(self.path, _MAX_BYTES).rpartition(b"\n")[0]
            os.ftruncate(self._fd, len(whole) + 1 if whole else 0)
            if not whole:
                self._write(rater)
                return
            there, grades = _parsed(self.path, whole)
            if there != rater:
                raise RunDirectoryError(
                    f"{self.path} contains the grades of {_words(there)}, not of {_words(rater)}",
                    hint="choose a different name: --as NAME",
                )
            for grade in grades:
                self._take(grade)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> GradeBook:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def append(self, grade: Grade) -> Grade:
        """Write a state, on disk when this returns; return it with its time.

        Raises:
            RunDirectoryError: it could not be written, and the file is as before.
        """
        if not grade.at:
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            grade = grade.model_copy(update={"at": now})
        self._write(grade)
        self._take(grade)
        return grade

    def undo(self) -> Grade | None:
        """Write the state before the last change again; return it, or None without a change.

        Raises:
            RunDirectoryError: it could not be written.
        """
        if not self._steps:
            return None
        return self.append(self._steps[-1][1].model_copy(update={"at": ""}))

    def _take(self, grade: Grade) -> None:
        before = self.grades.get(grade.row, Grade(row=grade.row, digest=grade.digest))
        self.grades[grade.row] = grade
        if self._steps:
            last, earlier = self._steps[-1]
            if last.row == grade.row and earlier.content == grade.content:  # an undo
                self._steps.pop()
                return
        self._steps.append((grade, before))

    def _write(self, line: BaseModel) -> None:
        data = line.model_dump_json().encode("utf-8", "backslashreplace") + b"\n"
        start = os.fstat(self._fd).st_size
        try:
            if os.write(self._fd, data) != len(data):
                raise OSError(28, "No space left on device")
            os.fsync(self._fd)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, start)
            raise write_failed(self.path, error) from error

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:  # Windows: each line is one write at the end of the file in any case
            return
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                f"another program is writing the grades of {self.rater.rater}",
                hint="stop the targen review that serves this rater's page",
            ) from error


def read_grades(folder: Path) -> dict[str, Graded]:
    """Return the raters of a review by name, with the last state of every row that they graded.

    Several files of one rater, as after merging folders of several machines, count as one, in the
    order of the grades' times. A torn last line is left out.

    Raises:
        RunDirectoryError: a file cannot be read, or two of one name are by different raters.
    """
    raters: dict[str, Rater] = {}
    grades: dict[str, list[Grade]] = {}
    for path in sorted(folder.glob("grades-*.jsonl")):
        try:
            whole = read_plain(path, _MAX_BYTES).rpartition(b"\n")[0]
        except OSError as error:
            raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error
        if not whole:
            continue
        rater, lines = _parsed(path, whole)
        if raters.setdefault(rater.rater, rater) != rater:
            raise RunDirectoryError(
                f"{folder} contains grades of {_words(raters[rater.rater])} and of "
                f"{_words(rater)}, two raters with the same name"
            )
        grades.setdefault(rater.rater, []).extend(lines)
    found = {}
    for name, rater in raters.items():
        last = {grade.row: grade for grade in sorted(grades[name], key=lambda grade: grade.at)}
        found[name] = Graded(rater, {row: g for row, g in last.items() if not g.is_empty})
    return found


def _parsed(path: Path, whole: bytes) -> tuple[Rater, list[Grade]]:
    first, *lines = whole.split(b"\n")
    grades: list[Grade] = []
    number = 1
    try:
        rater = Rater.model_validate_json(first, strict=True)
        for line in lines:
            number += 1
            grades.append(Grade.model_validate_json(line, strict=True))
        return rater, grades
    except ValidationError as error:
        raise RunDirectoryError(
            f"{path}, line {number} is not a valid grade record: {refused(error)}",
            hint="was this file edited?",
        ) from error


def _words(rater: Rater) -> str:
    return f"{rater.rater} ({rater.model or rater.kind})"
