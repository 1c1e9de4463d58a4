"""The columns that have the texts and the labels of a user's rows, whatever their names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from targen_core.dataset.records import Form, Record
from targen_core.dataset.schema import schema_of
from targen_core.dataset.source import Source
from targen_core.errors import UsageError
from targen_core.reading.values import json_of
from targen_core.tasks.fields import NO_TEXTS
from targen_core.tasks.model import Task
from targen_core.text import composed, printable

LOOKED_AT = 200
"""Rows by which columns are distinguished."""

_LISTED = 20  # columns that a message names
_TEXT = ("text", "sentence", "content", "message", "question", "query", "utterance")
_LABEL = ("label", "category", "intent", "class", "labels")


def plain_label(value: Any) -> str:
    """Return a label in the form in which it is compared."""
    return re.sub(r"[\W_]+", "_", composed(str(value)).casefold()).strip("_")


def _plain_column(name: str) -> str:
    return re.sub(r"[\s_-]+", "", composed(name).casefold())


def _spelled(name: str, names: Iterable[str], taken: Iterable[str] = ()) -> str | None:
    """Return the only column whose name differs in case, spaces, dashes or underscores; or None."""
    plain = _plain_column(name)
    if sum(_plain_column(each) == plain for each in taken) > 1:  # another field may be meant
        return None
    same = [each for each in names if each not in taken and _plain_column(each) == plain]
    return same[0] if len(same) == 1 else None


def known_labels(task: Task[Any, Any] | None) -> dict[str, str]:
    """Return the names of a task's labels by their names and official values as compared."""
    labels: dict[str, str] = {}
    for label in () if task is None else task.labels:
        labels.setdefault(plain_label(label.official), label.name)
    return labels | {plain_label(label.name): label.name for label in (task.labels if task else ())}


