"""For authors of plugins: the conformance kit, and services that fail as real ones do."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from targen_testing.backends import BackendSuite
    from targen_testing.correctors import CorrectorSuite
    from targen_testing.embedders import EmbedderSuite
    from targen_testing.executors import ExecutorSuite
    from targen_testing.exporters import ExporterSuite
    from targen_testing.methods import MethodSuite
    from targen_testing.metrics import MetricSuite
    from targen_testing.retrieval import CatalogueSuite, RetrieverSuite
    from targen_testing.steps import ContextsSuite, GeneratorSuite, SeedsSuite
    from targen_testing.tasks import TaskSuite
    from targen_testing.trainers import TrainerSuite
    from targen_testing.wire import OPENAI, Wire

__all__ = [
    "OPENAI",
    "BackendSuite",
    "CatalogueSuite",
    "ContextsSuite",
    "CorrectorSuite",
    "EmbedderSuite",
    "ExecutorSuite",
    "ExporterSuite",
    "GeneratorSuite",
    "MethodSuite",
    "MetricSuite",
    "RetrieverSuite",
    "SeedsSuite",
    "TaskSuite",
    "TrainerSuite",
    "Wire",
]

_HOME = {
    "OPENAI": "wire",
    "BackendSuite": "backends",
    "CatalogueSuite": "retrieval",
    "ContextsSuite": "steps",
    "CorrectorSuite": "correctors",
    "EmbedderSuite": "embedders",
    "ExecutorSuite": "executors",
    "ExporterSuite": "exporters",
    "GeneratorSuite": "steps",
    "MethodSuite": "methods",
    "MetricSuite": "metrics",
    "RetrieverSuite": "retrieval",
    "SeedsSuite": "steps",
    "TaskSuite": "tasks",
    "TrainerSuite": "trainers",
    "Wire": "wire",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
