"""The command, run in this process: each of these would import the analysis again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def targen(in_process: Callable[..., Any]) -> Callable[..., Any]:
    """The command, in this process."""
    return in_process
