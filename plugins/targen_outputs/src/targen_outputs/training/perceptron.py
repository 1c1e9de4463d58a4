"""Averaged perceptrons on features of words: learned, written and read in one way.

Collins (2002), https://aclanthology.org/W02-1001.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_core.tasks.words import UNSPACED, UNSPACED_LETTER, word_of
from targen_outputs.training import stored
from targen_training.trainers import TrainerOptions, TrainingSet

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

_LETTERS = word_of(rf"\W_{UNSPACED}")
# A word, a character of a script without spaces between words, or a sign.
_WORD = re.compile(rf"{UNSPACED_LETTER}|{_LETTERS}|[^\w\s]|_")


class PerceptronOptions(TrainerOptions):
    """Options of perceptrons."""

    epochs: int = Field(10, ge=1, le=1000, description="number of passes over the rows")


class Weights(Protocol):
    """The weights of a model, which a wrong answer changes."""

    @property
    def arrays(self) -> Mapping[str, Numbers]:
        """Return all weights by name. `features` has a line per feature, 0 for unknown ones."""
        ...

    def mistake(self, places: Places, right: Any) -> tuple[Any, Any] | None:
        """Return the right answer and the one given to a row's features; None if it is right."""
        ...

    def add(self, places: Places, answer: Any, change: float) -> None:
        """Make an answer likelier, or less likely."""
        ...


def numbered(features: Sequence[Sequence[str]], known: dict[str, int]) -> Places:
    """Return the numbers of each word's features, (words, features); new ones get the next."""
    return np.array([[known.setdefault(f, len(known) + 1) for f in of] for of in features])


def places_of(features: Sequence[Sequence[str]], known: Mapping[str, int]) -> Places:
    """Return the numbers of each word's features, (words, features): 0 for those not learned."""
    return np.array([[known.get(f, 0) for f in of] for of in features])


def learn(
    rows: Sequence[tuple[Places, Any, float]],
    now: Weights,
    late: Weights,
    epochs: int,
    data: TrainingSet,
) -> None:
    """Bring `now` to its average over all steps: the last weights less what was added late.

    Args:
        rows: the numbers of features, what is right, and the weight of each row.
        now: weights that are 0.
        late: others, for what was added late.
        epochs: how often each row is learned from.
        data: its seed decides the order, and its `watch` gets each epoch.
    """
    chance, order = random.Random(data.seed), [*range(len(rows))]
    step = 1
    for epoch in range(epochs):
        chance.shuffle(order)
        for row in order:
            places, right, weight = rows[row]
            if (answers := now.mistake(places, right)) is not None:
                for answer, change in zip(answers, (weight, -weight), strict=True):
                    now.add(places, answer, change)
                    late.add(places, answer, change * step)
            step += 1
        data.watch.step(epoch + 1, epochs, {})
    for name, array in now.arrays.items():
        array -= late.arrays[name] / step


def write(
    folder: Path, facts: Mapping[str, Any], known: Mapping[str, int], weights: Weights
) -> None:
    """Write a model, without features that have no weight."""
    arrays = {**weights.arrays}
    features = arrays["features"]
    kept = [(name, at) for name, at in known.items() if features[at].any()]
    arrays["features"] = np.vstack([features[:1], features[[at for _, at in kept]]])
    stored.write(folder, {**facts, "features": [name for name, _ in kept]}, arrays)


def known_in(facts: Mapping[str, Any]) -> dict[str, int]:
    """Return the numbers of the features that a model was written with."""
    return {str(name): at for at, name in enumerate(facts["features"], start=1)}


def words_in(text: str) -> list[tuple[int, int]]:
    """Return where each word begins and ends."""
    return [match.span() for match in _WORD.finditer(text)]


def shape_of(word: str) -> str:
    """Return which kinds of characters a word has, each run of a kind once: "Xx" of "Rome"."""
    kinds = (
        "X" if each.isupper() else "x" if each.isalpha() else "9" if each.isdigit() else each
        for each in word[:40]
    )
    shape = ""
    for kind in kinds:
        if not shape.endswith(kind):
            shape += kind
    return shape
