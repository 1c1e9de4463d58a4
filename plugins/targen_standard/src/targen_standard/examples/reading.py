"""Examples: real rows of a user's own, as far as they can be used; what cannot is named."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from targen_core.dataset.kept import called
from targen_core.dataset.layout import LOOKED_AT, current, listed
from targen_core.dataset.naming import (
    in_layout_of,
    known_labels,
    naming_of,
    plain_label,
    said_in,
)
from targen_core.dataset.records import as_it_is, as_label
from targen_core.dataset.source import open_source
from targen_core.errors import TargenError, UsageError
from targen_core.plain import what_is
from targen_core.reading.encodings import as_utf_8
from targen_core.reading.values import GivenTwice
from targen_core.runs.manifest import COPY
from targen_core.tasks.fields import text_at
from targen_core.tasks.model import Task
from targen_core.tasks.words import plain_words
from targen_core.text import composed, plural, printable
from targen_standard.filters.excluded.comparing import texts_of

_log = logging.getLogger("targen.run")

_FEWEST = 5  # rows that can serve as examples

_MOST = 20_000  # rows that are read
_NAMED = 3  # bad lines, and unknown labels, that a message names
_SOME = 0.2  # share of a column's values: fewer may be labels by chance
_UNKNOWN = "with an unknown label"
_NOT_UTF_8 = "not UTF-8"
_NO_ROWS = frozenset((".yaml", ".yml", ".toml", ".py", ".ipynb"))


@dataclass(frozen=True, slots=True)
class Example:
    """A real row.

    Attributes:
        line: its place in the file, from 1.
        text: the part that a model would have written.
        texts: all its texts, for comparing rows with it.
        label: the name of its label; None without one.
        row: all its columns.
    """

    line: int
    text: str
    texts: tuple[str, ...]
    label: str | None = None
    row: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """The rows of a file that can be used, and the places of those that cannot, by the reason.

    Attributes:
        name: what the file is called.
        rows: the rows that can be used.
        left_out: the places of the others, by the reason.
        place: what a place is called.
        place_given: the same in messages, where rows from a program have no lines.
    """

    name: str
    rows: tuple[Example, ...]
    left_out: Mapping[str, Sequence[int]] = field(default_factory=dict)
    place: str = "line"
    place_given: str = "line"

    @property
    def labelled(self) -> int:
        """Return how many have a label."""
        return sum(row.label is not None for row in self.rows)

    @property
    def bad(self) -> str:
        """Return what is wrong with which lines, in words; "" if all can be used."""
        return "; ".join(
            f"{len(lines):,} {why} ({self.place_given}{'s' if len(lines) > 1 else ''} "
            f"{', '.join(map(str, lines[:_NAMED]))}{', …' if len(lines) > _NAMED else ''})"
            for why, lines in self.left_out.items()
        )


_KEPT = 4  # a run is prepared more than once
_read: dict[tuple[str, ...], Examples] = {}  # of this process, by the file and the task


def read_examples(
    path: Path, task: Task[Any, Any] | None = None, encoding: str = "utf-8"
) -> Examples:
    """The rows of a file in any form of a dataset, or of a text file with a text per line.

    Labels are matched with those of `task` by name or value, whatever their case and punctuation.
    An empty label does not count. Unusable rows are left out, and logged.

    Raises:
        UsageError: the file cannot be read, the column of the text is unclear, or fewer than
            five rows can be used.
    """
    of = path.stat() if what_is(path) == "file" else None
    known = (
        str(path.absolute()),
        encoding,
        repr(current()),
        *(() if of is None else (str(of.st_mtime_ns), str(of.st_size))),
        *(() if task is None else (task.name, task.version, *task.quota_names)),
    )
    if known not in _read:
        _read[known] = _fresh(path, task, encoding)
        while len(_read) > _KEPT:
            del _read[next(iter(_read))]
    return _read[known]


def _fresh(path: Path, task: Task[Any, Any] | None, encoding: str) -> Examples:
    if path.suffix.lower() in _NO_ROWS:
        raise UsageError(
            f"{path.name} is a "
            f"{'program' if path.suffix == '.py' else 'task file or a settings file'}, not a file "
            "of rows",
            hint="pass real texts: a .csv or .jsonl file with the columns text and label, "
            "or a .txt file with one text per line",
        )
    place, records = _records(path, task, encoding)
    several = [*islice(records, _MOST + 1)]
    looked_at = [row for _, row in several[:LOOKED_AT] if isinstance(row, Mapping)]
    columns = _Columns(task, looked_at)
    rows: list[Example] = []
    bad: dict[str, list[int]] = {}
    unknown: dict[str, None] = {}  # labels, of which there may be one per row
    for number, record in several[:_MOST]:
        try:
            if isinstance(record, ValueError):
                raise record
            rows += columns.examples(number, record)
        except _UnknownLabel as error:
            unknown[error.label] = None
            bad.setdefault(_UNKNOWN, []).append(number)
        except ValueError as error:
            bad.setdefault(str(error), []).append(number)
    if unknown:
        named = ", ".join([*islice(unknown, _NAMED), *["…"][: len(unknown) > _NAMED]])
        bad = {f"{why}, {named}" if why is _UNKNOWN else why: at for why, at in bad.items()}
    name = called(path)
    examples = Examples(
        name or path.name,
        tuple(rows),
        bad,
        place,
        "row" if name else place,
    )
    if len(rows) < _FEWEST:
        hint = f"add at least {plural(_FEWEST - len(rows), 'row')}"
        if _NOT_UTF_8 in bad:
            hint = as_utf_8(path)
        elif unknown:
            hint = columns.hint
        raise UsageError(
            f"{examples.name} has {plural(len(rows), 'row')} that can serve as examples, but at "
            f"least {_FEWEST} are needed" + (f": {examples.bad}" if bad else ""),
            hint=hint,
        ) from (UnicodeError(_NOT_UTF_8) if _NOT_UTF_8 in bad else None)
    whole = [row for _, row in several[:_MOST] if isinstance(row, Mapping)]
    said = [
        words for words in (columns.chosen, columns.unused(whole), columns.empty(whole)) if words
    ]
    if bad:
        read = min(len(several), _MOST)
        used = f"{read - sum(map(len, bad.values())):,} of {read:,} rows are used as examples"
        said.append(f"{used}; skipped: {examples.bad}")
    if len(several) > _MOST:
        said.append(f"only its first {_MOST:,} rows are used as examples")
    # A run has its own copy, of whose rows the run's first command said all this.
    for words in () if COPY.fullmatch(path.name) else said:
        _log.warning("%s: %s", examples.name, words)
    return examples


class _UnknownLabel(ValueError):
    """A row's label is not in the task."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


