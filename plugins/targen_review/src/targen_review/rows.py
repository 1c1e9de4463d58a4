"""Rows as a person sees them: of a run directory, of a correction, or of any dataset."""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter, ValidationError

from targen_core import Rejected, Task
from targen_core.cli import tracing
from targen_core.cli.sources import task_name
from targen_core.cli.tracing import Traced
from targen_core.dataset.naming import in_columns_of
from targen_core.dataset.source import Source, open_source
from targen_core.errors import TargenError, UsageError
from targen_core.plugins.loader import load_registry
from targen_core.tasks.fields import NO_TEXTS
from targen_core.text import refused, row_name
from targen_standard.task_files.outputs import Output, output_in

_HIDDEN = frozenset({"label", "idx"})

NO_TASK = (
    "The task of these rows is unknown, so you cannot choose labels or edit texts, and rows are "
    "not checked."
)
"""The limits of a review whose rows have an unknown task."""


_OF_RUNS = frozenset(
    "id idx rows label above seed intended explanation calls dimensions notes claimed".split()
)
"""The keys of a run's provenance that say something about a row; an import or a weighing has
others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """One row, as a person sees it: what belongs together, such as the two rows of a pair, is one.

    Attributes:
        id: what tells it from the others of its data: a run's candidate id, else its number.
        number: the number of its first official row, from 0; None for a reject.
        reject: of a reject, its number among those of its data, from 1.
        fields: its texts by the paths of the instance's fields, as they are shown.
        editable: the texts that a person may edit.
        output: the columns of its output, if it has another one than a label.
        label: its label in the dataset; of a reject, the label that step 4 left, if any. It is None
            if the row has no label, or several.
        before: the label that it was generated for, or had before correction; None if there was
            no correction.
        intended: the branch that the generator wrote for, or "".
        verdict: `accepted`, `rejected`, `duplicate` and so on.
        reason: of a reject, the reason it is counted by, and in words why.
        explanation: the judge's words.
        above: the items of the lists above its seed, outermost first.
        seed: its seed as JSON, or None.
        drawn: what code drew for it, by dimension.
        notes: what steps noted.
        instance: the instance as JSON, with the texts of `fields`; None if the rows hold several,
            or none.
        official: its official rows; empty for a reject.
    """

    id: str
    number: int | None
    reject: int = 0
    fields: Mapping[str, str]
    editable: tuple[str, ...] = ()
    output: Mapping[str, Any] | None = None
    label: str | None = None
    before: str | None = None
    intended: str = ""
    verdict: str = "accepted"
    reason: str = ""
    explanation: str = ""
    above: tuple[str, ...] = ()
    seed: Any = None
    drawn: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    instance: Mapping[str, Any] | None = None
    official: tuple[Mapping[str, Any], ...] = ()

    @property
    def texts(self) -> Mapping[str, str]:
        """Its fields without those that hold its output."""
        held = self.output or {}
        return {path: text for path, text in self.fields.items() if path.split(".")[0] not in held}

    def with_changes(
        self, edit: Mapping[str, str] | None, output: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """The instance as JSON with a person's texts and output."""
        values: dict[str, Any] = json.loads(json.dumps(self.instance))
        for path, text in (edit or {}).items():
            _put(values, path, text)
        return values | dict(output or {})

    @property
    def digest(self) -> str:
        """16 hex digits of what a grade is about: texts and labels."""
        return digest_of([dict(self.fields), self.label, self.before])

    @property
    def is_corrected(self) -> bool:
        """Return whether step 4 changed its label, so that it needs two grades."""
        return self.before is not None and self.before != self.label


