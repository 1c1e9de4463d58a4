"""A task to export rows of, and a run of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from targen_core import Judging, Label, ListStep, Registry, Rows, Task, Texts
from targen_core.plugins.register import Registration
from targen_core.runs.records.lock import Lock, TaskPlan
from targen_core.runs.records.manifest import Manifest
from targen_core.runs.records.spec import RunSpec
from targen_standard.exporting.model import Dataset


class Pair(BaseModel):
    """The instance of most tests."""

    first: str
    second: str
    label: Literal["same", "other"]


class Labeled(Pair):
    """The same, of whatever label set a test gives the task."""

    label: Any


async def _never(llm: Any, seed: Any) -> Any:
    raise AssertionError("exports ask no model")


def make_task(**changes: Any) -> Task[Any, Any]:
    parts: dict[str, Any] = {
        "name": "pairs",
        "version": "1",
        "summary": "Pairs of words",
        "description": "Whether two words mean the same.",
        "instance": Labeled if "labels" in changes else Pair,
        "labels": (Label("same"), Label("other")),
        "contexts": ListStep(item=str, propose=_never, batch=1),
        "judging": Judging(instructions="Do the words mean the same?"),
        "texts": Texts(render=lambda pair: f"{pair.first} / {pair.second}"),
    }
    labels = changes.get("labels", parts["labels"])
    names = [label.name for label in labels] or ["any"]
    parts["generators"] = dict.fromkeys(names, _never)
    if not labels:
        parts["rows"] = Rows(label_of=lambda instance: "any")
    return Task(**{**parts, "labels": labels}).replace(**changes)


ROWS = [
    {"first": "start", "second": "begin", "label": "same", "idx": 0},
    {"first": "naïve, “so”", "second": 'say "no"\nor yes', "label": "other", "idx": 1},
]


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
        spec=RunSpec(
            task="acme:pairs", quotas=dict.fromkeys(labels, 1), backend="acme:toy", corrector=None
        ),
        lock=Lock(task=task, steps={}, corrector=None, batches=(), given={}, distributions={}),
    ).save(folder / "manifest.json")
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS]
    (folder / "dataset.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "README.md").write_text("# The card\n", encoding="utf-8")
    return folder


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    return [dict(row) for row in ROWS]
