"""Read services' limits: `Retry-After` and the headers of each family."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from targen_core.calls.model import RateHeaders
from targen_standard import error_patterns

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(?<!\d)(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_MAX = 1e12  # of requests or tokens: what is more is as good as no limit
_DURATION = re.compile(rf"(?:{_PART.pattern})+")


_AMOUNT = r"\d+(?:\.\d+)? ?(?:ms|[smh]|seconds?|minutes?|hours?)(?![a-z])"
_STATED = re.compile(
    rf"(?:try again|retry|wait|resets?)\b[^.\d]{{0,20}}((?:{_AMOUNT}[, ]{{0,2}}|\d+m(?=\d))+)"
    r'|"retryDelay"\s*:\s*"([\d.]+s)"',
    re.IGNORECASE,
)
"""A wait in words: "Please try again in 1m3.5s" (OpenAI), and in Gemini's `RetryInfo`."""
_FIELD = re.compile(
    r'"(?:retry[_-]after|x-ratelimit-reset)([_-]ms|_seconds|_milliseconds)?"\s*:\s*"?([\d.]+)\b',
    re.IGNORECASE,
)
_RESETS = (
    *("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset", "x-ratelimit-reset-after"),
    *("x-rate-limit-reset-tokens", "x-rate-limit-reset-requests"),
)
_A_DATE = 1e9  # more seconds, or milliseconds, since 1970 than any wait has


def stated_wait(body: bytes) -> float | None:
    """Seconds that the text of an answer asks to wait, a month at most, or None."""
    text = body[:16_384].decode("utf-8", "replace")
    if found := _FIELD.search(text):
        number = _number(found[2])
        unit = (found[1] or "").lower()
        if number is not None:
            return _until(number / 1000 if unit in ("_ms", "-ms", "_milliseconds") else number, {})
    found = _STATED.search(text)
    if found is None:
        return None
    parts = _PART.findall((found[1] or found[2]).lower().replace(" ", ""))
    rounded = 0.05  # by which words may state too little
    return error_patterns.seconds(sum(float(n) * _UNITS[unit] for n, unit in parts) + rounded)


def retry_after(headers: Mapping[str, str], rate: RateHeaders | None = None) -> float | None:
    """Seconds that the server asks to wait, a month at most, or None.

    They come from `retry-after-ms`, or from `Retry-After` in seconds or as a date, by the server's
    own clock if it sends one. Otherwise they come from the reset times of the used-up limits in
    `rate`, or from a header with one reset time.
    """
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if (milliseconds := _number(headers.get(name))) is not None:
            return error_patterns.seconds(milliseconds / 1000)
    value = headers.get("Retry-After")
    if value is not None:
        wait = _duration(value.strip())
        if wait is not None:
            return wait
        then = _timestamp(value)
        if then is not None:
            return error_patterns.seconds(max(0.0, then - _now(headers)))
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


def reset_of(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until the reset that one header names, as a wait or a moment."""
    for name in _RESETS:
        if (value := headers.get(name)) is not None:
            number = _number(value)
            return _duration(value) if number is None else _until(number, headers)
    return None


def _until(number: float, headers: Mapping[str, str]) -> float | None:
    """Return a wait in seconds, which may come as the moment of its end."""
    if number > 1000 * _A_DATE:
        number /= 1000
    return error_patterns.seconds(max(0.0, number - _now(headers)) if number > _A_DATE else number)


def rate_headers(headers: Mapping[str, str]) -> RateHeaders | None:
    """Read OpenAI's `x-ratelimit-*` headers of an answer; None without any.

    The form: developers.openai.com/api/docs/guides/rate-limits, read 2026-11-20.
    """
    requests = headers.get("x-ratelimit-remaining-requests")
    tokens = headers.get("x-ratelimit-remaining-tokens")
    if requests is None and tokens is None:
        return None
    return RateHeaders(
        _count(requests),
        _duration(headers.get("x-ratelimit-reset-requests")),
        _count(tokens),
        _duration(headers.get("x-ratelimit-reset-tokens")),
        _count(headers.get("x-ratelimit-limit-requests")),
    )


def anthropic_rate_headers(headers: Mapping[str, str]) -> RateHeaders | None:
    """Read Anthropic's `anthropic-ratelimit-*` headers; None without any.

    They name the moment of the reset (RFC 3339) and not the wait. Tokens have
    three limits, of input, of output and of both: the one that is nearest to
    its end counts. The form: platform.claude.com/docs/en/api/rate-limits, read
    2026-11-20.
    """
    limits = {
        kind: (
            _count(headers.get(f"anthropic-ratelimit-{kind}-remaining")),
            _moment(headers.get(f"anthropic-ratelimit-{kind}-reset"), headers),
        )
        for kind in ("requests", "tokens", "input-tokens", "output-tokens")
    }
    requests = limits.pop("requests")
    tokens = [pair for pair in limits.values() if pair[0] is not None]
    if requests[0] is None and not tokens:
        return None
    lowest = min(tokens, key=lambda pair: (pair[0], -(pair[1] or 0.0)), default=(None, None))
    limit = _count(headers.get("anthropic-ratelimit-requests-limit"))
    return RateHeaders(*requests, *lowest, limit)


def _number(value: str | None) -> float | None:
    """A finite number of zero or more, or None."""
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _count(value: str | None) -> int | None:
    number = _number(value)
    return None if number is None else int(min(number, _MAX))


def _duration(value: str | None) -> float | None:
    """Seconds in "1s", "6m0s", "120ms" or a plain number; no more than a month."""
    if value and _DURATION.fullmatch(value):
        parts = _PART.findall(value)
        return error_patterns.seconds(sum(float(n) * _UNITS[unit] for n, unit in parts))
    return error_patterns.seconds(value)


def _moment(value: str | None, headers: Mapping[str, str]) -> float | None:
    """Seconds from now until an RFC 3339 moment."""
    try:
        then = datetime.fromisoformat(value or "").timestamp()
    except (ValueError, OverflowError, OSError):  # the latter of years that no clock has
        return None
    return error_patterns.seconds(max(0.0, then - _now(headers)))


def _now(headers: Mapping[str, str]) -> float:
    """The time on the server's clock, or on ours if it does not say."""
    now = _timestamp(headers.get("Date", ""))
    return time.time() if now is None else now


def _timestamp(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
