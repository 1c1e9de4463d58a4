"""Training rows of an arm: read, kept apart from the test rows, and drawn by seed."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

from targen_core import Task, read_dataset
from targen_core.dataset.fitting import require_texts
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.origin import Typed
from targen_core.plugins.registry import Registry
from targen_core.tasks.parts import RIGHT
from targen_standard.examples.shown import examples_among
from targen_standard.filters.near_duplicates.index import repeats
from targen_training.asked import names_its_task, read_rows
from targen_training.decisions import decisions_of, label_order, shared_label
from targen_training.experiments.model import Experiment
from targen_training.slices import Examples, joined
from targen_training.trainers import Decision, Style, TrainedOutput

Unit = tuple[Decision, ...]
"""The decisions of an instance, which stay together."""

_NEAR = 90  # similarity from which a training row is left out as near a test row


@dataclass(frozen=True)
class Source:
    """A dataset that is learned from.

    Attributes:
        name: what it is called.
        digest: of its rows, as they were read.
        units: its instances that have a label and are kept apart from the test rows.
        size: rows of an instance.
        same: rows that are also in the test set.
        near: rows that nearly are.
        unlabeled: rows without a label.
        shown: test rows that the run had as examples.
        dataset: as it was read.
        weightless: rows of weight 0, which are left out.
    """

    name: str
    digest: str
    units: Sequence[Unit]
    size: int
    same: int
    near: int
    unlabeled: int
    dataset: Dataset = field(repr=False, compare=False)
    weightless: int = 0
    shown: int = 0

    @property
    def labels(self) -> dict[str, int]:
        """Instances by label, the commonest first; under "" those that hold several."""
        return dict(Counter(label_of(unit) for unit in self.units).most_common())

    def order(self, seed: int) -> list[Unit]:
        """Return the units in the order of a seed; a smaller draw is the first of them.

        Labels come in their shares all along, so that few rows also have them.
        """
        chance = random.Random(f"{seed}/{self.digest}")
        by_label: dict[str, list[Unit]] = {}
        for unit in self.units:
            by_label.setdefault(label_of(unit), []).append(unit)
        placed = []
        for label in sorted(by_label):
            units = by_label[label]
            chance.shuffle(units)
            shift = chance.random()
            placed += [((at + shift) / len(units), unit) for at, unit in enumerate(units)]
        placed.sort(key=lambda each: each[0])
        return [unit for _, unit in placed]


@dataclass(frozen=True)
class Held:
    """The test rows of a part.

    Attributes:
        examples: their labelled decisions.
        styled: the same, as read in each style of the arms.
        size: rows of an instance.
        unlabeled: rows without a label, which are left out.
    """

    examples: Examples
    styled: Mapping[Style, Sequence[Decision]]
    size: int
    unlabeled: int

    @cached_property
    def digests(self) -> dict[Style, str]:
        """Return the digests of the decisions in each style."""
        return {style: digest_of(decisions) for style, decisions in self.styled.items()}

    @property
    def name(self) -> str:
        """Return its name."""
        return " + ".join(dataset.name for dataset in self.examples.datasets)

    @property
    def rows(self) -> int:
        """Its rows that have a label."""
        return len({decision.row for decision in self.examples.decisions})


@dataclass(frozen=True)
class Material:
    """The data of a part of an experiment.

    Attributes:
        task: whose rows they are.
        held: the test rows.
        arms: name -> what is learned from, a source each.
        labels: of the task, in its order.
        output: what is learned in place of labels.
    """

    task: str
    held: Held
    arms: Mapping[str, Sequence[Source]]
    labels: Sequence[str]
    output: TrainedOutput | None = None

    def available(self, arm: str) -> int:
        """Instances that an arm has."""
        return sum(len(source.units) for source in self.arms[arm])

    def drawn(self, arm: str, units: int | None, seed: int) -> list[Decision]:
        """So many instances of an arm, in equal parts of its datasets if they suffice.

        All of them are in the order of the datasets, whatever the seed.
        """
        sources = self.arms[arm]
        if units is None or units >= self.available(arm):
            return numbered([unit for source in sources for unit in source.units])
        counts = _parts(units, [len(source.units) for source in sources])
        parts = zip(sources, counts, strict=True)
        return numbered([unit for each, count in parts for unit in each.order(seed)[:count]])

    def matched(self, arm: str, counts: Mapping[str, int], seed: int) -> list[Decision]:
        """So many instances of each label, in equal parts of an arm's datasets."""
        orders = [source.order(seed) for source in self.arms[arm]]
        drawn: list[Unit] = []
        for label, count in counts.items():
            of = [[unit for unit in order if label_of(unit) == label] for order in orders]
            parts = _parts(count, [len(each) for each in of])
            drawn += [unit for each, part in zip(of, parts, strict=True) for unit in each[:part]]
        return numbered(drawn)

    def each(self, arm: str, count: int, seed: int) -> list[Unit]:
        """So many instances of each label of an arm, or all that it has of one."""
        left: dict[str, int] = {}
        drawn = []
        for source in self.arms[arm]:
            for unit in source.order(seed):
                if left.setdefault(label_of(unit), count) > 0:
                    left[label_of(unit)] -= 1
                    drawn.append(unit)
        return drawn

    @property
    def unlike(self) -> float:
        """Return the largest distance of two arms' label shares, 0 to 1 (total variation)."""
        shares = []
        for arm in self.arms:
            counts = self.counts(arm)
            whole = sum(counts.values())
            shares.append({label: count / whole for label, count in counts.items()})
        return max(
            (
                sum(abs(one.get(x, 0) - other.get(x, 0)) for x in {*one, *other}) / 2
                for one, other in combinations(shares, 2)
            ),
            default=0.0,
        )

    def counts(self, arm: str) -> dict[str, int]:
        """Instances of an arm by label."""
        counts: Counter[str] = Counter()
        for source in self.arms[arm]:
            counts.update(source.labels)
        return dict(counts)


