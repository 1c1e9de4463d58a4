"""Rows as people annotated them in Label Studio or Argilla: the exports of these tools.

The first form is Label Studio's export *JSON*, as its page *Label Studio JSON format of annotated
tasks* describes it. The second is the records of Argilla's client, version 2, as `to_json` and
`to_disk` write them. A record without an answer is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from targen_core.dataset.lines import whole
from targen_core.dataset.records import Form
from targen_core.dataset.source import DatasetReader, Source
from targen_core.errors import UsageError
from targen_core.reading.values import Malformed, json_of
from targen_core.tasks.model import Task
from targen_core.text import plural
from targen_outputs.exporting import argilla, label_studio
from targen_outputs.exporting.bio import BIO_SUFFIX
from targen_outputs.exporting.questions import Answers
from targen_standard.task_files.outputs import Output, Question, Row, output_in


class _Tool(NamedTuple):
    """The keys of a tool's records, what reads one, and how people settle two answers there."""

    keys: frozenset[str]
    read: Callable[[Mapping[str, Any]], Answers]
    settle: str


_TOOLS = (
    _Tool(frozenset({"data", "annotations"}), label_studio.read, "mark one answer as ground truth"),
    _Tool(frozenset({"fields", "responses"}), argilla.read, "delete all responses but one"),
)

_JSON_MIN = frozenset({"annotator", "annotation_id"})
"""Keys of Label Studio's other form, which does not tell a text from an answer."""


class _Annotated(DatasetReader):
    def folder(self, path: Path) -> Source | None:
        """Open what Argilla's `Dataset.to_disk` wrote."""
        return self.file(path / "records.json", "utf-8") if (path / ".argilla").is_dir() else None

    def file(self, path: Path, encoding: str) -> Source | None:
        """Open a JSON file of one of the tools; refuse the tags that `bio` exports."""
        if path.suffix.lower() == BIO_SUFFIX and path.is_file():
            raise UsageError(
                f"{path} has a tag for each token, but not the texts: their spaces are not in it",
                hint="pass the rows that it was made of, or export them --as jsonl",
            )
        if path.suffix.lower() != ".json":
            return None
        text = whole(path, encoding)
        if not text.lstrip().startswith("["):
            return None
        try:
            found = json_of(text, most=sys.maxsize, strict=False)
        except Malformed:
            return None  # the reader of all JSON reports the problem
        if not found:
            return None
        keys = set.intersection(*({*each} if isinstance(each, dict) else set() for each in found))
        if keys >= _JSON_MIN:
            raise UsageError(
                f"{path} is a JSON-MIN export from Label Studio", hint="export the project as JSON"
            )
        tool = next((each for each in _TOOLS if keys >= each.keys), None)
        return None if tool is None else _source(path, found, tool)


def _source(path: Path, found: list[Mapping[str, Any]], tool: _Tool) -> Source:
    def records() -> Iterator[tuple[int, Mapping[str, Any] | ValueError]]:
        for number, record in enumerate(found, 1):
            try:
                answers = tool.read(record)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                yield number, ValueError(f"it is not a record from this tool: {error!r}")
                continue
            if answers.said:
                yield number, {**_idx(answers.row), "answers": answers}

    def typed(record: Mapping[str, Any], task: Task[Any, Any] | None) -> Row:
        return {**_row(record["answers"], task, tool.settle), **_idx(record)}

    if not any(True for _ in records()):
        raise UsageError(
            f"{path} has {plural(len(found), 'record')}, but no annotations",
            hint="annotate some, and export the project again",
        )
    return Source(str(path), path.stem, Form(records, place="record", typed=typed))


def _idx(row: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The number of a row, which rows of a project of one's own get by their place."""
    return {"idx": row["idx"]} if row and "idx" in row else {}


def _row(found: Answers, task: Task[Any, Any] | None, settle: str) -> Row:
    """Return the row that people's answers make.

    Raises:
        ValueError: two people answered differently, or an answer is missing or unknown.
        UsageError: the task has one label per row.
    """
    first = found.said[0]
    if any(_sorted(each) != _sorted(first) for each in found.said):
        people = plural(len(found.said), "person", "people")
        raise ValueError(f"{people} answered differently; {settle}")
    if task is None:
        return {**found.texts, **first}
    output = output_in(task)
    if output is None:
        raise UsageError(
            f"rows of {task.name} have one label each, but this format is for other outputs",
            hint="use targen review import, which reads labels",
        )
    fields = {path: found.texts.get(path.replace(".", "_")) for path in task.fields}
    row = {**dict.fromkeys(output.columns), **fields} if found.row is None else found.row
    questions = _asked(output, row)
    if len(questions) == len(first) == 1:  # a project of one's own may call it otherwise
        first = {questions[0].name: next(iter(first.values()))}
    names = [each.name for each in questions]
    for name in first:
        if name not in names:
            raise ValueError(f"{name}: no such question; the questions are {', '.join(names)}")
    answers = {each.name: _value(each, first.get(each.name, ())) for each in questions}
    return {**row, **output.answered(row, answers)}


def _sorted(said: Mapping[str, Sequence[Any]]) -> Mapping[str, Sequence[str]]:
    """Answers without the order in which somebody clicked."""
    return {name: sorted(map(repr, values)) for name, values in said.items() if values}


def _asked(output: Output, row: Row) -> list[Question]:
    try:
        return [*output.questions(row)]
    except (LookupError, TypeError, AttributeError) as error:  # it is about columns of the row
        raise ValueError(
            "its project does not contain rows written by targen export, which this output needs"
        ) from error


def _value(question: Question, said: Any) -> Any:
    """Return an answer as the output has it, from the values that a tool keeps."""
    if question.kind in ("spans", "several"):
        return [*said]
    if question.kind == "text":
        return [line for text in said for line in str(text).split("\n") if line.strip()]
    if len(said) != 1:
        raise ValueError(
            f"{question.name}: {plural(len(said), 'answer')} to a question that needs exactly one"
        )
    if question.kind == "number":
        return float(said[0])
    if question.kind == "pair":
        return dict(zip(("left", "right"), question.options, strict=True)).get(said[0], said[0])
    return said[0]


ANNOTATED = _Annotated()
