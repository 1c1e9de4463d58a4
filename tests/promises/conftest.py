"""Fixtures: a user's terminal and a simulated service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .driver import OUTPUTS, TASKS, Model, Shell, generation, python_calls
from .service import Service, serve


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A terminal in an empty folder."""
    return Shell(tmp_path)


@pytest.fixture
def model() -> Model:
    """The model behind the service."""
    return Model()


@pytest.fixture
def service(model: Model) -> Iterator[Service]:
    """A service on loopback."""
    with serve(model) as made:
        yield made


@pytest.fixture(scope="session")
def canned(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A terminal beside runs of the nine tasks and of the five kinds of output, without a model.

    Tests may add files, but change none of the runs.
    """
    shell = Shell(tmp_path_factory.mktemp("canned"))
    tasks = {**TASKS, **OUTPUTS}
    python_calls(shell, [generation(task, name, n=6) for name, task in tasks.items()])
    return shell
