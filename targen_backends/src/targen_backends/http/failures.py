"""Map HTTP answers other than 200 to targen's errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from targen_backends.completions import first_choice
from targen_backends.http.limits import retry_after, stated_wait
from targen_core.errors import Cause, ServiceError
from targen_standard.error_patterns import (
    CONTENT_FILTER_CODES,
    NO_CREDIT_CODES,
    TOO_LONG_CODES,
    filtered,
    no_credit,
    quoted,
    too_long,
)

if TYPE_CHECKING:
    from targen_backends.http.model import HttpModel

E = TypeVar("E", bound=ServiceError)

NOT_WITH_REASONING = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "stop")
"""Parameters that OpenAI's thinking models refuse: "Unsupported value: 'temperature' does not
support 0.2 with this model" (developers.openai.com, guides/reasoning; issues of its users, read
2026-11-20).
"""

HINTS = {
    "credit": "the account is out of credit; see its billing page, then run the same command again",
    "missing": "is the model name right, and does this key have access to it?",
    "schema": "-o structured=json_object, or -o structured=none, requests JSON in a different way",
    "length": "start a new run with a lower -o max_tokens=N, or with a model that has a longer "
    "context",
    "scores": "this model returns no token probabilities, or lists fewer tokens at each position; "
    "use a different model for this step, such as --backend-for STEP=local",
}
"""The hint for a failure, by its cause; see `HttpModel.hints`."""

_SCHEMA = re.compile(
    r"response_format|json_schema|guided|grammar|output_config|output_format", re.IGNORECASE
)
_REFUSES = re.compile(
    r"unsupported|not support|n't support|not (permitted|allowed)|unrecognized|unknown|deprecated",
    re.IGNORECASE,
)
_PAGE = "a web page"
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_BETWEEN = (
    "a proxy or firewall answered, not the service: HTTPS_PROXY and HTTP_PROXY set a proxy, and "
    "NO_PROXY lists hosts that need no proxy"
)
_SCORES = re.compile(r"log_?prob", re.IGNORECASE)
_TOO_BIG_FOR_THE_RATE = re.compile(r"request too large", re.IGNORECASE)
_BAD_KEY = re.compile(r"\bapi[ _]key (is )?(not valid|invalid)", re.IGNORECASE)
"""Gemini's API answers 400 to a wrong key (ai.google.dev/gemini-api/docs/troubleshooting)."""
_STATUS_HINTS = {
    400: "compare the model's name and the options that you set with the service's documentation",
    405: "is --base-url the address of the API?",
    413: "raise the server's request size limit, such as client_max_body_size in nginx",
    501: "the server does not support this kind of request; see its documentation",
}
_LATER = re.compile(r"try again in (about )?\d", re.IGNORECASE)
"""LiteLLM's proxy answers 400 for a limit of its own."""
_SLOWER = "lower --concurrency, or set --rpm and --tpm to the account's limits"
_NO_MODEL = re.compile(
    r"\bno models?\b|\bmodel\b.{0,80}\bnot (found|loaded|exist|available)|(unknown|invalid) model",
    re.IGNORECASE,
)
_OF_MODERATION = {"reasons", "flagged_input"}
"""Fields of OpenRouter's errors for prompts that its moderation stopped (openrouter.ai/docs)."""
_OVERLOADED = {"overloaded_error", "engine_overloaded_error"}
# Azure's filter bills the prompt; the others do not document this.
_BILLED_FILTERS = {"ResponsibleAIPolicyViolation"}


def failure(
    model: HttpModel, status: int, body: bytes, headers: Mapping[str, str], *, shown: str = ""
) -> ServiceError:
    """Return the error for an answer with a `status` other than 200.

    The provider's own words are quoted, up to 500 characters (`quoted`);
    then its name for the request, by which its support finds it. `shown` is
    what the message says in place of the status.
    """
    words, codes = _words(body)
    words = quoted(words, model.key)
    place = quoted(headers.get("Location", "").partition("?")[0], model.key) or "nowhere"
    shown = shown or f"HTTP {status}"
    stated = stated_wait(body) if status in (400, 429, 503) else None
    error = _sorted(model, status, shown, words, codes, headers, place, stated)
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
            is_broken = choice.get("finish_reason") == "error"
            is_empty = not (isinstance(message, dict) and message.get("content"))
            error = choice.get("error") or error
            if not is_broken and not (error and is_empty):
                return None
            error = error or "the reply ended with finish_reason error"
    if not error:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 502
    shown = f"HTTP 200 with error {status}" if status == code else "HTTP 200 with an error"
    body = json.dumps({"error": error}).encode()
    failed = model.failure(status, body, headers, shown)
    failed.billed = failed.retryable and status != 429
    return failed


def named(error: E, request: str) -> E:
    """`error` with the service's name for the request, as an attribute and in its words."""
    if request:
        error.request_id = request
        error.args = (f"{error} (request {request})",)
    return error


