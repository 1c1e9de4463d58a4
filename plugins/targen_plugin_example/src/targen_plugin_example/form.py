"""A form of task files: queues of a help desk are enough to make a task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from targen_core import Task
from targen_standard.task_files.forms import TaskForm
from targen_standard.task_files.model import Declaration


class Queues(BaseModel):
    """The part below the key `queues`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shop: str = Field(min_length=1, description="what the shop sells")
    queues: dict[str, str] = Field(min_length=2, description="queue -> what belongs there")


def task_of(spec: Queues, name: str) -> Task[Any, Any]:
    """Letters to the shop, by queue."""
    return Declaration(
        description=f"A letter from a customer to a shop that sells {spec.shop}.",
        labels=spec.queues,
    ).task(name=name)


def reaching(spec: Queues, folder: Path) -> Mapping[str, Any]:
    """Return an empty mapping: a file of this form names no code, no path and no address."""
    return {}


QUEUES = TaskForm(summary="letters by queue", spec=Queues, task=task_of, reaching=reaching)
