"""The `claude` backend: Anthropic's own service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core import Backend
    from targen_core.plugins.register import Register


@hookimpl
def register_backends(register: Register[Backend]) -> None:
    """Register `claude`; aiohttp is imported when it is used."""
    register.register(
        "claude",
        "targen_backends.claude.backend:BACKEND",
        summary="Anthropic's models, with a key in ANTHROPIC_API_KEY",
        aliases=["anthropic"],
    )
