"""Faults on demand, the same for each service: what a run gets to see of them."""

import asyncio
import json
import time
from email.utils import formatdate

import pytest
from aiohttp import web

from targen_core.errors import (
    AuthenticationFailed,
    BadRequest,
    ConnectionFailed,
    ContentFiltered,
    ContextTooLong,
    CreditExhausted,
    MalformedAnswer,
    Overloaded,
    PermissionDenied,
    RateLimited,
    ServiceError,
    ServiceUnavailable,
    TimedOut,
)

KEY = "sk-verysecret-0123456789"


@pytest.fixture
def plain(request_of):
    """A request that every service takes: Anthropic has no seed."""
    return request_of(seed=None)


def answers(status=200, body="", headers=None):
    async def handler(request):
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, headers=headers)

    return handler


@pytest.fixture
def fails(call, plain):
    """The error of one call, whatever it is."""

    def ask(provider, handler, **options):
        with pytest.raises(ServiceError) as caught:
            call(provider, handler, plain, **options)
        return caught.value

    return ask


CASES = [
    (401, "bad key", {}, AuthenticationFailed),
    (403, "not you", {}, PermissionDenied),
    (402, "pay first", {}, CreditExhausted),
    (429, "no money", {"code": "insufficient_quota"}, CreditExhausted),
    (429, "spent", {"details": {"error_code": "enforced_spend_limit_reached"}}, CreditExhausted),
    (400, "Your credit balance is too low to access the API", {}, CreditExhausted),
    (400, "You have reached your specified API usage limits.", {}, CreditExhausted),
    (429, "slow down", {"code": "rate_limit_exceeded"}, RateLimited),
    (429, "Request too large for tiny on tokens per min (TPM)", {}, BadRequest),
    (500, "oops", {"type": "api_error"}, ServiceUnavailable),
    (503, "busy", {}, Overloaded),
    (529, "Overloaded", {"type": "overloaded_error"}, Overloaded),
    (400, "prompt is too long: 300000 tokens > 200000 maximum", {}, ContextTooLong),
    (400, "maximum context length is 8192", {"code": "context_length_exceeded"}, ContextTooLong),
    (400, "temperature: Extra inputs are not permitted", {}, BadRequest),
    (400, "triggering the content management policy", {"code": "content_filter"}, ContentFiltered),
    (403, "Input exceeds the model's context window", {}, ContextTooLong),
    (404, "model: tiny", {"type": "not_found_error"}, BadRequest),
]


@pytest.mark.parametrize(("status", "words", "more", "kind"), CASES)
def test_errors_are_sorted_by_what_helps(provider, fails, status, words, more, kind):
    if provider.name == "ollama" and more and kind in (CreditExhausted, ContentFiltered):
        pytest.skip("Ollama's errors have no codes")
    headers = {provider.request_id: "req_42"}
    error = fails(provider, answers(status, provider.fault(words, **more), headers))
    assert type(error) is kind
    assert f"HTTP {status}: {words}" in str(error)  # the provider's words
    assert str(error).endswith("(request req_42)")
    assert error.request_id == "req_42"
    assert error.retryable is issubclass(kind, RateLimited | ServiceUnavailable)
    if kind in (AuthenticationFailed, PermissionDenied):
        assert provider.key_variable in error.hint
    if kind in (CreditExhausted, ContextTooLong, RateLimited):
        assert error.hint


def test_a_429_without_a_wait_has_none(provider, fails):
    assert fails(provider, answers(429, provider.fault("slow down"))).retry_after is None


@pytest.mark.parametrize(
    ("name", "value", "seconds"), [("retry-after", "7", 7), ("retry-after-ms", "250", 0.25)]
)
def test_a_429_with_a_wait_tells_it(provider, fails, name, value, seconds):
    error = fails(provider, answers(429, provider.fault("slow down"), {name: value}))
    assert error.retry_after == seconds


def test_a_429_may_tell_the_wait_as_the_moment_of_the_reset(services, fails):
    headers = {
        "Date": formatdate(1000, usegmt=True),
        "anthropic-ratelimit-requests-remaining": "4",
        "anthropic-ratelimit-requests-reset": "1970-01-01T00:17:00Z",
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": "1970-01-01T00:16:52Z",
        "anthropic-ratelimit-output-tokens-remaining": "900",
        "anthropic-ratelimit-output-tokens-reset": "1970-01-01T00:20:00Z",
    }
    claude = services["claude"]
    assert fails(claude, answers(429, claude.fault("slow down"), headers)).retry_after == 12


def test_a_connection_dropped_within_the_body(provider, fails):
    async def drop(request):
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"choices": [')
        request.transport.close()
        return response

    error = fails(provider, drop)
    assert type(error) is ConnectionFailed
    assert error.billed


def test_a_slow_first_byte(provider, fails):
    async def silent(request):
        await asyncio.Event().wait()

    begun = time.monotonic()
    error = fails(provider, silent, timeout=0.1)
    assert type(error) is TimedOut
    assert error.billed
    assert "timeout=" in error.hint
    assert time.monotonic() - begun < 60, "the service stays silent for longer"


def test_truncated_json(provider, fails):
    whole = json.dumps(provider.good("Volga"))
    error = fails(provider, answers(200, whole[: len(whole) // 2]))
    assert type(error) is MalformedAnswer
    assert error.billed


def test_a_web_page_in_place_of_json(provider, fails):
    async def page(request):
        return web.Response(text="<html>welcome</html>", content_type="text/html")

    error = fails(provider, page)
    assert type(error) is MalformedAnswer
    assert "(text/html)" in str(error)
    assert "base_url" in error.hint


def test_the_right_json_under_a_wrong_content_type_is_read(provider, call, plain):
    async def handler(request):
        return web.Response(text=json.dumps(provider.good("Volga")), content_type="text/plain")

    assert call(provider, handler, plain).text == "Volga"


def test_an_answer_without_a_reply(provider, fails):
    for body in provider.empty:
        error = fails(provider, answers(200, body, {provider.request_id: "req_42"}))
        assert type(error) is MalformedAnswer, body
        assert error.request_id == "req_42"
        assert error.billed


def test_unknown_fields_are_passed_over(provider, call, plain):
    reply = call(provider, answers(200, provider.good("Volga")), plain)
    assert (reply.text, reply.finish) == ("Volga", "stop")
    assert (reply.input_tokens, reply.output_tokens, reply.model) == (11, 3, "tiny-2026")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, f"Incorrect API key provided: {KEY}"),
        (400, f"Authorization: Bearer {KEY}"),
        (500, KEY * 3),
        (200, KEY),
        (307, ""),
    ],
)
def test_no_error_repeats_the_key(provider, fails, status, body):
    headers = {provider.request_id: KEY, "Location": "http://elsewhere/?key=" + KEY}
    error = fails(provider, answers(status, body, headers), api_key=KEY)
    output = f"{error!r} {error} {error.hint} {error.__cause__!r} {error.request_id}"
    assert "verysecret" not in output


def test_no_redirect_takes_the_key_elsewhere(provider, fails):
    seen = []

    async def handler(request):
        seen.append(request.path)
        raise web.HTTPTemporaryRedirect("/other")

    assert type(fails(provider, handler)) is BadRequest
    assert seen == [provider.path]
