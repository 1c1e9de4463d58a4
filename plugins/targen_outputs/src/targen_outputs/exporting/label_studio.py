"""Rows as tasks of Label Studio with predictions, its configuration, and what people answered.

Written from its documentation (Import pre-annotated data; the tags Labels, Choices, Rating, Number,
TextArea and Pairwise). Offsets are in characters (Unicode code points), which its editor converts
to the UTF-16 units of browsers (`codePointsToChars` in its `selection-tools.js`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from targen_core.dataset.model import Dataset
from targen_core.outputs import write_file
from targen_outputs.exporting.questions import ROW, Answers, RowQuestions, rows_with_questions
from targen_standard.exporting.model import Exporter
from targen_standard.task_files.outputs import Question


def read(task: Mapping[str, Any]) -> Answers:
    """Return people's answers in a task of the export *JSON*; predictions do not count.

    A skipped annotation is not an answer. If people marked one as ground truth, it is the only one.
    """
    texts = dict(task["data"])
    done = [each for each in task["annotations"] if not each.get("was_cancelled")]
    done = [each for each in done if each.get("ground_truth")] or done
    return Answers(texts.pop(ROW, None), texts, [_said(each["result"]) for each in done])


def _said(result: Sequence[Mapping[str, Any]]) -> Mapping[str, Sequence[Any]]:
    said: dict[str, list[Any]] = {}
    for part in result:
        if "from_name" in part:  # a relation between spans has no name
            said.setdefault(part["from_name"], []).extend(_values(part["value"]))
    return said


def _values(value: Mapping[str, Any]) -> Sequence[Any]:
    """The values of a part of an answer; a span may have several labels."""
    if "labels" in value:
        span = {key: value[key] for key in ("start", "end", "text") if key in value}
        return [{**span, "type": label} for label in value["labels"]]
    (found,) = (value[key] for key in _SAID if key in value)
    return found if isinstance(found, list) else [found]


_SAID = ("choices", "rating", "number", "text", "selected")
"""The keys of values other than spans."""


def _write(dataset: Dataset, out: Path) -> None:
    rows = list(rows_with_questions(dataset))
    tasks: list[Mapping[str, Any]] = [
        {
            "data": {"id": row.id, **row.texts, **({} if row.row is None else {ROW: row.row})},
            "predictions": [{"model_version": "targen", "result": _results(row)}],
        }
        for row in rows
    ]
    text = json.dumps(tasks, ensure_ascii=False, indent=1)
    write_file(out / "tasks.json", text + "\n")
    write_file(out / "config.xml", _configuration(rows[0]))


def _results(row: RowQuestions) -> list[Mapping[str, Any]]:
    return [
        {
            "id": f"{question.name}-{number}",
            "from_name": question.name,
            "to_name": _shown(row, question),
            "type": _tag(question).lower(),
            "value": value,
        }
        for question in row.questions
        for number, value in enumerate(_VALUES[_tag(question)](question))
    ]


def _shown(row: RowQuestions, question: Question) -> str:
    """The names of the texts that a question is about; of a whole row, those of the first."""
    if question.kind == "pair":
        return ",".join(map(_text_name, question.options))
    return _text_name(question.of or next(iter(row.texts)))


def _text_name(name: str) -> str:
    """Return a text's name in the configuration, where questions have names of the same kind."""
    return f"text-{name}"


def _tag(question: Question) -> str:
    """The tag that asks a question; stars are for whole numbers from 1."""
    low, _, step = question.scale
    if question.kind == "number":
        return "Rating" if low == 1 and step % 1 == 0 else "Number"
    return _TAGS[question.kind]


_TAGS = {
    "one": "Choices",
    "several": "Choices",
    "spans": "Labels",
    "text": "TextArea",
    "pair": "Pairwise",
}

_VALUES: Mapping[str, Callable[[Question], list[Mapping[str, Any]]]] = {
    "Choices": lambda question: [
        {"choices": [question.value] if question.kind == "one" else list(question.value)}
    ],
    "Labels": lambda question: [
        {
            "start": span["start"],
            "end": span["end"],
            "text": span["text"],
            "labels": [span["type"]],
        }
        for span in question.value
    ],
    "Rating": lambda question: [{"rating": int(question.value)}],
    "Number": lambda question: [{"number": question.value}],
    "TextArea": lambda question: [{"text": list(question.value)}],
    "Pairwise": lambda question: [
        {"selected": "left" if question.value == question.options[0] else "right"}
    ],
}


def _configuration(row: RowQuestions) -> str:
    """The labelling interface, which names the texts and questions as the tasks do."""
    texts = [
        f"  <Text name={quoteattr(_text_name(name))} value={quoteattr(f'${name}')}/>"
        for name in row.texts
    ]
    asked = [_control(row, question) for question in row.questions]
    return "\n".join(["<View>", *texts, *asked, "</View>", ""])


def _control(row: RowQuestions, question: Question) -> str:
    tag = _tag(question)
    low, high, step = (f"{number:g}" for number in question.scale)
    more = {
        "Rating": {"maxRating": high},
        "Number": {"min": low, "max": high, "step": step},
        "Choices": {"choice": "single" if question.kind == "one" else "multiple"},
    }.get(tag, {})
    attributes = {"name": question.name, "toName": _shown(row, question), **more}
    start = f"  <{tag} " + " ".join(f"{key}={quoteattr(text)}" for key, text in attributes.items())
    item = {"Choices": "Choice", "Labels": "Label"}.get(tag)
    if item is None:
        return f"{start}/>"
    options = [f"    <{item} value={quoteattr(option)}/>" for option in question.options]
    return "\n".join([f"{start}>", *options, f"  </{tag}>"])


LABEL_STUDIO = Exporter(
    write=_write,
    suffix="",
    summary="a folder for Label Studio: tasks with predictions, and the labelling setup",
)
