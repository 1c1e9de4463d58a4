"""(1) What is trained: here naive Bayes on words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field
from targen_core.errors import UnreadableFile
from targen_core.reading.files import read_json
from targen_training.trainers import Decision, Predictor, Trainer, TrainerOptions, TrainingSet

_FILE = "counts.json"


class Options(TrainerOptions):
    """Options for `-o KEY=VALUE`."""

    smoothing: float = Field(1.0, gt=0, description="The number added to every word's count.")


def _words_of(decision: Decision) -> Iterator[str]:
    """The words of all texts, each with the name of its text."""
    for name, text in decision.texts.items():
        for word in text.casefold().split():
            yield f"{name}:{word.strip('.,;!?')}"


def _train(data: TrainingSet, options: Options, folder: Path) -> None:
    """Learn from `data`, and write what was learned into `folder`, which is empty.

    Import what is heavy in here. Chance comes from `random.Random(data.seed)`.
    What is written is data and no pickle: a model may come from anybody.
    """
    rows: dict[str, float] = dict.fromkeys(data.labels, 0.0)
    words: dict[str, dict[str, float]] = {label: {} for label in data.labels}
    for decision in data.decisions:
        if not decision.weight:  # as if it were not there
            continue
        rows[decision.label] += decision.weight
        mine = words[decision.label]
        for word in sorted({*_words_of(decision)}):
            mine[word] = mine.get(word, 0.0) + decision.weight
    learned = {
        "smoothing": options.smoothing,
        "labels": [[rows[label], words[label]] for label in data.labels],
    }
    (folder / _FILE).write_text(json.dumps(learned), encoding="utf-8")


def _load(folder: Path) -> Predictor:
    """The model in `folder`: for each decision a score for each label, in their order.

    Raises:
        ValueError: there is none.
    """
    try:
        learned = read_json(folder / _FILE, inside=folder)
        smoothing = float(learned["smoothing"])
        labels = [(float(rows), dict(words)) for rows, words in learned["labels"]]
    except (UnreadableFile, LookupError, TypeError) as error:
        raise ValueError(f"{folder} does not contain a valid model: {error}") from error

    def predict(decisions: Sequence[Decision], /) -> Sequence[Sequence[float]]:
        return [
            [
                math.log(rows + smoothing)
                + sum(
                    math.log((words.get(word, 0) + smoothing) / (rows + 2 * smoothing))
                    for word in _words_of(decision)
                )
                for rows, words in labels
            ]
            for decision in decisions
        ]

    return predict


TRAINER = Trainer(
    summary="naive Bayes on words",
    version="1",  # changes with every change of what it would learn
    train=_train,
    load=_load,
    options=Options,
    weighs=True,  # a row of weight 2 counts as two
)
