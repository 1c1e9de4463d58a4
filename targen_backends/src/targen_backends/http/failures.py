"""Find the cause of a failed call, in whatever status and envelope the service reports it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from targen_backends.completions import first_choice, usage_of
from targen_backends.http.limits import reset_of, retry_after, stated_wait
from targen_core.errors import Cause, ServiceError
from targen_core.text import clock
from targen_standard.error_patterns import cause_of, quoted

if TYPE_CHECKING:
    from targen_backends.http.model import HttpModel

NOT_WITH_REASONING = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "stop")
"""Parameters that OpenAI's thinking models refuse: "Unsupported value: 'temperature' does not
support 0.2 with this model" (developers.openai.com, guides/reasoning; issues of its users, read
2026-11-20).
"""

HINTS = {
    "credit": "the account is out of credit; see its billing page, then run the same command again",
    "no-model": "is the model name right, and does this key have access to it?",
    "schema": "-o structured=json_object, or -o structured=none, requests JSON in a different way",
    "no-reply": "-o structured=none requests JSON in a different way",
    "too-long": "start a new run with a lower -o max_tokens=N, or with a model that has a longer "
    "context",
    "rate-limit": "lower --concurrency, or set --rpm and --tpm to the account's limits",
    "scores": "this model returns no token probabilities, or lists fewer tokens at each position; "
    "use a different model for this step, such as --backend-for STEP=local",
    "tls": "the server speaks https: write --base-url with https://",
    "way": "a proxy or firewall answered, not the service: HTTPS_PROXY and HTTP_PROXY set a proxy, "
    "and NO_PROXY lists hosts that need no proxy",
}
"""The hint for a failure, by its cause or by what it is about; see `HttpModel.hints`."""

_STATUS_HINTS = {
    400: "compare the model's name and the options that you set with the service's documentation",
    405: "is --base-url the address of the API?",
    413: "raise the server's request size limit, such as client_max_body_size in nginx",
    501: "the server does not support this kind of request; see its documentation",
}
_ABOUT = {  # what a refused request is about
    "tls": re.compile(r"http request .{0,12}to (an )?https", re.IGNORECASE),
    "scores": re.compile(r"log_?prob", re.IGNORECASE),
    "schema": re.compile(
        r"response.format|json_schema|guided|grammar|output_config|output_format", re.IGNORECASE
    ),
}
_REFUSES = re.compile(
    r"unsupported|not support|n't support|not (permitted|allowed)|unrecognized|unknown|deprecated",
    re.IGNORECASE,
)
_BROKEN = re.compile(r"error|insufficient|malformed|abort|cancel", re.IGNORECASE)
"""Signs in a finish_reason that the service failed: OpenRouter's `error`, Z.ai's `network_error`,
DeepSeek's `insufficient_system_resource`, Gemini's `MALFORMED_FUNCTION_CALL`, vLLM's `abort`.
"""
_PAGE = "a web page"
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_DEEPEST = 6  # levels of an envelope that are looked through
_WORDS = (
    *("error", "errors", "fault", "message", "detail", "msg", "error_msg", "error_message"),
    *("error_description", "errmsg", "title"),
)
_CODES = {"code", "type", "status", "error_code", "quotaId", "statusCode"}
_OF_MODERATION = {"reasons", "flagged_input"}
"""Fields of OpenRouter's errors for prompts that its moderation stopped (openrouter.ai/docs)."""
_BILLED_FILTER = "ResponsibleAIPolicyViolation"  # Azure's bills the prompt; others do not say so
# Seconds: a daily limit with a shorter wait recovers gradually, except Gemini's ("PerDay"), which
# states the wait of another limit.
_SHORT = 600.0


def failure(
    model: HttpModel, status: int, body: bytes, headers: Mapping[str, str], *, shown: str = ""
) -> ServiceError:
    """Return the error for an answer with a `status` other than 200.

    The provider's own words are quoted, up to 500 characters (`quoted`); then its name for the
    request, by which its support finds it. `shown` is what the message says in place of the status.
    """
    words, codes, data = _described(body)
    words = quoted(words, model.key)
    cause = "unsupported" if _ABOUT["tls"].search(words) else cause_of(status, words, codes)
    rate = model.rate(headers)
    wait = retry_after(headers)
    if wait is None and status in (0, 400, 403, 429, 503):
        wait = stated_wait(body)
    if wait is None:
        wait = retry_after(headers, rate)
    if wait is None and cause in ("rate-limit", "daily-limit"):
        wait = reset_of(headers)
    if cause == "daily-limit" and (wait is None or wait <= _SHORT):
        is_fixed = any("PerDay" in code for code in codes)
        if wait is None or is_fixed:
            wait = _until_midnight("America/Los_Angeles" if is_fixed else "UTC")
        else:
            cause = "rate-limit"
    if (status == 403 and words.startswith(_PAGE)) or status == 407:
        hint = HINTS["way"]
    else:
        # What a request is about may be in a field beside the message, such as `loc`.
        said = f"{words} {body[:2000].decode('utf-8', 'replace')}"
        hint = _hint(model, cause, status, said, wait)
    shown = shown or f"HTTP {status}"
    message = f"{shown}: {words}" if words else shown
    if 300 <= status < 400:
        place = quoted(headers.get("Location", "").partition("?")[0], model.key) or "nowhere"
        message = f"{message}: the address redirects to {place}"
        hint = "use --base-url with the address that it redirects to, if it is an API"
    error = ServiceError(
        message,
        cause=cause,
        hint=hint,
        retry_after=wait,
        # A gateway that gave up waiting (504) leaves a model at work behind it.
        billed=status == 504
        or cause == "no-reply"
        or (cause == "content-filter" and _BILLED_FILTER in codes),
        rate=rate,
        tokens=usage_of(data),
    )
    return named(error, request_id(headers, model.key))


