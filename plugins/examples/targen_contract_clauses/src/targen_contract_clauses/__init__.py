"""Contract clauses, classified by subject: a declaration, and the hook that names it."""

from __future__ import annotations

from typing import Any

from targen_core import hookimpl
from targen_core.plugins.register import Register


@hookimpl
def register_tasks(register: Register[Any]) -> None:
    """One task, read from `task.yaml` when it is first used."""
    register.register(
        "contract-clauses",
        "targen_contract_clauses:task.yaml",
        summary="Contract clauses, classified by subject",
    )