@dataclass(frozen=True)
class ReviewData:
    """A dataset that is read by people, opened; its rows are read again for each iteration.

    Attributes:
        path: as it was typed.
        name: what it is called.
        source: how its rows are read.
        task: whose rows they are; None if it is unknown, or not installed.
        task_id: what its folder calls its task, or "".
        problem: why the task is not known where it should be, or "".
        has_origin: whether it is a run or a correction, so that rows can be traced.
    """

    path: Path
    name: str
    source: Source
    task: Task[Any, Any] | None
    task_id: str
    problem: str
    has_origin: bool

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that a row can get; empty if they are open or follow from an output."""
        if self.task is None or self.output is not None:
            return ()
        return tuple(label.name for label in self.task.labels)

    @cached_property
    def output(self) -> Output | None:
        """Return what rows have in place of one label each, if they do."""
        return None if self.task is None else output_in(self.task)

    def alike(self, row: ReviewRow) -> Callable[[Mapping[str, Any], Mapping[str, Any]], bool]:
        """Return whether two outputs of a row are near enough to count as the same."""
        output, values = self.output, dict(row.instance or {})
        if output is None:
            return operator.eq
        return lambda one, other: (
            has_columns(output, one)
            and has_columns(output, other)
            and output.agrees({**values, **one}, other)
            and output.agrees({**values, **other}, one)
        )

    @cached_property
    def has_correction(self) -> bool:
        """Return whether labels were corrected, so that rows have a label before and after."""
        return self.has_origin and tracing.made_by(self.path)["corrector"] is not None

    def rows(self) -> Iterator[ReviewRow]:
        """The rows of the dataset in order.

        Raises:
            TargenError: they cannot be read.
        """
        if self.has_origin:
            for traced in tracing.rows(self.path):
                yield self._of_traced(traced)
            return
        unit = 1 if self.task is None else self.task.rows_per_instance
        records = iter(self.source.provenance)
        group: list[Mapping[str, Any]] = []
        at = 0
        for number, row in self.source.each(self.task):
            if isinstance(row, ValueError):
                raise self.source.no_row(number, row) from row
            group.append(row)
            if len(group) == unit:
                yield self._of_rows(at, tuple(group), next(records, {}))
                at, group = at + unit, []
        if group:
            yield self._of_rows(at, tuple(group), next(records, {}))

    def rejects(self) -> Iterator[ReviewRow]:
        """Read the rejects of a run or a correction.

        Raises:
            TargenError: they cannot be read.
        """
        if not self.has_origin:
            return
        for number, traced in enumerate(tracing.rejects(self.path), 1):
            if traced.record.get("id"):
                yield replace(self._of_traced(traced), reject=number)

    def _of_rows(
        self, at: int, rows: tuple[Mapping[str, Any], ...], record: Mapping[str, Any]
    ) -> ReviewRow:
        """Return rows without a run, with the provenance of an import or a weighting."""
        instance, values = self._instance(rows)
        return ReviewRow(
            id=str(at),
            number=at,
            **self._parts(instance, values),
            label=self._label(instance, rows),
            notes={name: value for name, value in record.items() if name not in _OF_RUNS},
            official=rows,
        )

    def _of_traced(self, traced: Traced) -> ReviewRow:
        record = traced.record
        rows = tuple(traced.rows)
        if rows:
            instance, values = self._instance(rows)
        else:
            item = record.get("instance")
            instance, values = None, item if isinstance(item, dict) else {}
            if self.task is not None and isinstance(item, dict):
                try:
                    instance = self.task.instance.model_validate(item)
                except ValidationError:
                    instance = None
        intended = str(record.get("intended") or "")
        before = None
        if self.has_correction:
            before = record.get("claimed", self._aim(intended))
        label = record.get("label") if rows else record.get("corrected")
        return ReviewRow(
            id=traced.id,
            number=traced.number if rows else None,
            **self._parts(instance, values),
            label=str(label) if label is not None else None,
            before=None if before is None else str(before),
            intended=intended,
            verdict=traced.verdict,
            reason=": ".join(str(record[n]) for n in ("reason", "detail") if record.get(n)),
            explanation=str(record.get("explanation") or ""),
            above=tuple(_text(each) for each in record.get("above", ())),
            seed=record.get("seed"),
            drawn=_mapping(record.get("dimensions")),
            notes=_mapping(record.get("notes")),
            official=rows,
        )

    def _parts(self, instance: BaseModel | None, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a person reads in a row, and which parts can be changed."""
        fields, editable = _fields(values)
        if instance is None:
            return {"fields": fields}
        columns = () if self.output is None else self.output.columns
        return {
            "fields": fields,
            "editable": tuple(path for path in editable if path.split(".")[0] not in columns),
            "output": {name: values[name] for name in columns} if columns else None,
            "instance": values,
        }

    def _aim(self, branch: str) -> str | None:
        """The label that a branch aims at; a branch of no known task is its label."""
        if self.task is None:
            return branch or None
        aim = self.task.branches.get(branch)
        return branch if aim == "any" and not self.task.labels else aim

    def _instance(
        self, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[BaseModel | None, Mapping[str, Any]]:
        """Return the single instance of the rows, if there is only one, and the values to show."""
        if self.task is not None:
            try:
                instances = self.task.from_rows(rows)
            except (ValueError, LookupError, TypeError, Rejected):
                instances = ()
            if len(instances) == 1:
                return instances[0], instances[0].model_dump(mode="json")
        if len(rows) == 1:
            return None, rows[0]
        return None, {f"row {at}": row for at, row in enumerate(rows, 1)}

    def _label(self, instance: BaseModel | None, rows: Sequence[Mapping[str, Any]]) -> str | None:
        if instance is not None and self.task is not None:
            try:
                return self.task.label_of(instance)
            except Rejected:
                return None
        label = rows[0].get("label") if len(rows) == 1 else None
        return None if label is None else _text(label)


def digest_of(value: Any) -> str:
    """Return 16 hex digits of a value that JSON can hold."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def open_data(path: Path | str, task: str | None = None, *, encoding: str = "utf-8") -> ReviewData:
    """A dataset to be read by people, in any form that targen reads.

    Args:
        path: see `read_dataset`.
        task: whose rows they are; a run knows.
        encoding: of text files without a byte order mark.

    Raises:
        UsageError: unknown dataset or task, or the data is another task's.
    """
    source = open_source(path, encoding=encoding)
    known: Task[Any, Any] | None = None
    name, problem = "", ""
    registry = load_registry()
    try:
        name = task_name(source, task) or ""
        if name:
            item = registry.find("task", name)
            known = registry.resolve(item).varied(source.variants)
    except TargenError as error:
        if task is not None:
            raise
        problem = f"{error}; the rows are shown unchanged, and edits are not checked"
    folder = Path(path)
    if known is not None:
        source, _ = in_columns_of(source, known)
    has_origin = source.run is not None or (folder / "correction.json").is_file()
    return ReviewData(folder, source.name, source, known, name, problem, has_origin)


def name_of(row: ReviewRow, data: str = "") -> str:
    """Return what a row is called; `data` names its dataset, where several are read together."""
    if row.number is not None:
        return row_name(row.number, data)
    return f"reject {row.reject:,}" + (f" of {data}" if data else "")


def has_columns(output: Output, columns: Mapping[str, Any]) -> bool:
    """Return whether an output, as a file of grades may hold any, has the columns and types."""
    try:
        for name, kind in output.columns.items():
            TypeAdapter(kind).validate_python(columns[name])
    except (ValidationError, LookupError):
        return False
    return columns.keys() == output.columns.keys()


def blind_fields(task: Task[Any, Any] | None, row: ReviewRow) -> Mapping[str, str]:
    """The texts of a row without those that its label or its output is read from.

    For closed labels that is the field `label`, which is in no row's texts. Open labels are read
    from any field, such as an answer, or the options with which of them are right. For such a task,
    its question to step 4 is shown, which does not reveal any of them.
    """
    output = None if task is None else output_in(task)
    if output is not None and row.output is not None:
        asked = output.questions(dict(row.instance or {}))
        return {**row.texts, **{name: text for each in asked for name, text in each.shown.items()}}
    if task is None or task.labels:
        return row.fields
    try:
        if task.judging.questions is None and task.texts.render is None:
            raise LookupError  # then all fields are the question, the label's too
        instance = task.instance.model_validate(row.instance)
        texts = [question.input for question in task.questions(instance)]
    except (Rejected, ValueError, LookupError, TypeError):
        return {"row": "This row cannot be shown without its label; choose a label to see the row."}
    return {"row": "\n\n".join(texts)}


class Fixed(NamedTuple):
    """A row as a person changed it.

    Attributes:
        problems: what the task says against it, in its own words; empty if it is a good row.
        rows: the official rows with the edits and the new label; empty if the row cannot have any.
        values: the instance with them, as JSON, if the task's schema accepts it.
    """

    problems: Sequence[str] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    values: Mapping[str, Any] = MappingProxyType({})


def fix(
    task: Task[Any, Any] | None,
    row: ReviewRow,
    edit: Mapping[str, str] | None,
    label: str | None,
    output: Mapping[str, Any] | None = None,
) -> Fixed:
    """Return a row with a person's texts, label and output, after the task's schema and checks.

    Args:
        task: the row's task; without one, the row is neither checked nor changed.
        row: the row before the edit.
        edit: field -> its new text.
        label: its new label.
        output: the new columns of its output.

    Raises:
        UsageError: a field of the edit cannot be edited.
    """
    unknown = sorted(set(edit or ()) - set(row.editable))
    if unknown:
        # Without the row's id, which a blind rater must not read: a run's own name the label.
        raise UsageError(f"the row has no text {unknown[0]!r} that can be edited")
    if task is None or row.instance is None:
        return Fixed()
    if cut := [path for path, text in (edit or {}).items() if "\0" in text]:
        return Fixed([f"{cut[0]} contains a NUL (U+0000), which is not text"])
    columns = (row.output or {}).keys()
    if output is not None and output.keys() != columns:
        words = f"{', '.join(columns)}, not {', '.join(output)}"
        return Fixed([f"the output must have the columns {words}"])
    try:
        instance = task.instance.model_validate(row.with_changes(edit, output))
        if label is not None:
            instance = task.with_label(instance, label)
    except ValidationError as error:
        return Fixed([refused(error)])
    except Rejected as error:
        return Fixed([_reason(error)])
    problems = []
    seed = _seed(task, row)
    for check in task.checks:
        try:
            check(instance, seed)
        except Rejected as error:
            problems.append(_reason(error))
        except Exception as error:
            if seed is not None:  # else the check may need one
                problems.append(f"a check failed: {error}")
    try:
        rows = tuple(task.to_rows(instance, row.number or 0))
    except (ValueError, LookupError, TypeError, Rejected) as error:
        return Fixed([*problems, str(error)])
    return Fixed(list(dict.fromkeys(problems)), rows, instance.model_dump(mode="json"))


def _seed(task: Task[Any, Any], row: ReviewRow) -> Any:
    """Return the seed of a row as its task has it, or None."""
    try:
        chain = task.chain_of(row.intended)
        return TypeAdapter(chain[-1].item).validate_python(row.seed) if chain else None
    except (ValidationError, LookupError):
        return None


def _reason(error: Rejected) -> str:
    detail = str(error)
    return f"{error.reason}: {detail}" if detail and detail != error.reason else error.reason


def _fields(values: Mapping[str, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The texts of an instance by their paths, and those that can be edited."""
    fields: dict[str, str] = {}
    editable: list[str] = []

    def walk(values: Mapping[str, Any], above: str) -> None:
        for name, value in values.items():
            path = f"{above}{name}"
            if name in _HIDDEN or value is None:
                continue
            if isinstance(value, Mapping):
                walk(value, f"{path}.")
                continue
            fields[path] = _text(value)
            if isinstance(value, str) and "." not in name and name not in NO_TEXTS:
                editable.append(path)

    walk(values, "")
    return fields, tuple(editable)


def _put(values: Any, path: str, text: str) -> None:
    *above, last = path.split(".")
    for name in above:
        values = values[name]
    values[last] = text


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
