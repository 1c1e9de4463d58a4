"""The columns that have the texts and the labels of a user's rows, whatever their names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, get_args, get_origin

from targen_core.dataset.layout import (
    LABELS,
    LOOKED_AT,
    Layout,
    current,
    layout_of,
    listed,
)
from targen_core.dataset.records import Form, Record, as_label, changed, first_rows, row_of
from targen_core.dataset.schema import schema_of
from targen_core.dataset.source import Source
from targen_core.dataset.texts import is_unnamed
from targen_core.errors import UsageError
from targen_core.hints import quoted
from targen_core.tasks.fields import NO_TEXTS
from targen_core.tasks.model import Task
from targen_core.text import composed

_TEXT = (
    *("text", "sentence", "content", "message", "question", "query", "utterance"),
    *("review", "comment", "input", "prompt", "instruction"),
)


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
        return next((name for name in LABELS if name in names), None)
    labels = known_labels(task)
    if not labels:
        return None

    def share(name: str) -> float:
        said = said_in(rows, name)
        hits = (plain_label(as_label(value, task)) in labels for value in said)
        return sum(hits) / max(1, len(said))

    if "label" in names:
        return "label"
    free = [name for name in names if name not in task.schema.model_fields and name not in NO_TEXTS]
    full = [name for name in free if share(name) == 1]
    called = [name for name in names if name.casefold() in LABELS and share(name)]
    if len(full) == 1 or not (full or called):
        return next(iter([*full, *(name for name in names if share(name) >= 0.5)]), None)
    likely = [name for name in full if name in called] or full or called
    if len(likely) > 1:
        raise _ambiguous(f"the label of {task.name}", "label", likely)
    return likely[0]


class AmbiguousColumns(UsageError):
    """Several columns of a file may hold the same; at a terminal, the command asks which does.

    Attributes:
        choices: what `--map` may say.
    """

    def __init__(self, message: str, *, hint: str = "", choices: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.choices = choices


def _ambiguous(what: str, name: str, columns: Sequence[str]) -> AmbiguousColumns:
    choices = [f"{name}={column}" for column in columns]
    return AmbiguousColumns(
        f"the columns {listed(columns)} may each be {what}",
        hint=f"--map {quoted(choices[0])}",
        choices=choices,
    )


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
        and not is_unnamed(name)
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
    likely = [name for name in texts if any(map(_has_letters, said_in(rows, name)))]
    if not named and len(likely) > 1:
        raise _ambiguous("the text", fields[0], likely)
    if not named:
        raise UsageError(
            f"there is no column {fields[0]}; the columns are {listed(names)}",
            hint=_renaming(texts, lacking),
        )
    return Naming(fields, label, {fields[0]: named[0]})


def _has_letters(value: Any) -> bool:
    return isinstance(value, str) and any(map(str.isalpha, value))


def in_layout_of(source: Source, task: Task[Any, Any] | None) -> Source:
    """A person's rows as a task's file lays them out, or by its labels: `label<TAB>text` and more.

    Raises:
        UsageError: the first line seems to be a row, and the columns are not clear.
    """
    if task is None:
        return source
    if task.rows.files and source.laid_out is not None and current() == Layout():
        source = source.laid_out(layout_of(**task.rows.files))
    rows = first_rows(source.form, LOOKED_AT)
    form = labelled(source.form, task, rows) if rows else None
    return source if form is None else replace(source, form=form)


def in_columns_of(source: Source, task: Task[Any, Any]) -> tuple[Source, str]:
    """A person's rows with the columns of a task, and which columns of theirs these are, or "".

    Rows that state their task, and those that have its columns, remain as they are.
    """
    if source.task or source.of:
        return source, ""
    source = in_layout_of(source, task)
    rows = first_rows(source.form, LOOKED_AT)
    first = rows[0] if rows else {}
    answers = _answers(task)
    if not {*_written_fields(task, first), *answers} - {*first}:
        return source, ""
    try:
        naming = naming_of(task, rows)
    except AmbiguousColumns as error:
        words = f"{source.place}: {error}"
        raise AmbiguousColumns(words, hint=error.hint, choices=error.choices) from None
    except UsageError:  # the task's schema says what each row lacks
        return source, ""
    if only := _only_values(task, first):
        source = replace(source, form=changed(source.form, lambda row: {**only, **row}))
    known = task.schema.model_fields  # such as a column that is no text of the task
    names = {column: name for name, column in naming.renamed.items() if column not in known}
    for answer in answers:
        column = naming.label if answer == "label" else _answer_column(answer, task, naming, rows)
        if column and column not in known:
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
    before = source.columns or {name: name for row in rows for name in row}
    own = {column: names.get(name, name) for column, name in before.items()}
    source = replace(source, form=renamed, columns=own)
    return source, ", ".join(f"{name}: {there[name]}" for name in named)


def labelled(form: Form, task: Task[Any, Any], rows: Sequence[Mapping[str, Any]]) -> Form | None:
    """Return rows with a label where a file has it in another place than a column; or None.

    These are a table whose first line is a row, lines such as `ham<TAB>text`, and a column for each
    label.

    Raises:
        UsageError: a table without a header has several columns of texts.
    """
    labels = known_labels(task)
    fields = _written_fields(task, ())
    names = [*rows[0]]
    for answer in _answers(task):
        several = schema_of(task.schema).column(answer).item.schema.get("enum", ())
        is_there = bool(several) and answer not in names and {*several} <= {*names}
        if is_there and all(_switched(row, several) is not None for row in rows):
            return changed(form, partial(_of_switches, answer=answer, names=several))
    if not labels or len(fields) != 1 or "label" in names:
        return None
    hits = [name for name in names if plain_label(name) in labels]
    if len(hits) > 1 and all(_chosen(row, hits) is not None for row in rows):
        return changed(form, lambda row: _of_one_hot(row, hits))
    if len(hits) == 1 and not {*map(str.casefold, names)} & {*_TEXT, *LABELS, *fields}:
        others = [name for name in names if name != hits[0]]
        if len(others) != 1:
            raise UsageError(
                f"the first line looks like a row, but there are {len(others)} columns beside "
                f"the label {hits[0]}",
                hint=f"--no-header --map {fields[0]}=NUMBER,label={1 + names.index(hits[0])}",
            )
        columns = {others[0]: fields[0], hits[0]: "label"}
        first = {name: column for column, name in columns.items()}

        def records() -> Iterator[tuple[int, Record]]:
            yield 1, first
            yield from changed(form, lambda row: _under(row, columns)).records()

        return replace(form, records=records)
    if len(names) == 1:
        (name,) = names
        for split in _SPLIT:
            if all(_parted(row.get(name), split, labels) is not None for row in rows):
                change = partial(_of_line, name=name, split=split, labels=labels)
                return changed(form, change)
    return None


def _only_values(task: Task[Any, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of columns that a row lacks, and that can only have one value."""
    columns = task.schema.model_fields.items()
    choices = {n: get_args(c.annotation) for n, c in columns if get_origin(c.annotation) is Literal}
    return {n: each[0] for n, each in choices.items() if len(each) == 1 and n not in row}


