"""Cells of an experiment: planned from what is declared, trained once, kept by what decides them.

A cell is one training and its predictions of the test rows. Its folder is named by a digest of all
that decides it. So an existing cell is not trained again when other parts of the experiment change,
and a changed cell is a new one.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from targen_core.cli.outputs import put_folder
from targen_core.errors import UsageError
from targen_core.outputs import remove, write_file, writing
from targen_core.plugins.registry import Registry
from targen_core.reading.files import read_json
from targen_core.text import plural
from targen_training.decisions import label_order, require_weighing
from targen_training.experiments.data import Material, digest_of, numbered
from targen_training.experiments.model import Experiment, ModelChoice, Size
from targen_training.mixtures import labelled, mixed
from targen_training.models import Ready, about_task, fitted, ready_trainer
from targen_training.trainers import Decision, Style, TrainedOutput, TrainingSet, Watch

Kind = Literal["labels", "matched", "natural", "curve", "alone", "with"]
SIZE_OF: Mapping[str, Size] = {"labels": "matched", "matched": "matched", "natural": "natural"}
"""The kinds that compare all arms, with the size that an experiment asks for them by."""

_UNLIKE = 0.05  # label shares so far apart decide comparisons (total variation)
_FORMAT = 1
_LARGEST = 256 << 20  # bytes of a cell's file
_UNFINISHED = ".training-"  # and a cell's key: checkpoints, until the cell is there


@dataclass(frozen=True, slots=True)
class Cell:
    """The purpose of one training.

    Attributes:
        task: the part of the experiment.
        model: what is trained, by its name in tables.
        arm: where the rows are from.
        kind: the comparison at equal sizes ("labels": of the same labels) or at natural ones. Or a
            learning curve, or few real rows of each label, alone and with all synthetic ones.
        rows: how many rows are learned from.
        seed: the seed.
        each: of few real rows, how many of each label.
    """

    task: str
    model: str
    arm: str
    kind: Kind
    rows: int
    seed: int
    each: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A cell with what it learns.

    Attributes:
        cell: what it is for.
        key: the digest of all that decides it.
        data: what is learned.
        style: how rows are read.
        training: the digest of all that decides the model; cells that share it share the model.
        labels: of a model of several tasks, the labels of this cell's that it learns.
    """

    cell: Cell
    key: str
    data: TrainingSet
    style: Style
    training: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """A trained cell.

    Attributes:
        labels: what the model may say, in the order of the scores.
        scores: of each test decision, a score for each; or its value, if an output was learned.
    """

    labels: tuple[str, ...]
    scores: Sequence[Any]


def ready_models(registry: Registry, experiment: Experiment) -> dict[str, Ready]:
    """The models by their names in tables.

    Raises:
        UnknownName: a trainer is not installed.
        UsageError: an option is invalid, or models learn different things.
    """
    ready = {
        model.called: ready_trainer(
            registry, model.trainer, model.options, of=f"{model.trainer} (model {model.called})"
        )
        for model in experiment.models
    }
    if len({each.trainer.output and each.trainer.output.name for each in ready.values()}) > 1:
        raise UsageError(
            f"the models {', '.join(ready)} learn different things from a row",
            hint="compare only models that learn its output, or only models that learn its label",
        )
    if experiment.together and output_of(ready) is not None:
        raise UsageError("models that learn an output cannot be combined with `together`")
    return ready


def output_of(models: Mapping[str, Ready]) -> TrainedOutput | None:
    """Return the output that the models of an experiment learn in place of labels."""
    return next(iter(models.values())).trainer.output


def plan_cells(
    experiment: Experiment, materials: Mapping[str, Material], models: Mapping[str, Ready]
) -> tuple[list[Plan], list[str]]:
    """All cells in the order in which they are trained, and remarks, such as why some are left out.

    Raises:
        UsageError: a model cannot learn from some rows.
    """
    notes = list(_weighted(materials, models))
    if experiment.together:
        notes.insert(
            0,
            "One model learns all tasks of an arm, so a task's score also depends on the rows of "
            "other tasks. Numbers of rows are those of each task.",
        )
        return list(_together(experiment, materials, models)), notes
    plans: list[Plan] = []
    for key, material in materials.items():
        for seed in experiment.seeds:
            for cell, decisions in _cells(experiment, key, material, seed):
                labels = label_order(material.labels, decisions)
                if material.output is not None:
                    labels = ()
                elif len(labels) < 2:
                    place = f"{key}, {cell.arm}, {plural(cell.rows, 'row')}, seed {seed}"
                    if cell.kind in SIZE_OF:
                        raise UsageError(
                            f"{place}: only one label, so a model cannot learn from these rows"
                        )
                    notes.append(f"{place}: only one label")
                    continue
                train, style = digest_of(decisions), _style(experiment, key, cell)
                data = TrainingSet(decisions, labels, seed)
                for model in _trained_at(experiment, cell.kind):
                    ready = models[model.called]
                    digest = _key(ready, data, train, material.held.digests[style])
                    own = replace(cell, model=model.called)
                    plans.append(Plan(own, digest, data, style, digest))
    return plans, notes


