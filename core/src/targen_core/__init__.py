"""targen: labelled NLP datasets from a task description alone.

These names are imported on first use, so `import targen_core` costs little. All others are imported
from the module in which they are.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from targen_core.api.generating import generate as generate
    from targen_core.api.generating import load as load
    from targen_core.api.generating import resume as resume
    from targen_core.calls.backend import Backend as Backend
    from targen_core.calls.backend import BackendOptions as BackendOptions
    from targen_core.calls.model import ChatReply as ChatReply
    from targen_core.calls.model import Price as Price
    from targen_core.dataset.read import read_dataset as read_dataset
    from targen_core.errors import Rejected as Rejected
    from targen_core.errors import TargenError as TargenError
    from targen_core.plugins.hookspecs import hookimpl as hookimpl
    from targen_core.plugins.register import Register as Register
    from targen_core.tasks.groups import Judging as Judging
    from targen_core.tasks.judging import Correction as Correction
    from targen_core.tasks.judging import CorrectionSample as CorrectionSample
    from targen_core.tasks.model import Task as Task
    from targen_core.tasks.parts import Label as Label
    from targen_core.tasks.prompt import Prompt as Prompt
    from targen_core.tasks.steps import ListStep as ListStep
    from targen_core.tasks.steps import Llm as Llm

__version__ = "0.1.0"

_MODULES = {
    "Backend": "calls.backend",
    "BackendOptions": "calls.backend",
    "ChatReply": "calls.model",
    "Correction": "tasks.judging",
    "CorrectionSample": "tasks.judging",
    "Judging": "tasks.groups",
    "Label": "tasks.parts",
    "ListStep": "tasks.steps",
    "Llm": "tasks.steps",
    "Price": "calls.model",
    "Prompt": "tasks.prompt",
    "Register": "plugins.register",
    "Rejected": "errors",
    "TargenError": "errors",
    "Task": "tasks.model",
    "generate": "api.generating",
    "hookimpl": "plugins.hookspecs",
    "load": "api.generating",
    "read_dataset": "dataset.read",
    "resume": "api.generating",
}

if not TYPE_CHECKING:  # type checkers read the imports above, and know of no other name

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted(_MODULES)
