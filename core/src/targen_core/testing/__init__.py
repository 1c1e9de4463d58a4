"""For authors of plugins: the scripted backend, and the conformance kit.

The suites need pytest: `pip install 'targen-core[testing]'`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from targen_core.testing.backends import BackendSuite
    from targen_core.testing.correctors import CorrectorSuite
    from targen_core.testing.exporters import ExporterSuite
    from targen_core.testing.metrics import MetricSuite
    from targen_core.testing.scripted import Script, ScriptedModel, ScriptedOptions
    from targen_core.testing.tasks import TaskSuite
    from targen_core.testing.wire import OPENAI, Wire

__all__ = [
    "OPENAI",
    "BackendSuite",
    "CorrectorSuite",
    "ExporterSuite",
    "MetricSuite",
    "Script",
    "ScriptedModel",
    "ScriptedOptions",
    "TaskSuite",
    "Wire",
]

_HOME = {
    "OPENAI": "wire",
    "BackendSuite": "backends",
    "CorrectorSuite": "correctors",
    "ExporterSuite": "exporters",
    "MetricSuite": "metrics",
    "Script": "scripted",
    "ScriptedModel": "scripted",
    "ScriptedOptions": "scripted",
    "TaskSuite": "tasks",
    "Wire": "wire",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "pytest":
            raise
        raise ImportError(
            f"{name} needs pytest, which is not installed: pip install 'targen-core[testing]'"
        ) from error
