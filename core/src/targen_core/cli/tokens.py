"""Token counts without a tokenizer: a bound for budgets, an estimate for reports."""

from __future__ import annotations

import math
from collections.abc import Iterable

from targen_core.calls.model import Message


def upper_bound(messages: Iterable[Message]) -> int:
    """An upper bound of the tokens of a conversation.

    No tokenizer in use makes a token of less than a byte. The template adds at most 16 tokens per
    message and 16 for the whole.
    """
    return 16 + sum(_bytes(message.content) + 16 for message in messages)


def estimate(texts: Iterable[str]) -> int:
    """Tokens at four bytes each, for models that do not count them."""
    return math.ceil(sum(map(_bytes, texts)) / 4)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
