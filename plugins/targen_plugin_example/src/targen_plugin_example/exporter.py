"""An exporter of one's own: rows as a page to read."""

from __future__ import annotations

from pathlib import Path

from targen_core import Exporter
from targen_core.exporters.model import Dataset

__all__ = ["PAGE"]


def _write(dataset: Dataset, out: Path) -> None:
    """A heading for the dataset, and a list item for each row."""
    task = dataset.task
    with open(out, "w", encoding="utf-8") as page:
        page.write(f"# {task.summary}\n\n")
        for row in dataset.rows:
            for instance in task.instances_of([row]):
                text = " ".join(task.render(instance).split())
                page.write(f"- **{task.answered(instance)}** {text}\n")


PAGE = Exporter(write=_write, suffix=".md", summary="a page to read")
