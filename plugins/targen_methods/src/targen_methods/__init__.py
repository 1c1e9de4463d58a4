"""Other methods than TarGEN's to make rows of any task, on the same engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import Register, hookimpl

if TYPE_CHECKING:
    from targen_core.methods.model import Method

__all__ = ["register_methods"]


@hookimpl
def register_methods(register: Register[Method[Any]]) -> None:
    """What `targen method NAME TASK` makes rows with."""
    register.register(
        "attrprompt",
        "targen_methods.attrprompt:ATTRPROMPT",
        summary="attributes and values by the model, drawn by code for each row",
    )
