"""`ChatGptModel`: OpenAI's chat completions.

The forms: the types of the package `openai` 3.52 (its `chat.completions.create`
and what that returns), and developers.openai.com/api/docs/guides/error-codes,
both read 2026-11-20. A test compares what is sent here with what it sends.
"""

from __future__ import annotations

from typing import Any

from targen_backends.http.completions import CompletionsModel
from targen_backends.http.service import NOT_WITH_REASONING, Service
from targen_backends.prices import price_of
from targen_core import ChatRequest, Price
from targen_core.wording import Setting

__all__ = ["ADDRESS", "KEY_VARIABLE", "ChatGptModel"]

ADDRESS = "https://api.openai.com/v1"
KEY_VARIABLE = "OPENAI_API_KEY"


class ChatGptModel(CompletionsModel):
    """A model behind OpenAI's `POST {base_url}/chat/completions`; see `HttpModel`.

    `max_tokens` is sent as `max_completion_tokens`, which all its models accept and which also
    counts reasoning. No sampling seed is sent: the service gives no promise for it, and the journal
    keeps every reply. The model's name decides the price.
    """

    kind = "openai"
    service = Service(
        key_variable=KEY_VARIABLE,
        credit_hint="the account is out of credit or at its limit: see Billing and Limits in its "
        "settings, then resume the run",
        parameter_hints=dict.fromkeys(
            NOT_WITH_REASONING, Setting("thinks", True) + " for a model that takes none"
        ),
    )
    key_of = "chatgpt"
    seeded = False

    def priced(self, address: str, model: str) -> Price | None:
        """The figure of `prices.toml`."""
        return price_of("openai", model)

    def fields(self, request: ChatRequest) -> dict[str, Any]:
        """The messages and parameters under OpenAI's names."""
        sent = super().fields(request)
        max_tokens = sent.pop("max_tokens", None)
        if max_tokens is not None:
            sent["max_completion_tokens"] = max_tokens
        return sent
