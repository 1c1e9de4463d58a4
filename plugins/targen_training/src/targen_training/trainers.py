"""The interface of trainers, their input, and their results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from targen_training.scores import Measured

Style = Literal["plain", "instructions"]
"""How rows are read."""

ILLEGAL = "(illegal)"
"""Takes the place of a label if a model wrote an illegal answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """A decision as a question to a model that writes its answer.

    Attributes:
        prompt: all that the model is given.
        answer: what it should write.
        legal: each answer that it may write, with what that means: the name of a label, or
            an option by its own text.
        several: an answer names any number of options, none as well, each on a line of its
            own.
    """

    prompt: str
    answer: str
    legal: Mapping[str, str]
    several: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing to decide: a row's label, or whether one option is right.

    Attributes:
        texts: the texts to read, by name: "premise", "hypothesis". All decisions of a task have
            the same names.
        label: the name of the label; "" if it is not known.
        row: the place of its row in the dataset, from 0.
        question: the options of one question of a row have the same number.
        asked: the same for a model that writes: one and the same for all options of a question. If
            it is None, `texts` are all there is.
        option: which of the meanings of `asked.legal` makes this decision "right"; "" if the
            meanings are the labels themselves.
        task: whose it is, if a model learns several tasks; "" if it learns one. Its label is then
            "TASK/LABEL", the meanings of `asked` are without the task.
        weight: how much it counts in training: finite, and not below 0. One of weight 2
            counts as two, one of weight 0 as none.
        value: the right value of its row, if a trainer learns an output in place of labels. The
            label then only tells how the row is counted.
    """

    texts: Mapping[str, str]
    label: str
    row: int
    question: int = 0
    asked: Question | None = None
    option: str = ""
    task: str = ""
    weight: float = 1.0
    value: Any = None


def _note(_: str, /) -> None:
    """Do nothing, since notes are not wanted."""


def _step(_done: int, _of: int, _figures: Mapping[str, float], /) -> None:
    """Do nothing, since progress is not wanted."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Receives the progress of a training.

    Attributes:
        note: what people should know of the data or the machine: "3 rows were cut".
        step: how many steps are done, of how many, and figures such as {"loss": 0.7}.
    """

    note: Callable[[str], None] = _note
    step: Callable[[int, int, Mapping[str, float]], None] = _step


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """The input of a trainer.

    Attributes:
        decisions: at least one of each of two labels, all labelled. For an output, at least one,
            and each with a value.
        labels: the labels, in the order of a predictor's scores; empty for an output.
        seed: random seed.
        checkpoints: a folder that outlives a killed training, with the files of the same training
            to continue from. With None no files need be kept.
        watch: whom to tell how it goes.
    """

    decisions: Sequence[Decision]
    labels: tuple[str, ...]
    seed: int = 0
    checkpoints: Path | None = None
    watch: Watch = field(default_factory=Watch)

    def counting(self) -> TrainingSet:
        """The same without the decisions of weight 0, which are as if they were not there."""
        counting = [decision for decision in self.decisions if decision.weight > 0]
        return replace(self, decisions=counting)


class Predictor(Protocol):
    """A trained model."""

    def __call__(self, decisions: Sequence[Decision], /) -> Sequence[Any]:
        """For each decision a score for each label; higher means more likely.

        Probabilities if the model gives some: calibration is then measured. A
        trainer that `writes` gives each one score more, the last: that what it wrote is no
        legal answer. A trainer of an output gives a value for each decision, as JSON has it.
        """
        ...


class TrainerOptions(BaseModel):
    """Options of a trainer: a subclass's fields are what `-o KEY=VALUE` sets."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedOutput:
    """An output of task files (`output:`) that trainers learn, and how they are measured.

    Attributes:
        name: the full id of the output, such as "targen-outputs:spans".
        value: `value(row)` returns what is right for a row, as JSON has it, from its columns.
        measured: `measured(right, said)` compares a model's answers for some rows with their
            values.
        examples: `examples(rows, seed)` makes up decisions for the conformance kit, whose values a
            few words in the texts tell.
        unit: a word for what rows are counted by, such as "set".
    """

    name: str
    value: Callable[[Mapping[str, Any]], Any]
    measured: Callable[[Sequence[Any], Sequence[Any]], Measured]
    examples: Callable[[int, int], Sequence[Decision]]
    unit: str = "label"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trainer:
    """Trains a classifier, or what finds an output, and loads it again.

    Attributes:
        summary: a one-line summary for people.
        version: must change whenever the trainer would learn a different model from the same data.
        train: `train(data, options, folder)` trains a model and writes it into an empty folder:
            only data, no pickles, since `load` may read a stranger's folder.
        load: `load(folder)` returns the predictor. It raises `ValueError` if the folder does not
            contain what `train` writes. Import heavy packages inside both functions.
        options: the class of the `options` that `train` receives.
        extra: the extra of the trainer's distribution that installs what these functions import, or
            "".
        writes: whether the trainer's models write their answers as text, which may be invalid.
        weighs: whether the trainer uses `Decision.weight`; if not, all weights that it gets are 1.
        check: `check(options)` quickly checks whether the trainer can train on this machine, before
            anyone pays for rows. It raises the errors of `train`, such as `ModuleNotFoundError` or
            `UsageError`. None if no check is needed.
        output: the output that the trainer learns; None if it learns labels.
    """

    summary: str
    version: str
    train: Callable[[TrainingSet, Any, Path], None]
    load: Callable[[Path], Predictor]
    options: type[TrainerOptions] = TrainerOptions
    extra: str = ""
    writes: bool = False
    weighs: bool = False
    check: Callable[[Any], None] | None = None
    output: TrainedOutput | None = None
