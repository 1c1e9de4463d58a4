"""A trained model in a folder: `model.json`, what the trainer wrote, and what it has seen.

```text
models/rte-0/
  model.json     the trainer, its options, the tasks, the data by digest, the labels
  tasks/NAME/    a copy of a task that is in a file, as a run keeps it
  seen.npy       a hash of each decision that it learned from
  examples.npy   a hash of each text that was an example for the rows that it learned from
  model/         the trainer's own files
```
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from targen_core import Task
from targen_core.cli.outputs import (
    check_files,
    check_free,
    check_own,
    locked,
    put_folder,
    read_file,
    without_empty,
)
from targen_core.dataset.model import Dataset
from targen_core.errors import (
    UnreadableFile,
    UsageError,
    no_such_file,
)
from targen_core.hints import quoted
from targen_core.origin import Typed
from targen_core.outputs import remove, write_file, writing
from targen_core.plain import content_of, require_possible
from targen_core.plugins.configurable import read_options
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.reading.arrays import read_array
from targen_core.reading.values import json_of
from targen_core.runs.files import require_format
from targen_core.task_files import TaskFile, note_own_copy, require_known
from targen_core.text import plural, refused
from targen_standard.examples.shown import examples_of
from targen_standard.pretrained import named_place
from targen_training.decisions import (
    decisions_of,
    digest,
    digest_of_key,
    label_order,
    require_weighing,
    shared_label,
)
from targen_training.mixtures import grouped, labelled, mixed, of_task
from targen_training.trainers import (
    ILLEGAL,
    Decision,
    Predictor,
    Style,
    TrainedOutput,
    Trainer,
    TrainerOptions,
    TrainingSet,
    Watch,
)

_FORMAT = 1
_MADE_BY: str = "run targen train to create one"
_COPY = re.compile(r"task\.json|task\.py(:\w+)?")
_FACTS = "model.json"
_LARGEST = 16 << 20  # bytes of model.json


class DataFacts(BaseModel):
    """A dataset that a model learned from; `weights` is a digest of its rows' weights, or ""."""

    model_config = ConfigDict(frozen=True)

    name: str
    digest: str
    rows: int
    task: str = ""
    weights: str = ""


