"""Logistic regression on the vectors of a pretrained encoder, which is not trained.

It writes numbers and the name of the embedder, no pickle and no weights of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_core.errors import UnknownName, UnreadableFile, UsageError
from targen_core.hints import install
from targen_core.outputs import write_file
from targen_core.reading.arrays import read_arrays
from targen_core.reading.files import read_json
from targen_standard.embedding import Encode
from targen_training.decisions import parts_of
from targen_training.features import Vectors, embedder_of, fields_of
from targen_training.trainers import Decision, Predictor, Trainer, TrainerOptions, TrainingSet
from targen_training.weighing.head import Array, balance, fit, shares_of, with_bias

_FORMAT = 1
_DECAYS = (5.0, 1.5, 0.5, 0.15, 0.05, 0.015, 0.005)  # 1 / 2C of the usual C, from 0.1 to 100
_PARTS = 5


class VectorsOptions(TrainerOptions):
    """Options of `vectors`."""

    embedder: str = Field("minilm", description="the embedder; see targen list-embedders")
    class_weight: bool = Field(True, description="weight rare labels more")


def train(data: TrainingSet, options: VectorsOptions, folder: Path) -> None:
    """Embed, fit and write `vectors.json` and `numbers.npz`."""
    data = data.counting()
    name, encode = _embedder(options.embedder)
    fields = fields_of(data.decisions)
    read = Vectors(fields, encode).of(
        data.decisions, lambda done, of: data.watch.step(done, of, {})
    )
    inputs = with_bias(read)
    at = {label: number for number, label in enumerate(data.labels)}
    labels = np.array([at[decision.label] for decision in data.decisions])
    counts = np.array([decision.weight for decision in data.decisions])
    if options.class_weight:
        counts = counts * balance(labels, counts, len(data.labels))
    targets = np.eye(len(data.labels))[labels]
    decay = _best(inputs, targets, counts, _parts(data))
    np.savez(folder / "numbers.npz", head=fit(inputs, targets, counts, decay))
    facts = {"format": _FORMAT, "embedder": name, "fields": fields, "decay": decay}
    write_file(folder / "vectors.json", json.dumps(facts, ensure_ascii=False))


def _parts(data: TrainingSet) -> NDArray[np.int64]:
    """Return each decision's part; those of a row share one, since their texts are alike."""
    of_row = {(each.task, each.row): each.label for each in reversed(data.decisions)}
    rows = list(of_row)
    number = dict(
        zip(rows, parts_of([of_row[row] for row in rows], _PARTS, data.seed), strict=True)
    )
    return np.array([number[each.task, each.row] for each in data.decisions])


def _best(inputs: Array, targets: Array, counts: Array, part: NDArray[np.int64]) -> float:
    """Return the strength of regularisation that makes held-out parts likeliest."""
    losses = np.zeros(len(_DECAYS))
    for held in np.unique(part):
        out, rest = part == held, part != held
        if not rest.any():  # there is one row
            continue
        head: Array | None = None
        for number, decay in enumerate(_DECAYS):
            head = fit(inputs[rest], targets[rest], counts[rest], decay, head)
            likely = (shares_of(inputs[out], head) * targets[out]).sum(axis=1)
            losses[number] -= counts[out] @ np.log(np.maximum(likely, 1e-12))
    return _DECAYS[int(losses.argmin())]


def load(folder: Path) -> Predictor:
    """The predictor that `train` wrote.

    Raises:
        ValueError: the folder holds something else.
        UnknownName: its embedder is not installed.
        UsageError: the embedder lacks something.
    """
    try:
        facts = read_json(folder / "vectors.json", inside=folder)
        numbers = read_arrays(folder / "numbers.npz", inside=folder)
        head, name = numbers["head"], str(facts["embedder"])
        fields = [str(field) for field in facts["fields"]]
        whole = facts["format"] == _FORMAT and head.dtype == np.float64 and head.ndim == 2
    except (UnreadableFile, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder} does not contain a vectors model: {error}") from error
    if not whole:
        raise ValueError(f"{folder} contains an incomplete or corrupt vectors model")
    vectors = Vectors(fields, embedder_of(name)[1])

    def predict(decisions: Sequence[Decision], /) -> Sequence[Sequence[float]]:
        if not decisions:
            return []
        inputs = with_bias(vectors.of(decisions))
        if inputs.shape[1] != head.shape[1]:
            raise UsageError(
                f"{name} produces vectors of a different size from those that the model was "
                "trained on",
                hint="train the model again",
            )
        shares: list[list[float]] = shares_of(inputs, head).tolist()
        return shares

    return predict


def check(options: VectorsOptions) -> None:
    """Check that the embedder exists, and what it needs.

    Raises:
        UnknownName: the embedder is unknown.
        UsageError: it lacks something.
    """
    _embedder(options.embedder)


def _embedder(name: str) -> tuple[str, Encode]:
    try:
        return embedder_of(name)
    except UnknownName:
        raise
    except UsageError as error:  # whose hint is for other uses of an embedder
        error.hint = (
            f"{install('targen-training[vectors]')}, or use the trainer vectors,embedder=words, "
            "which does not need a model"
        )
        raise


VECTORS = Trainer(
    summary="logistic regression on the vectors of a pretrained encoder that "
    "is not trained further",
    version="1",
    train=train,
    load=load,
    options=VectorsOptions,
    extra="vectors",
    weighs=True,
    check=check,
)
