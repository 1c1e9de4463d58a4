"""For authors of tasks and backends: the scripted backend and `TaskSuite`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from targen_core.testing.scripted import Script, ScriptedModel, ScriptedOptions
    from targen_core.testing.suite import TaskSuite

__all__ = ["Script", "ScriptedModel", "ScriptedOptions", "TaskSuite"]

_HOME = {
    "Script": "scripted",
    "ScriptedModel": "scripted",
    "ScriptedOptions": "scripted",
    "TaskSuite": "suite",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
