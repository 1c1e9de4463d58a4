"""(1) How a dataset is written: here as fastText reads it, a line for each instance."""

from __future__ import annotations

from pathlib import Path

from targen_core.dataset.model import Dataset
from targen_standard.exporting.model import Exporter


def _write(dataset: Dataset, out: Path) -> None:
    """Write `out`, which is not there yet, and nothing else.

    targen moves it to where the user wants it when all of it is written. The
    task knows what a row means: its instances, their text, and their label.
    """
    task = dataset.task
    with open(out, "w", encoding="utf-8") as file:
        for instance in dataset.instances:
            label = task.answer(instance).replace(" ", "-")
            text = " ".join(task.render(instance).split())
            file.write(f"__label__{label} {text}\n")


EXPORTER = Exporter(write=_write, suffix=".txt", summary="fastText's lines: __label__NAME text")
