"""Sum up an experiment's cells: figures, paired tests, curves, and the worth of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, product
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_core.cli.findings import Estimate
from targen_training.experiments.cells import SIZE_OF, Cell, Done, Plan
from targen_training.experiments.data import Material, labels_of
from targen_training.experiments.model import Experiment
from targen_training.experiments.results import (
    Few,
    Group,
    Mean,
    OverRuns,
    Pair,
    PartResult,
    Results,
    Trained,
    WorthOf,
)
from targen_training.scores import RESAMPLES, Measured, draws_of, further_draws, measured
from targen_training.statistics import (
    holm,
    interval,
    mcnemar,
    over_runs,
    p_of,
    p_of_sides,
    seed_draws,
    sides,
    worth,
)
from targen_training.trainers import Decision

Numbers = NDArray[np.float64]
_PER_PAIR = 300  # resamples, so that the smallest p (Holm) is below 0.01 for any number of pairs
_Place = tuple[Any, ...]  # of a group of cells: model, arm, kind, share and so on


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
    scores: list[NDArray[np.float64] | Sequence[Any]] = field(default_factory=list)
    by_seed: Numbers = field(default_factory=lambda: np.empty(0))
    drawn: Numbers = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def is_one_model(self) -> bool:
        """Return whether all seeds trained the same model, as a single one does.

        A trainer without randomness does so on all rows of an arm. Their spread means nothing.
        """
        first, *others = self.scores
        if isinstance(first, np.ndarray):
            return all(np.allclose(first, each, equal_nan=True) for each in others)
        return all(first == each for each in others)

    def minus(self, other: _Cells) -> tuple[float, Numbers]:
        """The difference of the means over seeds, and in resamples of test rows and seeds."""
        return float(self.by_seed.mean() - other.by_seed.mean()), _mixed(self.drawn - other.drawn)

    @property
    def over_draws(self) -> Estimate:
        """The mean over seeds, with its interval over test rows and seeds."""
        return interval(float(self.by_seed.mean()), _mixed(self.drawn))

    @property
    def means(self) -> Numbers:
        """The mean over seeds: of the data, then of each resample."""
        return np.append(self.by_seed.mean(), self.drawn.mean(axis=0))

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
    parts = []
    resampled: dict[tuple[str, str, str], list[tuple[float, Numbers]]] = {}
    for key, material in materials.items():
        own = [plan for plan in plans if plan.cell.task == key and plan.key in done]
        part, kept = _part(experiment, key, material, own, done)
        parts.append(part)
        for name, values in kept.items():
            resampled.setdefault(name, []).append(values)
    baselines = {_baseline(experiment, key) for key in materials}
    baseline = baselines.pop() if len(baselines) == 1 else ""
    means = list(_means(resampled, len(parts), baseline)) if len(parts) > 1 else []
    return Results(
        experiment.name, baseline, experiment.seeds, RESAMPLES, parts, means, tuple(notes)
    )


def _baseline(experiment: Experiment, key: str) -> str:
    return experiment.baseline or next(iter(experiment.tasks[key].arms))


def _ways(experiment: Experiment, key: str) -> list[list[str]]:
    """Return the arms, the baseline first, those together that only differ in their run's seed."""
    ways: dict[str, list[str]] = {}
    arms = experiment.tasks[key].arms
    for name in dict.fromkeys((_baseline(experiment, key), *arms)):
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
) -> tuple[PartResult, dict[tuple[str, str, str], tuple[float, Numbers]]]:
    examples = material.held.examples
    cells: dict[_Place, _Cells] = {}
    for plan in plans:
        cell, made = plan.cell, done[plan.key]
        known = measured(
            examples.decisions,
            made.scores,
            made.labels,
            unit=material.held.size,
            output=material.output,
        )
        place: _Place = (cell.model, cell.arm, cell.kind, cell.share)
        place += (cell.rows,) if cell.kind == "curve" else (cell.each,) if cell.each else ()
        group = cells.setdefault(place, _Cells(cell))
        group.known.append(known)
        group.plans.append(plan)
        group.scores.append(made.scores)
    metric = experiment.metric_of(key) or next(iter(cells.values())).known[0].main
    draws = draws_of(next(iter(cells.values())).known[0].count)
    groups = []
    kept: dict[tuple[str, str, str], tuple[float, Numbers]] = {}
    for each in cells.values():
        each.by_seed, each.drawn = each.resampled(metric, draws)
        groups.append(_group(each, metric, draws))
    families = list(_families(experiment, key, cells))
    ways = {way.place: way for family in families for way in family.ways}
    for place in cells:
        if place in ways:
            mean = ways[place].mean
            name = (mean.cell.model, mean.cell.kind, mean.cell.arm)
            kept[name] = float(mean.by_seed.mean()), mean.drawn.mean(axis=0)
    test = _test(material)
    return (
        PartResult(
            key,
            material.task,
            metric,
            test,
            {arm: [_described(s) for s in of] for arm, of in material.arms.items()},
            _chance(metric, test["labels"], examples.decisions),
            groups,
            list(_pairs(metric, families, cells)),
            list(_worths(experiment, key, cells)),
            list(_few(cells)),
            "label" if material.output is None else material.output.unit,
            [names for names in _ways(experiment, key) if len(names) > 1],
            list(_over_runs(families)),
        ),
        kept,
    )


