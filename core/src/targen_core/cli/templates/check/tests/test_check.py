"""(2) The conformance kit: your check in a run of the kit's own task.

If it is made for one task, set `task` to that task's name.
"""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from targen_core import Rejected
from targen_testing.steps import CheckSuite as Suite

from my_demo.check import CHECK, Options


class TestCheck(Suite):
    """Good replies and hostile ones, at all concurrencies."""

    check = "my-demo"
    refused = ({"text": "word " * 201, "label": "good"},)  # rows of the task that it refuses


class Row(BaseModel):
    text: str


def test_it_refuses_a_long_text() -> None:
    check = CHECK.make(Options(most=3))
    check(Row(text="It was late."), None)
    with pytest.raises(Rejected, match="text has 4 words"):
        check(Row(text="It was very late."), None)
