"""The tasks on a model whose every reply a test can bend."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from targen_core import Backend, ChatReply, ChatRequest, Registry
from targen_core.engine.quotas import Quotas
from targen_core.errors import JobFailed
from targen_core.options import Limits
from targen_core.runs.jobs.job import Job
from targen_core.runs.records.spec import RunSpec
from targen_core.scripted import ScriptedModel, ScriptedOptions

Bend = Callable[[str, Any, bool], Any]
"""`bend(step, good, repair)` -> the reply: text, a JSON value or a `ChatReply`."""


@dataclass
class Ran:
    """What a run left."""

    path: Path
    report: dict[str, Any]
    problem: str
    requests: list[ChatRequest] = field(default_factory=list)
    repairs: list[ChatRequest] = field(default_factory=list)

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
        """Why candidates and list items were left out."""
        return {record["reason"] for record in self.rejects}


def step_of(request: ChatRequest) -> str:
    assert request.origin is not None
    return request.origin.step


@pytest.fixture
def run(tmp_path: Path, installed: Registry) -> Callable[..., Ran]:
    """Run a task (RTE) with the dry-run replies, each bent on its way.

    `judge` makes the replies of step 4, of the input that it shows and the dry-run reply.
    """

    def go(
        bend: Bend | None = None,
        *,
        judge: Callable[[str, Any], Any] | None = None,
        task: str = "rte",
        rows: int = 8,
        structured: bool = True,
        name: str = "run",
        **spec: Any,
    ) -> Ran:
        good: dict[tuple[Any, ...], Any] = {}
        requests: list[ChatRequest] = []
        repairs: list[ChatRequest] = []

        def script(request: ChatRequest) -> Any:
            requests.append(request)
            # A second attempt asks the same question, or opens with it.
            asked = [m for m in good if m == request.messages[: len(m)]]
            repair = bool(asked)
            if repair:
                repairs.append(request)
                value = good[max(asked, key=len)]
            else:
                value = good[request.messages] = request.dry_run()
            if judge is not None and step_of(request) == "correct":
                return judge(str(request.origin.values["input"]), value)
            return value if bend is None else bend(step_of(request), value, repair)

        class Bent(ScriptedModel):
            pass

        Bent.structured = structured
        backend = Backend(summary="bent", options=ScriptedOptions, create=lambda o: Bent(o, script))
        registry = installed.including(backends={"bent": backend})
        actual = registry.get("task", task)
        job = RunSpec(
            task=registry.find("task", task).id,
            backend="bent",
            limits=Limits(concurrency=4),
            **{
                "quotas": Quotas.even(rows, actual),
                "give_up_after": 12,
                **spec,
            },
        )
        problem = ""
        with Job.create(registry, job, tmp_path / name) as running:
            try:
                running.run()
            except JobFailed as error:
                problem = str(error)
        report = json.loads((tmp_path / name / "report.json").read_text())
        return Ran(tmp_path / name, report, problem, requests, repairs)

    return go


@pytest.fixture
def at() -> Callable[..., Bend]:
    """Bend the replies of one step: the first ones, or with `always` repairs too."""

    def only(step: str, change: Callable[[Any], Any], *, always: bool = False) -> Bend:
        def bend(actual: str, good: Any, repair: bool) -> Any:
            return change(good) if actual == step and (always or not repair) else good

        return bend

    return only


@pytest.fixture
def cut() -> Callable[[Any], ChatReply]:
    """A reply cut at max_tokens in the middle of its JSON."""
    return lambda good: ChatReply(json.dumps(good)[: len(json.dumps(good)) // 2], "length", 9, 9)
