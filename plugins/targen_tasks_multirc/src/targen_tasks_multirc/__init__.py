"""MultiRC as a targen plugin: this module only registers it, without other imports."""

from __future__ import annotations

from targen_core import Register, hookimpl


@hookimpl
def register_tasks(register: Register) -> None:
    """The task."""
    register(
        "multirc",
        "targen_tasks_multirc.task:MULTIRC",
        summary="multi-sentence reading comprehension: which options answer the question?",
    )


@hookimpl
def register_contexts(register: Register) -> None:
    """Step 1, for other tasks to reuse."""
    register(
        "text-categories",
        "targen_tasks_multirc.task:CATEGORIES",
        summary="fifteen fixed categories of texts; does not call a model",
    )


@hookimpl
def register_inverse_generators(register: Register) -> None:
    """Step 3, for derived tasks to reuse."""
    register(
        "multirc-questions",
        "targen_tasks_multirc.task:write_questions",
        summary="questions about a paragraph, each with correct and wrong options",
    )
    register(
        "multirc-question-paper",
        "targen_tasks_multirc.task:write_question_paper",
        summary="a question about a paragraph, generated as in the paper",
    )
