"""`LlamaModel`: one lean HTTP client for every OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from targen_backends.http.completions import CompletionsModel
from targen_backends.http.failures import NOT_WITH_REASONING

KEY_VARIABLE = "TARGEN_LLAMA_API_KEY"

_REASONING = (
    "--backend chatgpt/MODEL --base-url URL supports models that reason: it sends "
    "max_completion_tokens and no sampling parameters"
)


class LlamaModel(CompletionsModel):
    """A model behind a server's `POST {base_url}/chat/completions`; see `HttpModel`."""

    kind = "openai-compatible"
    key_variable = KEY_VARIABLE
    hints: ClassVar[Mapping[str, str]] = {
        "no-model": "is the model name right? --base-url usually ends in /v1",
        "too-long": "serve the model with a longer context, or start a new run with a lower -o "
        "max_tokens=N",
        "temperature": f"-o temperature=1, or {_REASONING}",
        **dict.fromkeys(("max_tokens", *NOT_WITH_REASONING[1:]), _REASONING),
        "seed": "-o seeded=false stops sending a seed",
    }
