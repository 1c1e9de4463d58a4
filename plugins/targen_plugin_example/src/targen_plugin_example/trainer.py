"""A trainer: naive Bayes on words, in a page of Python."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from targen_core.errors import UnreadableFile
from targen_core.reading.files import read_json
from targen_training.trainers import Decision, Predictor, Trainer, TrainerOptions, TrainingSet


def words_of(decision: Decision) -> list[str]:
    """Return the words of all texts, each prefixed with its field."""
    return [
        f"{name}:{word.strip('.,;!?')}"
        for name, text in decision.texts.items()
        for word in text.casefold().split()
    ]


def train(data: TrainingSet, options: TrainerOptions, folder: Path) -> None:
    """Count words by label."""
    counts: dict[str, Counter[str]] = {label: Counter() for label in data.labels}
    rows = Counter(decision.label for decision in data.decisions)
    for decision in data.decisions:
        counts[decision.label].update(set(words_of(decision)))
    known = {label: {"rows": rows[label], "words": counts[label]} for label in data.labels}
    (folder / "counts.json").write_text(json.dumps(known), encoding="utf-8")


def load(folder: Path) -> Predictor:
    """Return a function that predicts log-probabilities (unnormalised, add-one smoothing)."""
    try:
        known = read_json(folder / "counts.json", inside=folder)
        tables = [(int(table["rows"]), dict(table["words"])) for table in known.values()]
    except (UnreadableFile, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder} does not contain a bayes model: {error}") from error

    def predict(decisions: Sequence[Decision], /) -> Sequence[Sequence[float]]:
        return [
            [
                math.log(rows)
                + sum(math.log((words.get(word, 0) + 1) / (rows + 2)) for word in words_of(each))
                for rows, words in tables
            ]
            for each in decisions
        ]

    return predict


BAYES = Trainer(summary="naive Bayes on words", version="1", train=train, load=load)
