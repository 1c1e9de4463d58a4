"""What an HTTP answer of an OpenAI-compatible server means to targen."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from targen_core.calls.model import RateHeaders
from targen_core.errors import (
    AuthenticationFailed,
    BadRequest,
    ContextTooLong,
    RateLimited,
    ServiceError,
    ServiceUnavailable,
)

__all__ = ["KEY_VARIABLE", "failure", "rate_headers", "retry_after", "scrub"]

KEY_VARIABLE = "TARGEN_LLAMA_API_KEY"

_QUOTE_LIMIT = 500
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_KEY_LIKE = re.compile(r"\bsk-[\w*-]{6,}|(?<=Bearer )\S+", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"maximum context length|context length exceeded|exceeds? the (available|maximum) context"
    r"|exceeds? .{0,40}context (size|length|window)|prompt is too long|max_model_len",
    re.IGNORECASE,
)
_SCHEMA = re.compile(r"response_format|json_schema|guided|grammar", re.IGNORECASE)
_NEVER_AGAIN = {"insufficient_quota", "billing_hard_limit_reached"}


def failure(status: int, body: bytes, headers: Mapping[str, str], secret: str = "") -> ServiceError:
    """The error that an answer with `status` other than 200 stands for.

    The provider's own words are quoted, up to 500 characters, without
    `secret` and without anything that looks like a key.
    """
    words, codes = _words(body)
    words = scrub(words, secret)[:_QUOTE_LIMIT]
    message = f"HTTP {status}: {words}" if words else f"HTTP {status}"
    wait = retry_after(headers)
    if status == 429:
        if codes & _NEVER_AGAIN:
            return BadRequest(message, hint="the account has no credit left; see its billing page")
        return RateLimited(message, retry_after=wait)
    if status >= 500 or status in (408, 409, 425):
        # The prompt was refused or lost; only a gateway that gave up waiting
        # (504) leaves a model at work behind it.
        return ServiceUnavailable(message, retry_after=wait, billed=status == 504)
    if status in (401, 403):
        return AuthenticationFailed(
            message, hint=f"set {KEY_VARIABLE} to a key that may use this model"
        )
    if codes & {"context_length_exceeded", "exceed_context_size_error"} or (
        status in (400, 413, 422) and _TOO_LONG.search(words)
    ):
        return ContextTooLong(
            message, hint="lower -o max_tokens=N, or serve the model with a longer context"
        )
    if 300 <= status < 400:
        return BadRequest(
            f"{message}: the address redirects to {_place(headers.get('Location', ''))}",
            hint="set -o base_url=... to where it redirects",
        )
    hint = "base_url usually ends in /v1; is the model's name right?" if status == 404 else ""
    if _SCHEMA.search(words):
        hint = "-o structured=json_object, or -o structured=none, asks for JSON in other ways"
    return BadRequest(message, hint=hint)


def scrub(text: str, secret: str = "") -> str:
    """`text` without `secret` and without what looks like an API key."""
    if secret:
        text = text.replace(secret, "***")
    return _KEY_LIKE.sub("***", text)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, or None.

    Read from `retry-after-ms`, from `Retry-After` in seconds or as a date
    (against the server's own clock where it sends one), or from the reset
    times of the limits that are used up.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("Retry-After")
    if value is not None:
        seconds = _number(value)
        if seconds is not None:
            return seconds
        then, now = _timestamp(value), _timestamp(headers.get("Date", ""))
        if then is not None:
            return max(0.0, then - (time.time() if now is None else now))
    rate = rate_headers(headers)
    if rate is None:
        return None
    waits = [
        reset
        for left, reset in (
            (rate.remaining_requests, rate.reset_requests),
            (rate.remaining_tokens, rate.reset_tokens),
        )
        if left == 0 and reset is not None
    ]
    return max(waits, default=None)


def rate_headers(headers: Mapping[str, str]) -> RateHeaders | None:
    """The `x-ratelimit-*` headers beside an answer; None where there are none."""
    requests = headers.get("x-ratelimit-remaining-requests")
    tokens = headers.get("x-ratelimit-remaining-tokens")
    if requests is None and tokens is None:
        return None
    return RateHeaders(
        _count(requests),
        _duration(headers.get("x-ratelimit-reset-requests")),
        _count(tokens),
        _duration(headers.get("x-ratelimit-reset-tokens")),
    )


def _words(body: bytes) -> tuple[str, set[str]]:
    """The provider's message and the codes and types that it gave."""
    text = body.decode("utf-8", "replace").strip()
    try:
        data: Any = json.loads(text)
    except ValueError:
        return text, set()
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return error if isinstance(error, str) else text, set()
    codes = {str(error[key]) for key in ("code", "type") if error.get(key)}
    for key in ("message", "detail", "error"):
        if error.get(key):
            value = error[key]
            return value if isinstance(value, str) else json.dumps(value), codes
    return text, codes


def _place(url: str) -> str:
    return url.partition("?")[0] or "nowhere"


def _number(value: str | None) -> float | None:
    """A finite number of zero or more, or None."""
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _count(value: str | None) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _duration(value: str | None) -> float | None:
    """Seconds in "1s", "6m0s", "120ms" or a plain number."""
    if value and _DURATION.fullmatch(value):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    return _number(value)


def _timestamp(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except ValueError:
        return None
