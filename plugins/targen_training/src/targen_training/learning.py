"""From datasets to a model's folder: what `train` and `targen train` do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from targen_core.errors import MissingDependency, UsageError
from targen_core.hints import install, quoted
from targen_core.runs.parsing import parse_options
from targen_training.models import (
    Trained,
    facts_of,
    load_model,
    ready_trainer,
    starting_from,
    train_model,
)
from targen_training.progress import shown
from targen_training.trainers import Trainer

if TYPE_CHECKING:
    from targen_core import Task
    from targen_core.dataset.model import Dataset
    from targen_core.plugins.registry import Registry
    from targen_core.task_files import TaskFile
    from targen_training.trainers import Style

_MODEL = "--model"  # of a trainer, not the backend


def learned(
    registry: Registry,
    datasets: Sequence[Dataset],
    files: Sequence[TaskFile | None],
    *,
    trainer: str | None = None,
    model: str | None = None,
    start: Path | None = None,
    style: Style = "plain",
    options: Mapping[str, Any] = MappingProxyType({}),
    seed: int = 0,
    out: Path | None = None,
    force: bool = False,
    quiet: bool = False,
) -> Trained:
    """Train on datasets; `files` are those of their tasks, and `options` are the trainer's.

    Raises:
        UsageError: as `train`.
    """
    if trainer is not None:
        trainer, *own = trainer.split(",")
        options = {**parse_options(own), **options}
    started_from = ""
    if start is not None:
        if model is not None:
            raise UsageError(
                "--from and --model cannot be used together",
                hint="omit one of them",
            )
        trainer, more, started_from = _started(registry, start, trainer)
        options = {**more, **options}
    elif model is not None:
        trainer = trainer or _trainer_for(registry, model)
        options = {"model": model, **options}
    name = trainer or usual_trainer(registry, datasets[0].task)
    target = out or Path("models") / re.sub(r"[^\w.-]+", "-", datasets[0].name)
    with shown(quiet=quiet, doing=f"training {name.rpartition(':')[2]}") as watch:
        folder = train_model(
            ready_trainer(registry, name, options),
            datasets,
            target,
            seed=seed,
            force=force,
            style=style,
            started_from=started_from,
            files={
                dataset.task.name: file
                for dataset, file in zip(datasets, files, strict=True)
                if file is not None
            },
            watch=watch,
        )
    return load_model(registry, folder)


def usual_trainer(registry: Registry, task: Task[Any, Any]) -> str:
    """Return what learns the output of a task, without an extra if possible, or else its labels."""
    found: list[tuple[bool, str]] = []
    for item in registry.all("trainer"):
        trainer: Trainer = registry.resolve(item)
        if trainer.output is not None and trainer.output.name in task.based_on:
            found.append((bool(trainer.extra), item.id))
    return min(found)[1] if found else "tfidf"


def _started(
    registry: Registry, start: Path, trainer: str | None
) -> tuple[str, dict[str, str], str]:
    """Trainer, options and name of a model to start from."""
    facts, digest = facts_of(start)
    chosen: Trainer = registry.resolve(registry.find("trainer", facts.trainer))
    if trainer is not None and registry.find("trainer", trainer).id != facts.trainer:
        raise UsageError(
            f"{start} was trained by {facts.trainer}, not by {trainer}",
            hint="omit --trainer to continue with the same trainer",
        )
    if "model" not in chosen.options.model_fields:
        raise UsageError(
            f"{facts.trainer} always trains a new model, so it cannot continue from {start}",
            hint="train on all of the data at once",
        )
    values = starting_from(chosen.options, start / "model")
    return facts.trainer, values, f"{start.name} {digest}"


def _trainer_for(registry: Registry, model: str) -> str:
    if any(model in (item.name, item.id) for item in registry.all("trainer")):
        raise UsageError(
            _MODEL + f" {model}: {model} is a trainer",
            hint=f"pass --trainer {quoted(model)}, and a pretrained model with {_MODEL}",
        )
    from targen_training.neural.weights import find_weights, kind_of

    try:
        return kind_of(find_weights(model))
    except ModuleNotFoundError as error:
        raise MissingDependency(
            _MODEL + f" {model} needs the package {error.name!r}, which is not installed",
            distribution="targen-training",
            hint=install("targen-training[torch]"),
        ) from error
