"""Grades of raters: a file of lines for each rater, safe under a kill at any moment.

Each line is the whole state of one row for one rater, and the last line of a row counts. So an
undo is the earlier state once more, and the files of several machines are merged by copying them
into one folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from targen_core.errors import RunDirectoryError, UsageError, WriteFailed
from targen_core.plain import open_plain, read_at, read_plain, way_out
from targen_core.tasks.letters import MARKS
from targen_core.text import refused

NAME = re.compile(rf"\A[\w{MARKS}.-]{{1,40}}\Z")
"""The form of a rater's name, which is also part of a file name: letters of any script."""
_ODD = re.compile(rf"[^\w{MARKS}.-]+")

_MAX_BYTES = 256 << 20
_MAX_TEXT = 100_000
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes it, which escapes backslashes


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError(
            "it contains a NUL (U+0000), which would truncate the text in other programs: remove "
            "the NUL"
        )
    return text


def _is_said(output: Mapping[str, Any]) -> Mapping[str, Any]:
    text = as_key(output)
    if _NUL.search(text) or len(text) > _MAX_TEXT:
        raise ValueError("it contains a NUL (U+0000), or is too long")
    return output


def as_key(output: Mapping[str, Any] | None) -> str:
    """Return an output as text for comparison, or ""."""
    return "" if output is None else json.dumps(output, sort_keys=True)


_Text = Annotated[str, Field(max_length=_MAX_TEXT), AfterValidator(_without_nul)]


class Grade(BaseModel):
    """The whole state of one row for one rater.

    Attributes:
        row: the row's id in the review.
        digest: of the row's contents as they were shown, 16 hex digits.
        at: when it was given, ISO 8601 in UTC.
        before: the letter against the label before correction; None if it was not asked.
        after: the letter against the final label; None before there is one.
        reasons: names of the rubric's reasons, in its order.
        label: the label that the person would give; None if they gave none.
        output: the columns of the output that the person would give; None if they gave none.
        edit: field -> its text as the person rewrote it; None without an edit.
        reject: whether the row should not be in the dataset.
        flag: whether it is to be talked about.
        comment: what the person wrote about it.
        seconds: how long the row was on the screen before this was given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: Annotated[str, Field(min_length=1, max_length=500)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    at: str = ""
    before: str | None = None
    after: str | None = None
    reasons: tuple[str, ...] = ()
    label: _Text | None = None
    output: Annotated[Mapping[str, Any], AfterValidator(_is_said)] | None = None
    edit: Mapping[str, _Text] | None = None
    reject: bool = False
    flag: bool = False
    comment: _Text = ""
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @property
    def gives(self) -> bool:
        """Return whether the person said what the row's label or output is to be."""
        return self.label is not None or self.output is not None

    @property
    def is_empty(self) -> bool:
        """Return whether it is empty, as after an undo."""
        return not any(self.content)

    @property
    def is_done(self) -> bool:
        """Return whether the row has its grade, or is rejected."""
        return self.after is not None or self.reject

    def says_as(self, other: Grade) -> bool:
        """Return whether the other says the same of the same texts and labels."""
        return self.content == other.content and self.digest == other.digest

    @property
    def content(self) -> tuple[Any, ...]:
        """Return what was said, without when and how fast."""
        edit = None if self.edit is None else tuple(sorted(self.edit.items()))
        decided = self.label, as_key(self.output), edit, self.reject, self.flag, self.comment
        return self.before, self.after, self.reasons, *decided


class Rater(BaseModel):
    """The rater of a file's grades: its first line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    rater: Annotated[str, Field(pattern=NAME)]
    kind: Literal["person", "model"] = "person"
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Graded:
    """A rater, and the last state of each row that they touched.

    Attributes:
        rater: who.
        grades: the row's id -> its state; rows whose grade was undone are not in it.
    """

    rater: Rater
    grades: Mapping[str, Grade] = field(default_factory=dict)


def check_name(name: str) -> str:
    """The name of a rater, composed (NFC), since a file system may decompose letters.

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
    """Return a text with hyphens in place of what no rater's name may contain."""
    return _ODD.sub("-", unicodedata.normalize("NFC", text))


