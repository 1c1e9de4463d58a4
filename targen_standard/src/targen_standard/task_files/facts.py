"""The parts of the kind of forms: the words of its hook, and what `targen describe` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_cli.describing import print_described
from targen_cli.facts import Described, fields
from targen_core.plugins.hookspecs import hookspec

if TYPE_CHECKING:
    from targen_core import Register
    from targen_standard import OutputType, TaskForm


@hookspec
def register_task_forms(register: Register[TaskForm[Any]]) -> None:
    """Register forms of task files: files whose only key is the form's name.

    Example:
        ```python
        @hookimpl
        def register_task_forms(register):
            register.register("quiz", "my_package.quiz:QUIZ", summary="Quizzes by subject")
        ```
    """


@hookspec
def register_outputs(register: Register[OutputType[Any]]) -> None:
    """Register outputs of task files: what `output:` may declare in place of `labels`.

    Example:
        ```python
        @hookimpl
        def register_outputs(register):
            register.register("tree", "my_package.tree:TREE", summary="syntax trees")
        ```
    """


def form_facts(part: Described) -> dict[str, Any]:
    """Return the keys of a form of task files, or of an output."""
    return {"summary": part.target.summary, "keys": fields(part.target.spec)}


def print_form(facts: dict[str, Any]) -> None:
    """Print the keys of a form."""
    name = facts["id"].rpartition(":")[2]
    print_described("key", facts["keys"])
    print(f"In a task file, use no key but {name} and `name`, and put these options under {name}.")


def print_output(facts: dict[str, Any]) -> None:
    """Print the keys of an output."""
    print_described("key", facts["keys"])
    print("In a task file, put these keys under output.")
