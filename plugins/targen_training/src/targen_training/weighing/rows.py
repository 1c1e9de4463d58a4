"""Rows of a dataset as a linear head reads them, and weighed by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.plugins.registry import Registry
from targen_core.text import plural
from targen_standard.datasets.weighing import checked_weights, write_weighed
from targen_training.decisions import decisions_of, label_order, parts_of, shared_label
from targen_training.features import Features, Vectors, embedder_of, fields_of
from targen_training.trainers import Decision
from targen_training.weighing.bilevel import SunGenOptions, bilevel_weights
from targen_training.weighing.head import Array, with_bias
from targen_training.weighing.influence import InfluenceOptions, influence_of, require_learned

if TYPE_CHECKING:
    from targen_core.task_files import TaskFile

TFIDF = "tfidf"
"""Features that need no embedder: those of the trainer of that name."""

MOVED = 0.10
"""Largest change of a label's share of all weights without a warning."""

By = Literal["sungen", "influence"]

_FEWEST = 20  # minimum rows for telling effects from chance
_VERSION = "1"
_SEVERAL = "(several)"  # the label of rows that hold several instances


@dataclass(frozen=True)
class Weighed:
    """Rows with weights, and what these are from.

    A unit is the rows that belong together, usually one row; it has one weight.

    Attributes:
        dataset: the labelled rows, with their weights.
        values: of each unit what was found, (units,): with "sungen" its weight, with "influence"
            that, which is below 0 if the row helps.
        labels: of each unit its label.
        by: what weighed them.
        made: the same with its version, options and data.
        before: units by label, before any were chosen.
        unlabeled: rows without a label, which have no weight and are left out.
    """

    dataset: Dataset
    values: Array
    labels: Sequence[str]
    by: By
    made: Mapping[str, Any]
    before: Mapping[str, int]
    unlabeled: int = 0

    @property
    def weights(self) -> Array:
        """Return each unit's weight, (units,)."""
        return np.array(self.dataset.weights[:: self.dataset.task.rows_per_instance])

    def ranked(self) -> dict[str, list[int]]:
        """For each label its units, by number from 0, the best first; equals in their order."""
        goodness = -self.values if self.by == "influence" else self.values
        order = np.argsort(-goodness, kind="stable").tolist()
        return {label: [at for at in order if self.labels[at] == label] for label in self.before}

    def pool(self, number: int) -> dict[str, list[int]]:
        """For each label its best units that help at all, at most so many: ProGen's examples."""
        weights = self.weights
        return {
            label: [at for at in units[:number] if weights[at] > 0]
            for label, units in self.ranked().items()
        }

    def best(self, number: int) -> Weighed:
        """The best units of each label, at most so many, in their order; each counts as 1.

        The rule for keeping rows by weight is ours: the papers do not state one.
        """
        size = self.dataset.task.rows_per_instance
        kept = sorted(at for units in self.ranked().values() for at in units[:number])
        chosen = _units(self.dataset, kept)
        return replace(
            self,
            dataset=replace(chosen, weights=[1.0] * len(kept) * size),
            values=self.values[kept],
            labels=[self.labels[at] for at in kept],
            made={**self.made, "best": number},
        )

    def report(self) -> dict[str, Any]:
        """By label: units, their mean weight, and the label's share before and after.

        The share before is of all units, the one after of all weight.
        """
        weights, labels = self.weights, np.array(self.labels)
        by_label = {}
        for name, count in self.before.items():
            own = weights[labels == name]
            by_label[name] = {
                "units": len(own),
                "mean_weight": float(own.mean()) if len(own) else 0.0,
                "of_weight_0": int((own == 0).sum()),
                "share_before": count / sum(self.before.values()),
                "share_after": float(own.sum() / weights.sum()),
            }
        return {
            "rows": len(self.dataset),
            "unlabeled": self.unlabeled,
            "mean_weight": float(weights.mean()),
            "labels": by_label,
        }

    def write(
        self,
        out: Path,
        *,
        task: str | TaskFile = "",
        variants: Sequence[str] = (),
        force: bool = False,
    ) -> Path:
        """Write the folder of weighted rows that every command takes for a dataset.

        Args:
            out: the folder.
            task: the id of the task or its file, "" if unknown.
            variants: of the task.
            force: replace existing weighted rows.

        Raises:
            UsageError: the folder exists.
            RunDirectoryError: the operating system refuses.
        """
        known = {record.get("idx"): record for record in self.dataset.provenance}
        size = self.dataset.task.rows_per_instance
        records = []
        for row, value in zip(self.dataset.rows[::size], self.values, strict=True):
            idx = row.get("idx")
            origin = known.get(idx, {"idx": idx})
            records.append({**origin, "weighed": {"by": self.by, "value": float(value)}})
        return write_weighed(
            out,
            self.dataset,
            records,
            task=task,
            variants=variants,
            made=self.made,
            report=self.report(),
            force=force,
        )


