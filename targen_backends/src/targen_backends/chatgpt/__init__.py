"""The `chatgpt` backend: OpenAI's own service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core import Backend
    from targen_core.plugins.register import Register


@hookimpl
def register_backends(register: Register[Backend]) -> None:
    """Register `chatgpt`; aiohttp is imported when it is used."""
    register.register(
        "chatgpt",
        "targen_backends.chatgpt.backend:BACKEND",
        summary="OpenAI's models, with a key in OPENAI_API_KEY; token probabilities only when "
        "reasoning is off",
        aliases=["openai"],
    )