class Facts(BaseModel):
    """The content of `model.json`.

    Attributes:
        task: the task, or those of a mixture with "+" between them.
        tasks: the labels of each task that the model knows.
        files: for tasks in files, the copies in this folder.
        labels: the labels that the trainer distinguished: those of the task, or, for a mixture,
            "TASK/LABEL" of each.
        left_out: decisions without a label.
        weightless: decisions of weight 0, which were also left out.
        style: how rows were read.
        started_from: what the weights were before: another model, by its digest, or "".
        notes: what the trainer found worth telling.
    """

    model_config = ConfigDict(frozen=True)

    format: int = _FORMAT
    trainer: str
    trainer_version: str
    options: dict[str, Any]
    task: str
    tasks: dict[str, tuple[str, ...]]
    files: dict[str, str] = {}
    seed: int
    labels: tuple[str, ...]
    decisions: int
    left_out: int
    weightless: int = 0
    data: tuple[DataFacts, ...]
    style: Style = "plain"
    started_from: str = ""
    notes: tuple[str, ...] = ()

    @field_validator("files")
    @classmethod
    def _are_copies(cls, files: dict[str, str]) -> dict[str, str]:
        """A model may come from anybody: its copies are in its folder, under their own names."""
        for name, copy in files.items():
            folder, _, file = copy.rpartition("/")
            is_plain = name not in (".", "..") and not {"/", "\\"} & {*name}
            if not is_plain or folder != f"tasks/{name}" or not _COPY.fullmatch(file):
                raise ValueError(f"files: {copy!r} is not a copy of a task in this folder")
        return files


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A model, loaded.

    Attributes:
        facts: where it is from.
        predict: of decisions a score for each of `answers`.
        seen: hashes of what it learned from, in order.
        examples: hashes of the examples that its rows were written from, in order.
        answers: what it may say: its labels, and `ILLEGAL` if it writes its answers.
        folder: where it is.
        output: what it learned in place of labels.
    """

    facts: Facts
    predict: Predictor
    seen: NDArray[np.uint64]
    examples: NDArray[np.uint64]
    answers: tuple[str, ...]
    folder: Path
    output: TrainedOutput | None = None

    def __repr__(self) -> str:
        facts = self.facts
        said = f"{facts.trainer} on {plural(facts.decisions, 'example')} of {facts.task}"
        return f"<Trained {self.folder}: {said}>"

    def task(self, name: str) -> str:
        """Return what finds a task of the model: its name, or the copy of its file.

        Raises:
            UsageError: the copy is code, and neither own nor trusted.
        """
        if name not in self.facts.files:
            return name
        copy = self.folder / self.facts.files[name]
        require_known(copy)
        return Typed(copy)

    def of(self, task: str) -> Trained:
        """Return the same model, restricted to one of its tasks.

        Raises:
            UsageError: it has not learned that task.
        """
        if task not in self.facts.tasks:
            raise UsageError(
                f"the model was trained on rows of {self.facts.task}, not of {task}",
                hint="use a model on rows of its own task; a task is called like its file, "
                "unless that has the key name:",
            )
        if len(self.facts.tasks) == 1:
            return self
        predict, answers = about_task(self.predict, self.answers, task, self.facts.tasks[task])
        return replace(self, predict=predict, answers=answers)

    def labels_of(self, texts: Iterable[Any]) -> list[str]:
        """Return the label that the model finds most likely for each of some new texts.

        Args:
            texts: one text or several, each a row. For a task of several texts, such as a premise
                and a hypothesis, mappings with all of them by name.

        Raises:
            UsageError: a text is invalid, or the model has several tasks or questions that are not
                only about texts.
        """
        if not isinstance(texts, Iterable):
            raise UsageError(f"{repr(texts)[:80]} is not a list of texts", hint="pass a list")
        (name, *others) = self.facts.tasks
        task: Task[Any, Any] = load_registry().get("task", self.task(name))
        if others or self.output is not None:
            raise UsageError(
                f"{self.folder} predicts more than a text's label",
                hint=f"pass it rows: targen predict {quoted(self.folder)} DATA --out",
            )
        self.require_only_texts(task)
        if hasattr(texts, "to_dict"):  # a data frame, which iterates over its columns' names
            texts = texts.to_dict("records")
        decisions = []
        for row, each in enumerate([texts] if isinstance(texts, str | Mapping) else texts):
            given = (
                {task.fields[0]: each} if len(task.fields) == 1 and isinstance(each, str) else each
            )
            if not isinstance(given, Mapping) or not all(
                isinstance(given.get(field), str) for field in task.fields
            ):
                fields = ", ".join(task.fields)
                raise UsageError(
                    f"text {row + 1} is not valid: {repr(each)[:80]}",
                    hint=f"pass a list of texts, or of mappings with: {fields}",
                )
            decisions.append(Decision({field: given[field] for field in task.fields}, "", row))
        scores = self.predict(decisions)
        return [self.answers[max(range(len(each)), key=each.__getitem__)] for each in scores]

    def require_only_texts(self, task: Task[Any, Any]) -> None:
        """Check that the model can predict for rows of a task without their labels.

        Raises:
            UsageError: it writes its answers, reads rows as instructions, or decides about options.
        """
        if self.output is None and task.rows.cases is not None:
            why = f"it decides about the options in rows of {task.name}"
        elif ILLEGAL in self.answers or self.facts.style != "plain":
            why = "it reads prompts, which only labelled rows have"
        else:
            return
        raise UsageError(
            f"{self.folder} cannot predict labels of new rows: {why}",
            hint=f"for predictions of labelled rows: targen evaluate {quoted(self.folder)} DATA "
            "--out FILE.jsonl",
        )

    def decisions(self, dataset: Dataset) -> list[Decision]:
        """The decisions of a dataset, as the model reads them; those without a label have ""."""
        named = len(self.facts.tasks) > 1
        return decisions_of(dataset, self.facts.style, named=named, output=self.output)


@dataclass(frozen=True, slots=True)
class Ready:
    """A trainer, found and with its options read."""

    item: Registration[Trainer]
    trainer: Trainer
    options: TrainerOptions


def ready_trainer(
    registry: Registry,
    name: str,
    values: Mapping[str, Any],
    *,
    of: str = "",
) -> Ready:
    """Find a trainer and read its options, which errors call those `of` its name or another.

    Raises:
        UnknownName: the trainer is not installed.
        UsageError: an option is unknown or invalid.
    """
    item = registry.find("trainer", name)
    trainer: Trainer = registry.resolve(item)
    return Ready(item, trainer, read_options(trainer.options, values, of=of or name))


def starting_from(options: type[TrainerOptions], weights: Path) -> dict[str, str]:
    """Return the options with which a training starts from weights, with a new head if needed."""
    head = {"head": "auto-new"} if "head" in options.model_fields else {}
    return {"model": named_place(weights), **head}


def about_task(
    predict: Predictor, answers: Sequence[str], task: str, labels: Sequence[str]
) -> tuple[Predictor, tuple[str, ...]]:
    """Restrict a model of a mixture to one of its tasks.

    Args:
        predict: the model.
        answers: what its scores are of.
        task: the task.
        labels: the task's labels that it knows.

    Returns:
        Return a predictor for decisions of only this task, and the labels of its scores.
    """
    columns = [answers.index(labelled(task, label)) for label in labels]
    rest = tuple(answer for answer in answers if answer == ILLEGAL)
    columns += [answers.index(answer) for answer in rest]

    def of_it(decisions: Sequence[Decision], /) -> Sequence[Sequence[float]]:
        if not decisions:
            return []
        theirs = [of_task(task, decision) for decision in decisions]
        whole = np.asarray(predict(theirs), dtype=np.float64)
        part = whole[:, columns]
        if (whole >= 0).all() and np.allclose(whole.sum(axis=1), 1, atol=1e-3):
            part = part / np.maximum(part.sum(axis=1, keepdims=True), 1e-12)
        shares: list[list[float]] = part.tolist()
        return shares

    return of_it, (*labels, *rest)


def train_model(
    ready: Ready,
    datasets: Sequence[Dataset],
    out: Path,
    *,
    seed: int = 0,
    force: bool = False,
    style: Style = "plain",
    started_from: str = "",
    files: Mapping[str, TaskFile] = MappingProxyType({}),
    watch: Watch | None = None,
) -> Path:
    """Train on datasets and write the folder `out`, whole or not at all; return the folder.

    Datasets of several tasks make a mixture: one model for all. If all settings are the same, a
    killed training continues from the trainer's checkpoints, and a finished model is kept.

    Args:
        ready: the trainer, and its options.
        datasets: what is learned from.
        out: the folder.
        seed: decides all chance.
        force: replace an earlier model, or what another training left unfinished.
        style: how rows are read.
        started_from: what of the options' weights is to be remembered.
        files: tasks that are not installed, by their names; a copy of each is kept.
        watch: whom to tell how it goes.

    Raises:
        UsageError: `out` exists, two tasks share a name, there are fewer than two labels to learn,
            or rows have weights that the trainer ignores.
        RunDirectoryError: the operating system refuses.
    """
    item, trainer, options = ready.item, ready.trainer, ready.options
    if not (out / _FACTS).is_file():  # before rows are read
        check_free(out, "a model", _FACTS, force=force)
    lesson = _lesson(ready, datasets, style)
    tasks = lesson.tasks
    facts = Facts(
        trainer=item.id,
        trainer_version=trainer.version,
        options=options.model_dump(mode="json"),
        task="+".join(tasks),
        tasks=tasks,
        files={name: f"tasks/{name}/{files[name].copy}" for name in tasks if name in files},
        seed=seed,
        labels=lesson.labels,
        decisions=len(lesson.learned),
        left_out=lesson.left_out,
        weightless=lesson.weightless,
        data=tuple(_data_facts(dataset) for dataset in datasets),
        style=style,
        started_from=started_from,
    )
    watch = watch or Watch()
    if not force and _is_there(out, facts):
        return out
    check_free(out, "a model", _FACTS, force=force)
    with without_empty(out.parent), writing(out), _work(out, facts, force=force) as work:
        notes: list[str] = []

        def note(text: str, /) -> None:
            notes.append(text)
            watch.note(text)

        noting = Watch(note, watch.step)
        data = TrainingSet(lesson.learned, lesson.labels, seed, work / "checkpoints", noting)
        made = work / "made"
        (made / "model").mkdir(parents=True)
        with item.blamed(trainer.extra, OSError):
            trainer.train(data, options, made / "model")
        facts = facts.model_copy(update={"notes": tuple(notes)})
        for task, copy in facts.files.items():
            note_own_copy(write_file(made / copy.partition(":")[0], files[task].text))
        seen = [digest(decision) for decision in lesson.learned]
        np.save(made / "seen.npy", np.array(seen, dtype=np.uint64))
        shown = {key for each in datasets for key in examples_of(each.run, each.task)}
        np.save(made / "examples.npy", np.array([*map(digest_of_key, shown)], dtype=np.uint64))
        write_file(made / _FACTS, facts.model_dump_json(indent=2))
        put_folder(made, out)
    return out


@dataclass(frozen=True, slots=True)
class _Lesson:
    """The decisions that a model learns.

    Attributes:
        learned: the decisions.
        labels: the labels to learn.
        tasks: the labels of each task.
        left_out: how many decisions have no label.
        weightless: how many have a label, but a weight of 0.
    """

    learned: Sequence[Decision]
    labels: tuple[str, ...]
    tasks: dict[str, tuple[str, ...]]
    left_out: int
    weightless: int


def _lesson(ready: Ready, datasets: Sequence[Dataset], style: Style) -> _Lesson:
    """Return what is learned from datasets; see `train_model`."""
    item, trainer = ready.item, ready.trainer
    by_task = grouped(datasets)
    if trainer.output is not None and len(by_task) > 1:
        raise UsageError(
            f"{item.id} learns only one task, but the rows belong to {', '.join(by_task)}",
            hint="train on each task's rows separately",
        )
    every = {
        task: [
            decision
            for dataset in theirs
            for decision in decisions_of(
                dataset, style, named=len(by_task) > 1, output=trainer.output
            )
        ]
        for task, theirs in by_task.items()
    }
    labeled = {task: [each for each in theirs if each.label] for task, theirs in every.items()}
    require_weighing({item.name: trainer}, chain.from_iterable(labeled.values()))
    known = {task: [each for each in theirs if each.weight] for task, theirs in labeled.items()}
    if trainer.output is not None:
        if not any(known.values()):
            names = ", ".join(dataset.name for dataset in datasets)
            raise UsageError(f"{names}: none of the rows have an output to learn from")
        tasks: dict[str, tuple[str, ...]] = dict.fromkeys(known, ())
    else:
        tasks = {task: _labels(by_task[task], theirs) for task, theirs in known.items()}
    count = [sum(map(len, each.values())) for each in (every, labeled, known)]
    if len(by_task) == 1:
        ((task, learned),) = known.items()
        labels = tasks[task]
    else:
        learned = mixed(known)
        labels = tuple(labelled(task, each) for task, theirs in tasks.items() for each in theirs)
    return _Lesson(learned, labels, tasks, count[0] - count[1], count[1] - count[2])


def _is_there(out: Path, facts: Facts) -> bool:
    """Return whether the same training made the model in a folder."""
    try:
        return facts_of(out)[0].model_copy(update={"notes": ()}) == facts
    except UsageError:
        return False


def _data_facts(dataset: Dataset) -> DataFacts:
    weights = json.dumps([float(each) for each in dataset.weights]).encode()
    return DataFacts(
        name=dataset.name,
        digest=dataset.digest,
        rows=len(dataset),
        task=dataset.task.name,
        weights=hashlib.sha256(weights).hexdigest() if {*dataset.weights} - {1} else "",
    )


def _labels(datasets: Sequence[Dataset], known: Sequence[Decision]) -> tuple[str, ...]:
    """The labels to learn, in the order of the task's."""
    names = label_order([label.name for label in datasets[0].task.labels], known)
    if len(names) < 2:
        raise UsageError(
            f"a model needs at least two labels in {', '.join(d.name for d in datasets)}, but "
            f"{shared_label(names)}",
            hint="train on rows that together have at least two different labels",
        )
    return names


