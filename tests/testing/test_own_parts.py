"""The core's own parts pass the kit that every plugin passes."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import Literal

import pytest

from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_standard.correctors.blind import SOLVE_PROMPT
from targen_testing.backends import BackendSuite as Backends
from targen_testing.correctors import CorrectorSuite as Correctors
from targen_testing.exporters import ExporterSuite as Exporters
from targen_testing.sample import SAMPLE, Review, with_sample
from targen_testing.tasks import TaskSuite as Tasks


class TestSample(Tasks):
    """The kit's own task, which is registered nowhere."""

    task = "sample"

    def registry(self) -> Registry:
        return with_sample(super().registry())


def test_a_task_need_not_list_the_prompts_of_a_part_that_it_uses(tmp_path):
    class Voted(Tasks):
        task = "memory:voted"

        def registry(self):
            judging = replace(SAMPLE.judging, corrector="vote")
            return load_registry().including(tasks={"voted": SAMPLE.replace(judging=judging)})

    trial = Voted().trial(tmp_path / "run")
    assert "solve" in trial.asked
    Voted().test_prompts_are_listed(trial)
    with pytest.raises(AssertionError, match=r"Task\.prompts lacks other"):
        Voted().test_prompts_are_listed(replace(trial, asked=frozenset({"other"})))


class TestScripted(Backends):
    backend = "scripted"
    options = ()
    wire = None


class TestMeta(Correctors):
    corrector = "meta"


class TestMetaPaper(Correctors):
    corrector = "meta-paper"


class TestBlind(Correctors):
    corrector = "blind"


class Found(Review):
    """A review whose label step 4 finds."""

    label: Literal["good", "bad"] | None = None


async def _written(llm, topic):
    made = await SAMPLE.generators[llm.alternate("good", "bad")](llm, topic)
    return Found(text=made.text)


FOUND = SAMPLE.replace(
    name="found",
    instance=Found,
    generators={"review": _written},
    prompts=(*SAMPLE.prompts, SOLVE_PROMPT),
    seeding={"branch_labels": {"review": None}},
)


class TestMetaWhereNothingIsClaimed(Correctors):
    """The labels of its task are found by step 4 alone."""

    corrector = "meta"
    task = "found"

    def everything(self) -> Registry:
        sample = super().everything()
        actual = replace(sample.find("task", "sample"), name="found", target=FOUND)
        return Registry([*sample.everything(), actual], sample.plugins)


class TestJsonl(Exporters):
    exporter = "jsonl"


class TestInstructions(Exporters):
    exporter = "instructions"


class TestOpenai(Exporters):
    exporter = "openai"


class TestCsv(Exporters):
    exporter = "csv"


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="needs pyarrow")
class TestHf(Exporters):
    exporter = "hf"