def weigh(
    dataset: Dataset,
    options: SunGenOptions | None = None,
    *,
    features: str = TFIDF,
    seed: int = 0,
    registry: Registry | None = None,
    watch: Callable[[int, int], None] = lambda _done, _of: None,
) -> Weighed:
    """Weigh rows by SunGen's bilevel optimisation (`bilevel_weights`).

    Args:
        dataset: the rows; weights that they have are not looked at.
        options: see there; by default the published values.
        features: what the head reads: "tfidf", or the name of an embedder such as "minilm".
        seed: decides all chance.
        registry: finds the embedder; by default what is installed.
        watch: called with the number of iterations done, and their maximum.

    Raises:
        NotLearned: the inner model is no better than the commonest label.
        UsageError: fewer rows than 20, only one label, no such embedder, or all weights are 0.
    """
    options = options or SunGenOptions.model_validate({})
    rows = _Rows.of(dataset, features, registry)
    values = bilevel_weights(
        rows.inputs, rows.targets, rows.count, options, groups=rows.units, seed=seed, watch=watch
    )
    made = rows.made("sungen", features, options.model_dump(), seed)
    return rows.weighed(values, values, "sungen", made)


def measure_influence(
    dataset: Dataset,
    options: InfluenceOptions | None = None,
    *,
    validation: Dataset | None = None,
    features: str = TFIDF,
    seed: int = 0,
    registry: Registry | None = None,
    watch: Callable[[int, int], None] = lambda _done, _of: None,
) -> Weighed:
    """Weight rows by their influence on validation rows: 1 if a row helps, 0 if it does not.

    Without validation rows, parts of the rows take turns, and a row's influence is the mean over
    the parts that it is not in. That is ours: ProGen takes some rows out for good.

    Args:
        dataset: the rows; weights that they have are not looked at.
        options: see there; by default the published values.
        validation: other rows of the task, with the same labels.
        features: what the head reads: "tfidf", or the name of an embedder such as "minilm".
        seed: decides which rows are in which part.
        registry: finds the embedder; by default what is installed.
        watch: called with the number of parts done, and their total.

    Raises:
        NotLearned: the head is no better on validation rows than the commonest label.
        UsageError: fewer rows than 20, only one label, no such embedder, or no row helps.
    """
    options = options or InfluenceOptions.model_validate({})
    rows = _Rows.of(dataset, features, registry)
    made = rows.made("influence", features, options.model_dump(), seed)
    if validation is not None:
        held = rows.read(validation)
        made["validation"] = _data(validation)
        by_row, shares = influence_of(rows.inputs, rows.targets, held, rows.count, options)
        accuracy = require_learned(shares, held[1], "validation rows")
        watch(1, 1)
    else:
        by_row, accuracy = _in_turn(rows, options, seed, watch)
    made["validation_accuracy"] = accuracy
    values: Array = np.bincount(rows.units, weights=by_row).astype(np.float64)
    return rows.weighed(values, (values < 0).astype(np.float64), "influence", made)


