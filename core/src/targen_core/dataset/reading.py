"""`read_dataset`: from any form of a dataset to a `Dataset`, with one set of words for all."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from targen_core.api.request import TaskLike, given_task
from targen_core.dataset.fitting import require_texts
from targen_core.dataset.lines import lines
from targen_core.dataset.model import Dataset, Problem, row_digest
from targen_core.dataset.naming import in_columns_of
from targen_core.dataset.problems import row_problem
from targen_core.dataset.records import Form, Record, as_it_is, official_row
from targen_core.dataset.source import IN_MEMORY, MOST_TOLD, Source, open_source, written
from targen_core.errors import Rejected, RunDirectoryError, UsageError
from targen_core.hints import command, quoted
from targen_core.origin import Typed, is_file
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.reading.values import GivenTwice, json_of
from targen_core.runs.manifest import Manifest
from targen_core.runs.report import read_report
from targen_core.runs.reporters import CARD, Ended, files_of
from targen_core.runs.tasks import find_task
from targen_core.tasks.model import Task
from targen_core.text import plural, printable

_Row = Mapping[str, Any]

_MOST_PROBLEMS = 100_000
_NAMED = 20  # ignored columns

_log = logging.getLogger("targen.dataset")


def read_dataset(
    source: Any,
    task: TaskLike | None = None,
    *,
    variants: Sequence[str] = (),
    registry: Registry | None = None,
    encoding: str = "utf-8",
    strict: bool = True,
) -> Dataset:
    """Read a dataset; see `targen_core.read_dataset`."""
    task = None if task is None else given_task(task)
    if isinstance(made := getattr(source, "dataset", None), Dataset):  # of a run
        source = made
    if isinstance(source, Dataset):
        return _same(source, task, registry)
    while True:
        opened = open_source(source, encoding=encoding)
        whose = _task(opened, task, variants, registry)
        ended = written(opened.run)
        opened, report = _at_one_moment(opened)
        opened, chosen = in_columns_of(opened, whose)
        problems: list[Problem] = []
        # A run has the columns that its task makes; a person's file may have more.
        others: dict[str, str] | None = {} if opened.run is None else None
        rows = (
            _strictly(opened, whose, task, problems, others)
            if strict
            else _leniently(opened, whose, problems, others)
        )
        if written(opened.run) == ended:
            break  # otherwise the run ended, or was resumed, while it was read
    if chosen:
        _log.warning("%s: %s", opened.place, chosen)
    if kept := [name for name, odd in (others or {}).items() if not odd]:
        _log.warning("%s: the task %s ignores %s", opened.place, whose.name, _listed(kept))
    if lost := {name: odd for name, odd in (others or {}).items() if odd}:
        _log.warning(
            "%s: left out %s, whose values JSON cannot store (%s); convert these to text",
            opened.place,
            _listed(list(lost)),
            ", ".join(dict.fromkeys(lost.values())),
        )
    card = opened.card
    if opened.run is not None and report and (ended is None or not card):
        # While a run continues, its README.md tells of an earlier end. Somebody may also remove it.
        manifest = Manifest.load(opened.run / "manifest.json")
        now = Ended(folder=opened.run, task=whose, manifest=manifest, report=report, sample=rows[0])
        card = files_of(now).get(CARD, "")
    dataset = Dataset(
        opened.name,
        whose,
        rows,
        card,
        source=opened.place,
        run=opened.run,
        provenance=opened.provenance,
        problems=problems,
        report=report,
        finds_task=_found_in_a_file(opened, task, variants),
        columns=opened.columns,
    )
    return dataset if opened.then is None else opened.then(dataset)


def _listed(columns: Sequence[str]) -> str:
    """Return the columns of a person's file that the task does not have, in words."""
    named = [printable(name, lines=False, max_length=40) for name in columns[:_NAMED]]
    named += ["…"] if len(columns) > _NAMED else []
    kind = "column" if len(columns) == 1 else "columns"
    return f"the {kind} {', '.join(named)}"


def _at_one_moment(source: Source) -> tuple[Source, Mapping[str, Any]]:
    """A run as of its report, which of a run in progress is what its ledger tells now.

    Rows that are written later are left out, and so are their lines in `provenance`.
    """
    if source.run is None:
        return source, {}
    try:
        report = read_report(source.run)
    except RunDirectoryError:  # it is reported where the report is needed
        return source, {}
    if written(source.run) is not None:
        return source, report
    count = sum(report["rows"].values())
    if not (source.run / "provenance.jsonl").exists():  # whole rows cannot be recognised
        return source, {}
    later = lines(source.run / "dataset.jsonl", may_be_torn=True)  # read behind the report
    form = replace(later, records=lambda: islice(later.records(), count))
    return replace(source, form=form, provenance=_Until(source.provenance, count)), report


