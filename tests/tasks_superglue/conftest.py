"""Tasks on a model whose every reply a test can bend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from targen_core.calls.model import ChatRequest
from targen_core.engine.quotas import Quotas
from targen_core.plugins.registry import Registry
from tests.bent import Ran, run_bent

Bend = Callable[[str, Any, bool], Any]
"""`bend(step, good, repair)` -> the reply: text, a JSON value or a `ChatReply`."""


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
        name: str = "run",
        **spec: Any,
    ) -> Ran:
        good: dict[tuple[Any, ...], Any] = {}
        repairs: list[ChatRequest] = []

        def script(request: ChatRequest) -> Any:
            # A second attempt asks the same question, or opens with it.
            asked = [m for m in good if m == request.messages[: len(m)]]
            repair = bool(asked)
            if repair:
                repairs.append(request)
                value = good[max(asked, key=len)]
            else:
                value = good[request.messages] = request.dry_run()
            if judge is not None and request.origin.step == "correct":
                return judge(str(request.origin.values["input"]), value)
            return value if bend is None else bend(request.origin.step, value, repair)

        spec = {"quotas": Quotas.even(rows, installed.get("task", task)), **spec}
        task_id = installed.find("task", task).id
        ran = run_bent(installed, tmp_path / name, script, task=task_id, **spec)
        ran.repairs = repairs
        return ran

    return go


@pytest.fixture(scope="session")
def plain(installed: Registry, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ran]:
    """A run on the dry-run replies as they are: made once, and changed by no test."""
    made: dict[str, Ran] = {}

    def go(task: str, rows: int = 160, **spec: Any) -> Ran:
        key = repr((task, rows, sorted(spec.items())))
        if key not in made:
            spec = {"quotas": Quotas.even(rows, installed.get("task", task)), **spec}
            task_id, folder = installed.find("task", task).id, tmp_path_factory.mktemp(task)
            script = lambda request: request.dry_run()  # noqa: E731
            made[key] = run_bent(installed, folder / "run", script, task=task_id, **spec)
        return made[key]

    return go


@pytest.fixture
def given(run: Callable[..., Ran], tmp_path: Path) -> Callable[..., Ran]:
    """Run a task from a single seed, with the same reply to every call of step 3."""

    def go(
        task: str, seed: BaseModel | None, reply: Any, *, repaired: Any = None, **spec: Any
    ) -> Ran:
        if seed is not None:
            spec["seeds"] = tmp_path / "seeds.jsonl"
            spec["seeds"].write_text(seed.model_dump_json() + "\n", encoding="utf-8")

        def bend(step: str, good: Any, repair: bool) -> Any:
            if step != "generate":
                return good
            return repaired if repair and repaired is not None else reply

        return run(bend, task=task, **spec)

    return go


@pytest.fixture
def at() -> Callable[..., Bend]:
    """Bend the replies of one step: the first ones, or with `always` repairs too."""

    def only(step: str, change: Callable[[Any], Any], *, always: bool = False) -> Bend:
        def bend(actual: str, good: Any, repair: bool) -> Any:
            return change(good) if actual == step and (always or not repair) else good

        return bend

    return only
