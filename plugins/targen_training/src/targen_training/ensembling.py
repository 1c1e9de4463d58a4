"""Regularised training as SuperGen does it: label smoothing, and temporal ensembling.

Rows of a generator are noisy. A model's predictions on them are averaged over its training. A row
whose label the average does not confirm is left out for a while, and the average is learned in
addition to the label. This is by Meng et al. (2022, arXiv:2202.04538). The average is that of Laine
and Aila (2017, arXiv:1610.02242).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from targen_training.trainers import TrainerOptions


class EnsemblingOptions(TrainerOptions):
    """Options of a trainer that can ensemble; the defaults are SuperGen's, except for `ensemble`.

    Attributes:
        recipes: for each `recipe`, the values that it sets unless the user does.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    recipe: Literal["", "supergen"] = Field(
        "",
        description="supergen: SuperGen's label smoothing and ensembling, with the published "
        "values",
    )
    ensemble: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="weight given to agreement with the model's earlier predictions; 0 turns it "
        "off (SuperGen: 10)",
    )
    ensemble_momentum: float = Field(
        0.8, ge=0, lt=1, description="weight of the earlier predictions in the running average"
    )
    ensemble_threshold: float = Field(
        0.8,
        ge=0,
        lt=1,
        description="a row is used while its label's average probability is above this share",
    )
    ensemble_ramp: int = Field(
        10, ge=0, description="number of intervals until `ensemble` has its full weight"
    )
    ensemble_floor: int = Field(
        16,
        ge=0,
        description="if a label would keep fewer rows, it also keeps the better half of its rows",
    )

    @model_validator(mode="before")
    @classmethod
    def _by_recipe(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {**cls.recipes.get(str(values.get("recipe", "")), {}), **values}


def smoothed(targets: NDArray[np.int64], labels: int, smoothing: float) -> NDArray[np.float64]:
    """Return labels as shares, with a part given to all labels alike (Szegedy et al., 2016).

    Args:
        targets: of each row its label, (n,).
        labels: how many there are.
        smoothing: the share that is given away, 0 to 1.

    Returns:
        (n, labels); each row adds up to 1.
    """
    shares: NDArray[np.float64] = (1 - smoothing) * np.eye(labels)[targets] + smoothing / labels
    return shares


class Ensemble:
    """The average of a model's predictions over its training, and the rows that it confirms.

    Attributes:
        kept: of each row, whether it is learned from now, (n,).
    """

    def __init__(self, targets: NDArray[np.int64], labels: int, options: EnsemblingOptions) -> None:
        """Begin with no prediction, and all rows."""
        self._targets, self._labels, self._options = targets, labels, options
        self._sum = np.zeros((len(targets), labels))
        self._intervals = 0
        self.kept: NDArray[np.bool_] = np.ones(len(targets), dtype=bool)

    @property
    def mean(self) -> NDArray[np.float64]:
        """The average so far, (n, labels); each row adds up to 1 after the first update."""
        mean: NDArray[np.float64] = self._sum / (
            1 - self._options.ensemble_momentum**self._intervals
        )
        return mean

    @property
    def strength(self) -> float:
        """Return the present weight of the average against the labels; it rises to `ensemble`."""
        ramp, at = self._options.ensemble_ramp, self._intervals
        if not at:
            return 0.0
        risen = 1.0 if at >= ramp else math.exp(-5 * (1 - at / ramp) ** 2)
        return risen * self._options.ensemble

    def update(self, shares: NDArray[np.float64]) -> None:
        """End an interval: average the model's predictions of all rows, (n, labels), and choose."""
        momentum = self._options.ensemble_momentum
        self._sum = momentum * self._sum + (1 - momentum) * shares
        self._intervals += 1
        mean, before = self.mean, self.kept
        self.kept = (mean.argmax(1) == self._targets) & (
            mean.max(1) > self._options.ensemble_threshold
        )
        for label in range(self._labels):
            own = np.flatnonzero(self._targets == label)
            if not own.size or self.kept[own].sum() >= self._options.ensemble_floor:
                continue
            of_label = mean[own, label]
            better = own[of_label > np.sort(of_label)[::-1][own.size // 2]]
            self.kept[better] = True
            if not self.kept[own].any():  # all are alike: no row is better than the rest
                self.kept[own] = before[own]

    def targets(self, soft: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """Return the targets to learn, and their weight.

        The loss is CE(soft, p) + strength * KL(mean || p). But for a constant that is
        (1 + strength) * CE(t, p), with t the mean of both, weighed by 1 and strength.

        Args:
            soft: the labels as shares, (n, labels).

        Returns:
            t, (n, labels), and 1 + strength.
        """
        if not self._intervals:
            return soft, 1.0
        strength = self.strength
        return (soft + strength * self.mean) / (1 + strength), 1 + strength

    def state(self) -> dict[str, Any]:
        """Return the complete state as arrays, to continue later."""
        return {"sum": self._sum, "intervals": np.array(self._intervals), "kept": self.kept}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self._sum, self._intervals = state["sum"], int(state["intervals"])
        self.kept = state["kept"]
