"""`ChatGptModel`: OpenAI's chat completions.

The forms: the types of the package `openai` 3.52 (its `chat.completions.create`
and what that returns), and developers.openai.com/api/docs/guides/error-codes,
both read 2026-11-20. A test compares what is sent here with what it sends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from targen_backends.http.completions import CompletionsModel
from targen_backends.http.failures import NOT_WITH_REASONING
from targen_core.calls.model import ChatRequest, Message

ADDRESS = "https://api.openai.com/v1"
KEY_VARIABLE = "OPENAI_API_KEY"

_MARKED = re.compile(r"(.*/)?(ft:)?gpt-(5\.[6-9]|5\.\d\d|[6-9]|\d\d)")
"""Models that cache a prompt up to a mark and bill what they cache, from GPT-5.6 on. Unmarked, that
is all of each prompt, and the next question makes it another one. Earlier models cache any common
opening, for free (developers.openai.com/api/docs/guides/prompt-caching)."""

_CACHED_FROM = 4096
"""Bytes of the fixed part of a prompt from which on it is marked: 1,024 tokens are the least."""


class ChatGptModel(CompletionsModel):
    """A model behind OpenAI's `POST {base_url}/chat/completions`; see `HttpModel`.

    `max_tokens` is sent as `max_completion_tokens`, which all its models accept and which also
    counts reasoning. No sampling seed is sent: the service gives no promise for it, and the journal
    keeps every reply. The model's name decides the price. With `mark`, a model that takes marks
    caches only the long fixed part of a prompt.
    """

    kind = "openai"
    key_variable = KEY_VARIABLE
    hints: ClassVar[Mapping[str, str]] = {
        "credit": "the account is out of credit or has reached its limit: see Billing and Limits "
        "in its settings, then run the same command again",
        **dict.fromkeys(
            NOT_WITH_REASONING, "-o thinks=true for a model that does not accept this parameter"
        ),
    }
    key_of = "chatgpt"
    prices = "openai"
    seeded = False

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        mark: bool = True,
        extra: Mapping[str, Any] | None = None,
        **http_options: Any,
    ) -> None:
        super().__init__(base_url, model, extra=extra, **http_options)
        own = "prompt_cache_options" in (extra or {})
        self._marks = mark and not own and _MARKED.match(model) is not None

    def fields(self, request: ChatRequest) -> dict[str, Any]:
        """The messages and parameters under OpenAI's names."""
        sent = super().fields(request)
        max_tokens = sent.pop("max_tokens", None)
        if max_tokens is not None:
            sent["max_completion_tokens"] = max_tokens
        if self._marks:
            sent["prompt_cache_options"] = {"mode": "explicit"}
            at = _end_of_fixed(request.messages)
            if at is not None:
                turn = sent["messages"][at]
                mark = {"prompt_cache_breakpoint": {"mode": "explicit"}}
                turn["content"] = [{"type": "text", "text": turn["content"], **mark}]
        return sent


def _end_of_fixed(messages: Sequence[Message]) -> int | None:
    """The last turn before the question that takes a mark, if what ends there is long.

    Assistant turns take none.
    """
    asked = max((n for n, message in enumerate(messages) if message.role == "user"), default=0)
    at = max((n for n in range(asked) if messages[n].role != "assistant"), default=None)
    if at is None:
        return None
    length = sum(len(message.content.encode("utf-8", "replace")) for message in messages[: at + 1])
    return at if length >= _CACHED_FROM else None
