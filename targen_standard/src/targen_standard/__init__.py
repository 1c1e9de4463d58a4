"""The distribution of the `targen` command: task files, corrections, merges and more.

Each folder is one feature: what it does, its function for programs, and its command.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from targen_standard.batches.api import export_batch, import_batch
    from targen_standard.batches.files import Imported
    from targen_standard.comparing.api import diff
    from targen_standard.comparing.difference import Difference
    from targen_standard.correction.api import acorrect, correct
    from targen_standard.correction.result import Corrected, CorrectionReport
    from targen_standard.exporting.api import export
    from targen_standard.exporting.model import Exporter
    from targen_standard.exporting.push import publish
    from targen_standard.merging.api import merge
    from targen_standard.previewing.api import Preview, preview
    from targen_standard.profiling.api import Profiled, profile
    from targen_standard.replaying.api import areplay, replay
    from targen_standard.revising.api import aplan_revision, arevise, plan_revision, revise
    from targen_standard.revising.plan import RevisionPlan
    from targen_standard.scripted import Script, ScriptedModel, ScriptedOptions
    from targen_standard.task_files.forms import TaskForm
    from targen_standard.task_files.model import Declaration
    from targen_standard.task_files.outputs import Output, OutputType, Question, Target, output_in
    from targen_standard.tracing.api import Trace, TracedCall, trace
    from targen_standard.validating.api import Validation, validate

_HOMES = {
    "batches.api": "export_batch import_batch",
    "batches.files": "Imported",
    "comparing.api": "diff",
    "comparing.difference": "Difference",
    "correction.api": "acorrect correct",
    "correction.result": "Corrected CorrectionReport",
    "exporting.api": "export",
    "exporting.model": "Exporter",
    "exporting.push": "publish",
    "merging.api": "merge",
    "previewing.api": "Preview preview",
    "profiling.api": "Profiled profile",
    "replaying.api": "areplay replay",
    "revising.api": "aplan_revision arevise plan_revision revise",
    "revising.plan": "RevisionPlan",
    "scripted": "Script ScriptedModel ScriptedOptions",
    "task_files.forms": "TaskForm",
    "task_files.model": "Declaration",
    "task_files.outputs": "Output OutputType Question Target output_in",
    "tracing.api": "Trace TracedCall trace",
    "validating.api": "Validation validate",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Corrected",
    "CorrectionReport",
    "Declaration",
    "Difference",
    "Exporter",
    "Imported",
    "Output",
    "OutputType",
    "Preview",
    "Profiled",
    "Question",
    "RevisionPlan",
    "Script",
    "ScriptedModel",
    "ScriptedOptions",
    "Target",
    "TaskForm",
    "Trace",
    "TracedCall",
    "Validation",
    "acorrect",
    "aplan_revision",
    "areplay",
    "arevise",
    "correct",
    "diff",
    "export",
    "export_batch",
    "import_batch",
    "merge",
    "output_in",
    "plan_revision",
    "preview",
    "profile",
    "publish",
    "replay",
    "revise",
    "trace",
    "validate",
]

if not TYPE_CHECKING:  # type checkers read the imports above, and know of no other name

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
