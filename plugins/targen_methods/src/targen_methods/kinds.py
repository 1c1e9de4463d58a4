"""Methods as a kind of targen's: its hook, and what `targen describe` shows of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core.cli.describing import print_options, print_scored, scored_facts
from targen_core.cli.facts import Described, fields
from targen_core.errors import TargenError
from targen_core.plugins.hookspecs import hookspec
from targen_standard.methods.columns import Columns
from targen_standard.methods.model import Base
from targen_standard.task_files.model import Declaration

if TYPE_CHECKING:
    from targen_core import Task
    from targen_core.plugins.register import Register
    from targen_standard.methods.model import Method


@hookspec
def register_methods(register: Register) -> None:
    """Register methods: other ways than TarGEN's to make rows of any task.

    Example:
        ```python
        @hookimpl
        def register_methods(register):
            register("echo", "my_package.echo:ECHO", summary="Rows that answer rows")
        ```
    """


def method_facts(part: Described) -> dict[str, Any]:
    """Return a method's options and settings, and what its tasks ask of a backend."""
    method: Method[Any] = part.target
    return {
        "summary": method.summary,
        "version": method.version,
        "options": fields(method.options),
        "presets": {name: dict(values) for name, values in method.presets.items()},
        "given": method.given,
        **_asked_of_a_backend(part, method),
        "about": method.source,
    }


def _asked_of_a_backend(part: Described, method: Method[Any]) -> dict[str, Any]:
    """Return the demands of a method's task for a pair of texts, or why they are unknown."""
    try:
        return {"scored": scored_facts(part.registry, _example_task(method)), "not_made": ""}
    except TargenError as error:
        why = f"{error}" + (f" ({error.hint})" if error.hint else "")
    except Exception as error:  # a package that it lacks, an option without a default, a bug
        why = f"{type(error).__name__}: {error}"
    return {"scored": [], "not_made": why}


_PAIR = {
    "description": "Each row is a question and an answer to it.",
    "fields": {"question": "what is asked", "answer": "the reply to the question"},
    "labels": {"yes": "the answer is yes", "no": "the answer is no"},
}


def _example_task(method: Method[Any]) -> Task[Any, Any]:
    """Return the task that a method makes from a task of pairs by its default options.

    Raises:
        TargenError: it lacks a package.
        ValidationError: an option has no default.
    """
    base = Declaration.model_validate(_PAIR).task(name="example")
    given = tuple if method.given == "required" else None
    return method.task(Base(base, Columns.of(base), given), method.options())


_ROWS = {
    "never": "",
    "pairs": " [--given ROWS]; --given is only for pairs of texts",
    "optional": " [--given ROWS]",
    "required": " --given ROWS",
}


def print_method(facts: dict[str, Any]) -> None:
    """Print a method's options and settings, and how it is used."""
    print_options(facts)
    for name, values in facts["presets"].items():
        print(f"--settings {name}: {', '.join(f'{key}={value}' for key, value in values.items())}")
    print_scored(facts["scored"])
    if facts["not_made"]:
        print(f"Its requirements for a backend are unknown: {facts['not_made']}")
    name = facts["id"].rpartition(":")[2]
    print(f"use it: targen method {name} TASK{_ROWS[facts['given']]}")
