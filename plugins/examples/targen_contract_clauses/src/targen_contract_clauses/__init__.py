"""Contract clauses, classified by subject: a declaration, and the hook that names it."""

from __future__ import annotations

from targen_core import Register, hookimpl


@hookimpl
def register_tasks(register: Register) -> None:
    """One task, read from `task.yaml` when it is first used."""
    register(
        "contract-clauses",
        "targen_contract_clauses:task.yaml",
        summary="Contract clauses, classified by subject",
    )
