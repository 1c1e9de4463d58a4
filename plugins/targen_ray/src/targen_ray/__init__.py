"""The executor `ray`: a run's models work in processes of a Ray cluster, or of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.calls.executors import ModelExecutor
    from targen_core.plugins.register import Register


@hookimpl
def register_executors(register: Register[ModelExecutor]) -> None:
    """Register `ray`; Ray is imported when it is used."""
    register.register(
        "ray",
        "targen_ray.executor:RAY",
        summary="Processes on a Ray cluster, or on a small one that targen starts on this machine",
    )
