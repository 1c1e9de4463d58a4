"""The distribution of the `targen` command: task files, corrections, merges and more.

Each folder is one feature: what it does, its function for programs, and its command.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from targen_standard.batches.api import export_batch as export_batch
    from targen_standard.batches.api import import_batch as import_batch
    from targen_standard.batches.files import Imported as Imported
    from targen_standard.comparing.api import diff as diff
    from targen_standard.comparing.difference import Difference as Difference
    from targen_standard.correction.api import acorrect as acorrect
    from targen_standard.correction.api import correct as correct
    from targen_standard.correction.result import Corrected as Corrected
    from targen_standard.correction.result import CorrectionReport as CorrectionReport
    from targen_standard.exporting.api import export as export
    from targen_standard.exporting.model import Exporter as Exporter
    from targen_standard.exporting.push import publish as publish
    from targen_standard.merging.api import merge as merge
    from targen_standard.previewing.api import Preview as Preview
    from targen_standard.previewing.api import preview as preview
    from targen_standard.profiling.api import Profiled as Profiled
    from targen_standard.profiling.api import profile as profile
    from targen_standard.replaying.api import areplay as areplay
    from targen_standard.replaying.api import replay as replay
    from targen_standard.revising.api import aplan_revision as aplan_revision
    from targen_standard.revising.api import arevise as arevise
    from targen_standard.revising.api import plan_revision as plan_revision
    from targen_standard.revising.api import revise as revise
    from targen_standard.revising.plan import RevisionPlan as RevisionPlan
    from targen_standard.scripted import Script as Script
    from targen_standard.scripted import ScriptedModel as ScriptedModel
    from targen_standard.scripted import ScriptedOptions as ScriptedOptions
    from targen_standard.task_files.forms import TaskForm as TaskForm
    from targen_standard.task_files.model import Declaration as Declaration
    from targen_standard.task_files.outputs import Output as Output
    from targen_standard.task_files.outputs import OutputType as OutputType
    from targen_standard.task_files.outputs import Question as Question
    from targen_standard.task_files.outputs import Target as Target
    from targen_standard.task_files.outputs import output_in as output_in
    from targen_standard.tracing.api import Trace as Trace
    from targen_standard.tracing.api import TracedCall as TracedCall
    from targen_standard.tracing.api import trace as trace
    from targen_standard.validating.api import Validation as Validation
    from targen_standard.validating.api import validate as validate

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

__all__ = sorted(_HOME)

if not TYPE_CHECKING:  # type checkers read the imports above, and know of no other name

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