def label_of(unit: Unit) -> str:
    """The label of an instance; "" of one that holds several decisions of several labels."""
    labels = {decision.label for decision in unit}
    return next(iter(labels)) if len(labels) == 1 else ""


def labels_of(decisions: Sequence[Decision]) -> dict[str, int]:
    """Count decisions by label, or questions that all have the same options by the right one."""
    options: dict[tuple[int, int], set[str]] = {}
    for decision in decisions:
        options.setdefault((decision.row, decision.question), set()).add(decision.option)
    right = [each.option for each in decisions if each.option and each.label == RIGHT]
    if len(right) == len(options) and all(each == {*right} for each in options.values()):
        return dict(Counter(right).most_common())
    return dict(Counter(decision.label for decision in decisions).most_common())


def numbered(units: Sequence[Unit]) -> list[Decision]:
    """Return the decisions of drawn units, with new row numbers."""
    decisions: list[Decision] = []
    row = 0
    for unit in units:
        places = {old: row + at for at, old in enumerate(dict.fromkeys(d.row for d in unit))}
        decisions += [replace(decision, row=places[decision.row]) for decision in unit]
        row += len(places)
    return decisions


def _parts(total: int, available: Sequence[int]) -> list[int]:
    """A total in equal parts of what there is; what one lacks the others give."""
    counts = [0] * len(available)
    for _ in range(min(total, sum(available))):
        open_ = [at for at, count in enumerate(counts) if count < available[at]]
        counts[min(open_, key=lambda at: counts[at])] += 1
    return counts


def digest_of(decisions: Sequence[Decision]) -> str:
    """SHA-256 of what decisions say, in their order."""
    known = hashlib.sha256()
    for each in decisions:
        words = [each.label, str(each.row), str(each.question)]
        words += [part for pair in each.texts.items() for part in pair]
        if each.asked is not None:
            words += [each.option, each.asked.prompt, each.asked.answer]
            words += [part for pair in each.asked.legal.items() for part in pair]
        if each.value is not None:
            words += ["value", json.dumps(each.value, sort_keys=True)]
        words += ["weight", repr(each.weight)]
        for word in words:
            text = word.encode("utf-8", "surrogatepass")
            known.update(len(text).to_bytes(8, "little") + text)
    return known.hexdigest()


class NothingToLearn(UsageError):
    """The rows of `arm` cannot train a model, because of `reason`."""

    def __init__(self, arm: str, where: str, reason: str, *, hint: str) -> None:
        super().__init__(f"{where}: {reason}", hint=hint)
        self.arm = arm
        self.reason = reason


