"""Sum up an experiment's cells: figures, paired tests, and means over tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any

import numpy as np

from targen_training.experiments.cells import SIZE_OF, Cell, Done, Plan
from targen_training.experiments.data import Material, Source, labels_of
from targen_training.experiments.model import Experiment
from targen_training.experiments.results import (
    Few,
    Group,
    Mean,
    Pair,
    PartResult,
    Results,
    Trained,
)
from targen_training.scores import RESAMPLES, Measured, draws_of, measured
from targen_training.statistics import Numbers, compared, holm, interval, seed_draws
from targen_training.trainers import Decision

_Place = tuple[Any, ...]  # of a group of cells: model, arm, kind and size
_Resampled = dict[tuple[str, str, str], list[tuple[float, Numbers]]]


@dataclass
class _Cells:
    """A group while it is being measured: of each seed its predictions.

    Attributes:
        cell: the first of them.
        known: of each seed, its predictions.
        plans: of each seed, its cell.
        scores: of each seed, its predictions as the model gave them.
        by_seed: the main figure by seed, of shape (seeds,).
        drawn: the same in resamples, (seeds, resamples).
    """

    cell: Cell
    known: list[Measured] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    scores: list[Sequence[Any]] = field(default_factory=list)
    by_seed: Numbers = field(default_factory=lambda: np.empty(0))
    drawn: Numbers = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def mean(self) -> float:
        return float(self.by_seed.mean())

    @property
    def is_one_model(self) -> bool:
        """Return whether all seeds trained the same model: their spread means nothing."""
        return all(each == self.scores[0] for each in self.scores[1:])

    def minus(self, other: _Cells) -> tuple[float, Numbers]:
        """The difference of the means over seeds, and in resamples of test rows and seeds."""
        return self.mean - other.mean, _over_seeds(self.drawn - other.drawn)

    def resampled(self, name: str, draws: Numbers) -> tuple[Numbers, Numbers]:
        """The figure by seed, of shape (seeds,), and in resamples, (seeds, resamples)."""
        measures = [known.measures[name] for known in self.known]
        return (
            np.array([measure.value for measure in measures]),
            np.array([measure.at(draws) for measure in measures]),
        )


def results_of(
    experiment: Experiment,
    materials: Mapping[str, Material],
    plans: Sequence[Plan],
    done: Mapping[str, Done],
    notes: Iterable[str] = (),
) -> Results:
    """Sum up the cells that are done."""
    resampled: _Resampled = {}
    parts = [
        _part(experiment, key, material, [p for p in plans if p.cell.task == key], done, resampled)
        for key, material in materials.items()
    ]
    baselines = {experiment.baseline_of(key) for key in materials}
    baseline = baselines.pop() if len(baselines) == 1 else ""
    means = list(_means(resampled, len(parts), baseline)) if len(parts) > 1 else []
    return Results(
        experiment.name, baseline, experiment.seeds, RESAMPLES, parts, means, tuple(notes)
    )


def _ways(experiment: Experiment, key: str) -> list[list[str]]:
    """Return the arms, the baseline first, those together that only differ in their run's seed."""
    ways: dict[str, list[str]] = {}
    arms = experiment.tasks[key].arms
    for name in dict.fromkeys((experiment.baseline_of(key), *arms)):
        way, arm = name, arms[name]
        if arm.generate is not None:
            values = {each: value for each, value in arm.generate.items() if each != "seed"}
            way = repr(arm.model_copy(update={"generate": values}))
        ways.setdefault(way, []).append(name)
    return list(ways.values())


def _part(
    experiment: Experiment,
    key: str,
    material: Material,
    plans: Sequence[Plan],
    done: Mapping[str, Done],
    resampled: _Resampled,
) -> PartResult:
    """Sum up a part, and add its resampled figures to `resampled`."""
    examples, output = material.held.examples, material.output
    cells: dict[_Place, _Cells] = {}
    for plan in plans:
        cell, made = plan.cell, done[plan.key]
        size = cell.rows if cell.kind == "curve" else cell.each
        group = cells.setdefault((cell.model, cell.arm, cell.kind, size), _Cells(cell))
        group.known.append(
            measured(
                examples.decisions, made.scores, made.labels, unit=material.held.size, output=output
            )
        )
        group.plans.append(plan)
        group.scores.append(made.scores)
    first = next(iter(cells.values())).known[0]
    metric = experiment.metric_of(key) or first.main
    draws = draws_of(first.count)
    for each in cells.values():
        each.by_seed, each.drawn = each.resampled(metric, draws)
    labels = labels_of(examples.decisions)
    test = {
        "name": material.held.name,
        "digest": material.held.digests["plain"],
        "rows": material.held.rows,
        "unlabeled": material.held.unlabeled,
        "decisions": len(examples.decisions),
        "labels": labels,
    }
    ways = _ways(experiment, key)
    return PartResult(
        key,
        material.task,
        metric,
        test,
        {arm: [_described(source) for source in of] for arm, of in material.arms.items()},
        _chance(metric, labels, examples.decisions),
        [_group(each, metric, draws) for each in cells.values()],
        list(_pairs(experiment, key, ways, cells, resampled)),
        list(_few(cells)),
        "label" if output is None else output.unit,
        [names for names in ways if len(names) > 1],
    )


