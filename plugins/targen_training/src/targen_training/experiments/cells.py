"""Cells of an experiment: planned from what is declared, trained once, kept by what decides them.

A cell is one training and its predictions of the test rows. Its folder is named by a digest of all
that decides it. So an existing cell is not trained again when other parts of the experiment change,
and a changed cell is a new one.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from targen_core.cli.outputs import put_folder
from targen_core.errors import UsageError
from targen_core.outputs import remove, write_file, writing
from targen_core.plugins.registry import Registry
from targen_core.reading.arrays import read_array
from targen_core.reading.files import read_json
from targen_core.text import plural
from targen_training.decisions import require_weighing
from targen_training.experiments.data import Material, Source, digest_of, label_order, numbered
from targen_training.experiments.model import Experiment, Size
from targen_training.mixtures import labelled, mixed
from targen_training.models import Ready, about_task, fitted, ready_trainer, starting_from
from targen_training.styles import Style
from targen_training.trainers import (
    Decision,
    TrainedOutput,
    TrainerOptions,
    TrainingSet,
    Watch,
)

Kind = Literal["labels", "matched", "natural", "curve", "share", "alone", "with"]
SIZE_OF: Mapping[str, Size] = {"labels": "matched", "matched": "matched", "natural": "natural"}
"""The kinds that compare all arms, with the size that an experiment asks for them by."""

_UNLIKE = 0.05  # label shares so far apart decide comparisons (total variation)
_FORMAT = 1
_LARGEST = 16 << 20  # bytes of cell.json
_VALUES = "values.json"  # of each test decision, if an output was learned
_UNFINISHED = ".training-"  # and a cell's key: checkpoints, until the cell is there
BEFORE = "before-"  # and a key: a model that others start from


@dataclass(frozen=True, slots=True)
class Cell:
    """The purpose of one training.

    Attributes:
        task: the part of the experiment.
        model: what is trained, by its name in tables.
        arm: where the rows are from; of a mixture the two arms with "+" between them.
        kind: the group of the cell. It may be the comparison at equal sizes ("labels": of the same
            labels) or at natural ones, a learning curve, or a mixture. Or it has few real rows of
            each label, with and without all synthetic ones.
        rows: how many rows are learned from.
        share: of a mixture, the share of the second arm.
        seed: the seed.
        each: of few real rows, how many of each label.
    """

    task: str
    model: str
    arm: str
    kind: Kind
    rows: int
    seed: int
    share: float = 0.0
    each: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A cell with what it learns, and the digest of all that decides it.

    Attributes:
        cell: what it is for.
        key: the digest of all that decides it.
        data: what is learned.
        train: the digest of what is learned.
        style: how rows are read.
        training: the digest of all that decides the model; cells that share it share the model.
        labels: of a model of several tasks, the labels of this cell's that it learns.
        before: the data for pre-finetuning the model, and the digest of all that decides it; None
            without pre-finetuning.
    """

    cell: Cell
    key: str
    data: TrainingSet
    train: str
    style: Style
    training: str
    labels: tuple[str, ...] = ()
    before: tuple[TrainingSet, str] | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A trained cell.

    Attributes:
        labels: what the model may say, in the order of the scores.
        scores: of each test decision, a score for each; or its value, if an output was learned.
        seconds: of training and prediction.
    """

    labels: tuple[str, ...]
    scores: NDArray[np.float64] | Sequence[Any]
    seconds: float


def ready_models(registry: Registry, experiment: Experiment) -> dict[str, Ready]:
    """The models by their names in tables.

    Raises:
        UnknownName: a trainer is not installed.
        UsageError: an option is invalid, or a trainer that cannot continue a model is to learn some
            data before the rest.
    """
    ready = {}
    for model in experiment.models:
        of = f"{model.trainer} (model {model.called})"
        found = ready_trainer(registry, model.trainer, model.options, of=of)
        if experiment.before and "model" not in found.trainer.options.model_fields:
            raise UsageError(
                f"model {model.called} always starts from scratch, so it cannot be trained on the "
                "rows of `before` first",
                hint="use a pretrained model, such as encoder,model=all-MiniLM-L6-v2",
            )
        ready[model.called] = found
    if len({each.trainer.output and each.trainer.output.name for each in ready.values()}) > 1:
        raise UsageError(
            f"the models {', '.join(ready)} learn different things from a row",
            hint="compare only models that learn its output, or only models that learn its label",
        )
    if output_of(ready) is not None and (experiment.together or experiment.before):
        raise UsageError(
            "models that learn an output cannot be combined with `together` or `before`"
        )
    return ready


def output_of(models: Mapping[str, Ready]) -> TrainedOutput | None:
    """Return the output that the models of an experiment learn in place of labels."""
    return next(iter(models.values())).trainer.output


def plan_cells(
    experiment: Experiment,
    materials: Mapping[str, Material],
    models: Mapping[str, Ready],
    sets: Mapping[str, Mapping[str, Sequence[Source]]] | None = None,
) -> tuple[list[Plan], list[str]]:
    """All cells in the order in which they are trained, and why some are left out.

    Raises:
        UsageError: a model cannot learn from some rows.
    """
    if experiment.together:
        note = (
            "One model learns all tasks of an arm, so a task's score also depends on the rows of "
            "other tasks. Numbers of rows are those of each task."
        )
        weighed = list(_weighed(materials, models, ()))
        return list(_together(experiment, materials, models)), [note, *weighed]
    plans: list[Plan] = []
    left: list[str] = []
    begun = _Begun(experiment, models, sets or {})
    weighed = list(_weighed(materials, models, begun.sources))
    for key, material in materials.items():
        for seed in experiment.seeds:
            for cell_of in _cells(experiment, key, material, seed):
                decisions = cell_of.decisions
                labels = label_order(material, decisions)
                cell = cell_of.cell
                if material.output is not None:
                    labels = ()
                elif len(labels) < 2:
                    rows = plural(cell.rows, "row")
                    said = f"{key}, {cell.arm}, {rows}, seed {seed}: only one label"
                    if cell.kind in SIZE_OF:
                        raise UsageError(f"{said}, so a model cannot learn from these rows")
                    left.append(said)
                    continue
                train = digest_of(decisions)
                named = experiment.tasks[key].models
                arm = experiment.tasks[key].arms[cell_of.arms[0]]
                style = arm.style
                for model in experiment.models:
                    name, ready = model.called, models[model.called]
                    if SIZE_OF.get(cell.kind, model.sizes[0]) not in model.sizes:
                        continue
                    if named and name not in named:
                        continue
                    data = TrainingSet(decisions, labels, seed)
                    own = replace(cell, model=name)
                    before = begun.on(arm.before, name, seed) if arm.before else None
                    tested = material.held.digests[style]
                    digest = _key(ready, data, train, tested, before[1] if before else "")
                    plans.append(Plan(own, digest, data, train, style, digest, (), before))
    return plans, [*begun.said, *weighed, *left]


def _weighed(
    materials: Mapping[str, Material], models: Mapping[str, Ready], before: Sequence[Source]
) -> Iterator[str]:
    """Yield remarks on arms whose rows have weights.

    Raises:
        UsageError: a model ignores weights.
    """
    places = [(f"{key}, {arm}", of) for key, m in materials.items() for arm, of in m.arms.items()]
    for said, sources in [*places, ("before", before)]:
        for source in sources:
            decisions = [decision for unit in source.units for decision in unit]
            require_weighing({name: ready.trainer for name, ready in models.items()}, decisions)
            if not source.dataset.weights:
                continue
            mean = sum(decision.weight for decision in decisions) / max(1, len(decisions))
            left = (
                f"; {plural(source.weightless, 'row')} with weight 0 omitted"
                if source.weightless
                else ""
            )
            yield f"{said}: rows of {source.name} are weighted; mean weight {mean:.2f}{left}"


class _Begun:
    """Data for pre-finetuning models: as many rows per task from every set.

    Attributes:
        said: remarks on the data.
        sources: all that they are pre-finetuned on.
    """

    def __init__(
        self,
        experiment: Experiment,
        models: Mapping[str, Ready],
        sets: Mapping[str, Mapping[str, Sequence[Source]]],
    ) -> None:
        """Count what each task of the sets has."""
        self._models, self._sets = models, sets
        self.sources = [source for of in sets.values() for each in of.values() for source in each]
        self._units: dict[str, int] = {}
        for tasks in sets.values():
            for task, sources in tasks.items():
                have = sum(len(source.units) for source in sources)
                if experiment.at_most:
                    have = min(have, max(1, experiment.at_most // sources[0].size))
                self._units[task] = min(have, self._units.get(task, have))
        self._drawn: dict[tuple[str, int], tuple[TrainingSet, str]] = {}
        self.said = [
            f"Pre-finetuned on {name}: "
            + ", ".join(
                f"{task} {self._units[task] * of[0].size:,} rows" for task, of in tasks.items()
            )
            for name, tasks in sets.items()
        ]

    def on(self, name: str, model: str, seed: int) -> tuple[TrainingSet, str]:
        """A set as a seed draws it, and the digest of all that decides the model that learns it."""
        if (name, seed) not in self._drawn:
            known, labels = {}, []
            for task, sources in self._sets[name].items():
                units = [unit for source in sources for unit in source.order(seed)]
                if len(sources) > 1:
                    random.Random(f"{seed}/{name}/{task}").shuffle(units)
                known[task] = numbered(units[: self._units[task]])
                own = sorted({decision.label for decision in known[task]})
                labels += [labelled(task, label) for label in own]
            decisions = mixed(known, "proportional", temperature=1.0, seed=seed)
            data = TrainingSet(decisions, tuple(labels), seed)
            self._drawn[name, seed] = data, digest_of(decisions)
        data, train = self._drawn[name, seed]
        return data, _key(self._models[model], data, train, "")


def _together(
    experiment: Experiment, materials: Mapping[str, Material], models: Mapping[str, Ready]
) -> Iterator[Plan]:
    """The cells of models that learn all tasks at once: for each task one, of the same model.

    Raises:
        UsageError: two parts have the same task, or a task has only one label.
    """
    tasks = [material.task for material in materials.values()]
    if twice := [task for task in tasks if tasks.count(task) > 1]:
        raise UsageError(
            f"two parts contain rows of {twice[0]}, which one model cannot tell apart",
            hint="with together, include each task only once",
        )
    first = next(iter(experiment.tasks.values()))
    for seed in experiment.seeds:
        drawn = {
            key: {
                (each.cell.arm, each.cell.kind): each
                for each in _cells(experiment, key, material, seed)
            }
            for key, material in materials.items()
        }
        for place in next(iter(drawn.values())):
            arm, kind = place
            if not all(place in of_part for of_part in drawn.values()):
                continue  # only some tasks' arms differ in their labels
            known = {m.task: drawn[key][place].decisions for key, m in materials.items()}
            own = {m.task: label_order(m, known[m.task]) for m in materials.values()}
            for task, labels in own.items():
                if len(labels) < 2:
                    raise UsageError(f"{task}, {arm}, seed {seed}: only one label")
            decisions = mixed(known, "proportional", temperature=1.0, seed=seed)
            names = tuple(labelled(task, each) for task in own for each in own[task])
            train, style = digest_of(decisions), first.arms[arm].style
            for model in experiment.models:
                name, ready = model.called, models[model.called]
                if SIZE_OF[kind] not in model.sizes:
                    continue
                data = TrainingSet(decisions, names, seed)
                training = _key(ready, data, train, "")
                for key, material in materials.items():
                    rows = drawn[key][place].cell.rows
                    test = f"{material.task} {material.held.digests[style]}"
                    yield Plan(
                        Cell(key, name, arm, kind, rows, seed),
                        _key(ready, data, train, test),
                        data,
                        train,
                        style,
                        training,
                        own[material.task],
                    )


def _key(ready: Ready, data: TrainingSet, train: str, test: str, before: str = "") -> str:
    facts = {
        "format": _FORMAT,
        "trainer": ready.item.id,
        "version": ready.trainer.version,
        "options": ready.options.model_dump(mode="json"),
        "seed": data.seed,
        "labels": data.labels,
        "train": train,
        "test": test,
        **({"before": before} if before else {}),
    }
    text = json.dumps(facts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class _Drawn:
    cell: Cell
    decisions: list[Decision]
    arms: tuple[str, ...]


def _cells(experiment: Experiment, key: str, material: Material, seed: int) -> Iterator[_Drawn]:
    size = material.held.size
    have = {arm: material.available(arm) for arm in material.arms}
    min_rows = min(have.values())
    if experiment.at_most:
        min_rows = min(min_rows, max(1, experiment.at_most // size))
    labels = _common(material)
    pair = experiment.mixture or mixable(experiment, key)

    def drawn(
        arm: str, kind: Kind, decisions: list[Decision], share: float = 0.0, each: int = 0
    ) -> _Drawn:
        rows = len({decision.row for decision in decisions})
        arms = (arm,) if arm in material.arms else tuple(pair or ())
        return _Drawn(Cell(key, "", arm, kind, rows, seed, share, each), decisions, arms)

    alike = experiment.match == "labels" or (
        experiment.match == "auto" and material.unlike >= _UNLIKE and _all_have(material)
    )

    for arm in material.arms:
        if "matched" in experiment.sizes:
            if alike:
                yield drawn(arm, "labels", material.matched(arm, labels, seed))
            if experiment.match != "labels":
                yield drawn(arm, "matched", material.drawn(arm, min_rows, seed))
        if "natural" in experiment.sizes:
            yield drawn(arm, "natural", material.drawn(arm, None, seed))
        for rows in experiment.rows:
            units = have[arm] if rows == "all" else max(1, rows // size)
            if units <= have[arm] and (rows != "all" or units * size not in experiment.rows):
                yield drawn(arm, "curve", material.drawn(arm, units, seed))
    if experiment.shares and pair is not None:
        one, other = (material.arms[arm] for arm in pair)
        units = min(sum(len(s.units) for s in one), sum(len(s.units) for s in other))
        for share in experiment.shares:
            theirs = round(share * units)
            yield drawn(
                "+".join(pair),
                "share",
                material.mixed([(one[0], units - theirs), (other[0], theirs)], seed),
                share,
            )

    if experiment.per_label and pair is not None:
        real, synthetic = pair
        most = max(material.counts(real).values())
        rest = [unit for source in material.arms[synthetic] for unit in source.units]
        for each in dict.fromkeys(min(each, most) for each in experiment.per_label):
            some = material.each(real, each, seed)
            if some:
                yield drawn(real, "alone", numbered(some), each=each)
            yield drawn(f"{real}+{synthetic}", "with", numbered([*some, *rest]), each=each)


def too_large(experiment: Experiment, key: str, material: Material) -> Iterator[str]:
    """Yield a remark for each curve with sizes for which there are too few rows."""
    pair = experiment.mixture or mixable(experiment, key)
    if experiment.per_label and pair is not None:
        most = max(material.counts(pair[0]).values())
        if experiment.per_label[-1] > most:
            yield (
                f"{key}: the curve ends at {most:,} instead of {experiment.per_label[-1]:,}, "
                f"because {pair[0]} has at most {most:,} per label"
            )
    most = max(map(material.available, material.arms)) * material.held.size
    if beyond := [f"{rows:,}" for rows in experiment.rows if rows != "all" and rows > most]:
        yield (
            f"{key}: the learning curve does not show {', '.join(beyond)}, because the largest "
            f"arm has {plural(most, 'row')}"
        )


def mixable(experiment: Experiment, key: str) -> tuple[str, str] | None:
    """The first two arms of a part that are one dataset each."""
    arms = experiment.tasks[key].arms
    single = [name for name, arm in arms.items() if len(arm.data) <= 1]
    return (single[0], single[1]) if len(single) > 1 else None


def _all_have(material: Material) -> bool:
    """Return whether all arms have the same labels, so that equal draws lose no label."""
    return len({frozenset(material.counts(arm)) for arm in material.arms}) == 1


def _common(material: Material) -> dict[str, int]:
    """Return for each label the count in the arm with the fewest."""
    counts = [material.counts(arm) for arm in material.arms]
    labels = dict.fromkeys(label for each in counts for label in each)
    common = {label: min(each.get(label, 0) for each in counts) for label in labels}
    return {label: count for label, count in common.items() if count}


def run_cells(
    plans: Sequence[Plan],
    ready: Ready,
    materials: Mapping[str, Material],
    folder: Path,
    *,
    keep: bool = False,
    watch: Watch | None = None,
) -> dict[str, Done]:
    """Train the model of cells and write a folder for each, whole or not at all.

    Checkpoints of a stopped training remain, and the same training continues from them.

    Args:
        plans: the cells, whose model is one.
        ready: what is trained.
        materials: the test rows, by part.
        folder: where cells are.
        keep: also keep the model.
        watch: whom to tell how the training goes.

    Raises:
        WriteFailed: the operating system refuses.
        TargenError: the training failed.
    """
    started = time.perf_counter()
    made: dict[str, Done] = {}
    watch = watch or Watch()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _places(folder, plans[0].training) as (work, checkpoints):
            data = replace(plans[0].data, checkpoints=checkpoints, watch=watch)
            begun = replace(ready, options=_started(plans[0], ready, folder, watch))
            whole, answers = fitted(begun, data, work / "model")
            for plan in plans:
                material = materials[plan.cell.task]
                predict, labels = whole, answers
                if plan.labels:
                    predict, labels = about_task(whole, answers, material.task, plan.labels)
                said = predict(material.held.styled[plan.style])
                scores = np.array(said, dtype=np.float64) if material.output is None else said
                seconds = round(time.perf_counter() - started, 3)
                made[plan.key] = Done(labels, scores, seconds)
                _write_cell(work, plan, ready, material, made[plan.key], folder, keep=keep)
    return made


@contextmanager
def _places(folder: Path, training: str) -> Iterator[tuple[Path, Path]]:
    """Where a training works, `model` in it, and where it keeps checkpoints.

    Those outlive a training that is stopped.
    """
    checkpoints = folder / f"{_UNFINISHED}{training}"
    work = Path(tempfile.mkdtemp(prefix=".cell-", dir=folder))
    try:
        (work / "model").mkdir()
        checkpoints.mkdir(exist_ok=True)
        yield work, checkpoints
        remove(checkpoints)
    finally:
        remove(work)


def _started(plan: Plan, ready: Ready, folder: Path, watch: Watch) -> TrainerOptions:
    """The options of a training, which starts from the model of what is learned before it.

    That model is trained once, for all cells that start from it.
    """
    if plan.before is None:
        return ready.options
    data, key = plan.before
    there = folder / f"{BEFORE}{key}"
    if not there.exists():
        with _places(folder, key) as (work, checkpoints):
            data = replace(data, checkpoints=checkpoints, watch=watch)
            fitted(ready, data, work / "model")
            put_folder(work / "model", there)
    return ready.options.model_copy(update=starting_from(type(ready.options), there))


def _write_cell(
    work: Path,
    plan: Plan,
    ready: Ready,
    material: Material,
    done: Done,
    folder: Path,
    *,
    keep: bool,
) -> None:
    """Write a cell into a folder of its own, and let it take its place."""
    own = work / plan.key
    own.mkdir()
    if material.output is None:
        np.save(own / "scores.npy", done.scores)
    else:
        write_file(own / _VALUES, json.dumps(done.scores, ensure_ascii=False))
    facts = {
        "format": _FORMAT,
        "key": plan.key,
        "trainer": ready.item.id,
        "trainer_version": ready.trainer.version,
        "options": ready.options.model_dump(mode="json"),
        "seed": plan.data.seed,
        "task": material.task,
        "labels": list(done.labels),
        "arm": plan.cell.arm,
        "rows": plan.cell.rows,
        "decisions": len(plan.data.decisions),
        "train_digest": plan.train,
        "test": material.held.name,
        "style": plan.style,
        "test_digest": material.held.digests[plan.style],
        **({"before": plan.before[1]} if plan.before else {}),
        "seconds": done.seconds,
    }
    text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    write_file(own / "cell.json", text)
    if keep:
        shutil.copytree(work / "model", own / "model")
    put_folder(own, folder / plan.key)  # a damaged one may lie there


def done(plan: Plan, material: Material, folder: Path) -> Done | None:
    """Return a cell that was trained before; None if it is missing or damaged."""
    there = folder / plan.key
    try:
        facts = read_json(there / "cell.json", inside=folder)
        labels = tuple(map(str, facts["labels"]))
        if facts["format"] != _FORMAT or facts["key"] != plan.key:
            return None
        if material.output is not None:
            values = list(read_json(there / _VALUES, inside=folder))
            if len(values) != len(material.held.examples.decisions):
                return None
            return Done(labels, values, float(facts["seconds"]))
        scores = read_array(there / "scores.npy", inside=folder)
        if scores.shape != (len(material.held.examples.decisions), len(labels)):
            return None
        return Done(labels, scores.astype(np.float64), float(facts["seconds"]))
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def sweep(folder: Path, kept: Collection[str]) -> None:
    """Remove files of killed trainings, except for checkpoints of wanted cells."""
    for path in folder.glob(".cell-*"):
        remove(path)
    for path in folder.glob(f"{_UNFINISHED}*"):
        if path.name.removeprefix(_UNFINISHED) not in kept or not any(path.iterdir()):
            remove(path)
