"""A trained model in a folder: `model.json`, what the trainer wrote, and what it has seen.

```text
models/rte-0/
  model.json     the trainer, its options, the task, the data by digest, the labels
  seen.npy       a hash of each decision that it learned from
  model/         the trainer's own files
```
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from targen_core import Dataset, Registry
from targen_core.errors import (
    MissingDependency,
    PluginError,
    TargenError,
    UsageError,
    WriteFailed,
)
from targen_core.training.model import Decision, Predictor, Trainer, TrainerOptions, TrainingSet
from targen_training.decisions import decisions_of, digest

__all__ = ["Facts", "Trained", "fitted", "load_model", "train_model"]

_FORMAT = 1
_LARGEST = 16 << 20  # bytes of model.json


class DataFacts(BaseModel):
    """A dataset that a model learned from."""

    model_config = ConfigDict(frozen=True)

    name: str
    digest: str
    rows: int


class Facts(BaseModel):
    """What `model.json` says."""

    model_config = ConfigDict(frozen=True)

    format: int = _FORMAT
    trainer: str
    trainer_version: str
    options: dict[str, Any]
    task: str
    seed: int
    labels: tuple[str, ...]
    decisions: int
    left_out: int
    """Decisions without a label."""
    data: tuple[DataFacts, ...]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, loaded.

    Attributes:
        facts: where it is from.
        predict: what it has learned.
        seen: hashes of what it learned from, in order.
    """

    facts: Facts
    predict: Predictor
    seen: NDArray[np.uint64]


def train_model(
    registry: Registry,
    name: str,
    options: TrainerOptions,
    datasets: Sequence[Dataset],
    out: Path,
    *,
    seed: int = 0,
    force: bool = False,
) -> Facts:
    """Train on datasets of one task and write the folder `out`, whole or not at all.

    Raises:
        UsageError: `out` is there, the datasets are of several tasks, or there are not two
            labels to learn.
        WriteFailed: the operating system refuses.
    """
    item = registry.find("trainer", name)
    trainer: Trainer = registry.resolve(item)
    task = datasets[0].task
    if any(dataset.task.name != task.name for dataset in datasets):
        raise UsageError("the datasets are of several tasks", hint="train on those of one task")
    check_free(out, force=force)
    every = [decision for dataset in datasets for decision in decisions_of(dataset)]
    known = [decision for decision in every if decision.label]
    order = [label.name for label in task.labels]
    labels = {decision.label for decision in known}
    names = (*(name for name in order if name in labels), *sorted(labels - set(order)))
    if len(names) < 2:
        said = f"all are {names[0]}" if names else "no row has a label"
        raise UsageError(
            f"there is nothing to tell apart in {', '.join(d.name for d in datasets)}: {said}",
            hint="train on rows of at least two labels",
        )
    facts = Facts(
        trainer=item.id,
        trainer_version=trainer.version,
        options=options.model_dump(mode="json"),
        task=task.name,
        seed=seed,
        labels=names,
        decisions=len(known),
        left_out=len(every) - len(known),
        data=tuple(DataFacts(name=d.name, digest=d.digest, rows=len(d)) for d in datasets),
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".targen-model-", dir=out.parent))
        try:
            (beside / "model").mkdir()
            with _blamed(item.id, trainer, OSError):
                trainer.train(TrainingSet(known, names, seed), options, beside / "model")
            np.save(beside / "seen.npy", np.array([digest(d) for d in known], dtype=np.uint64))
            (beside / "model.json").write_text(facts.model_dump_json(indent=2), encoding="utf-8")
            beside.chmod(0o755)
            if out.exists():
                shutil.rmtree(out)
            beside.rename(out)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise WriteFailed(f"cannot write {out}: {error.strerror}") from error
    return facts


def check_free(out: Path, *, force: bool) -> None:
    """Check that a model may be written to `out`.

    Raises:
        UsageError: something is there that `force` does not replace.
    """
    if not os.path.lexists(out):
        return
    if out.is_symlink() or not (out / "model.json").is_file():
        raise UsageError(f"{out} is there and holds no model", hint="choose another --out")
    if not force:
        raise UsageError(
            f"{out} holds a model", hint="--force replaces it, or choose another --out"
        )