def said_in(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """Return the values of a column, without empty ones."""
    return [row.get(name) for row in rows if row.get(name) not in (None, "")]


def label_column(task: Task[Any, Any] | None, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The column of the label: by its name, or the one most of whose values are labels."""
    names = dict.fromkeys(name for row in rows for name in row)
    if task is None:
        return next((name for name in _LABEL if name in names), None)
    labels = known_labels(task)
    if not labels:
        return None

    def share(name: str) -> float:
        said = said_in(rows, name)
        return sum(plain_label(value) in labels for value in said) / max(1, len(said))

    if "label" in names:
        return "label"
    called = [name for name in _LABEL if name in names and share(name)]
    others = [name for name in names if share(name) >= 0.5]
    return next(iter([*called, *others]), None)


@dataclass(frozen=True, slots=True)
class Naming:
    """Which columns of a person's file hold what a task's rows have.

    Attributes:
        fields: the texts of a row, as the task names them.
        label: the column of the label, or None.
        renamed: the column of each text that the file names otherwise.
    """

    fields: tuple[str, ...]
    label: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def chosen(self) -> str:
        """Return which columns hold the text and the label, if their names do not say so; or ""."""
        if not self.renamed and self.label in (None, "label"):
            return ""
        columns = {name: self.renamed.get(name, name) for name in self.fields}
        return ", ".join(
            f"{name}: {column}"
            for name, column in {**columns, "label": self.label}.items()
            if column is not None
        )


def naming_of(task: Task[Any, Any] | None, rows: Sequence[Mapping[str, Any]]) -> Naming:
    """The columns of a file by some of its rows.

    Raises:
        UsageError: it has no column of a text, or several that may be it.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    label = label_column(task, rows)
    fields = _written_fields(task, names)
    spelled = {
        name: column
        for name in fields
        if name not in names and (column := _spelled(name, names, fields)) not in (None, label)
    }
    lacking = [name for name in fields if name not in names and name not in spelled]
    if not lacking or not names:
        return Naming(fields, label, spelled)
    texts = [
        name
        for name in names
        if name not in NO_TEXTS
        and name != label
        and name not in (*fields, *spelled.values())
        and any(isinstance(row.get(name), str) for row in rows)
    ]
    if task is not None and len(fields) != 1:
        raise UsageError(
            f"a row of {task.name} has the texts {', '.join(fields)}, but there is no column "
            f"{lacking[0]}; the columns are {listed(names)}",
            hint=_renaming(texts, lacking),
        )
    named = (
        [name for name in _TEXT if name in texts]
        or [name for name in texts if name.casefold() in _TEXT]
        or (texts if len(texts) == 1 else [])
    )
    if not named:
        raise UsageError(
            f"there is no column {fields[0]}; the columns are {listed(names)}",
            hint=_renaming(texts, lacking),
        )
    return Naming(fields, label, {fields[0]: named[0]})


def in_columns_of(source: Source, task: Task[Any, Any]) -> tuple[Source, str]:
    """A person's rows with the columns of a task, and which columns of theirs these are, or "".

    Rows that state their task, and those that have its columns, remain as they are.
    """
    if source.task or source.of:
        return source, ""
    looked_at = _looked_at(source.form)
    first = next(looked_at, {})
    answers = _answers(task)
    if not {*_written_fields(task, first), *answers} - {*first}:
        return source, ""
    rows = [first, *looked_at]
    try:
        naming = naming_of(task, rows)
    except UsageError:  # the task's schema says what each row lacks
        return source, ""
    own = task.schema.model_fields  # such as a column that is no text of the task
    names = {column: name for name, column in naming.renamed.items() if column not in own}
    for answer in answers:
        column = naming.label if answer == "label" else _answer_column(answer, task, naming, rows)
        if column and column not in own:
            names[column] = answer
    if not names:
        return source, ""
    form = source.form
    renamed = replace(
        form, records=lambda: ((n, _renamed(row, names, form)) for n, row in form.records())
    )
    there = {name: name for row in rows for name in row}
    there |= {name: column for column, name in names.items()}
    named = [name for name in (*naming.fields, *answers) if name in there]
    return replace(source, form=renamed), ", ".join(f"{name}: {there[name]}" for name in named)


def _answers(task: Task[Any, Any]) -> tuple[str, ...]:
    """The columns of a row that are no texts: the label, or those of an output."""
    columns = task.schema.model_fields
    if "label" in columns:
        return ("label",) if task.labels else ()
    others = {"idx", *(field.partition(".")[0] for field in task.fields)}
    return tuple(name for name in columns if name not in others and columns[name].is_required())


def _answer_column(
    answer: str, task: Task[Any, Any], naming: Naming, rows: Sequence[Mapping[str, Any]]
) -> str | None:
    """The column of an output: that of its name, or for a single value, that of labels."""
    names = dict.fromkeys(name for row in rows for name in row)
    if answer in names:
        return None
    spelled = _spelled(answer, names)
    if spelled is not None or {*_answers(task)} - {*names} != {answer}:
        return spelled
    is_list = schema_of(task.schema).column(answer).type in ("array", "object", "")
    return None if is_list else naming.label


def _looked_at(form: Form) -> Iterator[Mapping[str, Any]]:
    for _, record in islice(form.records(), LOOKED_AT):
        if (row := _values(record)) is not None:
            yield row


def _values(record: Record) -> Mapping[str, Any] | None:
    if isinstance(record, bytes):
        try:
            record = json_of(record, strict=False, once=True)
        except ValueError:
            return None
    return record if isinstance(record, Mapping) else None


def _renamed(record: Record, names: Mapping[str, str], form: Form) -> Record:
    """A record with other names; one that cannot be read remains, and so does one with both."""
    row = _values(record)
    if row is None or any(name in row for name in names.values()):
        return record
    if isinstance(record, bytes):
        return json.dumps({names.get(name, name): value for name, value in row.items()}).encode()
    # A form may know the values of a column by its name, such as classes that are numbers.
    return {
        names.get(name, name): form.typed({name: value}, None)[name] if name in names else value
        for name, value in row.items()
    }


def _written_fields(task: Task[Any, Any] | None, names: Iterable[str]) -> tuple[str, ...]:
    """The fields of a task, without what its seeds give if the file lacks it."""
    if task is None:
        return ("text",)
    given = seed_column(task)
    fields = dict.fromkeys(field.partition(".")[0] for field in task.fields)
    return tuple(name for name in fields if name != given or name in names)


def seed_column(task: Task[Any, Any] | None) -> str:
    """Return the column of the seeds of a task whose rows have them; else ""."""
    return task.seeds[-1].column if task is not None and task.seeds else ""


def _renaming(texts: Sequence[str], lacking: Sequence[str]) -> str:
    """Return what to do about fields without a column, if these other columns have texts."""
    fields = ", ".join(f"`{name}`" for name in lacking)
    if not texts:
        return f"add {'the columns' if len(lacking) > 1 else 'a column'} {fields}"
    if len(texts) == len(lacking):
        return f"rename {listed(texts)} to {fields}"
    if len(lacking) == 1:
        return f"rename the column with these texts to {fields}; it may be one of {listed(texts)}"
    return f"rename the columns with these texts to {fields}; they may be among {listed(texts)}"


def listed(names: Iterable[str]) -> str:
    """The first columns of a file, which may have any number and any name."""
    some = [printable(str(name), lines=False, max_length=40) for name in islice(names, _LISTED + 1)]
    return ", ".join([*some[:_LISTED], *["…"][: len(some) > _LISTED]])
