"""The key `output:`, which declares what rows of a task file have in place of one label.

A plugin registers an `OutputType`. Its model defines the value of `output:`, and one key of the
model is the name under which it is registered:

```yaml
output:
  spans:
    person: a named person
    place: a named town, region or country
  per_row: [0, 3]
```

Rows are counted by labels that follow from the output, such as the set of entity types in a text.
So quotas, flow, splits and reports work as for any task. Step 3 aims at a target within a label,
step 4 labels the row without seeing it, and a row keeps what step 4 says.
"""

from __future__ import annotations

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from targen_core.cli.findings import Table
from targen_core.errors import UsageError
from targen_core.tasks.model import Task
from targen_core.tasks.parts import Case
from targen_core.text import key_path

if TYPE_CHECKING:
    from targen_standard.task_files.model import Declaration

SpecT = TypeVar("SpecT", bound=BaseModel)

Row = Mapping[str, Any]
"""The columns of a row by name, as in JSON."""

_NO_COLUMNS: Mapping[str, Any] = MappingProxyType({})

_NO_WORDS: Mapping[str, int] = MappingProxyType({})

_KEY = re.compile(r"([\w.-]+): ")


@dataclass(frozen=True, slots=True)
class Target:
    """The aim of step 3 within a label: in words, for the prompt, and as the output reads it."""

    said: str
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question to people about a row, and the answer that the row has.

    The page of `targen review` and the exports for tools of annotation are made of these.

    Attributes:
        name: the name of the answer.
        kind: "one" or "several" of the options, or "spans" of a field, with the options as types.
            Or a "number", a "text", or a "pair" of texts, the better of which is chosen.
        value: the answer: an option, options, mappings with start, end, type and text, a number,
            texts, or the name of the better text.
        options: what can be chosen; of a pair, the names of its texts.
        of: the field that spans are in.
        scale: the least and the largest number, and the step between two.
        shown: more texts of this row that people need, by name, except its fields.
        meanings: what options mean, and points of the scale as `f"{point:g}"` writes them.
        most: of a text, how many of them there may be.
        overlap: whether spans may overlap.
    """

    name: str
    kind: Literal["one", "several", "spans", "number", "text", "pair"]
    value: Any
    options: Sequence[str] = ()
    of: str = ""
    scale: tuple[float, float, float] = (0, 0, 0)
    shown: Mapping[str, str] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)
    most: int = 1
    overlap: bool = False


class Output(ABC):
    """The labels of one task's rows, of any form, and how steps 3 and 4 make and check them.

    Rows are mappings of columns. Methods that cannot use a reply raise
    `Rejected`, whose message the model sees before its one repair attempt.

    Attributes:
        columns: the columns that contain the output: name → type, as pydantic accepts it.
        written: columns of step 3's reply in addition to the texts: name → type. Empty by default,
            for example if the output is marked within a text.
        form: for these columns, and for texts that are not plain text, a value that shows their
            form in the prompt.
        fewest_words: for texts that need a minimum length to contain the output: name → words.
            Drawn lengths are no shorter.
        label_says: what the label says, in a sentence with all names but no definitions; or "". For
            steps 1 and 2, whose items leave the label open.
        how: how step 3 writes the output, for the prompt, or "".
        instructions: how to label a row, with all definitions: for step 4 and for people.
        training: how to write what `as_text` returns, and only that, for training on instructions;
            by default, `instructions`, if what they ask for is just that.
        answer: the columns of step 4's reply: name → type.
        answer_form: for each of these, a value that shows its form in the prompt.
    """

    columns: Mapping[str, Any]
    written: Mapping[str, Any] = _NO_COLUMNS
    form: Mapping[str, object] = _NO_COLUMNS
    fewest_words: Mapping[str, int] = _NO_WORDS
    label_says: str = ""
    how: str = ""
    instructions: str
    training: str = ""
    answer: Mapping[str, Any]
    answer_form: Mapping[str, object]

    @abstractmethod
    def label_of(self, row: Row) -> str:
        """Return the label under which quotas count a row.

        A row may have a label for which no rows are planned, such as another set of types. The task
        then has no label of that name.
        """

    def from_file(self, row: Row) -> Row:
        """Return a row of a user's file, with the output converted to these columns.

        Columns may be missing or of another type: the schema refuses them later.

        Raises:
            ValueError: the output cannot be read; says where and why.
        """
        return row

    def check(self, row: Row) -> None:  # noqa: B027 - most have nothing to check
        """Check that the output fits the texts of a row, for example that spans lie within them.

        Raises:
            ValueError: it does not.
        """

    @abstractmethod
    def target(self, label: str, rng: random.Random) -> Target:
        """Return what to request for a row with a label; equal draws give equal targets."""

    def target_within(self, label: str, rng: random.Random, words: Mapping[str, int]) -> Target:
        """Return what to request for a row some of whose texts have a length, by name, in words.

        By default, the same as without.
        """
        return self.target(label, rng)

    @abstractmethod
    def read(self, label: str, target: Target, reply: Row) -> Row:
        """Return the texts and columns of the row in a reply of step 3.

        Raises:
            Rejected: the reply has no item with that label.
        """

    def check_target(self, row: Row, target: Target) -> None:  # noqa: B027 - most have no more
        """Check that a row of step 3 is what was requested, beyond what `read` requires.

        Raises:
            Rejected: it is not, such as a row with another number of answers.
        """

    def cases(self, row: Row, texts: Mapping[str, str]) -> Sequence[Case]:
        """Return the decisions in a row; by default, its label."""
        return [Case(texts=texts, label=self.label_of(row))]

    def shown(self, row: Row, text: str) -> Sequence[str]:
        """Return the input of each call of step 4; `text` contains the fields of the row."""
        return (text,)

    @abstractmethod
    def judged(self, row: Row, answers: Sequence[Row]) -> Row:
        """Return the columns of a row according to step 4, from its reply to each call.

        Raises:
            Rejected: the replies cannot be used, or contradict each other.
        """

    def require(self, row: Row) -> None:  # noqa: B027 - most want every row that can be read
        """Check that a row, as judged by step 4, is one that the task wants.

        Unlike an answer that `judged` refuses, step 4 is not asked to correct this one: it is
        right, and the row is not.

        Raises:
            Rejected: the row is not wanted, such as one with more spans than rows may have.
        """

    def agrees(self, row: Row, judged: Row) -> bool:
        """Return whether step 4 agrees with a row, at least nearly, so that it need not change."""
        return all(row[name] == judged[name] for name in self.columns)

    @abstractmethod
    def as_text(self, row: Row) -> str:
        """Return the output as text, for people and for training on instructions."""

    def questions(self, row: Row) -> Sequence[Question]:
        """Return the questions for people about a row, with its answers; by default, none.

        All rows of a task have the same questions. Without any, people edit the columns as JSON.
        """
        return ()

    def answered(self, row: Row, answers: Row) -> Row:
        """Return the columns of a row from a person's answers: name → answer.

        By default, each question has the name of the column that it asks for.
        """
        return {name: answers.get(name, row[name]) for name in self.columns}

    def tables(self, rows: Sequence[tuple[Row, str | None]], *, judged: bool) -> Sequence[Table]:
        """Return tables of the rows' contents for a run's report; by default, none.

        Args:
            rows: each row, and what it had before step 4 corrected it, as `as_text` says it.
            judged: whether there was a step 4.
        """
        return ()

    @abstractmethod
    def made_up(self, label: str, target: Target, texts: Row, rng: random.Random) -> Row:
        """Return a reply of step 3 for dry runs; `texts` has a made-up text for each field."""

    @abstractmethod
    def solved(self, label: str, shown: str, rng: random.Random) -> Row:
        """Return a reply of step 4 for dry runs, given a row that `made_up` made for a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputType(Generic[SpecT]):
    """A kind of output that task files may declare.

    Attributes:
        summary: a one-line summary for people.
        spec: the pydantic model of the value of `output:`; one of its keys is the name of the
            output. With `extra="forbid"`, errors give the line of a misspelt key.
        labels: `labels(spec)` returns the labels that quotas count, in order: name → definition.
        output: `output(spec, declaration)` returns the output of a task. It raises `UsageError` if
            the declaration's fields do not fit it.
        label_named: `label_named(spec, name)` returns the label that a person means, for example if
            the names of a set are in a different order. If no label matches, it returns the name
            unchanged. It raises `UsageError` if it knows why no such label exists.
        other_label: `other_label(spec, name)` returns the definition of a label that rows may have
            although `labels` does not return it, such as another set of names. It returns None if
            rows cannot have it.
        presets: `presets(spec)` returns the output's own presets: name → counts of labels.
    """

    summary: str
    spec: type[SpecT]
    labels: Callable[[SpecT], Mapping[str, str]]
    output: Callable[[SpecT, Declaration], Output]
    label_named: Callable[[SpecT, str], str] = lambda _, name: name
    other_label: Callable[[SpecT, str], str | None] = lambda _, name: None
    presets: Callable[[SpecT], Mapping[str, Mapping[str, int]]] = lambda _: {}


