"""The trainer without extra packages: logistic regression on TF-IDF of words and word pairs.

It writes numbers and words, no pickle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_core.errors import UnreadableFile
from targen_core.outputs import write_file
from targen_core.reading.arrays import read_arrays
from targen_core.reading.files import read_json
from targen_training.ensembling import Ensemble, EnsemblingOptions, smoothed
from targen_training.features import Features
from targen_training.trainers import Decision, Predictor, Trainer, TrainingSet
from targen_training.weighing.head import balance

_FORMAT = 1
_AT_ONCE = 2_000  # decisions, whose features need far more memory than their texts


class TfidfOptions(EnsemblingOptions):
    """Options of `tfidf`."""

    regularization: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=False,
        description="inverse of the regularisation strength; larger values fit more closely",
    )
    max_features: int = Field(
        50_000,
        ge=1,
        description="maximum number of n-grams per field; the most common ones are used",
    )
    min_rows: int = Field(
        2, ge=1, description="minimum number of rows in which an n-gram must occur"
    )
    class_weight: bool = Field(True, description="weight rare labels more")
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="share of each target given to other labels (label smoothing)"
    )
    ensemble_intervals: int = Field(
        11,
        ge=1,
        description="number of fits, with predictions averaged between them (SuperGen: 11)",
    )

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "supergen": {"label_smoothing": 0.15, "ensemble": 10.0}
    }


def train(data: TrainingSet, options: TfidfOptions, folder: Path) -> None:
    """Fit and write `words.json` and `numbers.npz`."""
    data = data.counting()
    features = Features.learn(
        data.decisions, min_rows=options.min_rows, max_features=options.max_features
    )
    inputs = features.of(data.decisions)
    at = {label: number for number, label in enumerate(data.labels)}
    targets = np.array([at[decision.label] for decision in data.decisions])
    counts = np.array([decision.weight for decision in data.decisions])
    fit = _Fit(inputs, targets, counts, len(data.labels), options, data.seed)
    model = fit.ensembled() if options.ensemble else fit.plain()
    weights, bias = model.coef_, model.intercept_
    if len(data.labels) == 2:  # one row of weights serves both
        weights, bias = np.vstack([0 * weights, weights]), np.append(0 * bias, bias)
    numbers = {f"idf{number}": idf for number, (_, idf) in enumerate(features.known.values())}
    np.savez(folder / "numbers.npz", weights=weights, bias=bias, **numbers)
    words = {field: list(known) for field, (known, _) in features.known.items()}
    facts = {"format": _FORMAT, "fields": features.fields, "words": words}
    write_file(folder / "words.json", json.dumps(facts, ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class _Fit:
    """Logistic regression of rows that have labels, or a share of each.

    Attributes:
        inputs: (rows, features), sparse.
        targets: of each row, its label.
        weights: of each row, how much it counts.
        labels: how many there are.
    """

    inputs: Any
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]
    labels: int
    options: TfidfOptions
    seed: int

    def plain(self) -> Any:
        """The model of the labels, or, with smoothing, of nearly them."""
        if self.options.label_smoothing:
            return self.shared(smoothed(self.targets, self.labels, self.options.label_smoothing))
        if (self.weights == 1).all():
            return self._model(balanced=True).fit(self.inputs, self.targets)
        counts = self.weights * self._balance()
        return self._model().fit(self.inputs, self.targets, sample_weight=counts)

    def ensembled(self) -> Any:
        """The model after all intervals, each a fit to convergence of the rows that are kept."""
        soft = smoothed(self.targets, self.labels, self.options.label_smoothing)
        ensemble = Ensemble(self.targets, self.labels, self.options)
        model = self.shared(soft)
        for _ in range(1, self.options.ensemble_intervals):
            ensemble.update(model.predict_proba(self.inputs))
            targets, scale = ensemble.targets(soft)
            model = self.shared(targets, scale * ensemble.kept)
        return model

    def shared(self, targets: NDArray[np.float64], counts: Any = 1.0) -> Any:
        """The model of rows that have a share of each label, each counted so often.

        A row enters once for each label, weighted by its share: the loss is the cross entropy of
        the shares.
        """
        from scipy.sparse import vstack

        inputs = vstack([self.inputs] * self.labels, format="csr")
        labels = np.repeat(np.arange(self.labels), len(self.targets))
        weights = targets * (self.weights * self._balance() * counts)[:, None]
        counting = (flat := weights.ravel(order="F")) > 0
        return self._model().fit(inputs[counting], labels[counting], sample_weight=flat[counting])

    def _balance(self) -> NDArray[np.float64]:
        """Return factors that make the labels count alike, unless that is turned off."""
        if not self.options.class_weight:
            return np.ones(len(self.targets))
        return balance(self.targets, self.weights, self.labels)

    def _model(self, *, balanced: bool = False) -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(
            C=self.options.regularization,
            class_weight="balanced" if balanced and self.options.class_weight else None,
            max_iter=2000,
            random_state=self.seed,
        )


def load(folder: Path) -> Predictor:
    """The predictor that `train` wrote.

    Raises:
        ValueError: the folder holds something else.
    """
    try:
        facts = read_json(folder / "words.json", inside=folder)
        numbers = read_arrays(folder / "numbers.npz", inside=folder)
        if {str(each.dtype) for each in numbers.values()} != {"float64"}:
            raise ValueError(f"{folder} does not contain a tfidf model: its numbers are invalid")
        weights, bias = numbers["weights"], numbers["bias"]
        known = {
            str(field): ({str(word): at for at, word in enumerate(words)}, numbers[f"idf{number}"])
            for number, (field, words) in enumerate(facts["words"].items())
        }
        fields = [str(field) for field in facts["fields"]]
        whole = facts["format"] == _FORMAT and weights.shape == (
            len(bias),
            sum(len(words) for words, _ in known.values()) + 1 + len(fields) * (len(fields) - 1),
        )
        whole = whole and all(idf.shape == (len(words),) for words, idf in known.values())
    except (UnreadableFile, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder} does not contain a tfidf model: {error}") from error
    if not whole:
        raise ValueError(f"{folder} contains an incomplete or corrupt tfidf model")
    features = Features(fields, known)

    def predict(decisions: Sequence[Decision], /) -> Sequence[Sequence[float]]:
        from scipy.special import softmax

        shares: list[list[float]] = []
        for start in range(0, len(decisions), _AT_ONCE):
            some = decisions[start : start + _AT_ONCE]
            shares += softmax(features.of(some) @ weights.T + bias, axis=1).tolist()
        return shares

    return predict


TFIDF = Trainer(
    summary="logistic regression on each field's words and word pairs, and on words that "
    "fields share",
    version="1",
    train=train,
    load=load,
    options=TfidfOptions,
    weighs=True,
)
