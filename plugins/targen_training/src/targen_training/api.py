"""`compare`: what datasets train, from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from targen_core import Limits, Registry, Run, load_registry
from targen_core.errors import UsageError

if TYPE_CHECKING:
    from targen_training.experiments.results import Results

__all__ = ["compare"]

RowsLike = Run | str | PathLike[str]


def compare(
    *data: RowsLike | Mapping[str, RowsLike],
    test: RowsLike | Iterable[RowsLike],
    real: RowsLike | None = None,
    task: str | None = None,
    models: str | Iterable[str] = (),
    seeds: int | None = None,
    curve: str | Iterable[int] | None = None,
    match: str | None = None,
    mixture: bool = False,
    metric: str | None = None,
    together: bool = True,
    out: str | PathLike[str] | None = None,
    registry: Registry | None = None,
) -> Results:
    """Train the same models on datasets, and test them on the same rows, as `targen compare` does.

    `targen_core.compare` is this function. What is trained stays in the folder, so the same call
    continues, and trains only what changed.

    Args:
        *data: runs or paths of datasets, or mappings of names to them.
        test: labelled rows that nothing is trained on.
        real: real rows, which the datasets are held against.
        task: the task of the rows in files; runs know theirs.
        models: trainers, with options as in "tfidf,regularization=5"; by default "tfidf".
        seeds: how often each is trained; by default 5, or 10 for a curve of real rows.
        curve: sizes of learning curves, such as [16, 64], or "auto"; with `real`, numbers of real
            rows per label, such as [0, 2, 5, 20, 60], alone and with the dataset.
        match: "labels" draws the same labels of each arm, "rows" rows as they are; by default both
            if the shares of labels differ.
        mixture: train on growing shares of the second of two datasets.
        metric: the figure that counts; by default the benchmark's first.
        together: of two datasets, train on both together as well.
        out: the folder; by default comparisons/ and the names.
        registry: finds tasks and trainers; by default what is installed.

    Returns:
        Each task's groups, pairs and few real rows, with intervals; see `results.html` too.

    Raises:
        UsageError: the request is invalid.
    """
    from targen_training.comparing import asked_for, carried_out, folder_for
    from targen_training.experiments.run import check_folder
    from targen_training.money import Money

    registry = load_registry() if registry is None else registry
    what: list[str] = []
    for each in data:
        if isinstance(each, Mapping):
            what += [f"{name}={_path(of)}" for name, of in each.items()]
        else:
            what.append(_path(each))
    if not what:
        raise UsageError("there is nothing to compare")
    if curve is not None and not isinstance(curve, str):
        curve = ",".join(map(str, curve))
    experiment = asked_for(
        registry,
        what,
        [_path(test)] if isinstance(test, Run | str | PathLike) else [_path(each) for each in test],
        task,
        [models] if isinstance(models, str) else [*models],
        seeds,
        real=None if real is None else f"real={_path(real)}",
        curve=curve,
        match=match,
        mixture=mixture,
        metric=metric,
        together=together,
    )
    folder = folder_for(experiment, experiment.name) if out is None else Path(out).expanduser()
    check_folder(folder)
    with Money(Limits()) as money:  # no arm is generated
        results = carried_out(registry, experiment, folder, money)
    assert results is not None
    return results


def _path(data: RowsLike) -> str:
    """The path of a dataset.

    Raises:
        UsageError: it is none.
    """
    if isinstance(data, Run):
        return str(data.path)
    if not isinstance(data, str | PathLike):
        raise UsageError(
            f"a {type(data).__name__} is neither a run nor a path", hint="save it to a file first"
        )
    return fspath(data)
