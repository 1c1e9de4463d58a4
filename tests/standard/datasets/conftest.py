"""A task to export rows of, and a run of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from targen_core import Task
from targen_core.dataset.model import Dataset
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.manifest import Lock, Manifest, TaskPlan

from .tasks import ROWS, make_task


@pytest.fixture(scope="session")
def task() -> Callable[..., Task[Any, Any]]:
    """Make a task of pairs, with other parts where they are given."""
    return make_task


@pytest.fixture(scope="session")
def dataset() -> Callable[..., Dataset]:
    """Make a dataset of rows, by default of pairs."""

    def make(
        rows: Sequence[Mapping[str, Any]] = ROWS, /, card: str = "", **changes: Any
    ) -> Dataset:
        return Dataset("pairs-0", make_task(**changes), rows, card)

    return make


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Where the task of pairs is registered."""
    item = Registration("task", "pairs", make_task(), "", "acme", "acme", "acme")
    return Registry([item])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run directory of the task of pairs, as far as exports read it."""
    folder = tmp_path / "runs" / "pairs-0"
    folder.mkdir(parents=True)
    labels = ("same", "other")
    task = TaskPlan(id="acme:pairs", version="1", labels=labels, unit=1, prompts={})
    Manifest(
        config=RunConfig(
            task="acme:pairs", quotas=dict.fromkeys(labels, 1), backend="acme:toy", corrector=None
        ),
        lock=Lock(
            task=task,
            steps={},
            corrector=None,
            batches=(),
            given={},
            distributions={},
            parts={},
        ),
    ).save(folder / "manifest.json")
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS]
    (folder / "dataset.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "README.md").write_text("# The card\n", encoding="utf-8")
    return folder


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    return [dict(row) for row in ROWS]
