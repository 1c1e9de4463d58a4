"""(2) The conformance kit, and a row that the check refuses."""

import pytest
from targen_core import Rejected
from targen_testing import TaskSuite

from my_demo.task import Row, check


class TestTask(TaskSuite):
    """Everything that must be true of any task: a real run, without a model."""

    task = "my-demo"


def test_a_short_row_is_rejected() -> None:
    with pytest.raises(Rejected, match="3 words"):
        check(Row(text="What lovely bread!", label="praise"), "the bread")