@dataclass(frozen=True)
class _Rows:
    """Labelled rows as a head reads them.

    Attributes:
        dataset: the labelled rows.
        decisions: theirs.
        names: the labels of decisions.
        units: of each decision the number of its unit.
        labels: of each unit its label.
        inputs: (decisions, d).
        targets: of each decision the number of its label.
        encode: reads decisions of other rows.
        unlabeled: rows that were left out.
    """

    dataset: Dataset
    names: Sequence[str]
    units: NDArray[np.int64]
    labels: Sequence[str]
    inputs: Any
    targets: NDArray[np.int64]
    encode: Callable[[Sequence[Decision]], Any]
    unlabeled: int

    @property
    def count(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, dataset: Dataset, features: str, registry: Registry | None) -> _Rows:
        plain = replace(dataset, weights=())
        size = plain.task.rows_per_instance
        known = [decision for decision in decisions_of(plain) if decision.label]
        places = sorted({decision.row // size for decision in known})
        number = {place: at for at, place in enumerate(places)}
        names = label_order([label.name for label in plain.task.labels], known)
        _require_enough(plain, len(places), names)
        encode = _encoding(features, known, registry)
        return cls(
            _units(plain, places),
            names,
            np.array([number[decision.row // size] for decision in known]),
            _unit_labels(plain, places),
            encode(known),
            np.array([names.index(decision.label) for decision in known]),
            encode,
            len(plain) - len(places) * size,
        )

    def read(self, dataset: Dataset) -> tuple[Any, NDArray[np.int64]]:
        """Other rows, as inputs and labels; those of labels that these rows lack are left out.

        Raises:
            UsageError: no row is left, or only rows of one label.
        """
        decisions = [each for each in decisions_of(dataset) if each.label in self.names]
        if not decisions:
            raise UsageError(
                f"{dataset.name}: none of the rows have one of the labels {', '.join(self.names)}",
                hint="validation rows must belong to the same task",
            )
        if len(found := {decision.label for decision in decisions}) < 2:
            raise UsageError(
                f"{dataset.name}: all validation rows have the label {found.pop()}, so a "
                "model that always predicts it is always right",
                hint="give validation rows that together have at least two different labels",
            )
        labels = np.array([self.names.index(decision.label) for decision in decisions])
        return self.encode(decisions), labels

    def made(self, by: By, features: str, options: dict[str, Any], seed: int) -> dict[str, Any]:
        facts = {"by": by, "version": _VERSION, "features": features, "seed": seed}
        return {**facts, "options": options, "data": _data(self.dataset)}

    def weighed(self, values: Array, weights: Array, by: By, made: Mapping[str, Any]) -> Weighed:
        size = self.dataset.task.rows_per_instance
        spread = checked_weights(np.repeat(weights, size).tolist(), self.dataset.name)
        return Weighed(
            replace(self.dataset, weights=spread),
            values,
            self.labels,
            by,
            made,
            Counter(self.labels),
            self.unlabeled,
        )


def _require_enough(dataset: Dataset, units: int, labels: Sequence[str]) -> None:
    """Check that there are enough rows to weight.

    Raises:
        UsageError: there are too few, or all have the same label.
    """
    if len(labels) < 2:
        raise UsageError(
            f"{dataset.name}: {shared_label(labels)}, so good rows cannot be distinguished from "
            "bad ones",
            hint="give rows that together have at least two different labels",
        )
    if units < _FEWEST:
        raise UsageError(
            f"{dataset.name} has {plural(units, 'labelled row')}: too few to weight",
            hint=f"give {_FEWEST} or more labelled rows",
        )


def _units(dataset: Dataset, numbers: Sequence[int]) -> Dataset:
    """The rows of some units, with where they are from."""
    size = dataset.task.rows_per_instance
    rows = [row for at in numbers for row in dataset.rows[at * size : (at + 1) * size]]
    heads = {str(row.get("idx")) for row in rows[::size]}
    origin = [record for record in dataset.provenance if str(record.get("idx")) in heads]
    return replace(dataset, rows=rows, weights=(), provenance=origin, problems=())


def _unit_labels(dataset: Dataset, places: Sequence[int]) -> list[str]:
    label_of = dataset.task.label_of
    labels = [
        label_of(unit.instances[0]) if len(unit.instances) == 1 else _SEVERAL
        for unit in dataset.units()
    ]
    return [str(labels[at]) for at in places]


def _data(dataset: Dataset) -> dict[str, Any]:
    return {"name": dataset.name, "digest": dataset.digest, "rows": len(dataset)}


def _encoding(
    features: str, decisions: Sequence[Decision], registry: Registry | None
) -> Callable[[Sequence[Decision]], Any]:
    """Return a function that turns decisions into inputs, with the bias.

    Raises:
        UnknownName: the embedder is unknown.
        UsageError: it lacks something.
    """
    if features == TFIDF:
        learned = Features.learn(decisions)
        return lambda each: with_bias(learned.of(each))
    vectors = Vectors(fields_of(decisions), embedder_of(features, registry)[1])
    return lambda each: with_bias(vectors.of(each))


def _in_turn(
    rows: _Rows, options: InfluenceOptions, seed: int, watch: Callable[[int, int], None]
) -> tuple[Array, float]:
    """Return each decision's mean influence over the parts that it is not in, and the accuracy."""
    part = parts_of(rows.labels, options.folds, seed)[rows.units]
    total = np.zeros(len(part))
    shares = np.zeros((len(part), rows.count))
    for at in range(options.folds):
        held = part == at
        train = np.flatnonzero(~held)
        if held.any():
            validation = rows.inputs[np.flatnonzero(held)], rows.targets[held]
            found, shares[held] = influence_of(
                rows.inputs[train], rows.targets[train], validation, rows.count, options
            )
            total[train] += found
        watch(at + 1, options.folds)
    parts = len(np.unique(part))
    return total / (parts - 1), require_learned(shares, rows.targets, "held-out rows")