class OutputRefused(UsageError):
    """The value of `output:` cannot be used; `loc` is the place inside it."""

    def __init__(self, loc: Sequence[str | int], message: str, hint: str = "") -> None:
        if named := _KEY.match(message):  # who checks several keys names the one at fault
            loc, message = (*loc, named[1]), message[named.end() :]
        super().__init__(f"{key_path(('output', *loc))}: {message}", hint=hint)
        self.loc = ("output", *loc)
        self.message = message
        self.words = hint  # for a file, whose words `hint` does not use


def counted_by(value: Any) -> tuple[Mapping[str, str], Mapping[str, Mapping[str, int]]]:
    """Return the labels of an output with their definitions, and its presets.

    Args:
        value: the value of `output:`.

    Raises:
        OutputRefused: it cannot be used.
    """
    _, kind, spec = _read(value)
    try:
        return kind.labels(spec), kind.presets(spec)
    except UsageError as error:
        raise OutputRefused((), str(error), error.hint) from error


def label_named(value: Any, name: str) -> str:
    """Return the label that a person means by a name; the name itself if no label matches.

    Raises:
        OutputRefused: the value of `output:` cannot be used.
        UsageError: the output has no such label, and says why.
    """
    _, kind, spec = _read(value)
    return kind.label_named(spec, name)


