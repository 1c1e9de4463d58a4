"""`train`, `evaluate`, `predict` and `compare`: from datasets to models, and how good these are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.api.kinds import exported
from targen_core.errors import UsageError
from targen_core.hints import quoted
from targen_core.options import Limits, several
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.runs.parsing import parse_options

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
    from targen_training.learning import started_from, trainer_for, usual_trainer
    from targen_training.models import load_model, ready_trainer, train_model
    from targen_training.progress import shown

    registry = load_registry() if registry is None else registry
    if not data:
        raise UsageError(
            "no training dataset was given", hint='pass a run, such as train("runs/mail-0")'
        )
    usual = shared_task(data) if task is None else None
    datasets = [
        read_rows(registry, each, task, usual, as_given=True, encoding=encoding) for each in data
    ]
    files = [file_of(each, task or usual, encoding) for each in data]
    values = {name: str(value) for name, value in (options or {}).items()}
    if trainer is not None:
        trainer, *own = trainer.split(",")
        values = {**parse_options(own), **values}
    origin = ""
    if start is not None:
        if model is not None:
            raise UsageError("--from and --model cannot be used together", hint="omit one of them")
        trainer, more, origin = started_from(registry, Path(start), trainer)
        values = {**more, **values}
    elif model is not None:
        trainer = trainer or trainer_for(registry, model)
        values = {"model": model, **values}
    name = trainer or usual_trainer(registry, datasets[0].task)
    target = Path("models") / re.sub(r"[^\w.-]+", "-", datasets[0].name)
    with shown(quiet=not progress, doing=f"training {name.rpartition(':')[2]}") as watch:
        folder = train_model(
            ready_trainer(registry, name, values),
            datasets,
            target if out is None else Path(out).expanduser(),
            seed=seed,
            force=force,
            style=style,
            started_from=origin,
            files={
                dataset.task.name: file
                for dataset, file in zip(datasets, files, strict=True)
                if file is not None
            },
            watch=watch,
        )
    # A program may change its folder.
    return load_model(registry, folder.absolute())


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
    import numpy as np

    from targen_training.decisions import digest
    from targen_training.evaluation import Evaluation, count_shown, opened
    from targen_training.scores import measured
    from targen_training.slices import joined, slices_of

    registry = load_registry() if registry is None else registry
    trained, datasets = opened(
        registry, model, data, "evaluate", task=task, labelled=True, encoding=encoding
    )
    known = [[each for each in trained.decisions(one) if each.label] for one in datasets]
    for source, dataset, labeled in zip(data, datasets, known, strict=True):
        if not labeled:
            rows = source if isinstance(source, str | PathLike) else "DATA"
            raise UsageError(
                f"{dataset.name}: none of the rows have a label",
                hint="evaluate on labelled rows; to predict labels of these: targen predict "
                f"{quoted(trained.folder)} {quoted(rows)} --out FILE.csv",
            )
    test = joined(datasets, known)
    shares = trained.predict(test.decisions)
    labels, output = trained.answers, trained.output
    unit = datasets[0].task.rows_per_instance
    scores = measured(test.decisions, shares, labels, unit=unit, output=output)
    return Evaluation(
        trained,
        datasets,
        scores,
        list(slices_of(test, shares, labels, scores.main, several(by), output)),
        int(np.isin([digest(d) for d in test.decisions], trained.seen).sum()),
        count_shown(test.decisions, trained),
        sorted({d.label for d in test.decisions} - set(labels)) if labels else [],
        test,
        shares,
    )


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
    from targen_training.evaluation import PREDICTED, SCORE, opened, rounded
    from targen_training.trainers import Decision

    registry = load_registry() if registry is None else registry
    trained, (dataset,) = opened(
        registry, model, [data], "predict", task=task, labelled=False, encoding=encoding
    )
    trained.require_only_texts(dataset.task)
    for column in (PREDICTED, SCORE) if trained.output is None else (PREDICTED,):
        if any(column in row for row in dataset.rows):
            raise UsageError(
                f"{dataset.name} already has a column {column}",
                hint="rename or remove it, since the predictions have a column of that name",
            )
    said = trained.predict(
        [
            Decision(dict(zip(dataset.task.fields, texts, strict=True)), "", row)
            for row, texts in enumerate(dataset.texts)
        ]
    )
    columns: list[dict[str, Any]]
    if trained.output is not None:
        columns = [{PREDICTED: rounded(value)} for value in said]
    else:
        best = [max(range(len(each)), key=each.__getitem__) for each in said]
        columns = [
            {PREDICTED: trained.answers[at], SCORE: rounded(float(each[at]))}
            for at, each in zip(best, said, strict=True)
        ]
    rows = [{**row, **more} for row, more in zip(dataset.rows, columns, strict=True)]
    return replace(dataset, rows=rows)


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
