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
    from targen_core import errors as errors
    from targen_core.api.generating import agenerate as agenerate
    from targen_core.api.generating import aresume as aresume
    from targen_core.api.generating import generate as generate
    from targen_core.api.generating import load as load
    from targen_core.api.generating import resume as resume
    from targen_core.api.report import LabelReport as LabelReport
    from targen_core.api.report import Report as Report
    from targen_core.api.report import UsageReport as UsageReport
    from targen_core.api.run import Run as Run
    from targen_core.calls.backend import Backend as Backend
    from targen_core.calls.backend import BackendOptions as BackendOptions
    from targen_core.calls.model import ChatModel as ChatModel
    from targen_core.calls.model import ChatReply as ChatReply
    from targen_core.calls.model import ChatRequest as ChatRequest
    from targen_core.calls.model import Message as Message
    from targen_core.calls.model import Price as Price
    from targen_core.calls.model import ScoringModel as ScoringModel
    from targen_core.calls.scores import Scored as Scored
    from targen_core.calls.scores import TokenScore as TokenScore
    from targen_core.calls.scores import mean_logprob as mean_logprob
    from targen_core.dataset.model import Dataset as Dataset
    from targen_core.dataset.read import read_dataset as read_dataset
    from targen_core.engine.filters import Candidate as Candidate
    from targen_core.engine.filters import Filter as Filter
    from targen_core.engine.filters import Refusal as Refusal
    from targen_core.engine.quotas import Quotas as Quotas
    from targen_core.errors import JobFailed as JobFailed
    from targen_core.errors import Rejected as Rejected
    from targen_core.errors import TargenError as TargenError
    from targen_core.errors import UsageError as UsageError
    from targen_core.options import Limits as Limits
    from targen_core.origin import Typed as Typed
    from targen_core.origin import trusting as trusting
    from targen_core.plugins.configurable import Configurable as Configurable
    from targen_core.plugins.hookspecs import hookimpl as hookimpl
    from targen_core.plugins.kinds import Kind as Kind
    from targen_core.plugins.kinds import KindRegister as KindRegister
    from targen_core.plugins.loader import load_registry as load_registry
    from targen_core.plugins.register import Register as Register
    from targen_core.plugins.register import Registration as Registration
    from targen_core.plugins.registry import Registry as Registry
    from targen_core.runs.folder.reporters import Concern as Concern
    from targen_core.runs.jobs.job import Job as Job
    from targen_core.runs.records.spec import RunSpec as RunSpec
    from targen_core.tasks.cases import Case as Case
    from targen_core.tasks.dimensions import Dimension as Dimension
    from targen_core.tasks.groups import Judging as Judging
    from targen_core.tasks.groups import Rows as Rows
    from targen_core.tasks.groups import Texts as Texts
    from targen_core.tasks.judging import Correction as Correction
    from targen_core.tasks.judging import CorrectionSample as CorrectionSample
    from targen_core.tasks.judging import JudgeAnswer as JudgeAnswer
    from targen_core.tasks.judging import JudgeQuestion as JudgeQuestion
    from targen_core.tasks.model import Task as Task
    from targen_core.tasks.parts import Credit as Credit
    from targen_core.tasks.parts import DryRunCall as DryRunCall
    from targen_core.tasks.parts import Label as Label
    from targen_core.tasks.parts import Variant as Variant
    from targen_core.tasks.prompt import Prompt as Prompt
    from targen_core.tasks.steps import Check as Check
    from targen_core.tasks.steps import Corrector as Corrector
    from targen_core.tasks.steps import InverseGenerator as InverseGenerator
    from targen_core.tasks.steps import ListStep as ListStep
    from targen_core.tasks.steps import Llm as Llm
    from targen_core.tasks.steps import Part as Part
    from targen_core.tasks.steps import Step as Step
    from targen_core.tasks.vocabularies import vocabulary as vocabulary

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

__all__ = sorted([*_HOME, "errors"])

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
