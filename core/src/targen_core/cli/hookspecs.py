"""The hook of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core.plugins.hookspecs import hookspec

if TYPE_CHECKING:
    from targen_core.plugins.register import Register


USE = {"command": "targen {name} --help"}
"""How a command is used."""


@hookspec
def register_commands(register: Register) -> None:
    """Register commands: `targen NAME` calls a function that typer reads the options of.

    A name of two words, such as "review report", is a command next to `review`, and is typed that
    way.

    Example:
        ```python
        @hookimpl
        def register_commands(register):
            register("publish", "my_package.cli:publish", summary="Send a dataset")
        ```
    """
