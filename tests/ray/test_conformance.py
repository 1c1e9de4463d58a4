"""The checks that every executor passes, on a real Ray cluster of this machine."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from targen_testing.executors import ExecutorSuite as Executors


@pytest.mark.usefixtures("cluster")
class TestRay(Executors):
    executor = "ray"
    asked: ClassVar[dict[str, Any]] = {"workers": 2}
    own_processes = True
