"""From a run directory or a file to a `Corpus`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from targen_analysis.metrics import Corpus, Study
from targen_analysis.texts import TEMPLATES, fill, text_columns
from targen_core import Task
from targen_core.dataset.naming import in_columns_of
from targen_core.dataset.source import IN_MEMORY, Source, open_source
from targen_core.errors import Rejected, UnknownName, UsageError
from targen_core.hints import suggestions_for
from targen_core.plugins.registry import Registry
from targen_core.tasks.fields import named, text_at
from targen_core.text import plural

_PLAIN_NAMES = frozenset({"data", "dataset", "dev", "rows", "test", "train", "val", "validation"})


@dataclass(frozen=True, slots=True)
class Columns:
    """The roles of a file's columns, as far as the user states them.

    Attributes:
        texts: its texts; by default those of its task, else all that hold text.
        label: its label, by default "label".
        intended: the label that was asked for, in files that hold two.
    """

    texts: tuple[str, ...] = ()
    label: str = ""
    intended: str = ""


def read_study(
    registry: Registry,
    data: Sequence[Any],
    against: Any,
    *,
    task: Task[Any, Any] | str | None,
    columns: Columns,
    encoding: str = "utf-8",
    seed: int,
) -> Study:
    """Read datasets, and the reference that they are compared with, if any.

    Args:
        registry: finds tasks.
        data: the datasets, see `read_corpus`.
        against: the reference, or None. Unless it states its task, it is that of the datasets.
        task: see `read_corpus`.
        columns: those of the datasets; a reference does not have intended labels.
        encoding: of text files without a byte order mark.
        seed: of the study.

    Raises:
        UsageError, RunDirectoryError: see `read_corpus`.
    """
    corpora = [
        read_corpus(registry, each, task=task, columns=columns, encoding=encoding) for each in data
    ]
    if against is None:
        return Study(tuple(_named_apart(corpora, data)), None, seed)
    known = task or next((each.task for each in corpora if each.task is not None), None)
    plain = replace(columns, intended="")
    corpora.append(read_corpus(registry, against, task=known, columns=plain, encoding=encoding))
    *corpora, reference = _named_apart(corpora, [*data, against])
    return Study(tuple(corpora), reference, seed)


def read_corpus(
    registry: Registry,
    source: Any,
    *,
    task: Task[Any, Any] | str | None = None,
    columns: Columns | None = None,
    encoding: str = "utf-8",
) -> Corpus:
    """A dataset in any form that `targen_core.read_dataset` takes.

    A run says itself what its task is. Rows are used unchanged: `targen validate` checks them
        against a schema. A row without any of the texts is left out, and a note gives their number.

    Raises:
        UsageError: no such dataset or task, no row, none with a text, a column
            that no row has, or `task` is another than the run's.
        RunDirectoryError: a folder that holds no dataset.
    """
    columns = columns or Columns()
    notes: list[str] = []
    opened = open_source(source, encoding=encoding)
    whose = opened.of or (task if opened.task is None else opened.task())
    known = whose if isinstance(whose, Task) else None
    try:
        if isinstance(whose, str):
            known = registry.get("task", whose).varied(opened.variants)
    except UnknownName as error:
        if opened.task is None:
            raise
        notes.append(f"{error}; the dataset's columns and labels are used unchanged.")
    if opened.task is not None and known is not None and task is not None:
        other = task.name if isinstance(task, Task) else registry.get("task", task).name
        # A method's rows are those of the task that it is based on.
        if other not in (known.name, *(name.rpartition(":")[2] for name in known.about.based_on)):
            raise UsageError(
                f"{opened.place} already states the task of its rows: {known.name}, not {other}",
                hint="leave out --task",
            )
    if known is not None and not (columns.texts or columns.label):
        opened, chosen = in_columns_of(opened, known)
        notes += [f"The task's columns in this file: {chosen}."] if chosen else []
    rows = opened.rows(known)
    if known is not None and (columns.texts or columns.label):
        known = known.replace(rows={"cases": None})  # the user's columns are what is decided
    fields = _fields(opened.place, rows, known, columns)
    return _corpus(opened, rows, known, fields, columns, notes)


def _fields(
    source: str,
    rows: Sequence[Mapping[str, Any]],
    task: Task[Any, Any] | None,
    columns: Columns,
) -> tuple[str, ...]:
    known = task.fields if task is not None else ()
    fields = columns.texts or known or text_columns(rows, columns.label or "label")
    there = [field for field in fields if any(named(row, field) for row in rows)]
    missing = [field for field in fields if field not in there]
    if columns.texts and missing:
        _no_column(source, rows, missing[0], "--text")
    if not there:
        raise UsageError(
            f"{source} does not have a text column"
            + (f" of the task {task.name}" if task is not None else ""),
            hint=f"--text COLUMN; its columns are: {_names(rows)}",
        )
    if columns.label and not any(named(row, columns.label) for row in rows):
        _no_column(source, rows, columns.label, "--label")
    return tuple(fields) if not missing else tuple(there)


def _corpus(
    source: Source,
    rows: Sequence[Mapping[str, Any]],
    task: Task[Any, Any] | None,
    fields: tuple[str, ...],
    columns: Columns,
    notes: list[str],
) -> Corpus:
    texts = [tuple(text_at(row, field) for field in fields) for row in rows]
    kept = [at for at, of in enumerate(texts) if any(text.strip() for text in of)]
    if not kept:
        raise UsageError(
            f"{source.place} does not contain any rows with text", hint=f"columns: {_names(rows)}"
        )
    if len(kept) < len(rows):
        notes.append(
            f"Left out {plural(len(rows) - len(kept), 'row')} without text, of {len(rows):,}."
        )
    rows, texts = [rows[at] for at in kept], [texts[at] for at in kept]
    lacking = Counter(field for row in rows for field in fields if not named(row, field))
    for field, count in lacking.items():
        notes.append(f"Column {field} is missing in {count:,} of {len(rows):,} rows.")
    names = _label_names(task)
    column = columns.label or "label"
    labels = [_label(row, column, names) for row in rows]
    if task is not None and task.labels and not (columns.label or any(column in r for r in rows)):
        labels = [_followed(row, task) for row in rows]
        if not any(labels):
            notes.append("There is no column label, so all rows count as unlabelled.")
    known = {*names.values()}
    strange = [label for label in labels if label and label not in known] if names else []
    if strange and task is not None:
        near = " or ".join(suggestions_for(strange[0], known))
        notes.append(
            f"Rows with a label that {task.name} does not have: {len(strange):,}, such as "
            f"{strange[0][:80]!r}{f'; did you mean {near}?' if near else '.'}"
        )
    intended: list[str] = []
    if columns.intended and any(named(row, columns.intended) for row in rows):
        intended = [_label(row, columns.intended, names) for row in rows]
    elif columns.intended and source.run is None:
        notes.append(f"There is no column {columns.intended}, and therefore no label flow.")
    return Corpus(
        name=_name(source),
        rows=rows,
        fields=fields,
        texts=texts,
        labels=labels,
        intended=intended,
        rendered=_rendered(rows, texts, task),
        task=task,
        run=source.run,
        notes=tuple(notes),
    )


def _rendered(
    rows: Sequence[Mapping[str, Any]],
    texts: Sequence[tuple[str, ...]],
    task: Task[Any, Any] | None,
) -> list[str]:
    joined = ["\n".join(of) for of in texts]
    if task is None:
        return joined
    template = TEMPLATES.get(task.name)
    if template is not None:
        return [fill(template, row) for row in rows]
    try:
        shown = [[task.render(instance) for instance in task.from_rows([row])] for row in rows]
    except (ValueError, LookupError, TypeError, Rejected):
        return joined
    return [each[0] if len(each) == 1 else text for each, text in zip(shown, joined, strict=True)]


def _label_names(task: Task[Any, Any] | None) -> dict[str, str]:
    """Official value as text -> name."""
    if task is None:
        return {}
    return {
        key: label.name for label in task.labels for key in (label.name, _shown(label.official))
    }


def _label(row: Mapping[str, Any], column: str, names: Mapping[str, str]) -> str:
    values = [value for value in named(row, column) if value is not None]
    if len(values) != 1 or isinstance(values[0], list | dict):
        return ""
    text = _shown(values[0])
    return names.get(text, text)


def _followed(row: Mapping[str, Any], task: Task[Any, Any]) -> str:
    """Return the label by which a row without a label column is counted, or ""."""
    try:
        instances = task.from_rows([row]) if task.rows_per_instance == 1 else ()
        return task.label_of(instances[0]) if len(instances) == 1 else ""
    except (ValueError, LookupError, TypeError, Rejected):
        return ""


def _shown(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.encode(errors="replace").decode()


def _name(source: Source) -> str:
    """Its name, with that of its folder if it would not say much."""
    if source.name not in _PLAIN_NAMES or source.run is not None or source.place == IN_MEMORY:
        return source.name
    return f"{Path(source.place).resolve().parent.name}/{source.name}"


def _named_apart(corpora: Sequence[Corpus], sources: Sequence[object]) -> list[Corpus]:
    """The same with names that no two share."""
    names = [corpus.name for corpus in corpora]
    if len(set(names)) < len(names):
        names = [
            str(source) if isinstance(source, str | PathLike) else name
            for name, source in zip(names, sources, strict=True)
        ]
    if len(set(names)) < len(names):
        names = [f"{name} ({at})" for at, name in enumerate(names, 1)]
    return [replace(corpus, name=name) for corpus, name in zip(corpora, names, strict=True)]


def _names(rows: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(dict.fromkeys(name for row in rows for name in row)) or "none"


def _no_column(source: str, rows: Sequence[Mapping[str, Any]], column: str, option: str) -> None:
    raise UsageError(
        f"{source} has no column {column!r} ({option})", hint=f"its columns are: {_names(rows)}"
    )
