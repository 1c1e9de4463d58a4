"""A task to see what a method makes of one."""

from __future__ import annotations

from typing import Any

from targen_core import Task
from targen_standard import Declaration
from targen_standard.methods.columns import Columns
from targen_standard.methods.model import Base, Method

__all__ = ["example_task"]

_PAIR = {
    "description": "Each row is a question and an answer to it.",
    "fields": {"question": "what is asked", "answer": "the reply to the question"},
    "labels": {"yes": "the answer is yes", "no": "the answer is no"},
}


def example_task(method: Method[Any]) -> Task[Any, Any]:
    """Return the task that a method makes from a task of pairs by its default options.

    Raises:
        TargenError: it lacks a package.
        ValidationError: an option has no default.
    """
    base = Declaration.model_validate(_PAIR).task(name="example")
    given = tuple if method.given == "required" else None
    return method.task(Base(base, Columns.of(base), given), method.options())
