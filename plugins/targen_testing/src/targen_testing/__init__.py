"""For authors of plugins: the conformance kit, and services that fail as real ones do.

The suites are imported on first use: targen imports this module for every command.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from targen_core import Register, hookimpl

if TYPE_CHECKING:
    from targen_testing.adapters import AdapterSuite as AdapterSuite
    from targen_testing.backends import BackendSuite as BackendSuite
    from targen_testing.commands import CommandSuite as CommandSuite
    from targen_testing.correctors import CorrectorSuite as CorrectorSuite
    from targen_testing.deliveries import DeliverySuite as DeliverySuite
    from targen_testing.embedders import EmbedderSuite as EmbedderSuite
    from targen_testing.executors import ExecutorSuite as ExecutorSuite
    from targen_testing.exporters import ExporterSuite as ExporterSuite
    from targen_testing.forms import FormSuite as FormSuite
    from targen_testing.outputs import OutputSuite as OutputSuite
    from targen_testing.readers import ReaderSuite as ReaderSuite
    from targen_testing.steps import CheckSuite as CheckSuite
    from targen_testing.steps import ContextsSuite as ContextsSuite
    from targen_testing.steps import FilterSuite as FilterSuite
    from targen_testing.steps import GeneratorSuite as GeneratorSuite
    from targen_testing.steps import SeedsSuite as SeedsSuite
    from targen_testing.tasks import TaskSuite as TaskSuite

_STEPS = ("CheckSuite", "ContextsSuite", "FilterSuite", "GeneratorSuite", "SeedsSuite")
_MODULES = {
    **dict.fromkeys(_STEPS, "steps"),
    "AdapterSuite": "adapters",
    "BackendSuite": "backends",
    "CommandSuite": "commands",
    "CorrectorSuite": "correctors",
    "DeliverySuite": "deliveries",
    "EmbedderSuite": "embedders",
    "ExecutorSuite": "executors",
    "ExporterSuite": "exporters",
    "FormSuite": "forms",
    "OutputSuite": "outputs",
    "ReaderSuite": "readers",
    "TaskSuite": "tasks",
}

if not TYPE_CHECKING:  # type checkers read the imports above

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


@hookimpl
def register_commands(register: Register) -> None:
    """Register the command that tests a plugin's folder."""
    register(
        "plugins check",
        "targen_testing.command:check",
        summary="Test a plugin's folder with the conformance kit.",
        panel="Plugins",
    )
