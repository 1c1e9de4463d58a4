"""`train`, `evaluate`, `predict` and `compare`: from datasets to models, and how good these are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.api.kinds import exported
from targen_core.errors import UsageError
from targen_core.options import Limits, several
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry

if TYPE_CHECKING:
    from targen_core.api.request import TaskLike
    from targen_core.dataset.model import Dataset
    from targen_standard.given import DataLike
    from targen_training.evaluation import Evaluation
    from targen_training.experiments.results import Results
    from targen_training.models import Trained
    from targen_training.trainers import Style


@exported
def train(
    *data: DataLike,
    task: TaskLike | None = None,
    trainer: str | None = None,
    model: str | None = None,
    start: str | PathLike[str] | None = None,
    style: Style = "plain",
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    out: str | PathLike[str] | None = None,
    force: bool = False,
    progress: bool = True,
    encoding: str = "utf-8",
    registry: Registry | None = None,
) -> Trained:
    """Train a model on a dataset, or one model on datasets of several tasks, as `targen train`.

    Rows without a label are left out. Repeating the call continues a training run that was killed.
    `targen_training.api.train` is this function.

    Args:
        *data: runs, reviewed or corrected data, `Dataset`s, their paths, data frames or rows.
        task: the task of rows that do not say it.
        trainer: what trains, such as "vectors" or "vectors,embedder=words"; by default what `model`
            is for, or "tfidf".
        model: the pretrained model to start from: a folder, or a model that is on this machine.
        start: a folder of a trained model to start from, with the same trainer.
        style: rows "plain", or as "instructions" with worked samples.
        options: options of the trainer, such as {"regularization": 5}.
        seed: random seed of the training.
        out: the folder; by default models/DATASET.
        force: replace an earlier model.
        progress: whether to show steps.
        encoding: of text files without a byte order mark.
        registry: finds tasks and trainers; by default what is installed.

    Returns:
        The model: its folder, its facts, and what it predicts.

    Raises:
        UsageError: there are not two labels to learn, something exists already, or an option
            cannot be.
        MissingDependency: a package of the trainer is not installed.
    """
    from targen_training.asked import file_of, read_rows
    from targen_training.given import shared_task
    from targen_training.learning import learned

    registry = load_registry() if registry is None else registry
    if not data:
        raise UsageError(
            "no training dataset was given", hint='pass a run, such as train("runs/mail-0")'
        )
    usual = shared_task(data) if task is None else None
    trained = learned(
        registry,
        [read_rows(registry, each, task, usual, as_given=True, encoding=encoding) for each in data],
        [file_of(each, task or usual, encoding) for each in data],
        trainer=trainer,
        model=model,
        start=None if start is None else Path(start),
        style=style,
        options={name: str(value) for name, value in (options or {}).items()},
        seed=seed,
        out=None if out is None else Path(out).expanduser(),
        force=force,
        quiet=not progress,
    )
    # A program may change its folder.
    return replace(trained, folder=trained.folder.absolute())


@exported
def evaluate(
    model: Trained | str | PathLike[str],
    *data: DataLike,
    task: TaskLike | None = None,
    by: str | Iterable[str] = (),
    encoding: str = "utf-8",
    registry: Registry | None = None,
) -> Evaluation:
    """Measure a trained model on labelled rows, with 95% intervals, as `targen evaluate`.

    `targen_training.api.evaluate` is this function.

    Args:
        model: what `train` returned, or its folder.
        *data: labelled rows, as `train` takes them; by default of the model's task.
        task: the task of the rows, if the model knows several.
        by: columns by whose values rows are also measured.
        encoding: of text files without a byte order mark.
        registry: finds tasks and trainers; by default what is installed.

    Returns:
        Return figures, which labels are confused, parts of the rows, and predictions.

    Raises:
        UsageError: the model does not exist, or no row has a label.
    """
    from targen_training.evaluation import evaluated

    registry = load_registry() if registry is None else registry
    return evaluated(registry, model, data, task=task, by=several(by), encoding=encoding)


@exported
def predict(
    model: Trained | str | PathLike[str],
    data: DataLike,
    *,
    task: TaskLike | None = None,
    encoding: str = "utf-8",
    registry: Registry | None = None,
) -> Dataset:
    """Predict the labels of new rows with a trained model, as `targen predict`.

    A warning names rows that cannot be read, which are left
    out. For texts alone, see `Trained.labels_of`.

    Args:
        model: what `train` returned, or its folder.
        data: rows, as `train` takes them, but they need no labels; by default of the model's task.
        task: the task of the rows, if the model knows several.
        encoding: of text files without a byte order mark.
        registry: finds tasks and trainers; by default what is installed.

    Returns:
        The rows with a column `predicted`, and for labels also `score`, which is higher the surer
        the model is, in most trainers a probability.

    Raises:
        UsageError: the model does not exist, writes its answers or decides about options, or the
            rows have such columns.
    """
    from targen_training.predicting import predicted

    registry = load_registry() if registry is None else registry
    return predicted(registry, model, data, task=task, encoding=encoding)


@exported
def compare(
    *data: DataLike | Mapping[str, DataLike | Sequence[DataLike]],
    test: DataLike | Sequence[DataLike],
    real: DataLike | None = None,
    task: TaskLike | None = None,
    trainers: str | Iterable[str] | None = None,
    repeats: int | None = None,
    curve: str | Iterable[int] | None = None,
    metric: str | None = None,
    together: bool = True,
    out: str | PathLike[str] | None = None,
    progress: bool = True,
    encoding: str = "utf-8",
    registry: Registry | None = None,
) -> Results:
    """Train the same models on datasets, and test them on the same rows, as `targen compare` does.

    Trained models remain in the folder, so the same call
    continues, and trains only changed parts. Rows in memory are written to a file in the cache.

    Args:
        *data: runs, `Dataset`s, their paths, data frames or rows; or mappings of names to them. A
            list of several under one name combines them.
        test: labelled rows that are kept from training, or a list of several datasets.
        real: real rows, which the datasets are held against.
        task: the task of the rows; runs and `Dataset`s know theirs.
        trainers: with options as in "tfidf,regularization=5"; by default "tfidf".
        repeats: how often each is trained; by default 5, or 10 for a curve of real rows.
        curve: sizes of learning curves, such as [16, 64], or "auto". With `real`, it is numbers of
            real rows per label, such as [0, 2, 5, 20, 60], with and without the dataset.
        metric: the figure that counts; by default the benchmark's first.
        together: of two datasets, train on both together as well.
        out: the folder; by default comparisons/ and the names.
        progress: whether to show the number of training runs and the current one.
        encoding: of text files without a byte order mark.
        registry: finds tasks and trainers; by default what is installed.

    Returns:
        Each task's groups, pairs and few real rows, with intervals, and the folder of
        `results.html`. Printed, and in a notebook, they are the tables of `targen compare`.

    Raises:
        UsageError: the request is invalid.
    """
    from targen_core.dataset.source import require_one
    from targen_training.comparing import arm_of, carried_out, experiment_of, folder_for
    from targen_training.experiments.run import check_folder
    from targen_training.given import Given, datasets_in
    from targen_training.money import Money

    arms: list[tuple[str, DataLike | Sequence[DataLike]]] = []
    for each in data:
        require_one(each)
        arms += each.items() if isinstance(each, Mapping) else [("", each)]
    if not arms:
        raise UsageError("no datasets to compare were given")
    wanted = several(trainers)
    if trainers is not None and not wanted:
        raise UsageError("trainers is empty", hint="omit trainers= for the usual one")
    parts = [test, *([] if real is None else [real]), *(of for _, of in arms)]
    given = Given(registry, task, [each for part in parts for each in datasets_in(part)])

    def named(name: str, of: DataLike | Sequence[DataLike]) -> tuple[str, list[str]]:
        sources = [given.file(each) for each in datasets_in(of)]
        return (name, sources) if name else arm_of(sources[0])

    experiment = experiment_of(
        given.registry,
        [named(name, of) for name, of in arms],
        [given.file(each) for each in datasets_in(test)],
        given.task,
        [*wanted],
        repeats,
        real=None if real is None else named("real", real),
        curve=curve if curve is None or isinstance(curve, str) else ",".join(map(str, curve)),
        metric=metric,
        together=together,
        encoding=encoding,
    )
    folder = folder_for(experiment, experiment.name) if out is None else Path(out).expanduser()
    check_folder(folder)
    with Money(Limits()) as money:  # no arm is generated
        results = carried_out(given.registry, experiment, folder, money, quiet=not progress)
    assert results is not None
    # A program may change its folder.
    return replace(results, folder=folder.absolute())
