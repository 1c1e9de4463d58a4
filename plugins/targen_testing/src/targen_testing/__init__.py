"""For authors of plugins: the conformance kit, and services that fail as real ones do."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from targen_core.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    from targen_core import Register
    from targen_testing.adapters import AdapterSuite
    from targen_testing.backends import BackendSuite
    from targen_testing.commands import CommandSuite
    from targen_testing.correctors import CorrectorSuite
    from targen_testing.dataset_readers import DatasetReaderSuite
    from targen_testing.deliveries import DeliverySuite
    from targen_testing.embedders import EmbedderSuite
    from targen_testing.executors import ExecutorSuite
    from targen_testing.exporters import ExporterSuite
    from targen_testing.forms import FormSuite
    from targen_testing.outputs import OutputSuite
    from targen_testing.readers import ReaderSuite
    from targen_testing.steps import (
        CheckSuite,
        ContextsSuite,
        FilterSuite,
        GeneratorSuite,
        SeedsSuite,
    )
    from targen_testing.tasks import TaskSuite
    from targen_testing.wire import OPENAI, Wire

__all__ = [
    "OPENAI",
    "AdapterSuite",
    "BackendSuite",
    "CheckSuite",
    "CommandSuite",
    "ContextsSuite",
    "CorrectorSuite",
    "DatasetReaderSuite",
    "DeliverySuite",
    "EmbedderSuite",
    "ExecutorSuite",
    "ExporterSuite",
    "FilterSuite",
    "FormSuite",
    "GeneratorSuite",
    "OutputSuite",
    "ReaderSuite",
    "SeedsSuite",
    "TaskSuite",
    "Wire",
    "register_functions",
]

_HOME = {
    "OPENAI": "wire",
    "AdapterSuite": "adapters",
    "BackendSuite": "backends",
    "CheckSuite": "steps",
    "CommandSuite": "commands",
    "ContextsSuite": "steps",
    "CorrectorSuite": "correctors",
    "DatasetReaderSuite": "dataset_readers",
    "DeliverySuite": "deliveries",
    "EmbedderSuite": "embedders",
    "ExecutorSuite": "executors",
    "ExporterSuite": "exporters",
    "FilterSuite": "steps",
    "FormSuite": "forms",
    "GeneratorSuite": "steps",
    "OutputSuite": "outputs",
    "ReaderSuite": "readers",
    "SeedsSuite": "steps",
    "TaskSuite": "tasks",
    "Wire": "wire",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


@hookimpl
def register_functions(register: Register[Callable[..., Any]]) -> None:
    """Register the function for `targen plugins check`."""
    register.register(
        "check-plugin",
        "targen_testing.command:check",
        summary="the conformance suites that targen plugins check runs on a folder",
    )
