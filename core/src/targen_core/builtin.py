"""The core's own plugin: what every installation has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core.plugins.hookspecs import hookimpl
from targen_core.plugins.register import Register

if TYPE_CHECKING:
    from targen_core.calls.backend import Backend
    from targen_core.tasks.model import Corrector


@hookimpl
def register_correctors(register: Register[Corrector[Any]]) -> None:
    """The paper's corrector."""
    register.register(
        "meta",
        "targen_core.correctors.meta:meta",
        summary="the paper's meta-prompt: explanation, actual result, verdict",
    )


@hookimpl
def register_backends(register: Register[Backend]) -> None:
    """The offline backend."""
    register.register(
        "scripted",
        "targen_core.testing.scripted:BACKEND",
        summary="no model: replies from a script or the task's rehearsal, for dry runs and tests",
    )