def load_model(registry: Registry, folder: Path) -> Trained:
    """The model of a folder.

    Raises:
        UsageError: there is no such folder, or it holds no model that can be loaded.
        UnknownName: its trainer is not installed.
    """
    path = folder / "model.json"
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", hint="targen train makes one")
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError("model.json is too large")
        facts = Facts.model_validate(json.loads(path.read_text(encoding="utf-8")))
        if facts.format != _FORMAT:
            raise ValueError(f"it is of format {facts.format}, this targen reads {_FORMAT}")
        seen: NDArray[np.uint64] = np.load(folder / "seen.npy", allow_pickle=False)
    except (OSError, ValueError, ValidationError, RecursionError) as error:
        raise UsageError(
            f"{folder} holds no model: {_first(error)}", hint="targen train makes one"
        ) from error
    item = registry.find("trainer", facts.trainer)
    trainer: Trainer = registry.resolve(item)
    if trainer.version != facts.trainer_version:
        raise UsageError(
            f"{folder} was trained by version {facts.trainer_version} of {facts.trainer}, and "
            f"version {trainer.version} is installed",
            hint="train it again",
        )
    return Trained(
        facts, _predictor(item.id, trainer, facts.labels, folder / "model"), np.sort(seen)
    )


def fitted(
    item: str, trainer: Trainer, options: TrainerOptions, data: TrainingSet, folder: Path
) -> tuple[Predictor, tuple[str, ...]]:
    """Train into an empty folder and load what is there.

    Returns:
        The model, and what its scores are of, in their order.
    """
    with _blamed(item, trainer, OSError):
        trainer.train(data, options, folder)
    return _predictor(item, trainer, data.labels, folder), data.labels


def _predictor(item: str, trainer: Trainer, labels: tuple[str, ...], folder: Path) -> Predictor:
    """What a trainer left, loaded; what it gives is checked.

    Raises:
        UsageError: it cannot be loaded.
    """
    try:
        with _blamed(item, trainer, ValueError):
            predictor = trainer.load(folder)
    except ValueError as error:
        raise UsageError(str(error), hint="train it again") from error

    def predict(decisions: Sequence[Decision], /) -> Sequence[Sequence[float]]:
        with _blamed(item, trainer):
            scores = predictor(decisions)
            widths = {len(each) for each in scores} - {len(labels)}
            if len(scores) != len(decisions) or widths:
                raise TypeError(
                    f"it gave {len(scores)} rows of scores for {len(decisions)} decisions of "
                    f"{len(labels)} labels" + (f", of {min(widths)} scores" if widths else "")
                )
            if not all(math.isfinite(score) for each in scores for score in each):
                raise TypeError("it gave a score that is no number")
            return scores

    return predict


@contextmanager
def _blamed(item: str, trainer: Trainer, *passing: type[Exception]) -> Iterator[None]:
    """Say whose code failed, or which package it lacks; `passing` are errors that it may raise."""
    distribution = item.partition(":")[0]
    try:
        yield
    except TargenError:
        raise
    except ModuleNotFoundError as error:
        extra = f"[{trainer.extra}]" if trainer.extra else ""
        raise MissingDependency(
            f"trainer {item} needs the package {error.name!r}",
            distribution=distribution,
            hint=f"pip install '{distribution}{extra}'",
        ) from error
    except Exception as error:
        if isinstance(error, passing):
            raise
        raise PluginError(
            f"trainer {item} failed: {type(error).__name__}: {error}",
            distribution=distribution,
            hint=f"report it to the authors of {distribution}",
        ) from error


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"model.json: {'.'.join(map(str, first['loc']))}: {first['msg']}"
    if isinstance(error, OSError):
        return f"{Path(error.filename or '').name}: {error.strerror}"
    return str(error)