@dataclass(frozen=True, slots=True)
class _Until:
    """The provenance of the first rows of a run; each iteration reads the file again."""

    records: Iterable[Mapping[str, Any]]
    rows: int

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        left = self.rows
        for record in self.records:
            left -= record.get("rows", 1)
            if left < 0:
                return
            yield record


def _task(
    source: Source,
    task: Task[Any, Any] | str | None,
    variants: Sequence[str],
    registry: Registry | None,
) -> Task[Any, Any]:
    """The task whose rows they are.

    Raises:
        UsageError: the task is unknown, or two names differ.
        UnknownName: it is not installed.
    """
    if isinstance(task, Task):
        return task.varied(variants)
    registry = load_registry() if registry is None else registry
    if source.task is None:
        if task is None:
            raise of_no_task(source)
        return find_task(registry, task, variants)[1]
    try:
        item, recorded = find_task(registry, source.task(), source.variants)
    except UsageError:
        if source.run is None:
            raise
        with Manifest.load(source.run / "manifest.json").telling_what_to_install():
            raise
    # A method's rows are those of the task that it is based on.
    same = (item.id, *recorded.about.based_on)
    other = task is not None and registry.find("task", task).id not in same
    if other or (variants and tuple(variants) != source.variants):
        raise UsageError(
            f"{source.run or source.place} already states the task of its rows: {item.id}",
            hint="omit --task and --variant",
        )
    if task is not None:
        require_texts(source.place, recorded, registry.get("task", task).varied(source.variants))
    return recorded


def _found_in_a_file(
    source: Source, task: Task[Any, Any] | str | None, variants: Sequence[str]
) -> tuple[str, tuple[str, ...]] | None:
    """Return what finds the task of rows again from any folder, if a program named its file."""
    if source.task is not None:
        task, variants = source.task(), source.variants
        if not isinstance(task, Typed):  # what a file names is not to become an order
            return None
    if not isinstance(task, str) or not is_file(task):
        return None
    return Typed(Path(task).absolute()), tuple(variants)


def _same(
    dataset: Dataset, task: Task[Any, Any] | str | None, registry: Registry | None
) -> Dataset:
    """Return a dataset unchanged, if it belongs to that task.

    Raises:
        UsageError: it is of another.
    """
    if isinstance(task, str):
        task = find_task(load_registry() if registry is None else registry, task)[1]
    if task is not None and task.name != dataset.task.name:
        raise UsageError(f"{dataset.name} contains rows of {dataset.task.name}, not of {task.name}")
    if task is not None:
        require_texts(dataset.name, dataset.task, task)
    return dataset


NAME_THE_TASK = "pass --task NAME, or a task file; see targen list-tasks"
"""The hint if the task of rows is unknown."""


def of_no_task(source: Source) -> UsageError:
    """Return the error for rows of an unknown task."""
    run = Path(source.place).parent
    if (run / "manifest.json").exists():
        hint: str = f"pass the run directory, {run}"
    else:
        hint = NAME_THE_TASK
    return UsageError(f"{source.place} does not state which task its rows belong to", hint=hint)


def _strictly(
    source: Source,
    task: Task[Any, Any],
    named: Task[Any, Any] | str | None,
    problems: list[Problem],
    others: dict[str, str] | None,
) -> list[_Row]:
    """All rows, each valid; `problems` gets the known oddities of the original data.

    Raises:
        UsageError: rows are invalid or lacking; names the first, and places of others.
    """
    hint = _way_out(source, task, named)
    rows: list[_Row] = []
    first: tuple[int, ValueError] | None = None  # row that is invalid
    more: list[int] = []  # places of others
    for number, record in _records(source, task):
        try:
            rows.append(official_row(record, source.form, task, others))
        except ValueError as error:
            known = _known(record, source.form, task) if task.rows_per_instance == 1 else ""
            if known:
                problems.append(Problem(number, _idx(record), row_problem(error), known=known))
            elif first is None:
                first = number, error
            else:
                more.append(number)
                if len(more) == MOST_TOLD:  # a large file of another task need not be read
                    break
    if first is not None:
        raise source.no_row(*first, task.name, hint, more) from first[1]
    if not rows:
        source.none(_way_out(source, task, named, is_there=False) if source.run else "")
    over = len(rows) % task.rows_per_instance
    if over and source.run is not None:  # it was killed between the rows of one instance
        del rows[-over:]
    elif over:
        raise UsageError(
            f"{source.place} has {plural(len(rows), 'row')}, but rows of {task.name} come in "
            f"groups of {task.rows_per_instance}",
            hint=hint,
        )
    return rows