_Records = Iterator[tuple[int, Mapping[str, Any] | ValueError]]


def _records(path: Path, task: Task[Any, Any] | None, encoding: str) -> tuple[str, _Records]:
    """Return what a place of a file is called, and its rows, each a text or its columns."""
    if what_is(path) == "folder":
        raise UsageError(
            f"{path} is a folder, not a file of rows",
            hint="for a run, pass its file dataset.jsonl",
        )
    form = in_layout_of(open_source(path, encoding=encoding), task).form

    def records() -> _Records:
        for number, record in form.records():
            try:
                yield number, as_it_is(record, form)
            except UnicodeError:
                yield number, ValueError(_NOT_UTF_8)
            except GivenTwice:
                yield number, ValueError("with a key given twice")
            except ValueError:
                yield number, ValueError("not a row")

    return form.place, records()


class _Columns:
    """The columns of a file that contain the texts and the label of a task's rows."""

    def __init__(self, task: Task[Any, Any] | None, rows: Sequence[Mapping[str, Any]]) -> None:
        self._task = task
        self._labels = known_labels(task)
        self.hint = ""
        if task is not None and self._labels:
            self.hint = (
                f"{task.name} has these labels: {', '.join(dict.fromkeys(self._labels.values()))}"
            )
        naming = naming_of(task, rows)
        self.chosen = naming.chosen
        self._label, self._fields, self._renamed = naming.label, naming.fields, naming.renamed

    def empty(self, rows: Sequence[Mapping[str, Any]]) -> str:
        """Return which columns of the texts or the label are empty in all rows; or ""."""
        names = [self._renamed.get(name, name) for name in self._fields]
        names += [self._label] if self._label is not None else []
        empty = [name for name in names if not any(map(_has_words, said_in(rows, name)))]
        return f"empty in every row: {listed(empty)}" if rows and empty else ""

    def unused(self, rows: Sequence[Mapping[str, Any]]) -> str:
        """Return which column has some labels, but too few to be that of the label; or ""."""
        if self._task is None or not self._labels or self._label is not None:
            return ""
        texts = {*self._fields, *self._renamed.values()}
        names = dict.fromkeys(name for row in rows for name in row if name not in texts)
        said = {name: said_in(rows, name) for name in names}
        known = {
            name: sum(plain_label(value) in self._labels for value in values) / max(1, len(values))
            for name, values in said.items()
        }
        name = max(known, key=lambda name: known[name], default="")
        if known.get(name, 0) < _SOME:
            return ""
        others = Counter(
            str(value) for value in said[name] if plain_label(value) not in self._labels
        )
        (value, count), *_ = others.most_common(1) or [("", 0)]
        return (
            f"rows are used without a label: only {len(said[name]) - others.total():,} of "
            f"{plural(len(said[name]), 'value')} in {printable(str(name), lines=False)} are labels "
            f"of {self._task.name}; of the others, {printable(value, max_length=40)!r} is the most "
            f"frequent ({count:,}). To use the labels, rename the column to label; rows with other "
            "values are then skipped"
        )

    def examples(self, line: int, record: Mapping[str, Any]) -> list[Example]:
        """A row as an example; a nested one, such as a passage with questions, as several.

        Raises:
            ValueError: why it cannot be one.
        """
        row = {name: value for name, value in record.items() if name != "idx"}
        for name, column in self._renamed.items():
            row[name] = row.pop(column, None)
        label = self._label_of(row.pop(self._label, None) if self._label else None)
        values = [row.get(name) for name in self._fields]
        if not any(value not in (None, "", []) for value in values):
            raise ValueError("empty")
        if any(
            value is not None and not isinstance(value, str | list | Mapping) for value in values
        ):
            raise ValueError("not text")
        written: Sequence[tuple[Mapping[str, Any], str]] = [(row, self._written(row, label))]
        if not written[0][1] and self._task and any(isinstance(each, Mapping) for each in values):
            written = _nested(row, self._task)
        examples = []
        for one, whole in written:
            if plain_words(whole):
                columns = texts_of(one, self._fields).values()
                texts = tuple(text for column in columns for text in column)
                examples.append(Example(line, whole, texts, label, row))
        if not examples:
            raise ValueError("empty")
        return examples

    def _label_of(self, value: Any) -> str | None:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if self._task is None:
            return composed(str(value))
        if (value := as_label(value, self._task)) is None:
            return None
        name = self._labels.get(plain_label(value))
        if name is None and self._labels:
            raise _UnknownLabel(f"{printable(str(value), max_length=40)!r}")
        return name

    def _written(self, row: dict[str, Any], label: str | None) -> str:
        """Return what the generator would have written of a row."""
        whole = "\n".join(filter(None, (text_at(row, f) for f in self._fields))).strip()
        task = self._task
        if task is None or task.rows_per_instance > 1 or not task.labels:
            return whole
        official = task.label(label).official if label is not None else task.labels[0].official
        known = {name: row[name] for name in task.schema.model_fields if name in row}
        try:  # a row of another shape than ours, such as one that is too long, is still a text
            instance = task.from_rows([{**known, "idx": 0, "label": official}])[0]
            return task.dedup_text(instance).strip()
        except (ValueError, LookupError, TypeError, TargenError):
            return whole


def _nested(row: Mapping[str, Any], task: Task[Any, Any]) -> list[tuple[Mapping[str, Any], str]]:
    """Return the single rows of a nested one, and what the generator would have written of each.

    Raises:
        ValueError: it is not such a row.
    """
    try:
        if instances := task.from_rows([{**row, "idx": 0}]):
            return [(task.to_rows(one, 0)[0], task.dedup_text(one).strip()) for one in instances]
    except (ValueError, LookupError, TypeError, TargenError):
        pass
    raise ValueError(f"not in the format of {task.name}, or without answers")


def _has_words(value: Any) -> bool:
    return bool(value.strip() if isinstance(value, str) else value is not None)
