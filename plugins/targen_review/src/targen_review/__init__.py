"""Review by people as a targen plugin: this module only registers it, without other imports."""

from __future__ import annotations

from targen_core import Register, hookimpl

_COMMANDS = {
    "view": ("commands:view", "Read a dataset's rows in a browser."),
    "review report": ("commands:report", "Report raters' grades and how much they agree."),
    "review apply": ("commands:apply", "Create a new version of a dataset from people's changes."),
    "review export": ("commands:export", "Export the rows of a review to Argilla or Label Studio."),
    "review import": ("commands:import_", "Import grades from Argilla or Label Studio."),
    "review grade": ("grading:grade", "Have a model grade the rows of a review."),
}


@hookimpl
def register_commands(register: Register) -> None:
    """The commands of people who read rows."""
    summary = "Grade and correct a dataset's rows in a browser."
    register("review", f"{__name__}.commands:review", summary=summary)
    for name, (place, summary) in _COMMANDS.items():
        register(name, f"{__name__}.{place}", summary=summary, panel="Data")


@hookimpl
def register_task_forms(register: Register) -> None:
    """Register files that state which review a model grades."""
    register(
        "grade",
        "targen_review.grading:GRADE",
        summary="have a model grade a review's rows",
    )


@hookimpl
def register_metrics(register: Register) -> None:
    """A chapter of what `targen analyze` writes."""
    register(
        "reviewed",
        "targen_review.chapter:REVIEWED",
        summary="grades by people and models, their agreement, and confirmed labels",
    )