def _group(cells: _Cells, metric: str, draws: Numbers) -> Group:
    cell = cells.cell
    figures = {}
    for name in cells.known[0].measures:
        if all(name in known.measures for known in cells.known):
            by_seed, resampled = cells.resampled(name, draws)
            figures[name] = interval(float(by_seed.mean()), resampled.mean(axis=0))
    return Group(
        cell.model,
        cell.arm,
        cell.kind,
        cell.rows,
        len(cells.known),
        figures[metric],
        None if cells.is_one_model else float(cells.by_seed.std(ddof=1)),
        figures,
        float(np.mean([known.unlearned for known in cells.known])),
        cell.each,
        [
            Trained(plan.cell.seed, None if np.isnan(value) else float(value), plan.key)
            for plan, value in zip(cells.plans, cells.by_seed, strict=True)
        ],
    )


def _few(cells: Mapping[_Place, _Cells]) -> Iterator[Few]:
    """Compare few real rows, by their number per label, with and without the synthetic ones."""
    alone = {(e.cell.model, e.cell.each): e for e in cells.values() if e.cell.kind == "alone"}
    for both in (each for each in cells.values() if each.cell.kind == "with"):
        model, count = both.cell.model, both.cell.each
        figure = interval(both.mean, _over_seeds(both.drawn))
        other = alone.get((model, count))
        if other is None:
            yield Few(model, count, 0, None, figure, None, None)
            continue
        difference, p = compared(*both.minus(other))
        own = interval(other.mean, _over_seeds(other.drawn))
        yield Few(model, count, other.cell.rows, own, figure, difference, p)


def _over_seeds(by_seed: Numbers) -> Numbers:
    """Return resamples of the seeds as well: from (seeds, resamples) to (resamples,)."""
    mixed: Numbers = np.einsum("rs,sr->r", seed_draws(*by_seed.shape), by_seed)
    return mixed


def _pairs(
    experiment: Experiment,
    key: str,
    ways: Sequence[Sequence[str]],
    cells: Mapping[_Place, _Cells],
    resampled: _Resampled,
) -> Iterator[Pair]:
    """Compare ways to get rows, each by the mean of its runs.

    Most ways have a single run. So all share one variance between runs, as in an analysis of
    variance.
    """
    for model, kind in product((each.called for each in experiment.models), SIZE_OF):
        means: list[_Cells] = []
        runs: list[int] = []
        shares: list[float] = []
        squares, free = 0.0, 0
        for names in ways:
            there = [cells[at] for arm in names if (at := (model, arm, kind, 0)) in cells]
            if not there:
                continue
            mean = _Cells(
                there[0].cell,
                by_seed=np.mean([run.by_seed for run in there], axis=0),
                drawn=np.mean([run.drawn for run in there], axis=0),
            )
            place = (model, kind, mean.cell.arm)
            resampled.setdefault(place, []).append((mean.mean, mean.drawn.mean(axis=0)))
            means.append(mean)
            runs.append(len(there))
            is_given = experiment.tasks[key].arms[names[0]].generate is None
            shares.append(0.0 if is_given else 1 / len(there))
            squares += sum((run.mean - mean.mean) ** 2 for run in there)
            free += len(there) - 1
        variance = squares / free if free else 0.0
        pairs = list(combinations(range(len(means)), 2))
        found = [
            compared(
                *means[two].minus(means[one]),
                variance=variance * (shares[one] + shares[two]),
                free=free,
            )
            for one, two in pairs
        ]
        adjusted = holm([p for _, p in found])
        for (one, two), (difference, p), of_all in zip(pairs, found, adjusted, strict=True):
            arms = means[two].cell.arm, means[one].cell.arm
            yield Pair(model, kind, *arms, difference, p, of_all, (runs[two], runs[one]))


def _means(resampled: _Resampled, parts: int, baseline: str) -> Iterator[Mean]:
    """Means over tasks, whose test rows are drawn apart from each other."""
    chance = np.random.default_rng(2)
    # The same rows in the same resamples for all arms of a task, so that differences are paired;
    # each task's resamples in an order of its own.
    orders = [chance.permutation(RESAMPLES) for _ in range(parts)]
    whole: dict[tuple[str, str, str], tuple[float, Numbers]] = {}
    for name, each in resampled.items():
        if len(each) == parts:
            mixed = [values[order] for order, (_, values) in zip(orders, each, strict=True)]
            whole[name] = float(np.mean([value for value, _ in each])), np.mean(mixed, axis=0)
    for (model, kind, arm), (value, draws) in whole.items():
        against = None
        if arm != baseline and (first := whole.get((model, kind, baseline))) is not None:
            against = interval(value - first[0], draws - first[1])
        yield Mean(model, kind, arm, interval(value, draws), against)


def _described(source: Source) -> dict[str, Any]:
    """Return the results' entry for a training dataset."""
    return {
        "name": source.name,
        "digest": source.digest,
        "rows": len(source.units) * source.size,
        "same_as_test": source.same,
        "near_test": source.near,
        "shown": source.shown,
        "unlabeled": source.unlabeled,
        "labels": labels_of([decision for unit in source.units for decision in unit]),
    }


def _chance(metric: str, labels: Mapping[str, int], decisions: Iterable[Decision]) -> float | None:
    """Return the figure for always giving the commonest label; None if it has no such meaning."""
    are_options = labels.keys() != {decision.label for decision in decisions}
    if metric != ("best_option" if are_options else "accuracy"):
        return None
    return max(labels.values()) / sum(labels.values())