def _style(experiment: Experiment, key: str, cell: Cell) -> Style:
    arms = experiment.tasks[key].arms
    return arms[cell.arm if cell.arm in arms else next(iter(arms))].style


def _trained_at(experiment: Experiment, kind: Kind) -> list[ModelChoice]:
    """Return the models that are trained on cells of a kind."""
    return [m for m in experiment.models if SIZE_OF.get(kind, m.sizes[0]) in m.sizes]


def _weighted(materials: Mapping[str, Material], models: Mapping[str, Ready]) -> Iterator[str]:
    """Yield remarks on arms whose rows have weights.

    Raises:
        UsageError: a model ignores weights.
    """
    trainers = {name: ready.trainer for name, ready in models.items()}
    for key, material in materials.items():
        for arm, sources in material.arms.items():
            for source in sources:
                decisions = [decision for unit in source.units for decision in unit]
                require_weighing(trainers, decisions)
                if source.dataset.weights:
                    mean = sum(each.weight for each in decisions) / max(1, len(decisions))
                    omitted = (
                        f"; {plural(source.weightless, 'row')} with weight 0 omitted"
                        if source.weightless
                        else ""
                    )
                    yield (
                        f"{key}, {arm}: rows of {source.name} are weighted; mean weight "
                        f"{mean:.2f}{omitted}"
                    )


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
    for seed in experiment.seeds:
        drawn = {
            key: {
                (cell.arm, cell.kind): (cell, decisions)
                for cell, decisions in _cells(experiment, key, material, seed)
            }
            for key, material in materials.items()
        }
        for place in next(iter(drawn.values())):
            known = {m.task: drawn[key][place][1] for key, m in materials.items()}
            own = {m.task: label_order(m.labels, known[m.task]) for m in materials.values()}
            for task, labels in own.items():
                if len(labels) < 2:
                    raise UsageError(f"{task}, {place[0]}, seed {seed}: only one label")
            decisions = mixed(known)
            names = tuple(labelled(task, each) for task in own for each in own[task])
            data, train = TrainingSet(decisions, names, seed), digest_of(decisions)
            for model in _trained_at(experiment, place[1]):
                ready = models[model.called]
                training = _key(ready, data, train, "")
                for key, material in materials.items():
                    cell = replace(drawn[key][place][0], model=model.called)
                    style = _style(experiment, key, cell)
                    test = f"{material.task} {material.held.digests[style]}"
                    digest = _key(ready, data, train, test)
                    yield Plan(cell, digest, data, style, training, own[material.task])


def _key(ready: Ready, data: TrainingSet, train: str, test: str) -> str:
    facts = {
        "format": _FORMAT,
        "trainer": ready.item.id,
        "version": ready.trainer.version,
        "options": ready.options.model_dump(mode="json"),
        "seed": data.seed,
        "labels": data.labels,
        "train": train,
        "test": test,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]


