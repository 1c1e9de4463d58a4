"""`LlamaModel`: one lean HTTP client for every OpenAI-compatible server."""

from __future__ import annotations

from targen_backends.http.address import is_near
from targen_backends.http.completions import CompletionsModel
from targen_backends.http.service import Service
from targen_core.calls.model import Price

__all__ = ["KEY_VARIABLE", "LlamaModel", "price_at"]

KEY_VARIABLE = "TARGEN_LLAMA_API_KEY"


class LlamaModel(CompletionsModel):
    """A model behind a server's `POST {base_url}/chat/completions`; see `HttpModel`."""

    kind = "openai-compatible"
    service = Service(
        key_variable=KEY_VARIABLE,
        missing_hint="base_url usually ends in /v1; is the model's name right?",
        long_hint="lower -o max_tokens=N, or serve the model with a longer context",
    )

    def priced(self, address: str, model: str) -> Price | None:
        """Nothing where it is near; see `price_at`."""
        return price_at(address)


def price_at(address: str) -> Price | None:
    """The price at an address.

    On a loopback or private one calls cost nothing; elsewhere it is unknown
    until the user sets it (`-o price_in=... -o price_out=...`).
    """
    return Price(0.0, 0.0) if is_near(address) else None
