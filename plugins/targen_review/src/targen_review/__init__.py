"""Review by people as a targen plugin: this module registers and imports nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from targen_core import Register, hookimpl

__all__ = ["register_commands"]


@hookimpl
def register_commands(register: Register[Callable[..., Any]]) -> None:
    """The commands of people who read rows."""
    register.register(
        "review",
        "targen_review.cli.open:review",
        summary="Grade and mend the rows of a dataset in a browser.",
    )