def now() -> str:
    """The present moment in UTC, as grades have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class GradeBook:
    """The file of one rater, open for grades; what others append to it is read on the way.

    Two processes may have one file open: each line is one write at the file's end.

    Attributes:
        rater: whose it is.
        path: the file.
        grades: the last state of each row, by the row's id; after an undo it may be empty.
        done: the ids of the rows that need no more of this rater.
    """

    def __init__(self, folder: Path, rater: Rater, *, relabels: bool = False) -> None:
        """Open the file, or begin it; a torn last line is dropped.

        Args:
            folder: of the review.
            rater: whose file it is.
            relabels: whether a row is done when it got a label. In a blind review a label comes
                before the grade.

        Raises:
            WriteFailed: it cannot be opened or written.
            RunDirectoryError: it cannot be read, or is another rater's.
        """
        self.rater = rater
        self.path = folder / f"grades-{rater.rater}.jsonl"
        self.grades: dict[str, Grade] = {}
        self.done: set[str] = set()
        self._steps: list[tuple[Grade, Grade]] = []  # a state, and the one before it
        self._read = self._lines = 0  # bytes, and the lines in them
        self._relabels = relabels
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._fd = open_plain(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, alone=True)
        except OSError as error:
            raise _not_written(self.path, error) from error
        try:
            with self._alone():
                self.refresh()
                if os.fstat(self._fd).st_size > self._read:  # a kill tore the last line
                    os.ftruncate(self._fd, self._read)
                if not self._read:
                    self._write(rater.model_dump_json())
                    _sync_name(folder)
            self.refresh()
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
        """Write a state, on disk when this returns; gives it with its time.

        Raises:
            WriteFailed: it could not be written, and the file is as before.
        """
        if not grade.at:
            grade = grade.model_copy(update={"at": now()})
        with self._alone():
            self.refresh()
            self._write(grade.model_dump_json())
        self.refresh()
        return grade

    def undo(self) -> Grade | None:
        """Write the state before the last change again; return it, or None without a change.

        Raises:
            WriteFailed: it could not be written.
        """
        self.refresh()
        if not self._steps:
            return None
        _, before = self._steps[-1]
        return self.append(before.model_copy(update={"at": "", "seconds": 0.0}))

    def refresh(self) -> None:
        """Read what was appended since, by this process or another.

        Raises:
            RunDirectoryError: a line is not a grade.
        """
        size = os.fstat(self._fd).st_size
        if size <= self._read:
            return
        data = read_at(self._fd, size - self._read, self._read)
        for line in data.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                return
            if self._lines:
                self._take(_parsed(self.path, line, Grade, self._lines + 1))
            elif (there := _parsed(self.path, line, Rater)) != self.rater:
                raise RunDirectoryError(
                    f"{self.path} contains the grades of {_words(there)}, not of "
                    f"{_words(self.rater)}",
                    hint="choose a different name: --as NAME",
                )
            self._read += len(line)
            self._lines += 1

    def _take(self, grade: Grade) -> None:
        before = self.grades.get(grade.row, Grade(row=grade.row, digest=grade.digest))
        if self._steps:
            last, earlier = self._steps[-1]
            if last.row == grade.row and earlier.content == grade.content:  # an undo
                self._steps.pop()
                self._set(grade)
                return
        self._steps.append((grade, before))
        self._set(grade)

    def _set(self, grade: Grade) -> None:
        self.grades[grade.row] = grade
        done = grade.is_done or (self._relabels and grade.gives)
        (self.done.add if done else self.done.discard)(grade.row)

    def _write(self, line: str) -> None:
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        start = os.fstat(self._fd).st_size
        try:
            if os.write(self._fd, data) != len(data):
                raise OSError(28, "No space left on device")
            os.fsync(self._fd)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, start)
            raise _not_written(self.path, error) from error

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from writing to the file, where the system can.

        A line is one write at the end of the file in any case.
        """
        try:
            import fcntl
        except ImportError:
            yield
            return
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)


def read_grades(folder: Path) -> dict[str, Graded]:
    """The raters of a review by name, each with the last state of every row that they graded.

    All files `grades-*.jsonl` are read. Several of one rater, as after merging folders of several
    machines, count as one, in the order of the grades' times. A torn last line is left out.

    Raises:
        RunDirectoryError: a file cannot be read, or two of one name are by different raters.
    """
    raters: dict[str, Rater] = {}
    lines: dict[str, list[Grade]] = {}
    for path in sorted(folder.glob("grades-*.jsonl")):
        rater, grades = _file(path)
        if rater is None:
            continue
        if raters.setdefault(rater.rater, rater) != rater:
            raise RunDirectoryError(
                f"{folder} contains grades of {_words(raters[rater.rater])} and of "
                f"{_words(rater)}, two raters with the same name"
            )
        lines.setdefault(rater.rater, []).extend(grades)
    return {name: Graded(rater, _last(lines[name])) for name, rater in raters.items()}


def _last(grades: Iterable[Grade]) -> dict[str, Grade]:
    last: dict[str, Grade] = {}
    for grade in sorted(grades, key=lambda grade: grade.at):  # stable: a file's order, within it
        last[grade.row] = grade
    return {row: grade for row, grade in last.items() if not grade.is_empty}


def _file(path: Path) -> tuple[Rater | None, list[Grade]]:
    try:
        data = read_plain(path, _MAX_BYTES)
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error
    lines = data.split(b"\n")[:-1]
    if not lines:
        return None, []
    first = _parsed(path, lines[0], Rater)
    return first, [_parsed(path, line, Grade, number) for number, line in enumerate(lines[1:], 2)]


def _parsed(path: Path, line: bytes, form: type[Any], number: int = 1) -> Any:
    try:
        return form.model_validate_json(line, strict=True)
    except ValidationError as error:
        raise RunDirectoryError(
            f"{path}, line {number} is not a valid grade record: {refused(error)}",
            hint="targen review and its function write such records; was this one edited, or "
            "written by a newer version of targen-review?",
        ) from error


def _words(rater: Rater) -> str:
    return f"{rater.rater} ({rater.model or rater.kind})"


def _sync_name(folder: Path) -> None:
    """Flush a folder's names to the disk, where the system can: Windows opens no folder."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _not_written(path: Path, error: OSError) -> WriteFailed:
    return WriteFailed(
        f"cannot write {path}: {error.strerror}", hint=way_out(error, "continue grading")
    )
