"""The `local` backend: llama.cpp inside this process, without key or server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core import Backend
    from targen_core.plugins.register import Register


@hookimpl
def register_backends(register: Register[Backend]) -> None:
    """Register `local`; llama.cpp is imported when it is used."""
    register.register(
        "local",
        "targen_backends.local.backend:BACKEND",
        summary="A small model in this process: no key, no server, no cost; token probabilities",
    )