def failure_inside(
    model: HttpModel, envelope: Any, headers: Mapping[str, str]
) -> ServiceError | None:
    """Return the error that some gateways put into an answer with status 200, or None.

    It is in place of the choices, or beside a choice that broke off or is empty, or in that choice.
    """
    if not isinstance(envelope, dict):
        return None
    error, choice = envelope.get("error"), None
    if "choices" in envelope:
        choices = envelope["choices"]
        choice = first_choice(choices) if isinstance(choices, list) and choices else None
        if isinstance(choice, dict):
            message = choice.get("message")
            reason = choice.get("finish_reason")
            is_broken = _BROKEN.search(str(reason)) is not None
            is_empty = not (isinstance(message, dict) and message.get("content"))
            error = choice.get("error") or error
            if not is_broken and not (error and is_empty):
                return None
            error = error or f"the reply ended with finish_reason {reason}"
    elif not error and isinstance(envelope.get("message", envelope.get("msg")), str):
        error = envelope
    if not error:
        return None
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    status = int(code) if re.fullmatch(r"[45]\d\d", code) else 0
    shown = f"HTTP 200 with error {status}" if status else "HTTP 200 with an error"
    body = json.dumps({"error": error, "usage": envelope.get("usage")}).encode()
    failed = model.failure(status or 502, body, headers, shown)
    failed.billed = failed.retryable and failed.cause != "rate-limit"
    return failed


def named(error: ServiceError, request: str) -> ServiceError:
    """`error` with the service's name for the request, as an attribute and in its words."""
    if request:
        error.request_id = request
        error.args = (f"{error} (request {request})",)
    return error


def request_id(headers: Mapping[str, str], secret: str = "") -> str:
    """The service's name for a request, or ""."""
    name = headers.get("x-request-id") or headers.get("request-id") or ""
    return quoted(name, secret, max_length=100)


def _hint(model: HttpModel, cause: Cause, status: int, words: str, wait: float | None) -> str:
    hints = {**HINTS, **model.hints}
    if cause == "key":
        return f"set {model.key_variable} to a key with access to this model"
    if cause == "daily-limit":
        after = clock(wait or 0.0)
        return f"the limit is for a day: run the same command again, or resume, after {after}"
    if cause == "too-long" and status == 429:
        return "this single request exceeds the limit: start a new run with a lower -o max_tokens=N"
    if status == 413:
        return _STATUS_HINTS[status]
    if cause not in ("bad-request", "unsupported"):
        return hints.get(cause, "")
    for about, sign in _ABOUT.items():
        if sign.search(words):
            is_json = about == "schema" and model.schema_mode == "json_object"
            return hints[about].replace("json_object", "json_schema") if is_json else hints[about]
    if _REFUSES.search(words):
        parameters = (n for n in model.hints if n not in HINTS and re.search(rf"\b{n}\b", words))
        if (name := next(parameters, "")) and status in (400, 422):
            return hints[name]
    return _STATUS_HINTS.get(status, "")


def _until_midnight(zone: str) -> float:
    """Return the seconds until a day ends, which is when most daily limits are reset."""
    with suppress(ZoneInfoNotFoundError):
        now = datetime.now(ZoneInfo(zone))
        end = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return (end - now).total_seconds()
    return 86_400.0


def _described(body: bytes) -> tuple[str, set[str], Any]:
    """Return the provider's message, the codes and types that it gives, and the JSON of a body."""
    text = body.decode("utf-8", "replace").strip()
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        if re.match(r"<(!doctype|html|head|body)\b", text, re.IGNORECASE):
            title = _TITLE.search(text)
            text = " ".join(title[1].split()) if title else text
            return f"{_PAGE}: {text}", set(), None
        return text, set(), None
    codes: set[str] = set()
    upstream = ""
    for part in _objects(data):
        codes |= {
            str(part[key]) for key in _CODES & part.keys() if isinstance(part[key], str | int)
        }
        if part.keys() & _OF_MODERATION:
            codes.add("content_filter")
        if isinstance(part.get("raw"), str):  # what the provider behind a gateway said
            upstream = f": {part['raw']}"
    return (_words_in(data) or (text if data else "")) + upstream, codes, data


def _objects(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _objects(part, depth + 1)


def _inner(text: str) -> Any:
    """Return the JSON object in a message, or None."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _words_in(value: Any, depth: int = 0) -> str:
    """Return the first message in an envelope, or ""."""
    if isinstance(value, str):
        inner = _inner(value)  # a gateway quotes the envelope of the service behind it
        return value if inner is None else _words_in(inner, depth + 1) or value
    if depth > _DEEPEST or not isinstance(value, dict | list):
        return ""
    parts = value if isinstance(value, list) else [value[k] for k in _WORDS if k in value]
    if isinstance(value, dict) and isinstance(place := value.get("loc"), list):  # FastAPI's
        return f"{'.'.join(map(str, place))}: {_words_in(parts, depth + 1)}"
    return next(filter(None, (_words_in(part, depth + 1) for part in parts)), "")
