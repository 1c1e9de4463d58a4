"""Rows as records of Argilla 2 with suggestions, and what people answered.

`Dataset.records.from_json` reads the records, and `to_json` writes them with responses.

Written from its documentation and from `Record.from_dict`. Offsets are in characters, as its server
checks them; its page counts UTF-16 units (argilla-io/argilla, issue 5729).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from targen_core.dataset.model import Dataset
from targen_core.reading.values import json_of
from targen_core.text import plural
from targen_outputs.exporting.questions import ROW, Answers, RowQuestions, rows_with_questions
from targen_outputs.exporting.rows import labelled, write_out
from targen_standard.exporting.model import Exporter
from targen_standard.task_files.outputs import Question, output_in

_ONE_UNIT = 0xFFFF
"""The last code point that is one UTF-16 unit."""

_RATINGS = range(11)
"""The values that a rating may have."""


def _shifted(dataset: Dataset) -> str:
    """Warn of texts in which Argilla's page counts characters differently."""
    output = output_in(dataset.task)
    if output is None:
        return ""
    count = sum(
        any(ord(letter) > _ONE_UNIT for letter in row.row[question.of])
        for row in labelled(dataset)
        for question in output.questions(row.row)
        if question.kind == "spans"
    )
    if not count:
        return ""
    return (
        f"{plural(count, 'text')} with emoji or rare characters: Argilla shows the spans after "
        "them one character too early; --as label-studio does not have this problem"
    )


def _write(dataset: Dataset, out: Path) -> None:
    records = [_record(row) for row in rows_with_questions(dataset)]
    text = json.dumps(records, ensure_ascii=False, indent=1)
    write_out(out, text + "\n")


def _record(row: RowQuestions) -> Mapping[str, Any]:
    values = {question.name: _value(question) for question in row.questions}
    return {
        "id": row.id,
        "fields": dict(row.texts),
        "metadata": {} if row.row is None else {ROW: json.dumps(row.row, ensure_ascii=False)},
        "suggestions": {
            name: {"value": value, "score": None, "agent": "targen"}
            for name, value in values.items()
            if value not in ([], "")  # no label and no answer are not suggestions
        },
        "responses": {},
        "vectors": {},
    }


def _value(question: Question) -> Any:
    """The answer, as Argilla's question of its kind takes it."""
    if question.kind == "spans":
        return [
            {"start": span["start"], "end": span["end"], "label": span["type"]}
            for span in question.value
        ]
    if question.kind == "several":
        return list(question.value)
    if question.kind == "text":
        return "\n".join(question.value)
    if question.kind == "number":
        low, high, step = question.scale
        whole = step % 1 == 0 and low in _RATINGS and high in _RATINGS
        return int(question.value) if whole else f"{question.value:g}"
    return question.value


def read(record: Mapping[str, Any]) -> Answers:
    """Return the answers in a record, one for each user; its suggestions are not answers."""
    said: dict[Any, dict[str, Any]] = {}
    for question, responses in record["responses"].items():
        for response in responses:
            if response.get("status", "submitted") == "submitted":  # old clients do not say it
                value = response["value"]
                values = value if isinstance(value, list) else [value]
                said.setdefault(response.get("user_id"), {})[question] = [*map(_plain, values)]
    row = (record.get("metadata") or {}).get(ROW)
    return Answers(json_of(row) if row else None, record["fields"], [*said.values()])


def _plain(value: Any) -> Any:
    """Return a span as in a row, and any other value unchanged."""
    if not isinstance(value, Mapping):
        return value
    return {"start": value["start"], "end": value["end"], "type": value["label"]}


ARGILLA = Exporter(
    write=_write,
    suffix=".json",
    summary="records for Argilla, with suggestions",
    note=_shifted,
)
