"""Review by people as a targen plugin: this module only registers it, without other imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from targen_core import hookimpl
from targen_core.plugins.register import Register

if TYPE_CHECKING:
    from targen_analysis.metrics import Metric
    from targen_standard.task_files.forms import TaskForm


@hookimpl
def register_commands(register: Register[Callable[..., Any]]) -> None:
    """The commands of people who read rows."""
    register.register(
        "review",
        "targen_review.commands:review",
        summary="Grade and correct a dataset's rows in a browser.",
    )
    register.register(
        "view",
        "targen_review.commands:view",
        summary="Read a dataset's rows in a browser.",
        panel="Data",
    )
    register.register(
        "review report",
        "targen_review.commands:report",
        summary="Report raters' grades and how much they agree.",
        panel="Data",
    )
    register.register(
        "review apply",
        "targen_review.commands:apply",
        summary="Create a new version of a dataset from people's changes.",
        panel="Data",
    )
    register.register(
        "review export",
        "targen_review.commands:export",
        summary="Export the rows of a review to Argilla or Label Studio.",
        panel="Data",
    )
    register.register(
        "review import",
        "targen_review.commands:import_",
        summary="Import grades from Argilla or Label Studio.",
        panel="Data",
    )
    register.register(
        "review grade",
        "targen_review.grading:grade",
        summary="Have a model grade the rows of a review.",
        panel="Data",
    )


@hookimpl
def register_task_forms(register: Register[TaskForm[Any]]) -> None:
    """Register files that state which review a model grades."""
    register.register(
        "grade",
        "targen_review.grading:GRADE",
        summary="have a model grade a review's rows",
    )


@hookimpl
def register_metrics(register: Register[Metric]) -> None:
    """A chapter of what `targen analyze` writes."""
    register.register(
        "reviewed",
        "targen_review.chapter:REVIEWED",
        summary="grades by people and models, their agreement, and confirmed labels",
    )
