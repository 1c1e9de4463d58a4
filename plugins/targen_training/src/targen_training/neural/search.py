"""Options chosen by the loss on held-out rows, as DataTune chooses the rate and LoRA's alpha."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from targen_core.outputs import remove, write_file
from targen_core.reading.files import read_json
from targen_training.neural.options import NeuralOptions
from targen_training.trainers import TrainingSet

OptionsT = TypeVar("OptionsT", bound=NeuralOptions)


def learn(
    train: Callable[[TrainingSet, OptionsT, Path], float | None],
    data: TrainingSet,
    options: OptionsT,
    folder: Path,
) -> None:
    """Write the model of `train` into `folder`: with `search` the one of the lowest loss.

    Each combination learns from the same rows and is measured on the same others. A search that
    was stopped continues with the combination that was stopped.

    Args:
        train: trains, writes the model into a folder, and returns its loss on held-out rows.
        data: what is learned.
        options: have `search`, or not.
        folder: an empty folder.
    """
    if not options.search:
        train(data, options, folder)
        return
    with tempfile.TemporaryDirectory(prefix="targen-training-") as scratch:
        places = {}
        for number, (said, each) in enumerate(options.searched()):
            place = (data.checkpoints or Path(scratch)) / f"search-{number}"
            loss = _loss(train, data, each, place)
            data.watch.note(f"{said}: held-out loss {loss:.4f}")
            places[said] = loss, place
        best = min(places, key=lambda said: places[said][0])
        data.watch.note(f"kept: {best}")
        shutil.copytree(places[best][1] / "model", folder, dirs_exist_ok=True)


def _loss(
    train: Callable[[TrainingSet, OptionsT, Path], float | None],
    data: TrainingSet,
    options: OptionsT,
    place: Path,
) -> float:
    """Train into `place`, unless that was done before, and return the held-out loss."""
    done, model, checkpoints = place / "loss.json", place / "model", place / "checkpoints"
    if not done.exists():
        remove(model)
        model.mkdir(parents=True)
        checkpoints.mkdir(exist_ok=True)
        loss = train(replace(data, checkpoints=checkpoints), options, model)
        write_file(done, json.dumps(loss))
        remove(checkpoints)
    return float(read_json(done, inside=place))