def read_material(
    registry: Registry,
    experiment: Experiment,
    key: str,
    made: Mapping[str, Path] | None,
    output: TrainedOutput | None = None,
    *,
    warns: bool = True,
) -> Material:
    """The rows of a part of an experiment.

    Args:
        registry: finds the task.
        experiment: the whole experiment.
        key: the part.
        made: arms that were generated -> their run directories; with None, arms that are generated
            are left out.
        output: what the models learn in place of labels.
        warns: whether to name bad rows, which are left out.

    Raises:
        UsageError: rows cannot be read, or cannot serve for training or testing.
    """
    part, task = experiment.tasks[key], task_for(registry, experiment.task_of(key))
    whose = registry.find("task", task).id if isinstance(task, str) else ""
    encoding = experiment.encoding
    tests = [
        read_rows(registry, source, task, strict=True, encoding=encoding) for source in part.test
    ]
    name = tests[0].task.name
    styles: list[Style] = list(dict.fromkeys(["plain", *(a.style for a in part.arms.values())]))
    examples = _read_as("plain", tests, False, output)
    if not examples.decisions:
        raise UsageError(
            f"{' + '.join(one.name for one in tests)}: none of the test rows have a label",
            hint="test on labelled rows, such as a validation split; the test files in "
            "SuperGLUE do not have labels",
        )
    size = tests[0].task.rows_per_instance
    held = Held(
        examples,
        {style: _read_as(style, tests, experiment.together, output).decisions for style in styles},
        size,
        sum(map(len, tests)) - len({decision.row for decision in examples.decisions}),
    )
    read: dict[tuple[str, str], Source] = {}
    arms: dict[str, list[Source]] = {}
    for arm, declared in part.arms.items():
        if made is None and not declared.data:
            continue
        arms[arm] = []
        for source in declared.data or (Typed((made or {})[arm]),):
            place = (source, declared.style)
            if place not in read:
                # A run of another task says itself which: called the same, or made from this one.
                own = None if declared.task else task
                usual = experiment.task_of(key)
                dataset = read_rows(registry, source, own, usual, warns=warns, encoding=encoding)
                if dataset.task.name != name and whose not in dataset.task.about.based_on:
                    raise UsageError(
                        f"{source} contains rows of {dataset.task.name}, but the test rows belong "
                        f"to {name}",
                        hint="compare rows of the same task",
                    )
                require_texts(source, dataset.task, tests[0].task)
                style = declared.style
                read[place] = _source(
                    arm, dataset, tests, style, named=experiment.together, output=output
                )
            arms[arm].append(read[place])
        if output is None:
            _check(arm, arms[arm])
    labels = [label.name for label in tests[0].task.labels]
    return Material(name, held, arms, labels, output)


def task_for(registry: Registry, said: str) -> Task[Any, Any] | str:
    """Return what finds a task: its name or file, or the task of a folder of rows."""
    if names_its_task(said):
        return read_dataset(said, registry=registry, strict=False).task
    return said


def _read_as(
    style: Style, datasets: Sequence[Dataset], named: bool, output: TrainedOutput | None
) -> Examples:
    """The labelled decisions of datasets."""
    every = [decisions_of(one, style, named=named, output=output) for one in datasets]
    known = [[each for each in decisions if each.label] for decisions in every]
    return joined(datasets, known)


def _source(
    arm: str,
    dataset: Dataset,
    tests: Sequence[Dataset],
    style: Style,
    *,
    named: bool,
    output: TrainedOutput | None,
) -> Source:
    size = dataset.task.rows_per_instance
    same = {at for test in tests for at in repeats(dataset, test, 100)}
    near = {at for test in tests for at in repeats(dataset, test, _NEAR)} - same
    out = {at // size for at in same | near}
    units: dict[int, list[Decision]] = {}
    unlabeled: set[int] = set()
    weightless: set[int] = set()
    for decision in decisions_of(dataset, style, named=named, output=output):
        if not decision.weight:
            weightless.add(decision.row)
        elif decision.label:
            units.setdefault(decision.row // size, []).append(decision)
        else:
            unlabeled.add(decision.row)
    kept = [tuple(unit) for at, unit in units.items() if at not in out]
    if units and not kept:
        raise NothingToLearn(
            arm,
            dataset.name,
            f"all {len(dataset):,} rows, or near copies of them, are also in the test set",
            hint="train on other rows",
        )
    return Source(
        dataset.name,
        dataset.digest,
        kept,
        size,
        len(same),
        len(near),
        len(unlabeled),
        dataset,
        len(weightless),
        sum(examples_among(dataset.run, dataset.task, test.texts) for test in tests),
    )


def _check(arm: str, sources: Sequence[Source]) -> None:
    """Check that there is something to learn in an arm.

    Raises:
        NothingToLearn: there are not two labels.
    """
    labels = label_order((), (d for source in sources for unit in source.units for d in unit))
    if len(labels) < 2:
        said = shared_label(labels)
        if out := sum(source.same + source.near for source in sources):
            said += f", not counting {out:,} that the test set contains, exactly or nearly"
        names = ", ".join(source.name for source in sources)
        raise NothingToLearn(
            arm,
            f"arm {arm} ({names})",
            f"a model needs at least two labels, but {said}",
            hint="train on rows that together have at least two different labels",
        )
