"""What a trainer is, what it learns from, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

__all__ = ["Decision", "Predictor", "Trainer", "TrainerOptions", "TrainingSet"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing to decide: a row's label, or whether an option of it is right.

    Attributes:
        texts: what can be read, by name: "premise", "hypothesis". All decisions of a
            task have the same names.
        label: the name of the label; "" where it is not known.
        row: the place of its row in the dataset, from 0.
        question: the options of one question of a row have the same number.
    """

    texts: Mapping[str, str]
    label: str
    row: int
    question: int = 0


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a trainer learns from.

    Attributes:
        decisions: at least one of each of two labels; none without a label.
        labels: the labels, in the order of the scores that a predictor gives.
        seed: decides all chance.
    """

    decisions: Sequence[Decision]
    labels: tuple[str, ...]
    seed: int = 0


class Predictor(Protocol):
    """A trained model."""

    def __call__(self, decisions: Sequence[Decision], /) -> Sequence[Sequence[float]]:
        """Of each decision a score for each label, the higher the likelier.

        Probabilities where the model gives some: calibration is then measured.
        """
        ...


class TrainerOptions(BaseModel):
    """Options of a trainer: a subclass's fields are what `-o KEY=VALUE` sets."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trainer:
    """Trains a model that decides, and loads it again.

    Attributes:
        summary: one line for people.
        version: changes with every change of what it would learn from the same data.
        train: `train(data, options, folder)` learns, and writes what it learned into an
            empty folder: data alone, since `load` may be given a stranger's folder, and so
            no pickles.
        load: `load(folder)` gives the predictor. It raises `ValueError` where the folder
            does not hold what `train` writes. Both import what is heavy inside.
        options: their class; `options` of `train` is one of them.
        extra: the extra of its distribution that brings what both import beside the
            distribution's own dependencies, or "".
    """

    summary: str
    version: str
    train: Callable[[TrainingSet, Any, Path], None]
    load: Callable[[Path], Predictor]
    options: type[TrainerOptions] = TrainerOptions
    extra: str = ""
