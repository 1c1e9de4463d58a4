"""The command, run in this process: quick, and through the same `main` as the script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from targen_core.calls.calls import Calls
from targen_standard.scripted import ScriptedModel
from targen_testing.fault_server import FaultServer, Response

from ...mail import MAIL
from ...runs import records
from ...services import answer


@pytest.fixture(autouse=True)
def _alone(alone: None, few_samples: None) -> None:
    """Each test has a folder of its own, and its estimates go by few rows."""


@pytest.fixture
def mail_file() -> None:
    """A task of the labels order and refund in this folder."""
    Path("mail.yaml").write_text(MAIL)


@pytest.fixture
def service():
    """A service on loopback that answers a call with words of its schema."""
    with FaultServer(lambda seen: Response(answer(seen.body))) as made:
        yield made


@pytest.fixture
def rte(targen: Callable[..., Any]) -> Callable[..., Any]:
    """`targen generate rte` on the scripted backend, without a progress display."""

    def run(*args: object) -> Any:
        return targen("generate", "rte", "-b", "scripted", "-q", *args)

    return run


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, whoever would make a model or send anything fails."""

    def refuse(*args: object, **kwargs: object) -> Any:
        raise AssertionError("a model was asked, or made")

    def silence() -> None:
        for of, name in (
            (ScriptedModel, "complete"),
            (ScriptedModel, "__init__"),
            (Calls, "_send"),
        ):
            monkeypatch.setattr(of, name, refuse)

    return silence


@pytest.fixture
def rows() -> Callable[..., list[dict[str, Any]]]:
    """The rows of a run."""
    return lambda run: records(run, "dataset.jsonl")


@pytest.fixture
def own_task() -> Callable[[str], str]:
    """Put one of the tasks of `tasks/` into this folder, with texts replaced; its file's name."""

    def put(name: str, *changes: tuple[str, str]) -> str:
        text = (Path(__file__).parent / "tasks" / f"{name}.py").read_text(encoding="utf-8")
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        Path(f"{name}.py").write_text(text)
        return f"{name}.py"

    return put


@pytest.fixture
def own_tasks(own_task: Callable[[str], str]) -> None:
    """All tasks of `tasks/` in this folder."""
    for path in (Path(__file__).parent / "tasks").glob("*.py"):
        own_task(path.stem)