def _switched(row: Mapping[str, Any], labels: Sequence[str]) -> list[str] | None:
    """Return the labels whose columns are true; None if these are no switches."""
    said = {name: str(row.get(name)).casefold() for name in labels}
    if any(each not in ("1", "1.0", "true", "0", "0.0", "false") for each in said.values()):
        return None
    return [name for name in labels if said[name] in ("1", "1.0", "true")]


def _of_switches(row: Mapping[str, Any], *, answer: str, names: Sequence[str]) -> dict[str, Any]:
    found = _switched(row, names)
    if found is None:
        raise ValueError(f"its columns {listed(names)} are not all 0 or 1")
    return {**{name: value for name, value in row.items() if name not in names}, answer: found}


def _chosen(row: Mapping[str, Any], labels: Sequence[str]) -> str | None:
    """Return the one label whose column is true; None if there is not exactly one."""
    true = _switched(row, labels)
    return true[0] if true and len(true) == 1 else None


def _of_one_hot(row: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    label = _chosen(row, labels)
    if label is None:
        raise ValueError(f"not exactly one of its columns {listed(labels)} is 1")
    return {**{name: value for name, value in row.items() if name not in labels}, "label": label}


def _under(row: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    return {columns.get(name, name): value for name, value in row.items()}


def _first_tab(text: str) -> tuple[str, str]:
    label, _, rest = text.partition("\t")
    return label, rest


def _last_tab(text: str) -> tuple[str, str]:
    rest, _, label = text.rpartition("\t")
    return label, rest


def _colon(text: str) -> tuple[str, str]:
    """Split a line of TREC, such as `LOC:city Where is it?`."""
    label, _, rest = text.partition(" ")
    return label if ":" in label else "", rest


_Split = Callable[[str], tuple[str, str]]
_SPLIT: tuple[_Split, ...] = (_first_tab, _last_tab, _colon)


def _parted(text: Any, split: _Split, labels: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the label and the text of a line; None if it does not have this form."""
    if not isinstance(text, str):
        return None
    said, rest = split(text)
    for name in (said, said.partition(":")[0]):  # a finer class of TREC, or its coarse one
        if rest.strip() and plain_label(name) in labels:
            return labels[plain_label(name)], rest.strip()
    return None


def _of_line(
    row: Mapping[str, Any], *, name: str, split: _Split, labels: Mapping[str, str]
) -> dict[str, Any]:
    found = _parted(row[name], split, labels)
    if found is None:
        raise ValueError("it does not begin or end with a label, as the first lines do")
    return {**row, name: found[1], "label": found[0]}


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


def _renamed(record: Record, names: Mapping[str, str], form: Form) -> Record:
    """A record with other names; one that cannot be read remains, and so does one with both."""
    row = row_of(record)
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
    if not texts:
        return f"add {'the columns' if len(lacking) > 1 else 'a column'} {', '.join(lacking)}"
    pairs = zip(lacking, [*texts, *["COLUMN"] * len(lacking)], strict=False)
    return f"--map {quoted(','.join(f'{name}={column}' for name, column in pairs))}"
