"""BIG-bench's `task.json`: a task's description, and its examples as rows.

The form is that of BIG-bench's JSON tasks (Srivastava et al., arXiv:2206.04615). An example has an
`input`, and `target_scores` (each choice with its score) or a `target` (a text, or several right
ones).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError
from targen_core.reading.files import read_json
from targen_standard.checks.patterns import refuse_pattern

CHOICE = "choice: "
"""The start of a line with a choice after an input."""


@dataclass(frozen=True, slots=True)
class Example:
    """One example.

    Attributes:
        input: what is given, without its choices.
        targets: the right answers; of choices those with the highest score.
        scores: choice -> score, in an order without meaning: in many files the right one is the
            first. Empty where any text may be answered.
    """

    input: str
    targets: tuple[str, ...]
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def with_choices(self) -> str:
        """The input, with a line for each choice behind it."""
        return "\n".join([self.input, *(f"{CHOICE}{choice}" for choice in self.scores)])


@dataclass(frozen=True, slots=True)
class BigBench:
    """A task of BIG-bench.

    Attributes:
        name: as it calls itself; "" if it does not.
        description: what is to be done.
        prefix: the text before all examples (`task_prefix`), or "".
        examples: all of them, each once.
        metrics: the figures that it is measured by.
        preferred: the one that counts (`preferred_score`).
        shows_choices: whether an input is shown with its choices.
        before_input: the text before an input (`example_input_prefix`).
        before_output: the text before an answer (`example_output_prefix`).
        before_choice: the text before a choice (`choice_prefix`).
        between: the text between worked examples (`few_shot_example_separator`).
        output_regex: the part of a written answer to use; "" for its first clause.
        stop_string: where a written answer ends, or "".
        canary: the sentence by which its authors keep it out of training corpora, or "".
    """

    name: str
    description: str
    prefix: str
    examples: tuple[Example, ...]
    metrics: tuple[str, ...] = ()
    preferred: str = ""
    shows_choices: bool = True
    before_input: str = "\nQ: "
    before_output: str = "\nA: "
    before_choice: str = "\n  choice: "
    between: str = "\n"
    output_regex: str = ""
    stop_string: str = ""
    canary: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """All answers, where every example has the same choices; else none."""
        every = {tuple(sorted(example.scores)) for example in self.examples}
        return every.pop() if len(every) == 1 and len(self.examples) > 1 else ()

    def rows(self) -> list[dict[str, Any]]:
        """Its examples as rows: `input`, and the best answer as `output`, or as `label`.

        It is a label if all examples have the same choices. Choices that are neither in the input
        nor labels are a column of their own.
        """
        closed = bool(self.labels)
        rows: list[dict[str, Any]] = []
        for example in self.examples:
            shown = self.shows_choices and bool(example.scores)
            row: dict[str, Any] = {"input": example.with_choices if shown else example.input}
            row["label" if closed else "output"] = example.targets[0]
            if example.scores and not closed and not shown:
                row["choices"] = list(example.scores)
            rows.append(row)
        return rows


_TEXTS = {
    **{name: name for name in ("name", "description", "output_regex", "stop_string", "canary")},
    "prefix": "task_prefix",
    "preferred": "preferred_score",
    "before_input": "example_input_prefix",
    "before_output": "example_output_prefix",
    "before_choice": "choice_prefix",
    "between": "few_shot_example_separator",
}
"""Attributes of a task that are texts, with their keys in the file."""


def choices_in(text: str) -> tuple[str, ...]:
    """The choices that a text shows, each on a line of its own behind `CHOICE`."""
    lines = (line.strip() for line in text.splitlines())
    mark = CHOICE.strip()
    choices = [line.removeprefix(mark).strip() for line in lines if line.startswith(mark)]
    return tuple(choice for choice in choices if choice)


def is_bigbench(value: Any) -> bool:
    """Return whether a JSON value is a task of BIG-bench that has examples."""
    examples = value.get("examples") if isinstance(value, Mapping) else None
    if not isinstance(examples, list) or not examples or not isinstance(examples[0], Mapping):
        return False
    return isinstance(examples[0].get("input"), str) and not {"target", "target_scores"}.isdisjoint(
        examples[0]
    )


def example_of(value: Any) -> Example:
    """An example of its JSON value.

    Raises:
        ValueError: it has no input, or no answer.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("input"), str):
        raise ValueError("it has no input")
    text, scores = value["input"], value.get("target_scores")
    if isinstance(scores, Mapping) and scores:
        if not all(isinstance(s, int | float) and abs(s) < 1e300 for s in scores.values()):
            raise ValueError("target_scores contains a value that is not a number")
        order = sorted(map(str, scores), key=lambda choice: drawn(f"{text}/{choice}"))
        best = max(scores.values())
        right = tuple(choice for choice in order if scores[choice] == best)
        return Example(text, right, {choice: float(scores[choice]) for choice in order})
    target = value.get("target")
    targets = target if isinstance(target, list) else [target]
    texts = [json.dumps(each) if isinstance(each, int | float) else each for each in targets]
    known = tuple(each for each in texts if isinstance(each, str))
    if not known or len(known) < len(texts):
        raise ValueError("it has no output")
    return Example(text, known)


def drawn(text: str) -> bytes:
    """Return a key that orders texts by chance, in the same way everywhere."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()


def bigbench_of(value: Mapping[str, Any], place: str) -> BigBench:
    """A task of the JSON value of its file.

    Raises:
        UsageError: it is not a task, naming `place` and the example.
    """
    if not is_bigbench(value):
        hint = "its examples are in subfolders; pass the task.json of one of them"
        raise UsageError(
            f"{place} is not a BIG-bench task.json with examples",
            hint=hint if isinstance(value, Mapping) and "metrics" in value else "",
        )
    examples: list[Example] = []
    seen: set[str] = set()
    for number, each in enumerate(value["examples"], 1):
        said = json.dumps(each, sort_keys=True)
        if said in seen:
            continue
        seen.add(said)
        try:
            examples.append(example_of(each))
        except ValueError as error:
            raise UsageError(f"{place}, example {number}: {error}") from error

    metrics = value.get("metrics")
    names = tuple(map(str, metrics)) if isinstance(metrics, Sequence) else ()
    known = {name: value.get(key) for name, key in _TEXTS.items()}
    texts = {name: text for name, text in known.items() if isinstance(text, str)}
    try:
        refuse_pattern(texts.get("output_regex", ""))
    except ValueError as error:
        raise UsageError(f"{place}, output_regex: {error}") from error
    return BigBench(
        examples=tuple(examples),
        metrics=names if not isinstance(metrics, str) else (metrics,),
        shows_choices=bool(value.get("append_choices_to_input", True)),
        **{"name": "", "description": "", "prefix": "", **texts},
    )


def task_json(path: Path) -> BigBench:
    """The task of a `task.json`.

    Raises:
        UsageError: it cannot be read, or is something else.
    """
    return bigbench_of(read_json(path, 1 << 30), str(path))
