"""The editor of a row's output: its questions as a form, and the form as answers.

The page knows kinds of questions, and no output: what an output asks, it says by `questions`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from targen_core.errors import UsageError
from targen_core.text import printable
from targen_standard.task_files.outputs import Question

COLUMNS = "*"
"""The name of the field that has all columns of an output as JSON."""

_SPARE = 2  # empty fields for further texts


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose: an option, a type of spans, or a point of a scale.

    Attributes:
        name: as the output has it.
        meaning: what it means, or "".
        key: the digit that chooses it, or "".
        chosen: whether it is the answer, or one of several.
        text: of a pair, the text that it names.
    """

    name: str
    meaning: str
    key: str
    chosen: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A question as the page shows it.

    Attributes:
        question: the question; without its answer if that is hidden.
        choices: what there is to choose.
        shown: more texts that belong to it, except those to choose from.
        marks: of spans, what the script of the page needs, as JSON.
        texts: of texts, those there are, and a few empty ones.
    """

    question: Question
    choices: tuple[Choice, ...] = ()
    shown: Mapping[str, str] | None = None
    marks: str = ""
    texts: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        """The answer as text for a field."""
        value = self.question.value
        if self.question.kind == "spans":
            return json.dumps(value or [])
        return "" if value is None else f"{value:g}"


def controls(
    questions: Sequence[Question], row: Mapping[str, Any], *, hidden: bool
) -> tuple[Control, ...]:
    """Return questions as the page shows them.

    Args:
        questions: with the answers of the row.
        row: as a person left it: spans are looked for in its texts.
        hidden: whether the answers are left out.
    """
    free = [str(digit) for digit in range(1, 10)]
    found = []
    for question in questions:
        value = None if hidden else question.value
        if question.kind == "spans" and value:
            value = _fitting(value, str(row[question.of]))
        asked = replace(question, value=value)
        if question.kind == "number":
            names = _points(question)
            keys = {name: name for name in names if name in free or name == "0"}
        else:
            names = list(question.options)
            keys = dict(zip(names, free, strict=False))
        free = [key for key in free if key not in keys.values()]
        choices = tuple(
            Choice(
                name,
                question.meanings.get(name, ""),
                keys.get(name, ""),
                _is_chosen(asked, name),
                question.shown.get(name, ""),
            )
            for name in names
        )
        found.append(
            Control(
                asked,
                choices,
                {name: text for name, text in question.shown.items() if name not in names},
                _marks(question, str(row[question.of])) if question.kind == "spans" else "",
                _fields(asked) if question.kind == "text" else (),
            )
        )
    return tuple(found)


def answers_of(questions: Sequence[Question], form: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the answers in a form: by the names of the questions, all values of each field.

    Raises:
        UsageError: a question has no answer, or one that it cannot have.
    """
    return {each.name: _answer(each, [*form.get(each.name, ())]) for each in questions}


def columns_of(text: str) -> dict[str, Any]:
    """Return the columns of an output that were written as JSON.

    Raises:
        UsageError: it is not an object of JSON.
    """
    try:
        columns = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the text is not JSON: {error}") from None
    if not isinstance(columns, dict):
        raise UsageError("the text is not a JSON object with a key for each column")
    return columns


def _answer(question: Question, said: list[str]) -> Any:
    first = said[-1].strip() if said else ""
    if question.kind == "spans":
        return _spans(question, first)
    if question.kind == "number":
        try:
            number = float(first)
        except ValueError:
            number = math.nan
        low, high, _ = question.scale
        if not low <= number <= high:
            raise UsageError(f"{question.name}: enter a number from {low:g} to {high:g}")
        return number
    if question.kind == "text":
        texts = [each.replace("\r\n", "\n").strip() for each in said]
        return [each for each in texts if each]
    chosen = [name for name in question.options if name in said]
    if question.kind == "several":
        # In another order they are the same, so the row keeps the order that it has.
        return question.value if {*chosen} == {*question.value} else chosen
    if not chosen:
        raise UsageError(f"{question.name}: choose {' or '.join(question.options)}")
    return chosen[0]


def _spans(question: Question, text: str) -> list[dict[str, Any]]:
    try:
        spans = [
            {"start": int(each["start"]), "end": int(each["end"]), "type": str(each["type"]),
             "text": str(each["text"])}
            for each in json.loads(text)
        ]  # fmt: skip
    except (ValueError, LookupError, TypeError, RecursionError):
        raise UsageError(f"{question.name}: the answer is not a list of spans") from None
    return sorted(spans, key=lambda span: (span["start"], span["end"], span["type"]))


def _fitting(spans: Sequence[Mapping[str, Any]], text: str) -> list[Mapping[str, Any]]:
    """Return spans where they are in a text that may have been edited: the nearest such words."""
    found: list[Mapping[str, Any]] = []
    for span in spans:
        said, start = span["text"], span["start"]
        if text[start : span["end"]] != said:
            places = [at for at in range(len(text)) if text.startswith(said, at)]
            if not places:
                continue
            start = min(places, key=lambda at: abs(at - start))
        found.append({**span, "start": start, "end": start + len(said)})
    return found


def _marks(question: Question, text: str) -> str:
    """Return a text for the page's script, with visible signs for invisible characters.

    As JSON in ASCII, since a page has each end of a line as a line feed, which would shift spans.
    """
    odd = {at: shown for at, one in enumerate(text) if (shown := printable(one)) != one}
    return json.dumps({"text": text, "odd": odd, "overlap": question.overlap})


def _points(question: Question) -> list[str]:
    """Return the points of a scale that have a button: those described, and few whole numbers."""
    low, high, _ = question.scale
    points = {float(name) for name in question.meanings}
    if high - low < 10:  # as many as there are digits
        points |= {float(whole) for whole in range(math.ceil(low), math.floor(high) + 1)}
    return [f"{point:g}" for point in sorted(points)]


def _is_chosen(question: Question, name: str) -> bool:
    value = question.value
    if question.kind == "several":
        return name in (value or ())
    return bool(value == name)


def _fields(question: Question) -> tuple[str, ...]:
    texts = tuple(question.value or ())
    return texts + ("",) * max(0, min(_SPARE, question.most - len(texts)), 1 - len(texts))
