"""Patterns in the error messages of services, common to all of them.

Services agree on status codes and little else. A too long prompt, an account without credit and a
content filter have codes and words of their own. They are kept here once, for our clients and for
the adapters of other libraries. So is the way to quote a service, without keys and control
characters.
"""

from __future__ import annotations

import re

from targen_core.calls.secrets import scrub
from targen_core.text import printable

TOO_LONG_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
"""OpenAI's and llama.cpp's codes for a prompt that does not fit."""

NO_CREDIT_CODES = frozenset(
    {
        # OpenAI: developers.openai.com/api/docs/guides/error-codes
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        # Anthropic: platform.claude.com/docs/en/api/errors, and the error details of its SDK
        "billing_error",
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "linked_organization_spend_limit_reached",
    }
)
"""Codes of accounts that have to be paid for first; waiting does not help."""

CONTENT_FILTER_CODES = frozenset(
    {"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"}
)
"""Codes of prompts and replies that a filter stopped (OpenAI, Azure, gateways)."""

_LONGEST_WAIT = 31 * 86_400.0
"""Seconds: limits are a month's at most, and clocks do not hold any number."""

_TOO_LONG = re.compile(
    r"context_length_exceeded|maximum context length|context length exceeded|max_model_len"
    r"|prompt is too long|exceeds? the (available|maximum) context"
    r"|exceeds? .{0,40}context (size|length|window)",
    re.IGNORECASE,
)
# "exceeded your current quota" is not a sign: some services use it for a rate that recovers within
# a minute.
_NO_CREDIT = re.compile(
    r"insufficient_quota|credit balance is too low|specified API usage limits"
    r"|spend(ing)? (limit|cap) (is |was |has been )?(reached|exceeded)"
    r"|reached .{0,40}spend(ing)? (limit|cap)",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content[ _]management policy|content[ _]filtering policy|blocked by (our )?content filter"
    r"|requires moderation on|input was flagged",  # OpenRouter
    re.IGNORECASE,
)
_READ = 16_384
"""Characters of a service's words that are looked through before they are cut."""

_QUOTED = 500
"""Characters of a service's words that are quoted."""


def too_long(words: str) -> bool:
    """Return whether a service says that prompt and reply do not fit the context."""
    return _TOO_LONG.search(words) is not None


def no_credit(words: str) -> bool:
    """Return whether a service says that the credit is used up."""
    return _NO_CREDIT.search(words) is not None


def filtered(words: str) -> bool:
    """Return whether a service says that a content filter stopped it."""
    return _FILTERED.search(words) is not None


def seconds(value: object) -> float | None:
    """Return a wait that a service asks for, from 0 to a month; None if it is not finite."""
    try:
        wait = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return min(wait, _LONGEST_WAIT) if 0 <= wait < float("inf") else None


def quoted(words: str, *secrets: str, max_length: int = _QUOTED) -> str:
    """Foreign text as one line of at most `max_length` characters that is safe to keep.

    Keys are removed before anything is cut, and control characters are escaped.
    """
    text = " ".join(scrub(words[:_READ], *secrets).split())
    return printable(text)[:max_length]