def _cells(
    experiment: Experiment, key: str, material: Material, seed: int
) -> Iterator[tuple[Cell, list[Decision]]]:
    """Yield each cell of a part and a seed, without a model, and what it learns."""
    size = material.held.size
    have = {arm: material.available(arm) for arm in material.arms}
    counts = [material.counts(arm) for arm in material.arms]
    common = {name: min(each.get(name, 0) for each in counts) for of in counts for name in of}
    same_labels = len({frozenset(each) for each in counts}) == 1
    matches_labels = experiment.match == "labels" or (
        experiment.match == "auto"
        and not experiment.together
        and material.unlike >= _UNLIKE
        and same_labels
    )

    # Arms of one size have the same rows at equal sizes and in all; parts of `together` are alike.
    one_size = len({*have.values()}) == 1 and not experiment.together
    is_repeated = one_size and "matched" in experiment.sizes and not matches_labels

    def drawn(
        arm: str, kind: Kind, decisions: list[Decision], each: int = 0
    ) -> tuple[Cell, list[Decision]]:
        rows = len({decision.row for decision in decisions})
        return Cell(key, "", arm, kind, rows, seed, each), decisions

    for arm in material.arms:
        if "matched" in experiment.sizes and matches_labels:
            yield drawn(arm, "labels", material.matched(arm, common, seed))
        elif "matched" in experiment.sizes:
            yield drawn(arm, "matched", material.drawn(arm, min(have.values()), seed))
        if "natural" in experiment.sizes and not is_repeated:
            yield drawn(arm, "natural", material.drawn(arm, None, seed))
        for rows in experiment.rows:
            units = have[arm] if rows == "all" else max(1, rows // size)
            if units <= have[arm] and (rows != "all" or units * size not in experiment.rows):
                yield drawn(arm, "curve", material.drawn(arm, units, seed))
    if experiment.per_label:
        real, synthetic = [*material.arms][:2]
        most = max(material.counts(real).values())
        rest = [unit for source in material.arms[synthetic] for unit in source.units]
        for each in dict.fromkeys(min(each, most) for each in experiment.per_label):
            some = material.each(real, each, seed)
            if some:
                yield drawn(real, "alone", numbered(some), each)
            yield drawn(f"{real}+{synthetic}", "with", numbered([*some, *rest]), each)


def too_large(experiment: Experiment, key: str, material: Material) -> Iterator[str]:
    """Yield a remark for each curve with sizes for which there are too few rows."""
    real = next(iter(material.arms))
    most = max(material.counts(real).values())
    if experiment.per_label and experiment.per_label[-1] > most:
        yield (
            f"{key}: the curve ends at {most:,} instead of {experiment.per_label[-1]:,}, "
            f"because {real} has at most {most:,} per label"
        )
    most = max(map(material.available, material.arms)) * material.held.size
    if beyond := [f"{rows:,}" for rows in experiment.rows if rows != "all" and rows > most]:
        yield (
            f"{key}: the learning curve does not show {', '.join(beyond)}, because the largest "
            f"arm has {plural(most, 'row')}"
        )


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
        RunDirectoryError: the operating system refuses.
        TargenError: the training failed.
    """
    made: dict[str, Done] = {}
    with writing(folder):
        checkpoints = folder / f"{_UNFINISHED}{plans[0].training}"
        checkpoints.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".cell-", dir=folder) as temporary:
            work = Path(temporary)
            (work / "model").mkdir()
            data = replace(plans[0].data, checkpoints=checkpoints, watch=watch or Watch())
            whole, answers = fitted(ready, data, work / "model")
            for plan in plans:
                material = materials[plan.cell.task]
                predict, labels = whole, answers
                if plan.labels:
                    predict, labels = about_task(whole, answers, material.task, plan.labels)
                scores = predict(material.held.styled[plan.style])
                if material.output is None:
                    scores = [[float(score) for score in each] for each in scores]
                made[plan.key] = Done(labels, scores)
                _write_cell(work, plan, ready, made[plan.key], folder, keep=keep)
        remove(checkpoints)
    return made


def _write_cell(
    work: Path, plan: Plan, ready: Ready, done: Done, folder: Path, *, keep: bool
) -> None:
    """Write a cell into a folder of its own, and let it take its place."""
    own = work / plan.key
    own.mkdir()
    write_file(own / "scores.json", json.dumps(done.scores, ensure_ascii=False))
    facts = {
        "key": plan.key,
        "trainer": ready.item.id,
        "options": ready.options.model_dump(mode="json"),
        "seed": plan.data.seed,
        "task": plan.cell.task,
        "arm": plan.cell.arm,
        "rows": plan.cell.rows,
        "style": plan.style,
        "labels": list(done.labels),
    }
    write_file(own / "cell.json", json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    if keep:
        shutil.copytree(work / "model", own / "model")
    put_folder(own, folder / plan.key)  # a damaged one may lie there


def done(plan: Plan, material: Material, folder: Path) -> Done | None:
    """Return a cell that was trained before; None if it is missing or damaged."""
    there = folder / plan.key
    try:
        facts = read_json(there / "cell.json", inside=folder)
        scores = list(read_json(there / "scores.json", _LARGEST, inside=folder))
        labels = tuple(map(str, facts["labels"]))
        whole = len(scores) == len(material.held.examples.decisions)
        if material.output is None:
            whole = whole and all(len(each) == len(labels) for each in scores)
        return Done(labels, scores) if whole else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def sweep(folder: Path, kept: Collection[str]) -> None:
    """Remove files of killed trainings, except for checkpoints of wanted cells."""
    for path in folder.glob(".cell-*"):
        remove(path)
    for path in folder.glob(f"{_UNFINISHED}*"):
        if path.name.removeprefix(_UNFINISHED) not in kept or not any(path.iterdir()):
            remove(path)
