"""Readers of what targen's own commands leave, of BIG-bench's task.json, and of plain texts."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from targen_core.dataset.lines import lines, whole
from targen_core.dataset.records import Form, Record, changed
from targen_core.dataset.schema import schema_of
from targen_core.dataset.source import DatasetReader, RecordsOf, Source
from targen_core.dataset.texts import refuse_table
from targen_core.origin import TASK_FILE, is_file
from targen_core.reading.values import Malformed, json_of
from targen_core.runs.correction_plan import unfinished
from targen_core.runs.files import check_members, read_json
from targen_core.runs.manifest import copy_of
from targen_core.runs.reporters import card_in
from targen_core.tasks.model import Task
from targen_standard.datasets.bigbench import bigbench_of, is_bigbench
from targen_standard.datasets.weighing import FILE as WEIGHING
from targen_standard.datasets.weighing import read_weighing, weighed


class _Left(DatasetReader):
    def folder(self, path: Path) -> Source | None:
        """Open an output of `targen correct`, `import-rows` or `reweigh`."""
        for name, opened in (
            ("correction.json", _of_correction),
            ("import.json", _of_import),
            (WEIGHING, _of_weighing),
        ):
            if (path / name).exists():
                check_members(path)
                return opened(path)
        return None


def _source(folder: Path, columns: Mapping[str, str] | None = None, **more: Any) -> Source:
    rows = folder / "dataset.jsonl"
    form = lines(rows)
    if columns:
        form = changed(form, partial(_in_names_of_task, columns))
    return Source(str(rows), folder.resolve().name, form, columns=columns or {}, **more)


def _in_names_of_task(columns: Mapping[str, str], row: Mapping[str, Any]) -> dict[str, Any]:
    return {columns.get(name, name): value for name, value in row.items()}


def columns_of(folder: Path) -> dict[str, str]:
    """Return the columns of the rows of a correction, with the task's name of each."""
    report = read_json(folder / "report.json") if (folder / "report.json").exists() else {}
    columns = report.get("columns") if isinstance(report, dict) else None
    return {str(k): str(v) for k, v in columns.items()} if isinstance(columns, dict) else {}


def _of_correction(folder: Path) -> Source:
    """Open an output of `targen correct` or a review: its rows are of the task that it names."""
    if error := unfinished(folder):
        raise error
    plan = read_json(folder / "correction.json")
    plan = plan if isinstance(plan, dict) else {}
    task = plan.get("task")
    known = task.get("id") if isinstance(task, dict) else None
    origins = folder / "provenance.jsonl"  # if the origins of the rows are known
    return _source(
        folder,
        columns=columns_of(folder),
        task=_copied(folder, plan.get("task_file")) or _named(known),
        card=card_in(folder),
        provenance=RecordsOf(origins) if origins.exists() else (),
    )


def _of_weighing(folder: Path) -> Source:
    """Open an output of `targen reweigh`: its rows, each with a weight in its provenance."""
    weighing = read_weighing(folder)
    return _source(
        folder,
        task=_copied(folder, weighing.task) or _named(weighing.task),
        variants=weighing.variants,
        provenance=RecordsOf(folder / "provenance.jsonl"),
        then=partial(weighed, weighing=weighing),
    )


def _of_import(folder: Path) -> Source:
    """Rows that somebody else made, as `targen import-rows` left them, weighed or not."""
    said = read_json(folder / "import.json")
    is_weighed = (folder / WEIGHING).exists()
    return _source(
        folder,
        task=_named(said.get("task") if isinstance(said, dict) else None),
        card=card_in(folder),
        provenance=RecordsOf(folder / "provenance.jsonl"),
        then=partial(weighed, weighing=read_weighing(folder)) if is_weighed else None,
    )


def _copied(folder: Path, known: Any) -> Callable[[], str] | None:
    """Return the copy of a task's file that a folder contains, if the folder declares one."""
    if not isinstance(known, str) or not TASK_FILE.fullmatch(known):
        return None
    return lambda: copy_of(folder, known)


def _named(known: Any) -> Callable[[], str] | None:
    """The task that a folder says its rows are of, if it is the name of an installed one.

    It is never a file, whose code would be run.
    """
    if not isinstance(known, str) or not known or is_file(known) or known.startswith("file:"):
        return None
    return lambda: known


class _BigBench(DatasetReader):
    def file(self, path: Path, encoding: str) -> Source | None:
        """A task.json with examples."""
        if path.suffix.lower() != ".json":
            return None
        text = whole(path, encoding)
        if not text.lstrip().startswith("{") or '"examples"' not in text:
            return None
        try:
            value = json_of(text, most=sys.maxsize, strict=False)
        except Malformed:
            return None
        if not is_bigbench(value):
            return None
        rows = bigbench_of(value, str(path)).rows()
        form = Form(lambda: enumerate(rows, 1), place="example", typed=_typed)
        return Source(str(path), path.stem, form)


def _typed(row: Mapping[str, Any], task: Task[Any, Any] | None) -> Mapping[str, Any]:
    """The answer in the column that the task has for it."""
    if task is None:
        return row
    columns = schema_of(task.schema).columns
    answer = row.get("label", row.get("output"))
    own: dict[str, Any] = {name: answer for name in ("output", "label") if name in columns}
    every = {**row, **own}
    return {name: value for name, value in every.items() if name in columns or not own}


class _Texts(DatasetReader):
    def file(self, path: Path, encoding: str) -> Source | None:
        """A .txt file with one text per line, unless its lines are rows in JSON."""
        if path.suffix.lower() != ".txt":
            return None
        text = whole(path, encoding)
        refuse_table(path, text.partition("\n")[0])

        def rows() -> Iterator[tuple[int, Record]]:
            # One by one: a row takes a hundred times the bytes of a short line.
            for number, line in enumerate(io.StringIO(text, newline=None), 1):
                if line.strip():
                    yield number, {"text": line.strip()}

        if text.lstrip()[:1] in ("", "{"):
            return None
        return Source(str(path), path.stem, Form(rows, place="line"))


LEFT, BIGBENCH, TEXTS = _Left(), _BigBench(), _Texts()
