"""The `llama` backend: any server that speaks OpenAI's chat completions."""

from __future__ import annotations

from targen_core import Register, hookimpl


@hookimpl
def register_backends(register: Register) -> None:
    """Register `llama`; aiohttp is imported when it is used."""
    register(
        "llama",
        "targen_backends.llama.backend:BACKEND",
        summary="Any OpenAI-compatible server, such as Ollama, vLLM, llama.cpp or a hosted one, "
        "with an optional key in TARGEN_LLAMA_API_KEY; token probabilities",
        aliases=["openai-compatible"],
    )
