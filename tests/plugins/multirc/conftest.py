"""MultiRC on a model whose every reply a test can bend."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from targen_core import Backend, ChatRequest, RunSpec
from targen_core.errors import JobFailed
from targen_core.options import Limits
from targen_core.runs.jobs.job import Job
from targen_core.scripted import ScriptedModel, ScriptedOptions

Bend = Callable[[str, Any], Any]
"""`bend(prompt, good)` -> the reply: text, a JSON value or a `ChatReply`."""


@dataclass
class Ran:
    """What a run left."""

    path: Path
    report: dict[str, Any]
    problem: str
    requests: list[ChatRequest] = field(default_factory=list)

    def _lines(self, name: str) -> list[dict[str, Any]]:
        text = (self.path / name).read_text(encoding="utf-8")
        return [json.loads(line) for line in text.split("\n")[:-1]]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self._lines("dataset.jsonl")

    @property
    def provenance(self) -> list[dict[str, Any]]:
        return self._lines("provenance.jsonl")

    @property
    def rejects(self) -> list[dict[str, Any]]:
        return self._lines("rejects.jsonl")

    @property
    def reasons(self) -> set[str]:
        return {record["reason"] for record in self.rejects}

    def asked(self, prompt: str) -> list[ChatRequest]:
        return [request for request in self.requests if request.origin.prompt == prompt]


@pytest.fixture
def run(tmp_path, installed):
    """Run MultiRC with the dry-run replies, each bent on its way."""

    def go(bend: Bend | None = None, *, rows: int = 8, **spec: Any) -> Ran:
        requests: list[ChatRequest] = []

        def script(request: ChatRequest) -> Any:
            requests.append(request)
            assert request.origin is not None
            good = request.dry_run()
            return good if bend is None else bend(request.origin.prompt, good)

        backend = Backend(
            summary="bent",
            options=ScriptedOptions,
            create=lambda options: ScriptedModel(options, script),
        )
        registry = installed.including(backends={"bent": backend})
        job = RunSpec(
            task="targen-tasks-multirc:multirc",
            backend="bent",
            limits=Limits(concurrency=4),
            **{"quotas": {"any": rows}, "give_up_after": 12, **spec},
        )
        problem = ""
        with Job.create(registry, job, tmp_path / "run") as running:
            try:
                running.run()
            except JobFailed as error:
                problem = str(error)
        report = json.loads((tmp_path / "run" / "report.json").read_text())
        return Ran(tmp_path / "run", report, problem, requests)

    return go
