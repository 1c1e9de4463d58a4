"""Rows as instructions: the question to a model, and its answer.

The paper (appendix E) tunes models on an instruction, an input and an output
for each row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from targen_core.calls.model import Message
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.tasks.model import Task
from targen_core.tasks.prompt import Prompt
from targen_core.text import row_name

_DEFAULT = Prompt("instruction", package="targen_standard.exporting")


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns that end with the assistant's: the answer to learn."""

    messages: tuple[Message, ...]

    @property
    def completion(self) -> str:
        """The answer."""
        return self.messages[-1].content

    @property
    def prompt(self) -> str:
        """All before the answer as one text, which ends with a line break.

        An answer is on the line after its question, a further question after an empty line: so
        `prompt + completion` reads as one text.
        """
        parts = []
        for message, after in zip(self.messages, self.messages[1:], strict=False):
            parts += [message.content, "\n" if after.role == "assistant" else "\n\n"]
        return "".join(parts)


def conversations(dataset: Dataset) -> Iterator[Conversation]:
    """A conversation for each question of each instance, in order.

    An instance with one question is rendered as `Task.render` does. An instance with several (a
    pair that stays together) is rendered question by question, each with its own answer.

    Raises:
        UsageError: rows that make no labelled instance, naming the first.
    """
    task = dataset.task
    for unit in dataset.units():
        if not unit.instances:
            raise UsageError(
                f"{dataset.name}: {row_name(unit.number - 1)} has no label",
                hint="this format needs labels; use --as jsonl, csv or hf",
            )
        for instance in unit.instances:
            questions = task.questions(instance)
            whole = task.answer(instance)
            if len(questions) == 1:
                yield conversation(task, task.render(instance), whole)
                continue
            for each in questions:
                answer = whole if each.output is None else ", ".join(each.output)
                yield conversation(task, each.input, answer)


def conversation(task: Task[Any, Any], question: str, answer: str) -> Conversation:
    """A question and its answer as the task's instruction template puts them."""
    prompt = task.texts.instruction_template or _DEFAULT
    values = {"instructions": task.judging.instructions, "input": question, "output": answer}
    turns = prompt.fill({name: values[name] for name in prompt.variables if name in values})
    if turns[-1].role != "assistant":
        turns = (*turns, Message("assistant", answer))
    # A task without instructions leaves empty lines in their place.
    asked = (Message(turn.role, turn.content.strip("\n")) for turn in turns[:-1])
    return Conversation((*asked, turns[-1]))
