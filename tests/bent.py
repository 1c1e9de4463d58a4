"""Runs of a model whose replies a test bends, and what they left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from targen_core import Backend
from targen_core.calls.model import ChatRequest
from targen_core.errors import JobFailed
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_standard.scripted import ScriptedModel, ScriptedOptions

from .runs import Outputs, records, report


@dataclass
class Ran(Outputs):
    """What a run left, what stopped it, and what it asked."""

    path: Path
    report: dict[str, Any]
    problem: str
    requests: list[ChatRequest]
    repairs: list[ChatRequest] = field(default_factory=list)

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The records of one of its files."""
        return records(self.path, name)

    @property
    def reasons(self) -> set[str]:
        """Why candidates and list items were left out."""
        return {record["reason"] for record in self.rejects}

    def asked(self, prompt: str) -> list[ChatRequest]:
        """The requests that this prompt made."""
        return [request for request in self.requests if request.origin.prompt == prompt]


def run_bent(
    registry: Registry,
    folder: Path,
    script: Callable[[ChatRequest], Any],
    *,
    structured: bool = True,
    **config: Any,
) -> Ran:
    """Run a job whose every reply is `script(request)`; what stops it is kept."""
    requests: list[ChatRequest] = []

    class Bent(ScriptedModel):
        pass

    def noted(request: ChatRequest) -> Any:
        requests.append(request)
        return script(request)

    Bent.structured = structured
    backend = Backend(
        summary="bent", options=ScriptedOptions, create=lambda options: Bent(options, noted)
    )
    job = RunConfig(backend="bent", concurrency=4, **{"give_up_after": 12, **config})
    problem = ""
    with Job.create(registry.including(backends={"bent": backend}), job, folder) as running:
        try:
            running.run()
        except JobFailed as error:
            problem = str(error)
    return Ran(folder, report(folder), problem, requests)
