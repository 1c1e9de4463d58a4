"""Patterns in the error messages of services, common to all of them.

Services agree on status codes and little else: the same cause comes with another status, in
another envelope and in other words. The cause is found here once, for our clients and for the
adapters of other libraries. So is the way to quote a service, without keys and control characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from targen_core.calls.secrets import scrub
from targen_core.errors import Cause
from targen_core.text import printable

_LONGEST_WAIT = 31 * 86_400.0
"""Seconds: limits are a month's at most, and clocks do not hold any number."""

_READ = 16_384
"""Characters of a service's words that are looked through before they are cut."""

_SAID = 400
"""Characters of a service's words that tell the cause; after them, many repeat the prompt."""

_QUOTED = 500
"""Characters of a service's words that are quoted."""

# Codes and words of services, in the order in which they count. "exceeded your current quota"
# alone does not mean credit: some services use it for a rate that recovers within a minute.
_SIGNS: dict[Cause, str] = {
    "credit": (
        r"insufficient[_ ](quota|balance|credits?|funds)|balance is (too low|not enough|insuffici)"
        r"|billing_(error|hard_limit_reached|not_active)|billing has not been enabled|\barrear"
        r"|exceeded_current_quota_error|spend(ing)?[_ ](limit|cap)(_| is | was | has been )?"
        r"(reached|exceeded)|reached .{0,40}spend(ing)? (limit|cap)"
        r"|credit balance is too low|specified API usage limits|out of credits?\b"
        r"|key limit exceeded|(budget_?|budget has been )exceeded|exceeded_?budget|over budget"
    ),
    "content-filter": (
        r"content_filter\b|content_policy_violation|ResponsibleAIPolicyViolation"
        r"|moderation_blocked|data_inspection_failed|inappropriate content|content exists risk"
        r"|content[ _](management|filtering|safety)[ _]policy|blocked by (our )?content filter"
        r"|rejected .{0,40}safety system|requires moderation on|(input|content|prompt) was flagged"
        r"|violat\w+ .{0,40}(usage|content|safety) polic"
    ),
    "too-long": (
        r"context_length_exceeded|exceed_context_size|string_above_max_length|request_too_large"
        r"|(maximum|available|model's|loaded with) context|context length|max_model_len"
        r"|context (size|window|limit).{0,30}exceed"
        r"|exceeds? .{0,40}context (size|length|window|limit)"
        r"|exceeds? .{0,40}max\w* number of tokens|tokens you requested exceed"
        r"|(prompt|input|request) (is |was )?too (long|large)|max_new_tokens.{0,20}must be <="
        r"|reduce the length"
    ),
    "no-reply": r"json_validate_failed|failed to generate json",  # the model wrote no such JSON
    "daily-limit": (
        r"(limit|quota|requests|tokens|models).{0,40}(per[ _-]?day|daily|\((RPD|TPD)\))"
        r"|\bdaily .{0,40}(limit|quota)"
    ),
    "rate-limit": (
        r"rate_limit_(error|exceeded)|rate limit|too many requests|try again in (about )?\d"
        r"|RESOURCE_EXHAUSTED"
    ),
    "overloaded": (r"(engine_)?overloaded(_error)?\b|over capacity|server is busy"),
    "key": (
        r"(in)?valid_api_key|\bapi[ _-]?key\b.{0,20}(not valid|invalid|incorrect|expired|required)"
        r"|(invalid|incorrect|missing|expired|no|wrong) (x-)?api[ _-]?key|authentication_error"
        r"|not authenticated|invalid subscription key|organization has been disabled"
    ),
    "no-model": (
        r"model_(not_found|decommissioned)|DeploymentNotFound|\bno models?\b"
        r"|\bmodel\b.{0,80}\bnot (found|loaded|exist|available)|(unknown|invalid) model"
        r"|not a valid model|has been decommissioned|unexpected endpoint|unknown_url"
    ),
}
_SIGN = tuple(
    (cause, re.compile(signs, re.IGNORECASE | re.DOTALL)) for cause, signs in _SIGNS.items()
)

_STATUSES: dict[int, Cause] = {
    401: "key",
    402: "credit",
    403: "key",
    404: "no-model",
    407: "key",
    **dict.fromkeys((400, 413, 422), "bad-request"),
    **dict.fromkeys((408, 409, 424, 425), "unavailable"),
    429: "rate-limit",
    **dict.fromkeys((498, 503, 529), "overloaded"),  # 498: Groq's flexible tier is full
    500: "server-error",
    501: "unsupported",
}
_LIMITS = ("rate-limit", "daily-limit", "overloaded")


def cause_of(status: int, words: str, codes: Iterable[str] = ()) -> Cause:
    """Return the cause of a failure: that of its codes and words, or else of its HTTP status.

    Args:
        status: the HTTP status, or 0 if the service reports none.
        words: what the service says.
        codes: the codes and types that it gives.
    """
    codes = [*codes]
    if status == 400 and "429" in codes:  # a gateway's own limit
        status = 429
    said = " ".join((*codes, words[:_SAID]))
    by_status: Cause = _STATUSES.get(status, "unsupported" if status < 500 else "unavailable")
    for cause, sign in _SIGN:
        if not sign.search(said):
            continue
        if status == 429 and cause in ("key", "no-model"):
            continue  # it may name either: "rate limit of this API key"
        if cause in _LIMITS and status in (401, 402, 404):
            continue
        if cause == "overloaded" and status == 429:
            return "rate-limit"
        if cause == "no-model" and status >= 500 and "not loaded" in said:
            continue  # not yet
        return cause
    return by_status


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
