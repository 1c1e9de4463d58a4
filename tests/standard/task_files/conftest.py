"""Declarations on the spot, and runs of them on the scripted backend."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from targen_core.plugins.loader import load_registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_standard.task_files.model import Declaration

from ...runs import records

SMALL: dict[str, Any] = {
    "description": "Notes that a night porter leaves for the morning. Each is short.",
    "labels": {"calm": "nothing happened", "alarm": "something must be done at once"},
}


@pytest.fixture
def small() -> dict[str, Any]:
    """The least that a declaration says."""
    return json.loads(json.dumps(SMALL))


@pytest.fixture
def declared() -> Callable[..., Declaration]:
    """A declaration of the small one's keys and others."""

    def make(**keys: Any) -> Declaration:
        return Declaration.model_validate({**SMALL, **keys})

    return make


@pytest.fixture(autouse=True)
def _alone(alone: None) -> None:
    """Each test has a folder and a cache of its own."""


@pytest.fixture
def rows_of(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """The rows of a run of a declaration's file, `each` of every label."""

    def run(declaration: Declaration, each: int = 3, **config: Any) -> list[dict[str, Any]]:
        path = tmp_path / "made.json"
        path.write_text(declaration.as_json(), encoding="utf-8")
        made = RunConfig(
            task=str(path),
            quotas=dict.fromkeys(declaration.labels, each),
            backend="scripted",
            **config,
        )
        with Job.create(load_registry(), made, tmp_path / "run") as job:
            job.run()
        return records(tmp_path / "run", "dataset.jsonl")

    return run
