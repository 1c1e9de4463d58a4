"""A small task in a file for methods to make rows of, and a model whose replies can be bent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from targen_core import Backend, ChatRequest, RunSpec
from targen_core.errors import JobFailed
from targen_core.options import Limits
from targen_core.runs.jobs.job import Job
from targen_core.scripted import ScriptedModel, ScriptedOptions
from targen_methods.testing import BASES
from targen_standard.methods.columns import Columns
from targen_standard.methods.form import MethodFile, method_task

TASK = """
description: Each row is a message to a library.
labels:
  loan: it is about books on loan
  room: it is about rooms to book
fields:
  text: the message
"""


@pytest.fixture
def mail(tmp_path):
    """The task's file."""
    path = tmp_path / "mail.yaml"
    path.write_text(TASK, encoding="utf-8")
    return path


@pytest.fixture
def notes(tmp_path):
    """The file of the kit's task of one text."""
    path = tmp_path / "notes.json"
    path.write_text(BASES["kit-texts"].as_json(), encoding="utf-8")
    return str(path)


@dataclass
class Ran:
    """What a run left."""

    path: Path
    problem: str
    requests: list[ChatRequest] = field(default_factory=list)

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The records of one of its files."""
        return [json.loads(line) for line in (self.path / name).read_text().splitlines()]

    @property
    def reasons(self) -> set[str]:
        return {record["reason"] for record in self.lines("rejects.jsonl")}

    def asked(self, prompt: str) -> list[ChatRequest]:
        return [request for request in self.requests if request.origin.prompt == prompt]


@pytest.fixture
def bent(tmp_path, installed):
    """Make rows by a method with the dry run's replies, each bent: `bend(request, good)`."""

    def go(
        method: str,
        bend: Callable[[ChatRequest, Any], Any],
        quotas: Mapping[str, int],
        *,
        base: str = "kit-texts",
        given: Sequence[Mapping[str, str]] = (),
        **settings: Any,
    ) -> Ran:
        requests: list[ChatRequest] = []

        def script(request: ChatRequest) -> Any:
            requests.append(request)
            return bend(request, request.dry_run())

        backend = Backend(
            summary="bent",
            options=ScriptedOptions,
            create=lambda options: ScriptedModel(options, script),
        )
        registry = installed.including(backends={"bent": backend})
        task = BASES[base].task(name=base)
        columns = Columns.of(task)
        rows = [columns.instance(row, row["label"]) for row in given]
        registry = registry.including(tasks={base: task})
        spec = MethodFile(use=method, task=base, options=settings)
        made = method_task(spec, "made", registry=registry, given=(lambda: rows) if rows else None)
        job = RunSpec(
            task="made",
            backend="bent",
            limits=Limits(concurrency=4),
            quotas=dict(quotas),
            give_up_after=12,
        )
        problem = ""
        with Job.create(registry.including(tasks={"made": made}), job, tmp_path / "bent") as run:
            try:
                run.run()
            except JobFailed as error:
                problem = str(error)
        return Ran(tmp_path / "bent", problem, requests)

    return go
