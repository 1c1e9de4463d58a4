"""The executor `ray`: a run's models work in processes of a Ray cluster, or of this machine."""

from __future__ import annotations

from targen_core import Register, hookimpl


@hookimpl
def register_executors(register: Register) -> None:
    """Register `ray`; Ray is imported when it is used."""
    register(
        "ray",
        "targen_ray.executor:RAY",
        summary="Processes on a Ray cluster, or on a small one that targen starts on this machine",
    )
