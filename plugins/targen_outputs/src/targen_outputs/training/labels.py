"""The trainer of several labels: one logistic regression for each, on words or on vectors."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from targen_outputs.training import stored
from targen_outputs.training.figures import found_sets
from targen_outputs.training.reading import (
    Reader,
    ReaderOptions,
    best,
    check,
    reader_in,
    scores_of,
    write_model,
)
from targen_training.scores import Measured
from targen_training.trainers import Decision, Predictor, TrainedOutput, Trainer, TrainingSet

_STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
_SURE = 20.0  # logit of a label that all rows have


def train(data: TrainingSet, options: ReaderOptions, folder: Path) -> None:
    """Fit and write a model of each label; rows with and without it count alike."""
    data = data.counting()
    reader = Reader.learn(data, options.embedder)
    inputs = reader.of(data.decisions)
    names = sorted({name for each in data.decisions for name in each.value})
    right = np.array([[name in each.value for name in names] for each in data.decisions])
    counts = np.array([each.weight for each in data.decisions])

    def fitted(strength: float, rows: Any) -> tuple[Any, Any]:
        lines = [_line(inputs[rows], of[rows], counts[rows], strength) for of in right.T]
        weights = np.array([line[:-1] for line in lines]).reshape(len(names), inputs.shape[1])
        return weights, np.array([line[-1] for line in lines])

    def loss(strength: float, rows: Any, held: Any) -> float:
        weights, bias = fitted(strength, rows)
        logits = np.where(right[held], 1, -1) * (inputs[held] @ weights.T + bias)
        return float(counts[held] @ np.logaddexp(0, -logits).sum(axis=1))

    weights, bias = fitted(best(data, _STRENGTHS, loss), np.arange(len(right)))
    write_model(folder, reader, {"labels": names}, {"weights": weights, "bias": bias})


def _line(inputs: Any, right: Any, counts: Any, strength: float) -> Any:
    """The weights of one label, the last of them its bias."""
    from sklearn.linear_model import LogisticRegression

    if right.all() or not right.any():
        return np.append(np.zeros(inputs.shape[1]), _SURE if right.all() else -_SURE)
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=500)
    model.fit(inputs, right, sample_weight=counts)
    return np.append(model.coef_[0], model.intercept_)


def load(folder: Path) -> Predictor:
    """Return the predictor that `train` wrote.

    Raises:
        ValueError: the folder holds something else.
    """
    with stored.read(folder, "labels") as (facts, numbers):
        names = [str(name) for name in facts["labels"]]
        reader = reader_in(facts, numbers, len(names))

    def predict(decisions: Sequence[Decision], /) -> Sequence[list[str]]:
        if not decisions or not names:
            return [[] for _ in decisions]
        scores = scores_of(reader, numbers, decisions)
        return [
            [name for name, score in zip(names, each, strict=True) if score > 0] for each in scores
        ]

    return predict


def _measured(right: Sequence[Any], said: Sequence[Any]) -> Measured:
    return found_sets([frozenset(each) for each in right], [frozenset(each) for each in said], str)


_WORDS = {"praise": "lovely", "blame": "broken", "doubt": "perhaps"}


def _examples(rows: int, seed: int) -> list[Decision]:
    chance = random.Random(seed)
    made = []
    for row in range(rows):
        names = sorted(name for name in _WORDS if chance.random() < 0.5)
        text = " ".join(["The lamp", *(_WORDS[name] for name in names), "in the garden"])
        made.append(Decision({"text": text}, "+".join(names) or "none", row, value=names))
    return made


SEVERAL_LABELS = TrainedOutput(
    name="targen-outputs:labels",
    value=lambda row: sorted(row["labels"]),
    measured=_measured,
    examples=_examples,
    unit="set",
)

LABELS = Trainer(
    summary="logistic regression for each label, on words and word pairs or embeddings",
    version="1",
    train=train,
    load=load,
    options=ReaderOptions,
    weighs=True,
    check=check,
    output=SEVERAL_LABELS,
)
