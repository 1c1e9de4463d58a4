"""Fixtures: a user's terminal and a simulated service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .driver import Model, Shell
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
