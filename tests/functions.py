"""Names that calls in tables use."""

from __future__ import annotations

from targen_analysis.api import analyze
from targen_core.api.generating import agenerate
from targen_core.calls.model import ChatModel
from targen_core.cli.estimating import estimate
from targen_core.options import Limits
from targen_core.plugins.loader import load_registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_review.api import apply_review, review
from targen_standard.correction.api import correct
from targen_standard.exporting.api import export
from targen_standard.merging.api import merge
from targen_standard.previewing.api import preview
from targen_standard.replaying.api import replay
from targen_standard.revising.api import plan_revision, revise
from targen_standard.task_files.model import Declaration
from targen_standard.tracing.api import trace
from targen_standard.validating.api import validate
from targen_training.api import compare, evaluate, predict, train

FUNCTIONS = {
    each.__name__: each
    for each in (
        ChatModel,
        Declaration,
        Job,
        Limits,
        RunConfig,
        agenerate,
        analyze,
        apply_review,
        compare,
        correct,
        estimate,
        evaluate,
        export,
        load_registry,
        merge,
        plan_revision,
        predict,
        preview,
        replay,
        review,
        revise,
        trace,
        train,
        validate,
    )
}
