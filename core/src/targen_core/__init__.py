"""targen: labelled NLP datasets from a task description alone.

The names below are the public surface, for programs and for authors of plugins. Each is imported on
first use, so `import targen_core` costs little. Functions that plugins register, such as `estimate`
and `merge`, are attributes as well.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from inspect import isfunction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from targen_core import errors
    from targen_core.api.generating import agenerate, aresume, generate, load, resume
    from targen_core.api.report import LabelReport, Report, UsageReport
    from targen_core.api.run import Run
    from targen_core.calls.backend import Backend, BackendOptions
    from targen_core.calls.model import (
        ChatModel,
        ChatReply,
        ChatRequest,
        Message,
        Price,
        ScoringModel,
    )
    from targen_core.calls.scores import Scored, TokenScore, mean_logprob
    from targen_core.dataset.model import Dataset
    from targen_core.dataset.read import read_dataset
    from targen_core.engine.filters import Candidate, Filter, Refusal
    from targen_core.engine.quotas import Quotas
    from targen_core.errors import JobFailed, Rejected, TargenError, UsageError
    from targen_core.options import Limits
    from targen_core.origin import Typed, trusting
    from targen_core.plugins.configurable import Configurable
    from targen_core.plugins.hookspecs import hookimpl
    from targen_core.plugins.kinds import Kind, KindRegister
    from targen_core.plugins.loader import load_registry
    from targen_core.plugins.register import Register, Registration
    from targen_core.plugins.registry import Registry
    from targen_core.runs.folder.reporters import Concern
    from targen_core.runs.jobs.job import Job
    from targen_core.runs.records.spec import RunSpec
    from targen_core.tasks.cases import Case
    from targen_core.tasks.dimensions import Dimension
    from targen_core.tasks.groups import Judging, Rows, Texts
    from targen_core.tasks.judging import Correction, CorrectionSample, JudgeAnswer, JudgeQuestion
    from targen_core.tasks.model import Task
    from targen_core.tasks.parts import Credit, DryRunCall, Label, Variant
    from targen_core.tasks.prompt import Prompt
    from targen_core.tasks.steps import (
        Check,
        Corrector,
        InverseGenerator,
        ListStep,
        Llm,
        Part,
        Step,
    )
    from targen_core.tasks.vocabularies import vocabulary

__version__ = "0.1.0"

_HOMES = {
    "api.generating": "agenerate aresume generate load resume",
    "api.report": "LabelReport Report UsageReport",
    "api.run": "Run",
    "calls.backend": "Backend BackendOptions",
    "calls.model": "ChatModel ChatReply ChatRequest Message Price ScoringModel",
    "calls.scores": "Scored TokenScore mean_logprob",
    "dataset.model": "Dataset",
    "dataset.read": "read_dataset",
    "engine.filters": "Candidate Filter Refusal",
    "engine.quotas": "Quotas",
    "errors": "JobFailed Rejected TargenError UsageError",
    "options": "Limits",
    "origin": "Typed trusting",
    "plugins.configurable": "Configurable",
    "plugins.hookspecs": "hookimpl",
    "plugins.kinds": "Kind KindRegister",
    "plugins.loader": "load_registry",
    "plugins.register": "Register Registration",
    "plugins.registry": "Registry",
    "runs.folder.reporters": "Concern",
    "runs.jobs.job": "Job",
    "runs.records.spec": "RunSpec",
    "tasks.cases": "Case",
    "tasks.dimensions": "Dimension",
    "tasks.groups": "Judging Rows Texts",
    "tasks.judging": "Correction CorrectionSample JudgeAnswer JudgeQuestion",
    "tasks.model": "Task",
    "tasks.parts": "Credit DryRunCall Label Variant",
    "tasks.prompt": "Prompt",
    "tasks.steps": "Check Corrector InverseGenerator ListStep Llm Part Step",
    "tasks.vocabularies": "vocabulary",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Backend",
    "BackendOptions",
    "Candidate",
    "Case",
    "ChatModel",
    "ChatReply",
    "ChatRequest",
    "Check",
    "Concern",
    "Configurable",
    "Correction",
    "CorrectionSample",
    "Corrector",
    "Credit",
    "Dataset",
    "Dimension",
    "DryRunCall",
    "Filter",
    "InverseGenerator",
    "Job",
    "JobFailed",
    "JudgeAnswer",
    "JudgeQuestion",
    "Judging",
    "Kind",
    "KindRegister",
    "Label",
    "LabelReport",
    "Limits",
    "ListStep",
    "Llm",
    "Message",
    "Part",
    "Price",
    "Prompt",
    "Quotas",
    "Refusal",
    "Register",
    "Registration",
    "Registry",
    "Rejected",
    "Report",
    "Rows",
    "Run",
    "RunSpec",
    "Scored",
    "ScoringModel",
    "Step",
    "TargenError",
    "Task",
    "Texts",
    "TokenScore",
    "Typed",
    "UsageError",
    "UsageReport",
    "Variant",
    "agenerate",
    "aresume",
    "errors",
    "generate",
    "hookimpl",
    "load",
    "load_registry",
    "mean_logprob",
    "read_dataset",
    "resume",
    "trusting",
    "vocabulary",
]

if not TYPE_CHECKING:  # type checkers read the imports above, and know of no other name

    def __getattr__(name: str) -> object:
        if name == "errors":
            return import_module(f"{__name__}.errors")
        if name not in _HOME:
            # "from targen_core import text" asks for the name before it imports the module.
            if name.startswith("_") or find_spec(f"{__name__}.{name}") is not None:
                raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
            return _exported(import_module(f"{__name__}.plugins.functions").function(name))
        value = _exported(getattr(import_module(f"{__name__}.{_HOME[name]}"), name))
        globals()[name] = value
        return value

    def _exported(value: object) -> object:
        """Return what programs get: functions that check their arguments and trim errors."""
        if not isfunction(value):
            return value
        return import_module(f"{__name__}.api.kinds").exported(value)

    def __dir__() -> list[str]:
        return sorted({*__all__, *import_module(f"{__name__}.plugins.functions").names()})
