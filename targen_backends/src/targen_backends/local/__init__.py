"""The `local` backend: llama.cpp inside this process, without key or server."""

from __future__ import annotations

from targen_core import Register, hookimpl


@hookimpl
def register_backends(register: Register) -> None:
    """Register `local`; llama.cpp is imported when it is used."""
    register(
        "local",
        "targen_backends.local.backend:BACKEND",
        summary="A small model in this process: no key, no server, no cost; token probabilities",
    )
