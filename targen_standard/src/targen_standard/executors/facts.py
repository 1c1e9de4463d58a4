"""The kind of executors: the words of its hook, and its facts for `targen describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_cli.facts import Described, about
from targen_core.plugins.hookspecs import hookspec

if TYPE_CHECKING:
    from targen_core import Register
    from targen_standard.executors import ModelExecutor

__all__ = ["executor_facts", "register_executors"]


@hookspec
def register_executors(register: Register[ModelExecutor]) -> None:
    """Register executors: where `targen generate --executor NAME` has the models work.

    Example:
        ```python
        @hookimpl
        def register_executors(register):
            register.register("grid", "my_package.grid:GRID", summary="Our own machines")
        ```
    """


def executor_facts(part: Described) -> dict[str, Any]:
    """Return the facts of an executor."""
    return {"summary": part.target.summary, "about": about(part.target.place)}
