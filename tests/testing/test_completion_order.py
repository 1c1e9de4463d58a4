"""The task suite finds steps that depend on which answer comes first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from targen_core.plugins.loader import load_registry
from targen_testing.sample import SAMPLE, Review
from targen_testing.tasks import TaskSuite as Tasks


class _Busy:
    """Writes into each review how many others are being written."""

    def __init__(self):
        self.others = 0

    async def write(self, llm, topic):
        others, self.others = self.others, self.others + 1
        try:
            made = await SAMPLE.generators["good"](llm, topic)
        finally:
            self.others -= 1
        return Review(text=f"{made.text} {others}", label="good")


def suite(task):
    registry = load_registry().including(tasks={"sample": task})

    class Found(Tasks):
        task = "sample"

        def registry(self):
            return registry

    return Found()


def test_a_step_that_counts_calls_in_flight_is_found(tmp_path_factory):
    task = replace(SAMPLE, generators={**SAMPLE.generators, "good": _Busy().write})
    found = suite(task)
    watched = Tasks.watched.__wrapped__(found, tmp_path_factory)
    with pytest.raises(pytest.fail.Exception, match="differ with 16 calls at once"):
        found.test_same_rows_again(watched, tmp_path_factory.mktemp("check"))
