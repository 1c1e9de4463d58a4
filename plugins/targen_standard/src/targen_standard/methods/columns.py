"""The texts of a row, as methods see it: without the task, by their names.

A method writes rows of tasks that it never heard of: classification of one text, of a pair, of an
event with two choices. Methods may rely on this interface.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from targen_core.errors import Rejected, UsageError
from targen_core.hints import quoted
from targen_core.tasks.fields import as_lines
from targen_core.tasks.model import Task
from targen_core.tasks.parts import DryRunCall, Label
from targen_core.tasks.replies import line
from targen_core.tasks.words import normalized
from targen_core.text import refused
from targen_standard.checks.copies import is_loop, is_sentences_of
from targen_standard.made_up import sentence

_TEXT = line(1, 1000)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a task's rows that hold what is to be written, without the label.

    Attributes:
        task: the task.
        texts: columns of free text, in their order: `("premise", "hypothesis")`.
        choices: columns with a few values to choose from, such as COPA's question.
    """

    task: Task[Any, Any]
    texts: tuple[str, ...]
    choices: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, task: Task[Any, Any]) -> Columns:
        """The columns of a task.

        Raises:
            UsageError: its labels are open, or a row has more than texts, choices and a label.
        """
        if not task.labels:
            raise UsageError(
                f"the task {task.name} has open labels, but methods need a closed set of labels",
                hint=f"to generate its rows: targen generate {quoted(task.name)}",
            )
        texts: list[str] = []
        choices: dict[str, tuple[str, ...]] = {}
        has_label = "label" in task.instance.model_fields
        for name, column in task.instance.model_fields.items():
            kind: Any = column.annotation
            values = get_args(kind) if get_origin(kind) is Literal else ()
            if name == "label":
                continue
            if kind is str:
                texts.append(name)
            elif values and all(isinstance(value, str) for value in values):
                choices[name] = values
            elif column.is_required():
                has_label = False
        if not texts or not has_label:
            raise UsageError(
                f"a row of {task.name} contains more than texts and a label, and methods cannot "
                "generate the rest",
                hint="use a task of one or two texts, such as rte or cb",
            )
        return cls(task, tuple(texts), choices)

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in the order of the row."""
        return tuple(
            n for n in self.task.instance.model_fields if n in {*self.texts, *self.choices}
        )

    @property
    def first(self) -> tuple[str, ...]:
        """Return the columns before the last text; empty for a single text."""
        return tuple(name for name in self.names if name != self.last)

    @property
    def last(self) -> str:
        """The text that depends on the label most: a pair's second, or the only one."""
        return self.texts[-1]

    def reply(self, names: Sequence[str] | None = None) -> type[BaseModel]:
        """The model of a reply that has these columns, by default all."""
        fields: dict[str, Any] = {
            name: (Literal[self.choices[name]] if name in self.choices else _TEXT, ...)
            for name in (self.names if names is None else names)
        }
        return create_model("Row", __config__=ConfigDict(extra="ignore"), **fields)

    def instance(
        self, values: Mapping[str, str], label: str, *, as_they_are: Sequence[str] = ()
    ) -> BaseModel:
        """A row of the task with that label, by its name.

        Args:
            values: its columns; spaces are folded, except in
            as_they_are: those that were taken from another row.
            label: the label's name.

        Raises:
            Rejected: what `check` raises, or `illegal-row`, if the task's own rows have another
                form.
        """
        tidy = {
            name: values[name] if name in as_they_are else " ".join(values[name].split())
            for name in self.names
        }
        self._differ(tidy)
        if (official := self.task.rows.from_texts) is not None:
            tidy = dict(official(tidy))
        try:
            made: BaseModel = self.task.instance.model_validate(
                {**tidy, "label": self.task.label(label).official}
            )
        except ValidationError as error:
            raise Rejected("illegal-row", refused(error)) from None
        return made

    def check(self, instance: BaseModel, seed: object) -> None:
        """Check that each text of a row has content, once, and differs from the others.

        Raises:
            Rejected: `empty-text`, `same-texts`, `copy-of-sentence` (the last is whole sentences of
                another) or `repetitive` (the same over and over). Or `meta-text` (it mentions its
                own row) or `unfinished` (the last ends with a colon).
        """
        self._differ(self.of_row(instance))

    def _differ(self, values: Mapping[str, str]) -> None:
        seen: dict[str, str] = {}
        for name in self.texts:
            if not (text := normalized(values[name])):
                raise Rejected("empty-text", f"{name} is empty")
            if text in seen:
                raise Rejected("same-texts", f"{name} is the same as {seen[text]}")
            for known in seen.values():
                if name == self.last and is_sentences_of(values[name], values[known]):
                    raise Rejected("copy-of-sentence", f"{known} says it so: {text[:60]!r}")
            seen[text] = name
            if name == self.last and values[name].rstrip().endswith((":", "：")):
                raise Rejected("unfinished", f"{name} ends with a colon: {text[:60]!r}")
            if is_loop(text):
                raise Rejected("repetitive", f"{name} says the same over and over: {text[:60]!r}")
            if self._speaks_of_itself(text):
                raise Rejected("meta-text", f"{name} speaks of the row: {text[:60]!r}")

    def _speaks_of_itself(self, text: str) -> bool:
        """Return whether a text of several names one of them, and also another or a label.

        "The premise leaves the hypothesis open" does, as small models write; "that is not the
        question" of a question's answer does not.
        """
        if len(self.texts) < 2:
            return False
        columns = "|".join(normalized(name.replace("_", " ")) for name in self.texts)
        labels = "|".join(normalized(label.name.replace("_", " ")) for label in self.task.labels)
        named = len(re.findall(rf"\b(?:the|this|that|a) (?:{columns})\b", text))
        return named > 1 or (named == 1 and re.search(rf"\b(?:{labels})\b", text) is not None)

    def of_row(self, instance: BaseModel) -> dict[str, str]:
        """Return the columns of a row."""
        return {name: getattr(instance, name) for name in self.names}

    def shown(self, values: Mapping[str, str]) -> str:
        """Return some columns as text: several with a line each, a single one unchanged."""
        return as_lines({name: values[name] for name in self.names if name in values})

    def label_words(self, label: str | Label) -> str:
        """A label with what it means, on one line: "entailment: the hypothesis follows"."""
        one = self.task.label(label) if isinstance(label, str) else label
        return f"{one.name}: {one.summary}" if one.summary else one.name

    def made_up(self, rng: random.Random) -> dict[str, str]:
        """Columns for a dry run: made-up words."""
        return {
            name: rng.choice(self.choices[name]) if name in self.choices else sentence(rng)
            for name in self.names
        }

    def judged(self, call: DryRunCall) -> dict[str, str]:
        """The reply of step 4 in a dry run: what is claimed is right, or one of the labels is."""
        why = "The row says so in its own words, and nothing in it contradicts that."
        if "output" in call.values:
            claimed = str(call.values["output"])
            return {"explanation": why, "actual": claimed, "verdict": "correct"}
        names = [label.name for label in self.task.labels]
        return {"explanation": why, "answer": call.rng.choice(names)}