def facts_of(folder: Path, action: str = "evaluate") -> tuple[Facts, str]:
    """Return the content of a folder's `model.json`, and the first twelve digits of its SHA-256.

    `action` is the command that the hint shows if there is no such folder.

    Raises:
        UsageError: the folder does not exist, or holds no model.
    """
    path = require_possible(folder) / _FACTS
    if not folder.is_dir():
        hint = f"targen {action} MODEL DATA, with a MODEL from "
        hint += "targen train"
        if folder.is_file():
            raise UsageError(f"{folder} is a file, not a model's folder", hint=hint)
        raise no_such_file(folder, "folder", hint=hint, usual="models")
    check_own(folder)
    try:
        content = content_of(path, _LARGEST, inside=folder)
        raw = json_of(content)
        require_format(folder, raw, _FORMAT)
        facts = Facts.model_validate(raw)
    except UnreadableFile as error:
        raise UsageError(
            f"{folder} does not contain a model: model.json: {error.reason}", hint=_MADE_BY
        ) from error
    except ValueError as error:
        said = f"model.json: {refused(error)}" if isinstance(error, ValidationError) else error
        raise UsageError(f"{folder} does not contain a model: {said}", hint=_MADE_BY) from error
    return facts, hashlib.sha256(content).hexdigest()[:12]


