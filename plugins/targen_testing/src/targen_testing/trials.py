"""Runs that suites look at: made once, kept with whatever stopped them."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.calls.delivery import ModelExecutor, ModelSource, Workers
from targen_core.calls.model import ChatModel, ChatReply, ChatRequest
from targen_core.dataset.model import Dataset
from targen_core.dataset.reading import read_dataset
from targen_core.errors import (
    QuotaNotMet,
    TargenError,
    UsageError,
)
from targen_core.plugins.register import MEMORY, Registration
from targen_core.plugins.registry import Registry
from targen_core.reading.lines import read_jsonl
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_core.runs.models import Elsewhere
from targen_core.tasks.model import Task
from targen_standard.correction.dataset import correct_dataset

GOOD = {"script": "targen_testing.hostile:good"}
HOSTILE = {"script": "targen_testing.hostile:replies"}
"""Options of the scripted backend: replies that fit, and half of them hostile."""

FILES = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")
"""Files of a run that depend on its replies alone."""

_TURNS = 40  # of the event loop, within which an answer comes

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""The form of a reason."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A run that ended, well or not.

    Attributes:
        folder: the run directory.
        report: the report, or {} without one.
        error: what stopped it, or None.
        asked: the names of the prompts that were sent.
    """

    folder: Path
    report: dict[str, Any]
    error: Exception | None
    asked: frozenset[str] = frozenset()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The dataset."""
        return self._lines("dataset.jsonl")

    @property
    def provenance(self) -> list[dict[str, Any]]:
        """Where each row comes from."""
        return self._lines("provenance.jsonl")

    @property
    def made(self) -> list[dict[str, Any]]:
        """Candidates that became no row, of those that a generator gave."""
        lines = self._lines("rejects.jsonl")
        return [line for line in lines if "id" in line and line["reason"] != "missing"]

    @property
    def dataset(self) -> bytes:
        """Return the bytes of the dataset file."""
        path = self.folder / "dataset.jsonl"
        return path.read_bytes() if path.exists() else b""

    @property
    def reasons(self) -> dict[str, int]:
        """Why candidates and list items were rejected, and how often."""
        times_by_reason: dict[str, int] = {}
        counts = [flow["reasons"] for flow in self.report.get("flow", {}).values()]
        dropped = self.report.get("dropped_list_items", {})
        if isinstance(dropped, dict):
            counts.append(dropped)
        counts.append(self.report.get("unjudged", {}))  # of a correction
        for count in counts:
            for reason, times in count.items():
                times_by_reason[reason] = times_by_reason.get(reason, 0) + times
        return times_by_reason

    @property
    def has_ended(self) -> bool:
        """Return whether it ran to its end, with all rows or short of some."""
        return self.error is None or isinstance(self.error, QuotaNotMet)

    def _lines(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / name
        return list(read_jsonl(path)) if path.exists() else []


def job_of(
    task: Task[Any, Any], name: str, rows: int, *, concurrency: int = 8, **values: Any
) -> RunConfig:
    """A job of `rows` instances a label on the scripted backend."""
    return RunConfig(
        task=name,
        quotas=dict.fromkeys(task.quota_names, rows * task.rows_per_instance),
        backend="targen-standard:scripted",
        concurrency=concurrency,
        **values,
    )


def generate(
    registry: Registry,
    config: RunConfig,
    folder: Path,
    order: int | None = None,
    elsewhere: Elsewhere | None = None,
) -> Trial:
    """Run a job; what stops it is kept and not raised.

    Args:
        registry: finds the parts of the job.
        config: the job.
        folder: the run directory.
        order: shuffles the order in which replies arrive.
        elsewhere: where the models are, other than in this process.
    """
    if order is not None:
        elsewhere = _shuffled(order)
    asked: set[str] = set()
    error: Exception | None = None
    report: dict[str, Any] = {}
    try:
        with Job.create(registry, config, folder) as job:
            job.elsewhere = elsewhere
            report = job.run(observer=lambda call, *_: asked.add(call.prompt))
    except Exception as raised:
        error = raised
        path = folder / "report.json"
        report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return Trial(folder, report, error, frozenset(asked))


def _shuffled(order: int) -> Elsewhere:
    """Have a run's models answer in an order that `order` and their calls decide.

    No time passes: each answer waits for some turns of the event loop.
    """

    async def place(sources: Sequence[ModelSource], workers: Workers) -> list[ChatModel]:
        return [_Shuffled(source.model, order) for source in sources]

    executor = ModelExecutor(summary="answers in a different order", place=place)
    registered: Registration[Any] = Registration(
        "executor", "shuffled", executor, "", MEMORY, "", ""
    )
    return Elsewhere(registered, executor, Workers(), {"executor": "shuffled"})


class _Shuffled:
    """A model whose answers come in another order than they are asked for."""

    def __init__(self, model: ChatModel, order: int) -> None:
        self._model, self._order = model, order

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    async def complete(self, request: ChatRequest) -> ChatReply:
        for _ in range(random.Random(f"{self._order} {request.key}").randrange(_TURNS)):
            await asyncio.sleep(0)
        return await self._model.complete(request)


def differing(one: Path, other: Path) -> list[str]:
    """The files of two runs that differ."""
    return [
        name
        for name in FILES
        if (one / name).exists() != (other / name).exists()
        or ((one / name).exists() and (one / name).read_bytes() != (other / name).read_bytes())
    ]


def correct(registry: Registry, config: RunConfig, dataset: Dataset, folder: Path) -> Trial:
    """Run step 4 on a dataset; what stops it is kept and not raised."""
    try:
        return Trial(*correct_dataset(registry, config, dataset, folder), None)
    except TargenError as error:
        return Trial(folder, {}, error)


def require_slugs(reasons: Iterable[str]) -> None:
    """Check reasons of rejections, by which reports count."""
    bad = sorted({reason for reason in reasons if not SLUG.fullmatch(reason)})
    assert not bad, f"reasons must be short words joined by hyphens, such as too-long, not {bad}"


def unofficial(task: Task[Any, Any], trial: Trial) -> str:
    """Return the problem of the first row that is not official, or ""."""
    if not (rows := trial.rows):
        return ""
    try:
        read_dataset(rows, task)
    except UsageError as error:
        return str(error)
    return ""


def misread(task: Task[Any, Any], trial: Trial) -> str:
    """Return the problem of the first rows that cannot be read back, or ""."""
    try:
        for unit in Dataset("the dataset", task, trial.rows).units():
            (instance,) = unit.instances
            again = json.loads(json.dumps(list(task.to_rows(instance, unit.idx))))
            if again != list(unit.rows):
                return f"row {unit.number} is read back differently: {again}, not {unit.rows}"
    except Exception as error:
        return f"a row cannot be read back: {type(error).__name__}: {error}"
    return ""
