"""targen: labelled NLP datasets from a task description alone.

The names below are the public surface, for programs and for authors of
plugins; each is imported when it is first used, so that `import targen_core`
costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from targen_core import errors
    from targen_core.api.analyzing import analyze
    from targen_core.api.correcting import acorrect, correct
    from targen_core.api.estimating import CostEstimate, estimate
    from targen_core.api.generating import agenerate, aresume, generate, load, resume
    from targen_core.api.merging import merge
    from targen_core.api.reading import read_dataset
    from targen_core.api.replaying import areplay, replay
    from targen_core.api.report import CorrectionReport, LabelReport, Report, UsageReport
    from targen_core.api.run import Corrected, Run
    from targen_core.api.tracing import Trace, TracedCall, diff, trace
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
    from targen_core.declared.forms import TaskForm
    from targen_core.declared.model import Declaration
    from targen_core.engine.filters import Candidate, Filter, Refusal
    from targen_core.engine.quotas import Quotas
    from targen_core.errors import JobFailed, Rejected, TargenError, UsageError
    from targen_core.exporters.model import Exporter
    from targen_core.options import Limits
    from targen_core.origin import Typed, trusting
    from targen_core.plugins.configurable import Configurable
    from targen_core.plugins.hookspecs import hookimpl
    from targen_core.plugins.loader import load_registry
    from targen_core.plugins.register import Register, Registration
    from targen_core.plugins.registry import Registry
    from targen_core.runs.difference import Difference
    from targen_core.runs.job import Job
    from targen_core.runs.spec import RunSpec
    from targen_core.scripted import Script, ScriptedModel, ScriptedOptions
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

_HOME = {
    "Backend": "calls.backend",
    "BackendOptions": "calls.backend",
    "Candidate": "engine.filters",
    "Case": "tasks.cases",
    "ChatModel": "calls.model",
    "ChatReply": "calls.model",
    "ChatRequest": "calls.model",
    "Check": "tasks.steps",
    "Configurable": "plugins.configurable",
    "Corrected": "api.run",
    "Correction": "tasks.judging",
    "CorrectionReport": "api.report",
    "CorrectionSample": "tasks.judging",
    "CostEstimate": "api.estimating",
    "Corrector": "tasks.steps",
    "Dataset": "dataset.model",
    "Declaration": "declared.model",
    "Credit": "tasks.parts",
    "Difference": "runs.difference",
    "Dimension": "tasks.dimensions",
    "DryRunCall": "tasks.parts",
    "Exporter": "exporters.model",
    "Filter": "engine.filters",
    "InverseGenerator": "tasks.steps",
    "Job": "runs.job",
    "JobFailed": "errors",
    "JudgeAnswer": "tasks.judging",
    "JudgeQuestion": "tasks.judging",
    "Judging": "tasks.groups",
    "Label": "tasks.parts",
    "LabelReport": "api.report",
    "Limits": "options",
    "ListStep": "tasks.steps",
    "Llm": "tasks.steps",
    "Message": "calls.model",
    "Part": "tasks.steps",
    "Price": "calls.model",
    "Prompt": "tasks.prompt",
    "Quotas": "engine.quotas",
    "Refusal": "engine.filters",
    "Register": "plugins.register",
    "Registration": "plugins.register",
    "Registry": "plugins.registry",
    "Rejected": "errors",
    "Report": "api.report",
    "Rows": "tasks.groups",
    "Run": "api.run",
    "RunSpec": "runs.spec",
    "Scored": "calls.scores",
    "ScoringModel": "calls.model",
    "Script": "scripted",
    "ScriptedModel": "scripted",
    "ScriptedOptions": "scripted",
    "Step": "tasks.steps",
    "TargenError": "errors",
    "Task": "tasks.model",
    "TaskForm": "declared.forms",
    "Texts": "tasks.groups",
    "TokenScore": "calls.scores",
    "Trace": "api.tracing",
    "TracedCall": "api.tracing",
    "Typed": "origin",
    "UsageError": "errors",
    "UsageReport": "api.report",
    "Variant": "tasks.parts",
    "acorrect": "api.correcting",
    "agenerate": "api.generating",
    "analyze": "api.analyzing",
    "areplay": "api.replaying",
    "aresume": "api.generating",
    "correct": "api.correcting",
    "diff": "api.tracing",
    "estimate": "api.estimating",
    "generate": "api.generating",
    "hookimpl": "plugins.hookspecs",
    "load": "api.generating",
    "load_registry": "plugins.loader",
    "mean_logprob": "calls.scores",
    "merge": "api.merging",
    "read_dataset": "api.reading",
    "replay": "api.replaying",
    "resume": "api.generating",
    "trace": "api.tracing",
    "trusting": "origin",
    "vocabulary": "tasks.vocabularies",
}

__all__ = [
    "Backend",
    "BackendOptions",
    "Candidate",
    "Case",
    "ChatModel",
    "ChatReply",
    "ChatRequest",
    "Check",
    "Configurable",
    "Corrected",
    "Correction",
    "CorrectionReport",
    "CorrectionSample",
    "Corrector",
    "CostEstimate",
    "Credit",
    "Dataset",
    "Declaration",
    "Difference",
    "Dimension",
    "DryRunCall",
    "Exporter",
    "Filter",
    "InverseGenerator",
    "Job",
    "JobFailed",
    "JudgeAnswer",
    "JudgeQuestion",
    "Judging",
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
    "Script",
    "ScriptedModel",
    "ScriptedOptions",
    "Step",
    "TargenError",
    "Task",
    "TaskForm",
    "Texts",
    "TokenScore",
    "Trace",
    "TracedCall",
    "Typed",
    "UsageError",
    "UsageReport",
    "Variant",
    "acorrect",
    "agenerate",
    "analyze",
    "areplay",
    "aresume",
    "correct",
    "diff",
    "errors",
    "estimate",
    "generate",
    "hookimpl",
    "load",
    "load_registry",
    "mean_logprob",
    "merge",
    "read_dataset",
    "replay",
    "resume",
    "trace",
    "trusting",
    "vocabulary",
]

if not TYPE_CHECKING:  # type checkers read the imports above, and know of no other name

    def __getattr__(name: str) -> object:
        if name == "errors":
            return import_module(f"{__name__}.errors")
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
