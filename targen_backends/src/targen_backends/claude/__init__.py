"""The `claude` backend: Anthropic's own service."""

from __future__ import annotations

from targen_core import Register, hookimpl


@hookimpl
def register_backends(register: Register) -> None:
    """Register `claude`; aiohttp is imported when it is used."""
    register(
        "claude",
        "targen_backends.claude.backend:BACKEND",
        summary="Anthropic's models, with a key in ANTHROPIC_API_KEY",
        aliases=["anthropic"],
    )
