"""SuperGLUE tasks as a targen plugin: this module registers and imports nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core.plugins.hookspecs import hookimpl
from targen_core.plugins.register import Register

if TYPE_CHECKING:
    from targen_core.tasks.model import Task
    from targen_core.tasks.steps import InverseGenerator, ListStep

__all__ = ["register_contexts", "register_inverse_generators", "register_seeds", "register_tasks"]


@hookimpl
def register_tasks(register: Register[Task[Any, Any]]) -> None:
    """The tasks, one module each."""
    register.register(
        "rte",
        "targen_tasks_superglue.rte:RTE",
        summary="textual entailment: does the hypothesis follow from the premise?",
    )


@hookimpl
def register_contexts(register: Register[ListStep[Any]]) -> None:
    """Context sources that other tasks may reuse."""
    register.register(
        "topics", "targen_tasks_superglue.rte:TOPICS", summary="narrow topics to write facts about"
    )


@hookimpl
def register_seeds(register: Register[ListStep[Any]]) -> None:
    """Seed sources that other tasks may reuse."""
    register.register(
        "premises",
        "targen_tasks_superglue.rte:PREMISES",
        summary="dense factual sentences, grown below a topic",
    )


@hookimpl
def register_inverse_generators(register: Register[InverseGenerator[Any, Any]]) -> None:
    """Inverse generators that derived tasks may reuse."""
    register.register(
        "rte-entailment",
        "targen_tasks_superglue.rte:write_entailment",
        summary="a hypothesis that follows from a premise",
    )
    register.register(
        "rte-not-entailment",
        "targen_tasks_superglue.rte:write_not_entailment",
        summary="a hypothesis that a premise contradicts or leaves open",
    )