def load_model(registry: Registry, folder: Path) -> Trained:
    """The model of a folder.

    Raises:
        UsageError: the folder does not exist, or holds no model that can be loaded.
        UnknownName: its trainer is not installed.
    """
    facts, _ = facts_of(folder)
    try:
        check_files(folder)
        seen, examples = (_digests(folder, name) for name in ("seen.npy", "examples.npy"))
    except UnreadableFile as error:
        raise UsageError(
            f"{folder} does not contain a model: {Path(str(error.path)).name}: {error.reason}",
            hint=_MADE_BY,
        ) from error
    item = registry.find("trainer", facts.trainer)
    trainer: Trainer = registry.resolve(item)
    if trainer.version != facts.trainer_version:
        raise UsageError(
            f"the model in {folder} was trained with version {facts.trainer_version} of "
            f"{facts.trainer}, but version {trainer.version} is installed",
            hint="train the model again",
        )
    predict = _predictor(item, trainer, facts.labels, folder / "model")
    answers = _answers(trainer, facts.labels)
    return Trained(facts, predict, seen, examples, answers, folder, trainer.output)


def _digests(folder: Path, name: str) -> NDArray[np.uint64]:
    found: NDArray[np.uint64] = read_array(folder / name, inside=folder)
    if found.dtype != np.uint64 or found.ndim != 1:
        raise UnreadableFile(folder / name, "it is not a list of digests")
    return np.sort(found)


