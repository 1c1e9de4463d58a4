"""A task of BIG-bench as a declaration: its description and answers, and none of its examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_standard.datasets.bigbench import CHOICE, bigbench_of

_MAX_LABELS = 20
"""Choices up to which those that all examples share are labels."""


def declared(value: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return the keys of a declaration for the JSON value of a `task.json`.

    Choices that all examples share are labels. Other choices are lines of a field, and one of them
    is the answer; without choices, it is any short text. TarGEN needs no examples, so prompts show
    none; `generate --examples` may take them.

    Raises:
        UsageError: the file is not a task, naming `place`.
    """
    task = bigbench_of(value, place)
    description = " ".join(" ".join([task.prefix, task.description]).split())
    source = f"BIG-bench: {task.name}" if task.name else "BIG-bench"
    keys: dict[str, Any] = {"description": description, "source": source}
    if task.name:
        keys["summary"] = f"the BIG-bench task {task.name}"[:120]
    if 2 <= len(task.labels) <= _MAX_LABELS:
        return {
            **keys,
            "fields": {"input": "what is given, such as a question, a dialogue or a text"},
            "labels": {label: f"the right answer is {label!r}" for label in task.labels},
        }
    fields = {"input": "what is given, with the question at its end"}
    if any(example.scores for example in task.examples):
        most = max(len(example.scores) for example in task.examples)
        fields["choices"] = (
            f"two to {most} different choices, each on a line of its own that begins with "
            f"{CHOICE.strip()!r}"
        )
        right = {"choice": "has exactly one right choice, which is the answer"}
        return {**keys, "fields": fields, "output": {"answer": right, "within": "choices"}}
    right = {"answer": "has one short right answer"}
    return {**keys, "fields": fields, "output": {"answer": right}}
