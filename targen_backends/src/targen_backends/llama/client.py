"""`LlamaModel`: one lean HTTP client for every OpenAI-compatible server."""

from __future__ import annotations

from targen_backends.http.completions import CompletionsModel
from targen_backends.http.service import NOT_WITH_REASONING, Service

KEY_VARIABLE = "TARGEN_LLAMA_API_KEY"

_REASONING = (
    "--backend chatgpt/MODEL --base-url URL supports models that reason: it sends "
    "max_completion_tokens and no sampling parameters"
)


class LlamaModel(CompletionsModel):
    """A model behind a server's `POST {base_url}/chat/completions`; see `HttpModel`."""

    kind = "openai-compatible"
    service = Service(
        key_variable=KEY_VARIABLE,
        missing_hint="is the model name right? --base-url usually ends in /v1",
        long_hint="serve the model with a longer context, or start a new run with a lower -o "
        "max_tokens=N",
        parameter_hints={
            "temperature": f"-o temperature=1, or {_REASONING}",
            **dict.fromkeys(("max_tokens", *NOT_WITH_REASONING[1:]), _REASONING),
            "seed": "-o seeded=false stops sending a seed",
        },
    )
