"""The `chatgpt` backend: OpenAI's own service."""

from __future__ import annotations

from targen_core import Register, hookimpl


@hookimpl
def register_backends(register: Register) -> None:
    """Register `chatgpt`; aiohttp is imported when it is used."""
    register(
        "chatgpt",
        "targen_backends.chatgpt.backend:BACKEND",
        summary="OpenAI's models, with a key in OPENAI_API_KEY; token probabilities only when "
        "reasoning is off",
        aliases=["openai"],
    )