def _group(cells: _Cells, metric: str, draws: Numbers) -> Group:
    cell = cells.cell
    figures = {}
    shared = set.intersection(*(set(known.measures) for known in cells.known))
    for name in cells.known[0].measures:
        if name in shared:
            by_seed, resampled = cells.resampled(name, draws)
            figures[name] = interval(float(by_seed.mean()), resampled.mean(axis=0))
    return Group(
        cell.model,
        cell.arm,
        cell.kind,
        cell.rows,
        cell.share,
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


def _few(cells: Mapping[_Place, _Cells]) -> Iterable[Few]:
    """Compare few real rows, by their number per label, with and without the synthetic ones."""
    every = [each for each in cells.values() if each.cell.kind in ("alone", "with")]
    alone = {(e.cell.model, e.cell.each): e for e in every if e.cell.kind == "alone"}
    for both in every:
        if both.cell.kind == "alone":
            continue
        model, count = both.cell.model, both.cell.each
        other = alone.get((model, count))
        if other is None:
            yield Few(model, count, 0, None, both.over_draws, None, None)
            continue
        value, resampled = both.minus(other)
        yield Few(
            model,
            count,
            other.cell.rows,
            other.over_draws,
            both.over_draws,
            interval(value, resampled),
            p_of(resampled),
        )


def _mixed(by_seed: Numbers) -> Numbers:
    """Return resamples of the seeds as well: from (seeds, resamples) to (resamples,)."""
    mixed: Numbers = np.einsum("rs,sr->r", seed_draws(*by_seed.shape), by_seed)
    return mixed


@dataclass(frozen=True)
class _Way:
    """A way to get rows, with one model and at one size.

    Attributes:
        place: of its first run.
        runs: the cells of each run.
        share: the mean's share of the variance between runs; 0 if the rows were given.
    """

    place: _Place
    runs: Sequence[_Cells]
    share: float

    @cached_property
    def mean(self) -> _Cells:
        """The mean of the runs."""
        first = self.runs[0]
        if len(self.runs) == 1:
            return first
        return _Cells(
            first.cell,
            by_seed=np.mean([run.by_seed for run in self.runs], axis=0),
            drawn=np.mean([run.drawn for run in self.runs], axis=0),
        )


@dataclass(frozen=True)
class _Family:
    """The ways that are held against each other, with the variance between runs of the same way.

    Attributes:
        ways: the baseline's first.
        variance: one for all ways, as in an analysis of variance: most have a single run.
        free: its degrees of freedom; 0 if every way has a single run.
    """

    ways: Sequence[_Way]
    variance: float
    free: int

    def over_runs(self, value: float, resampled: Numbers, share: float) -> tuple[Estimate, float]:
        """Return a figure that has this share of the variance, and its p against 0."""
        return over_runs(value, resampled, variance=self.variance * share, free=self.free)


def _families(
    experiment: Experiment, key: str, cells: Mapping[_Place, _Cells]
) -> Iterator[_Family]:
    kinds = dict.fromkeys(each.cell.kind for each in cells.values())
    arms = experiment.tasks[key].arms
    for model, kind in product((each.called for each in experiment.models), kinds):
        if kind not in SIZE_OF:
            continue
        ways: list[_Way] = []
        for names in _ways(experiment, key):
            there = [at for arm in names if (at := (model, arm, kind, 0.0)) in cells]
            if there:
                share = 0.0 if arms[names[0]].generate is None else 1 / len(there)
                ways.append(_Way(there[0], [cells[at] for at in there], share))
        values = [[float(run.by_seed.mean()) for run in way.runs] for way in ways]
        free = sum(len(each) - 1 for each in values)
        squares = sum((value - fmean(each)) ** 2 for each in values for value in each)
        yield _Family(ways, squares / free if free else 0.0, free)


def _over_runs(families: Iterable[_Family]) -> Iterator[OverRuns]:
    for family in families:
        for way in family.ways:
            if len(way.runs) > 1:
                cell, values = way.mean.cell, [float(run.by_seed.mean()) for run in way.runs]
                figure, _ = family.over_runs(fmean(values), _mixed(way.mean.drawn), way.share)
                yield OverRuns(cell.model, cell.arm, cell.kind, len(values), figure, stdev(values))


def _pairs(
    metric: str, families: Sequence[_Family], cells: Mapping[_Place, _Cells]
) -> Iterator[Pair]:
    of_each = [[(one, other) for other, one in combinations(f.ways, 2)] for f in families]
    given = [
        (one.place, other.place)
        for family, pairs in zip(families, of_each, strict=True)
        for one, other in pairs
        if not (family.free and one.share + other.share)
    ]
    counted = _sides(metric, given, max(map(len, of_each), default=0), cells)
    for family, pairs in zip(families, of_each, strict=True):
        found = []
        for a, b in pairs:
            value, resampled = a.mean.minus(b.mean)
            of_sides = counted.get((a.place, b.place))
            found.append(
                family.over_runs(value, resampled, a.share + b.share)
                if of_sides is None
                else (interval(value, resampled), p_of_sides(of_sides))
            )
        adjusted = holm([p for _, p in found])
        for (a, b), (difference, p), of_all in zip(pairs, found, adjusted, strict=True):
            cell = a.mean.cell
            over = (a.place, b.place) not in counted
            only_one, only_other, exact = (None,) * 3 if over else _right(a.mean, b.mean)
            yield Pair(
                cell.model,
                cell.kind,
                cell.arm,
                b.mean.cell.arm,
                difference,
                p,
                of_all,
                only_one,
                only_other,
                exact,
                (len(a.runs), len(b.runs)) if over else None,
            )


def _right(one: _Cells, other: _Cells) -> tuple[int, int, float]:
    """Return how many decisions only the one and only the other got right, and McNemar's p."""
    # A test of its own for each seed would have several counts and one p, that fits none of them.
    mostly = [np.mean([known.right for known in each.known], axis=0) > 0.5 for each in (one, other)]
    return mcnemar(*mostly)


def _sides(
    metric: str,
    pairs: Sequence[tuple[_Place, _Place]],
    tests: int,
    cells: Mapping[_Place, _Cells],
) -> dict[tuple[_Place, _Place], NDArray[np.int64]]:
    """Count the sides of each pair's resampled differences.

    The smallest p of a pair depends on the number of resamples, and Holm multiplies it by the
    number of `tests`. So many tests need more resamples than their intervals.
    """
    counted = {(a, b): sides(cells[a].minus(cells[b])[1]) for a, b in pairs}
    more = _PER_PAIR * tests - RESAMPLES
    if more <= 0 or not pairs:
        return counted
    groups = {place: cells[place] for pair in pairs for place in pair}
    seeds = {len(each.known) for each in groups.values()}
    weights = {number: seed_draws(number, RESAMPLES + more) for number in seeds}
    start = RESAMPLES
    for draws in further_draws(next(iter(groups.values())).known[0].count, more):
        end = start + len(draws)
        further = {place: each.resampled(metric, draws)[1] for place, each in groups.items()}
        for a, b in pairs:
            by_seed = further[a] - further[b]
            counted[a, b] += sides(np.einsum("rs,sr->r", weights[len(by_seed)][start:end], by_seed))
        start = end
    return counted


def _worths(experiment: Experiment, key: str, cells: Mapping[_Place, _Cells]) -> Iterable[WorthOf]:
    baseline = _baseline(experiment, key)
    for model in (each.called for each in experiment.models):
        points = sorted(
            (each.cell.rows, place)
            for place, each in cells.items()
            if each.cell.kind == "curve" and place[:2] == (model, baseline)
        )
        if len(points) < 3:
            continue
        rows = [number for number, _ in points]
        curve = np.array([cells[place].means for _, place in points])
        part = experiment.tasks[key].arms
        for (own, arm, kind, *_), each in cells.items():
            if own != model or arm == baseline or kind not in SIZE_OF:
                continue
            curve_worth = worth(rows, curve, each.means)
            has = set(part[baseline].data) & set(part[arm].data)
            before = rows[-1] if has and kind == "natural" else 0
            besides = each.cell.rows - before
            if besides <= 0 or (has and kind != "natural"):
                continue
            yield WorthOf(
                model,
                arm,
                kind,
                each.cell.rows,
                curve_worth.rows,
                curve_worth.rows.mapped(lambda value: (value - before) / besides),  # noqa: B023
                curve_worth.below,
                curve_worth.above,
            )


def _means(
    resampled: Mapping[tuple[str, str, str], Sequence[tuple[float, Numbers]]],
    parts: int,
    baseline: str,
) -> Iterable[Mean]:
    """Means over tasks, whose test rows are drawn apart from each other."""
    chance = np.random.default_rng(2)
    # The same rows in the same resamples for all arms of a task, so that differences are paired;
    # each task's resamples in an order of its own.
    orders: list[NDArray[np.int64]] = []
    whole: dict[tuple[str, str, str], tuple[float, Numbers]] = {}
    for name, each in resampled.items():
        if len(each) < parts:
            continue
        while len(orders) < len(each):
            orders.append(chance.permutation(len(each[0][1])))
        mixed = [values[orders[at]] for at, (_, values) in enumerate(each)]
        whole[name] = float(np.mean([value for value, _ in each])), np.mean(mixed, axis=0)
    for (model, kind, arm), (value, draws) in whole.items():
        against = None
        if arm != baseline and (first := whole.get((model, kind, baseline))) is not None:
            against = interval(value - first[0], draws - first[1])
        yield Mean(model, kind, arm, interval(value, draws), against)


def _test(material: Material) -> dict[str, Any]:
    held = material.held
    return {
        "name": held.name,
        "digest": held.digest,
        "rows": held.rows,
        "unlabeled": held.unlabeled,
        "decisions": len(held.examples.decisions),
        "labels": labels_of(held.examples.decisions),
    }


def _described(source: Any) -> dict[str, Any]:
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
