"""A place of its own for every test: runs go to the folder that one stands in."""

from __future__ import annotations

import pytest

import targen_core as tg
from targen_core.api.run import Run


@pytest.fixture(autouse=True)
def _alone(alone: None) -> None:
    """Each test has a folder of its own."""


@pytest.fixture
def run() -> Run:
    """A small run of RTE."""
    return tg.generate("rte", n=8, model="scripted", out="runs/x")
