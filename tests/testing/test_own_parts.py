"""The core's own parts pass the kit that every plugin passes."""

from __future__ import annotations

import importlib.util

import pytest

from targen_core.plugins.registry import Registry
from targen_testing import BackendSuite as Backends
from targen_testing import CorrectorSuite as Correctors
from targen_testing import ExporterSuite as Exporters
from targen_testing import TaskSuite as Tasks
from targen_testing.sample import with_sample


class TestSample(Tasks):
    """The kit's own task, which is registered nowhere."""

    task = "sample"

    def registry(self) -> Registry:
        return with_sample(super().registry())


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


class TestVote(Correctors):
    corrector = "vote"


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