def _way_out(
    source: Source,
    task: Task[Any, Any],
    named: Task[Any, Any] | str | None,
    *,
    is_there: bool = True,
) -> str:
    """Return what to do about rows that are invalid, or if not `is_there`, about their absence."""
    if source.run is None:
        name = named if isinstance(named, str) else task.name
        if not isinstance(named, str) and all(
            item.name != name for item in load_registry().all("task")
        ):
            name = "TASK"  # an object of the program, which no name finds
        data = "ROWS" if source.place == IN_MEMORY else source.place
        return f"to list all problems: {command('validate', data, task=name, **source.options)}"
    if task.version != source.version:
        return (
            f"the rows were generated with version {source.version} of the task, but version "
            f"{task.version} is installed"
        )
    again = f"targen resume {quoted(source.run)}"
    if not is_there:
        return "to continue the run: " + again
    return "if the file was edited, correct it; or move it away, and " + again + " writes it again"


def _leniently(
    source: Source,
    task: Task[Any, Any],
    problems: list[Problem],
    others: dict[str, str] | None,
) -> list[_Row]:
    """The rows that are right, with all that belong to them; `problems` gets what is wrong.

    Raises:
        UsageError: the source has no row, valid or not.
    """
    numbered: list[tuple[int, _Row | None]] = []  # None if the row is bad
    places: dict[Any, int] = {}
    for number, record in _records(source, task):
        try:
            row = official_row(record, source.form, task, others)
        except ValueError as error:
            known = _known(record, source.form, task)
            problems.append(Problem(number, _idx(record), row_problem(error), known=known))
            if len(problems) == _MOST_PROBLEMS:
                raise UsageError(
                    f"{source.place}: at least {_MOST_PROBLEMS:,} rows do not fit the task "
                    f"{task.name}; the first is {source.form.place} {problems[0].line}: "
                    f"{problems[0].message}",
                    hint="if they belong to a different task, pass it with --task",
                ) from error
            numbered.append((number, None))
            continue
        idx = row.get("idx")
        numbered.append((number, row))
        if idx is not None and idx in places:
            said = f"idx {idx} was already used ({source.form.place} {places[idx]})"
            problems.append(Problem(number, idx, said, left_out=False))
        places.setdefault(idx, number)
    if not numbered:
        source.none()
    if source.run is not None and (over := len(numbered) % task.rows_per_instance):
        del numbered[-over:]
    rows: list[_Row] = []
    for start in range(0, len(numbered), task.rows_per_instance):
        group = numbered[start : start + task.rows_per_instance]
        unit = [row for _, row in group if row is not None]
        if len(unit) < len(group):
            continue  # one of them is invalid, as reported above
        try:
            if len(unit) < task.rows_per_instance:
                raise ValueError(
                    f"rows come in groups of {task.rows_per_instance}; the last group has "
                    f"only {len(unit)}"
                )
            task.from_rows(unit)
        except (ValueError, LookupError, TypeError, Rejected) as error:
            digests = map(row_digest, unit) if task.rows.oddities else ()
            known = next(filter(None, map(task.rows.oddities.get, digests)), "")
            idx = unit[0].get("idx")
            problems.append(Problem(group[0][0], idx, row_problem(error), known=known))
        else:
            rows += unit
    problems.sort(key=lambda problem: problem.line)
    return rows


def _records(source: Source, task: Task[Any, Any]) -> Iterator[tuple[int, Record]]:
    """The records with their places; rows that somebody wrote without `idx` get one by place."""
    field = task.schema.model_fields.get("idx")
    needs_index = source.run is None and field is not None and field.annotation is int
    for at, (number, record) in enumerate(source.form.records()):
        try:
            values = _values(record, once=True) if needs_index else None
        except GivenTwice as error:  # with a number, the row would have the key once
            yield number, error
            continue
        if values is not None and "idx" not in values:
            numbered = {**values, "idx": at}
            record = json.dumps(numbered).encode() if isinstance(record, bytes) else numbered
        elif not at and values is not None:
            needs_index = False  # the first row has an index
        yield number, record


def _values(record: Record, *, once: bool = False) -> Mapping[str, Any] | None:
    """The values of a record, if it has some; for `once`, see `json_of`."""
    if isinstance(record, bytes):
        try:
            record = json_of(record, strict=False, once=once)
        except GivenTwice:
            raise
        except ValueError:
            return None
    return record if isinstance(record, Mapping) else None


def _known(record: Record, form: Form, task: Task[Any, Any]) -> str:
    """Where the original data has a bad row, if it has that very row."""
    if not task.rows.oddities:
        return ""
    try:
        return task.rows.oddities.get(row_digest(as_it_is(record, form, task)), "")
    except (ValueError, TypeError, RecursionError):
        return ""


def _idx(record: Any) -> Any:
    """The `idx` of a record that may be anything."""
    values = _values(record)
    return None if values is None else values.get("idx")