def other_label(value: Any, name: str) -> str | None:
    """Return the definition of a label that is not planned; None if rows cannot have it.

    Raises:
        OutputRefused: the value of `output:` cannot be used.
    """
    _, kind, spec = _read(value)
    return kind.other_label(spec, name)


def output_of(declaration: Declaration) -> tuple[str, Output]:
    """Return the output that a declaration has, and the full id of its type.

    Raises:
        OutputRefused: it does not fit the fields.
    """
    name, kind, spec = _read(declaration.output)
    try:
        output = kind.output(spec, declaration)
    except UsageError as error:
        raise OutputRefused((), str(error), error.hint) from error
    for column in (*output.columns, *output.written):
        if column in declaration.fields:
            raise OutputRefused(
                (), f"a field and a column of the output have the same name, {column}"
            )
    return name, output


class WithOutput(BaseModel):
    """A row of a task that has an output."""

    targen_output: ClassVar[Output]


def output_in(task: Task[Any, Any]) -> Output | None:
    """Return the output of a task's rows; None if they have one label each."""
    row = task.instance
    return row.targen_output if issubclass(row, WithOutput) else None


def _read(value: Any) -> tuple[str, OutputType[Any], BaseModel]:
    from targen_core.plugins.loader import load_registry
    from targen_standard.task_files.reading import refusal

    registry = load_registry()
    names = [item.name for item in registry.all("output")]
    if not names:
        raise OutputRefused((), "no installed package provides an output", "install one that does")
    if not isinstance(value, dict) or not value:
        raise OutputRefused((), "expected keys with values", f"output: {{{names[0]}: …}}")
    chosen = [name for name in value if name in names]
    if len(chosen) != 1:
        problem = (
            f"{' and '.join(chosen)} are different outputs, but a task has only one"
            if chosen
            else "it does not state which output"
        )
        raise OutputRefused((), problem, f"one of these keys: {', '.join(names)}")
    item = registry.find("output", chosen[0])
    kind: OutputType[Any] = registry.resolve(item)
    try:
        return item.id, kind, kind.spec.model_validate(value)
    except ValidationError as error:
        loc, message, hint = refusal(error, kind.spec)
        raise OutputRefused(loc, message, hint) from None