def require_able(ready: Ready) -> None:
    """Check, before rows are paid for, that a trainer could learn from them here.

    Raises:
        MissingDependency: a package is not installed.
        UsageError: weights or a device are lacking.
        PluginError: its check failed.
    """
    if ready.trainer.check is not None:
        with ready.item.blamed(ready.trainer.extra):
            ready.trainer.check(ready.options)


def fitted(ready: Ready, data: TrainingSet, folder: Path) -> tuple[Predictor, tuple[str, ...]]:
    """Train into an empty folder and load the result.

    Returns:
        The model, and what its scores are of, in their order.
    """
    item, trainer = ready.item, ready.trainer
    with item.blamed(trainer.extra, OSError):
        trainer.train(data, ready.options, folder)
    return _predictor(item, trainer, data.labels, folder), _answers(trainer, data.labels)


def _answers(trainer: Trainer, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the meanings of a model's scores."""
    return (*labels, ILLEGAL) if trainer.writes else labels


def _predictor(
    item: Registration[Trainer], trainer: Trainer, labels: tuple[str, ...], folder: Path
) -> Predictor:
    """Load a trained model, and check its output.

    Raises:
        UsageError: it cannot be loaded.
    """
    try:
        with item.blamed(trainer.extra, ValueError):
            predictor = trainer.load(folder)
    except ValueError as error:
        raise UsageError(str(error), hint="train the model again") from error

    answers = _answers(trainer, labels)

    def predict(decisions: Sequence[Decision], /) -> Sequence[Any]:
        if not all(isinstance(each, Decision) for each in decisions):
            raise UsageError(
                "predict() accepts Decisions", hint="for texts, use model.labels_of([...])"
            )
        with item.blamed(trainer.extra):
            scores = predictor(decisions)
            if len(scores) != len(decisions):
                raise TypeError(f"it returned {len(scores)} values for {len(decisions)} decisions")
            if trainer.output is not None:
                return scores
            if odd := {len(each) for each in scores} - {len(answers)}:
                raise TypeError(f"it returned {min(odd)} scores for {len(answers)} answers")
            if not all(math.isfinite(score) for each in scores for score in each):
                raise TypeError("it returned a score that is not a number")
            return scores

    return predict


@contextmanager
def _work(out: Path, facts: Facts, *, force: bool) -> Iterator[Path]:
    """The folder that a training keeps its things in until it is done.

    It is next to `out`, and outlives a training run that ends early only if it has checkpoints.

    Raises:
        UsageError: another training is at work there, or left it unfinished.
    """
    work = out.parent / f".{out.name}.training"
    checkpoints = work / "checkpoints"
    identity = facts.model_dump_json(indent=2)
    with locked(work):
        if read_file(work / "training.json") not in (None, identity) and _has_files(checkpoints):
            if not force:
                raise UsageError(
                    f"{out} contains an unfinished training run with different data, options or "
                    "seed",
                    hint="pass the same options to continue it, pass --force to discard it, or "
                    "choose a different --out",
                )
            remove(checkpoints)
        remove(work / "made")
        checkpoints.mkdir(exist_ok=True)
        write_file(work / "training.json", identity)
        try:
            yield work
            remove(checkpoints)
        finally:
            if not _has_files(checkpoints):
                remove(work)


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
