"""(1) What a file of this form says, and the task that it means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from targen_core import Task
from targen_standard.task_files.forms import TaskForm
from targen_standard.task_files.model import Declaration


class Queues(BaseModel):
    """What stands below the key `my-demo`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shop: str = Field(min_length=1, description="what the shop sells")
    queues: dict[str, str] = Field(min_length=2, description="queue -> what belongs there")


def _task(spec: Queues, name: str) -> Task[Any, Any]:
    """The task; no network, since a file is read for listings too."""
    return Declaration(
        description=f"A letter from a customer to a shop that sells {spec.shop}.",
        labels=spec.queues,
    ).task(name=name)


def _reaching(spec: Queues, folder: Path) -> Mapping[str, Any]:
    """What a file names that is code, lies outside its folder or costs more: nothing here."""
    return {}


FORM = TaskForm(summary="letters to a shop, by queue", spec=Queues, task=_task, reaching=_reaching)
