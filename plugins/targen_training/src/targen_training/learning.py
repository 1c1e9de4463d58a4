"""The trainer that `train` takes for a task, a pretrained model, or a model to continue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.errors import MissingDependency, UsageError
from targen_core.hints import install, quoted
from targen_training.models import facts_of, starting_from
from targen_training.trainers import Trainer

if TYPE_CHECKING:
    from targen_core import Task
    from targen_core.plugins.registry import Registry

_MODEL = "--model"  # of a trainer, not the backend


def usual_trainer(registry: Registry, task: Task[Any, Any]) -> str:
    """Return what learns the output of a task, without an extra if possible, or else its labels."""
    found: list[tuple[bool, str]] = []
    for item in registry.all("trainer"):
        trainer: Trainer = registry.resolve(item)
        if trainer.output is not None and trainer.output.name in task.about.based_on:
            found.append((bool(trainer.extra), item.id))
    return min(found)[1] if found else "tfidf"


def started_from(
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


def trainer_for(registry: Registry, model: str) -> str:
    """Return the trainer of a pretrained model."""
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
