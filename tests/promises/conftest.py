"""Fixtures: a user's terminal and a simulated service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .driver import OUTPUTS, TASKS, Shell, World, generation, python_calls, world
from .service import Service


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    """A folder with the task `mail.yaml`, a service on loopback and the model behind it."""
    with world(tmp_path) as new:
        yield new


@pytest.fixture
def shell(made: World) -> Shell:
    """The terminal in that folder."""
    return made.shell


@pytest.fixture
def service(made: World) -> Service:
    """The service."""
    return made.service


@pytest.fixture(scope="session")
def canned(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A terminal beside runs of the nine tasks and of the five kinds of output, without a model.

    Tests may add files, but change none of the runs.
    """
    shell = Shell(tmp_path_factory.mktemp("canned"))
    tasks = {**TASKS, **OUTPUTS}
    python_calls(shell, [generation(task, name, n=6) for name, task in tasks.items()])
    return shell
