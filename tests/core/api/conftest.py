"""A place of its own for every test: runs go to the folder that one stands in."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _alone(alone: None) -> None:
    """Each test has a folder of its own."""
