"""An exporter of one's own: rows as a page to read."""

from __future__ import annotations

from pathlib import Path

from targen_core.dataset.model import Dataset
from targen_standard.exporting.model import Exporter


def _write(dataset: Dataset, out: Path) -> None:
    """Write a heading for the dataset and a list item for each instance."""
    task = dataset.task
    with open(out, "w", encoding="utf-8") as page:
        page.write(f"# {task.summary}\n\n")
        for instance in dataset.instances:
            text = " ".join(task.render(instance).split())
            page.write(f"- **{task.answer(instance)}** {text}\n")


PAGE = Exporter(write=_write, suffix=".md", summary="the rows of a dataset as a Markdown list")
