"""The trainer of scores: ridge regression on words, or on vectors."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from targen_outputs.training import stored
from targen_outputs.training.figures import agreement
from targen_outputs.training.reading import (
    Reader,
    ReaderOptions,
    best,
    check,
    reader_in,
    scores_of,
    write_model,
)
from targen_training.trainers import Decision, Predictor, TrainedOutput, Trainer, TrainingSet

_STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


def train(data: TrainingSet, options: ReaderOptions, folder: Path) -> None:
    """Fit and write a model, whose strength of regularisation five held-out parts decide."""
    data = data.counting()
    reader = Reader.learn(data, options.embedder)
    inputs = reader.of(data.decisions)
    right = np.array([each.value for each in data.decisions], dtype=np.float64)
    counts = np.array([each.weight for each in data.decisions])

    def fitted(strength: float, rows: Any) -> Any:
        from sklearn.linear_model import Ridge

        model = Ridge(alpha=strength, solver="sparse_cg", tol=1e-6)
        return model.fit(inputs[rows], right[rows], sample_weight=counts[rows])

    def loss(strength: float, rows: Any, held: Any) -> float:
        error = fitted(strength, rows).predict(inputs[held]) - right[held]
        return float(counts[held] @ error**2)

    model = fitted(best(data, _STRENGTHS, loss), np.arange(len(right)))
    numbers = {"weights": model.coef_.reshape(1, -1), "bias": np.array([float(model.intercept_)])}
    ends = [float(right.min()), float(right.max())]
    write_model(folder, reader, {"ends": ends}, numbers)


def load(folder: Path) -> Predictor:
    """Return the predictor that `train` wrote; it stays within the scores that were learned.

    Raises:
        ValueError: the folder holds something else.
    """
    with stored.read(folder, "scores") as (facts, numbers):
        low, high = map(float, facts["ends"])
        reader = reader_in(facts, numbers, 1)

    def predict(decisions: Sequence[Decision], /) -> Sequence[float]:
        if not decisions:
            return []
        found: list[float] = np.clip(
            scores_of(reader, numbers, decisions)[:, 0], low, high
        ).tolist()
        return found

    return predict


_WORDS = {"awful": 1.0, "dull": 2.0, "fair": 3.0, "kind": 4.0, "lovely": 5.0}


def _examples(rows: int, seed: int) -> list[Decision]:
    chance = random.Random(seed)
    made = []
    for row in range(rows):
        word, other = chance.choices([*_WORDS], k=2)
        text = f"The lamp was {word} and the garden was {other}."
        score = (_WORDS[word] + _WORDS[other]) / 2
        made.append(Decision({"text": text}, f"{score:g}", row, value=score))
    return made


SCORES = TrainedOutput(
    name="targen-outputs:score",
    value=lambda row: float(row["score"]),
    measured=agreement,
    examples=_examples,
    unit="part",
)

SCORE = Trainer(
    summary="ridge regression on words and word pairs or embeddings, and on what two texts share",
    version="1",
    train=train,
    load=load,
    options=ReaderOptions,
    weighs=True,
    check=check,
    output=SCORES,
)
