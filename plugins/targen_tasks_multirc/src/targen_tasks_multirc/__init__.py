"""MultiRC as a targen plugin: this module only registers it, without other imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import hookimpl
from targen_core.plugins.register import Register

if TYPE_CHECKING:
    from targen_core import Task
    from targen_core.tasks.steps import InverseGenerator, ListStep


@hookimpl
def register_tasks(register: Register[Task[Any, Any]]) -> None:
    """The task."""
    register.register(
        "multirc",
        "targen_tasks_multirc.task:MULTIRC",
        summary="multi-sentence reading comprehension: which options answer the question?",
    )


@hookimpl
def register_contexts(register: Register[ListStep[Any]]) -> None:
    """Step 1, for other tasks to reuse."""
    register.register(
        "text-categories",
        "targen_tasks_multirc.task:CATEGORIES",
        summary="fifteen fixed categories of texts; does not call a model",
    )


@hookimpl
def register_inverse_generators(register: Register[InverseGenerator[Any, Any]]) -> None:
    """Step 3, for derived tasks to reuse."""
    register.register(
        "multirc-questions",
        "targen_tasks_multirc.task:write_questions",
        summary="questions about a paragraph, each with correct and wrong options",
    )
    register.register(
        "multirc-question-paper",
        "targen_tasks_multirc.task:write_question_paper",
        summary="a question about a paragraph, generated as in the paper",
    )
