"""Patterns in the error messages of services, common to all of them.

Services agree on status codes and little else: that a prompt is too long, that
an account is out of credit or that a filter stepped in stands in codes and
words of their own. They are kept here once, for our clients and for the
langchain adapter alike; so is the way in which a service is quoted, without
keys and without what a terminal would obey.
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Iterator

from targen_core.text import printable

__all__ = [
    "CONTENT_FILTER_CODES",
    "NO_CREDIT_CODES",
    "TOO_LONG_CODES",
    "filtered",
    "no_credit",
    "quoted",
    "scrub",
    "seconds",
    "too_long",
]

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
# "exceeded your current quota" is no sign: some services say it of a rate that
# comes back within a minute.
_NO_CREDIT = re.compile(
    r"insufficient_quota|credit balance is too low|specified API usage limits"
    r"|spend(ing)? (limit|cap) (is |was |has been )?(reached|exceeded)"
    r"|reached .{0,40}spend(ing)? (limit|cap)",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content[ _]management policy|content[ _]filtering policy|blocked by (our )?content filter",
    re.IGNORECASE,
)
_KEY_LIKE = re.compile(
    r"\b(?:sk[-_]|gsk_|xai-|pplx-|nvapi-|csk-|glpat-|gh[pousr]_|github_pat_)[\w*-]{6,}"
    r"|\b(?:hf|r8)_[A-Za-z0-9]{20,}|\bAIza[\w-]{20,}|\bAKIA[A-Z0-9]{12,}"
    r"|(?<=Bearer)(?:\s|%20|\+)+\S+|(?<=Basic )[\w+/=-]{8,}"
    r"|(?<=api-key: )\S+|(?<=api_key=)[^\s&]+",
    re.IGNORECASE,
)
_SIGN = re.compile(
    r"%(?:25)*([0-9a-f]{2})"  # percent-encoded, perhaps more than once
    r"|\\+(?:u00|x)([0-9a-f]{2})"  # escaped in JSON, perhaps more than once
    r"|&#x0*([0-9a-f]{2});|&#0*(\d{2,3});"  # in a web page
    r"|([^\W_])",
    re.IGNORECASE,
)
_PIECE = 8
"""Letters and digits in a row that a text and a key must share to give part of the key away."""

_READ = 16_384
"""Characters of a service's words that are looked through before they are cut."""

_QUOTED = 500
"""Characters of a service's words that are quoted."""


def too_long(words: str) -> bool:
    """Whether a service says that prompt and reply do not fit the context."""
    return _TOO_LONG.search(words) is not None


def no_credit(words: str) -> bool:
    """Whether a service says that there is no money left."""
    return _NO_CREDIT.search(words) is not None


def filtered(words: str) -> bool:
    """Whether a service says that a content filter stopped it."""
    return _FILTERED.search(words) is not None


def seconds(value: object) -> float | None:
    """A wait that a service asks for, from 0 to a month; None where that is no finite number."""
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


def scrub(text: str, *secrets: str) -> str:
    """`text` without `secrets` and without what looks like an API key.

    A secret is found whole or in part, in upper or lower case, with signs
    between its letters, percent-encoded, escaped, in base64 or in hexadecimal
    digits: whatever shares `_PIECE` letters and digits in a row with it.
    """
    for secret in filter(None, secrets):
        text = _without(text.replace(secret, "***"), secret)
    return _KEY_LIKE.sub(_hidden, text)


def _hidden(match: re.Match[str]) -> str:
    return " ***" if match[0][:1] in " \t\n+%" else "***"


def _without(text: str, secret: str) -> str:
    """`text` without what it shares with `secret`."""
    pieces = _pieces(secret)
    if not pieces:
        return text
    signs = [(match.span(), _plain(match)) for match in _SIGN.finditer(text)]
    signs = [(span, sign) for span, sign in signs if sign]
    folded = "".join(sign for _, sign in signs)
    kept: list[str] = []
    done = end = 0  # where in the text: what is kept already, and the end of what is hidden
    for at in range(len(folded) - _PIECE + 1):
        if folded[at : at + _PIECE] in pieces:
            (start, _), (_, stop) = signs[at][0], signs[at + _PIECE - 1][0]
            if start >= end:
                kept += [text[done:start], "***"]
            done = end = stop
    return "".join([*kept, text[done:]])


def _plain(match: re.Match[str]) -> str:
    """The letter or digit that a match of `_SIGN` stands for, in lower case; or ""."""
    percent, escaped, in_hex, decimal, itself = match.groups()
    if itself:
        sign: str = itself
    else:
        coded = percent or escaped or in_hex
        sign = chr(int(coded, 16) if coded else int(decimal))
    folded = sign.lower()
    return folded if folded.isalnum() and len(folded) == 1 else ""


@functools.lru_cache(maxsize=8)
def _pieces(secret: str) -> frozenset[str]:
    """All that is `_PIECE` letters and digits long in the forms that a secret may take."""
    pieces: set[str] = set()
    for form in _forms(secret):
        folded = "".join(sign for sign in form.lower() if sign.isalnum())
        pieces |= {folded[at : at + _PIECE] for at in range(len(folded) - _PIECE + 1)}
    return frozenset(pieces)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    raw = secret.encode("utf-8", "surrogatepass")
    yield raw.hex()
    for before in range(3):  # it may stand behind a user's name
        # The first and last digits hold parts of what stands around it.
        yield base64.b64encode(b"\0" * before + raw).decode()[(0, 2, 3)[before] :].rstrip("=")[:-1]