def request_id(headers: Mapping[str, str], secret: str = "") -> str:
    """The service's name for a request, or ""."""
    name = headers.get("x-request-id") or headers.get("request-id") or ""
    return quoted(name, secret, max_length=100)


def _sorted(
    model: HttpModel,
    status: int,
    shown: str,
    words: str,
    codes: set[str],
    headers: Mapping[str, str],
    place: str,
    stated: float | None,
) -> ServiceError:
    message = f"{shown}: {words}" if words else shown
    rate, hints = model.rate(headers), {**HINTS, **model.hints}
    wait = retry_after(headers)
    if wait is None:
        wait = stated if stated is not None else retry_after(headers, rate)
    # Of a 5xx only the code counts: what was up-stream may be back in a moment.
    if codes & NO_CREDIT_CODES or status == 402 or (status < 500 and no_credit(words)):
        return ServiceError(message, hint=hints["credit"], cause="credit")
    if status == 429 or (status == 400 and ("429" in codes or _LATER.search(words))):
        if _TOO_BIG_FOR_THE_RATE.search(words):
            return ServiceError(
                message,
                hint="this single request exceeds the limit: start a new run with a lower -o "
                "max_tokens=N",
                cause="bad-request",
            )
        return ServiceError(message, retry_after=wait, rate=rate, hint=_SLOWER, cause="rate-limit")
    if status in (498, 503, 529) or codes & _OVERLOADED:  # 498: Groq's flexible tier is full
        return ServiceError(message, retry_after=wait, rate=rate, cause="overloaded")
    if status in (408, 409, 424, 425) or (status >= 500 and status != 501):
        # The prompt was refused or lost; only a gateway that gave up waiting
        # (504) leaves a model at work behind it.
        return ServiceError(
            message,
            retry_after=wait,
            billed=status == 504,
            cause="server-error" if status == 500 else "unavailable",
        )
    if status == 401 or (status == 400 and _BAD_KEY.search(words)):
        return ServiceError(
            message,
            hint=f"set {model.key_variable} to a key with access to this model",
            cause="key",
        )
    if status == 407 or (status == 403 and words.startswith(_PAGE)):
        return ServiceError(message, hint=_BETWEEN, cause="key")
    if codes & CONTENT_FILTER_CODES or (status in (400, 403) and filtered(words)):
        return ServiceError(message, billed=bool(codes & _BILLED_FILTERS), cause="content-filter")
    # Together answers 403 to a prompt that is too long.
    if status == 403 and not too_long(words):
        return ServiceError(
            message,
            hint=f"set {model.key_variable} to a key with access to this model, or use a "
            "different model",
            cause="key",
        )
    if codes & TOO_LONG_CODES or (status in (400, 403, 413, 422) and too_long(words)):
        return ServiceError(message, hint=hints["length"], cause="too-long")
    if 300 <= status < 400:
        return ServiceError(
            f"{message}: the address redirects to {place}",
            hint="use --base-url with the address that it redirects to, if it is an API",
            cause="unsupported",
        )
    hint = hints["missing"] if status == 404 else _STATUS_HINTS.get(status, "")
    if status in (400, 422) and _REFUSES.search(words):
        parameters = (n for n in model.hints if n not in HINTS and re.search(rf"\b{n}\b", words))
        hint = hints.get(next(parameters, ""), hint)
    if _SCHEMA.search(words):
        hint = hints["schema"]
    if _SCORES.search(words):
        hint = hints["scores"]
    cause: Cause = "unsupported"
    if status == 404 or _NO_MODEL.search(words):
        cause = "no-model"
    elif status in (400, 413, 422):  # only long requests meet a server's limit (413)
        cause = "bad-request"
    return ServiceError(message, hint=hint, cause=cause)


def _words(body: bytes) -> tuple[str, set[str]]:
    """The provider's message, and the codes and types that it gave."""
    text = body.decode("utf-8", "replace").strip()
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        if re.match(r"<(!doctype|html|head|body)\b", text, re.IGNORECASE):
            title = _TITLE.search(text)
            text = " ".join(title[1].split()) if title else text
            return f"{_PAGE}: {text}", set()
        return text, set()
    if isinstance(data, list) and len(data) == 1:  # Gemini's API
        (data,) = data
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return error if isinstance(error, str) else text, set()
    inner = [(error, "code"), (error, "type")]
    for part, key in (("details", "error_code"), ("innererror", "code")):
        if isinstance(error.get(part), dict):
            inner.append((error[part], key))
    codes = {str(one[key]) for one, key in inner if isinstance(one.get(key), str | int)}
    metadata = error.get("metadata")
    if isinstance(metadata, dict) and metadata.keys() & _OF_MODERATION:
        codes.add("content_filter")
    for key in ("message", "detail", "error"):
        if error.get(key):
            # Undecodable content is quoted as received, with its surroundings.
            return error[key] if isinstance(error[key], str) else text, codes
    return text, codes
