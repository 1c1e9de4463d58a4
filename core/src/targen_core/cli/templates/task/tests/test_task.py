"""(5) The conformance kit, and a good and a bad row for each check of yours."""

from __future__ import annotations

import pytest
from targen_core import Rejected
from targen_testing.tasks import TaskSuite as Suite

from my_demo.rows import Matter, Row
from my_demo.steps import check_row

SEED = Matter(business="bakery", matter="the opening hours")


class TestTask(Suite):
    """Everything that must be true of any task: a real run, without a model."""

    task = "my-demo"


def test_a_good_row_passes() -> None:
    check_row(Row(text="It is lovely that you open before my train leaves.", label="praise"), SEED)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Lovely bread!", "too-short"),
        ("I came at eight because your sign says", "cut-off"),
        ("Sure! Here is a message about the opening hours.", "meta-text"),
        ("Label: praise. You open early, and I like that.", "meta-text"),
    ],
)
def test_a_bad_row_is_rejected_and_says_why(text: str, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        check_row(Row(text=text, label="praise"), SEED)
    assert caught.value.reason == reason
