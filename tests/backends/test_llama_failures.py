"""Every way in which a service fails, and the error that it becomes."""

import asyncio
import json
import socket
import time
from email.utils import formatdate

import pytest
from aiohttp import web

from targen_backends.http.failures import failure
from targen_backends.http.limits import rate_headers, retry_after
from targen_backends.llama.backend import LlamaOptions, codec
from targen_backends.llama.client import LlamaModel
from targen_core.calls.model import RateHeaders
from targen_core.errors import (
    AuthenticationFailed,
    BadRequest,
    ContextTooLong,
    CreditExhausted,
    Overloaded,
    PermissionDenied,
    RateLimited,
    ServiceError,
    ServiceUnavailable,
)

KEY = "sk-verysecret-0123456789"


def answers(status=200, body="", headers=None):
    async def handler(request):
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, headers=headers)

    return handler


def says(message, **more):
    return {"error": {"message": message, **more}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "billed"),
    [
        (429, says("slow down"), RateLimited, False),
        (429, says("no credit", code="insufficient_quota"), CreditExhausted, False),
        (500, "oops", ServiceUnavailable, False),
        (502, "<html>bad gateway</html>", ServiceUnavailable, False),
        (503, says("loading model"), Overloaded, False),
        (504, "", ServiceUnavailable, True),
        (408, "", ServiceUnavailable, False),
        (409, "", ServiceUnavailable, False),
        (401, says("bad key"), AuthenticationFailed, False),
        (403, {"detail": "not you"}, PermissionDenied, False),
        (400, says("x", code="context_length_exceeded"), ContextTooLong, False),
        (400, says("This model's maximum context length is 4096 tokens"), ContextTooLong, False),
        (
            400,
            {"error": "request (9 tokens) exceeds the available context size (8 tokens)"},
            ContextTooLong,
            False,
        ),
        (400, says("temperature must be below 2"), BadRequest, False),
        (404, {"error": "model 'tiny' not found"}, BadRequest, False),
        (422, {"detail": [{"loc": ["body"]}]}, BadRequest, False),
        (402, says("pay first"), CreditExhausted, False),
        # as vLLM 0.32.0 says it, read from a running server
        (401, {"error": "Unauthorized"}, AuthenticationFailed, False),
        (
            400,
            says(
                "max_tokens=8000 cannot be greater than max_model_len=4096. Please request fewer "
                "output tokens. (parameter=max_tokens, value=8000)",
                type="BadRequestError",
                code=400,
            ),
            ContextTooLong,
            False,
        ),
        (
            404,
            says("The model `x` does not exist. Valid aliases: y.", type="NotFoundError", code=404),
            BadRequest,
            False,
        ),
        (
            500,
            says("EngineCore encountered an issue.", type="InternalServerError", code=500),
            ServiceUnavailable,
            False,
        ),
    ],
)
def test_status_codes(ask, status, body, kind, billed):
    with pytest.raises(ServiceError) as caught:
        ask(answers(status, body))
    error = caught.value
    assert type(error) is kind
    assert error.billed is billed
    assert f"HTTP {status}" in str(error)
    assert error.retryable is (kind in (RateLimited, ServiceUnavailable, Overloaded))


def test_the_providers_words_are_quoted_and_cut(ask):
    with pytest.raises(BadRequest, match="temperature must be below 2"):
        ask(answers(400, says("temperature must be below 2")))
    with pytest.raises(BadRequest) as caught:
        ask(answers(400, says("x" * 10_000)))
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "words",
    [
        "The provided JSON schema contains features not supported by xgrammar.",
        'Failed to transform json schema into a grammar: Unsupported type "strin"',
        'Grammar error: Unimplemented keys: ["uniqueItems"]',
    ],
)
def test_a_schema_that_vllm_refuses_leads_to_the_other_ways(ask, words):
    with pytest.raises(BadRequest) as caught:
        ask(answers(400, says(words, type="BadRequestError", param=None, code=400)))
    assert 'structured="json_object"' in caught.value.hint


def test_authentication_names_the_variable(ask):
    with pytest.raises(AuthenticationFailed) as caught:
        ask(answers(401, says("who?")))
    assert "TARGEN_LLAMA_API_KEY" in caught.value.hint


def test_a_redirect_is_not_followed_with_the_key(ask):
    with pytest.raises(BadRequest, match=r"redirects to http://elsewhere/v1\n"):
        ask(answers(307, headers={"Location": "http://elsewhere/v1?token=1"}), api_key=KEY)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, says(f"Incorrect API key provided: {KEY}")),
        (400, f"Authorization: Bearer {KEY}"),
        (500, says(KEY * 3)),
        (429, says("key sk-****6789 is over its limit")),
        (200, KEY),
        (200, says(KEY, code=400)),
    ],
)
def test_no_error_repeats_a_key(ask, status, body):
    with pytest.raises(ServiceError) as caught:
        ask(answers(status, body), api_key=KEY)
    error = caught.value
    output = f"{error!r} {error} {error.hint} {error.__cause__!r}"
    assert KEY not in output
    assert "sk-" not in output


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        "{}",
        '{"choices": []}',
        '{"choices": [{}]}',
        '{"choices": [{"message": 3}]}',
    ],
)
def test_a_broken_envelope_is_billed(ask, body):
    with pytest.raises(ServiceUnavailable) as caught:
        ask(answers(200, body))
    assert caught.value.billed


def test_an_error_inside_a_200_counts_as_what_it_says(ask):
    with pytest.raises(RateLimited):
        ask(answers(200, says("slow down", code=429)))
    with pytest.raises(ServiceUnavailable) as caught:
        ask(answers(200, says("provider returned an error")))
    assert caught.value.billed


def test_no_answer_in_time_is_billed(ask):
    async def silent(request):
        await asyncio.Event().wait()

    with pytest.raises(ServiceUnavailable, match=r"within 0\.05 s") as caught:
        ask(silent, timeout=0.05)
    assert caught.value.billed


def test_a_connection_dropped_before_the_answer_is_billed(ask):
    async def drop(request):
        request.transport.close()
        return web.Response()

    with pytest.raises(ServiceUnavailable, match="broke") as caught:
        ask(drop)
    assert caught.value.billed


def test_a_connection_dropped_within_the_answer_is_billed(ask):
    async def drop(request):
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"choices": [')
        request.transport.close()
        return response

    with pytest.raises(ServiceUnavailable, match="broke") as caught:
        ask(drop)
    assert caught.value.billed


def test_a_refused_connection_costs_nothing(request_of):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: nobody else takes it
        model = LlamaModel(f"http://127.0.0.1:{unused.getsockname()[1]}/v1", "m", api_key=KEY)

        async def main():
            try:
                await model.complete(request_of())
            finally:
                await model.aclose()

        with pytest.raises(ServiceUnavailable, match="no connection") as caught:
            asyncio.run(main())
    assert not caught.value.billed
    assert "base_url" in caught.value.hint


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        ({"Retry-After": formatdate(1000, usegmt=True), "Date": formatdate(990, usegmt=True)}, 10),
        ({"Retry-After": formatdate(1000, usegmt=True)}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
        ({}, None),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "6m0s",
                "x-ratelimit-remaining-tokens": "5",
                "x-ratelimit-reset-tokens": "9h",
            },
            360,
        ),
    ],
)
def test_retry_after(headers, seconds):
    assert retry_after(headers, rate_headers(headers)) == seconds


def test_retry_after_as_a_date_without_the_servers_clock():
    wait = retry_after({"Retry-After": formatdate(time.time() + 100, usegmt=True)})
    assert 90 < wait <= 100


def test_retry_after_comes_with_the_error(ask):
    with pytest.raises(RateLimited) as limited:
        ask(answers(429, says("x"), {"Retry-After": "7"}))
    assert limited.value.retry_after == 7
    with pytest.raises(ServiceUnavailable) as down:
        ask(answers(503, says("x"), {"Retry-After": "3"}))
    assert down.value.retry_after == 3


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [("1s", 1), ("6m0s", 360), ("120ms", 0.12), ("1h2m3.5s", 3723.5), ("2.5", 2.5), ("x", None)],
)
def test_rate_headers(reset, seconds):
    headers = {"x-ratelimit-remaining-tokens": "10", "x-ratelimit-reset-tokens": reset}
    assert rate_headers(headers) == RateHeaders(None, None, 10, seconds)


def test_no_rate_headers_is_none():
    assert rate_headers({"Date": "x"}) is None


def test_undecodable_bytes_in_an_error_are_shown_somehow():
    assert "HTTP 500" in str(failure(500, b"\xff\xfe", {}, LlamaModel.service))


@pytest.mark.parametrize(
    ("status", "error", "kind", "words"),
    [
        (400, says("max_tokens=8 cannot be greater than max_model_len=4"), ContextTooLong, "=4"),
        (404, says("The model `x` does not exist."), BadRequest, "`x` does not exist"),
        (400, "URL /v1/other was used.", BadRequest, "/v1/other was used"),
        (500, None, ServiceUnavailable, "HTTP 500 (request r-1)"),
    ],
)
def test_a_line_may_have_its_error_beside_an_empty_body(status, error, kind, words):
    """vLLM's run-batch writes them so; OpenAI's batches have it in the body."""
    response = {"status_code": status, "request_id": "r-1", "body": None}
    line = json.dumps({"custom_id": "k", "response": response, "error": error}).encode()
    key, answer = codec(LlamaOptions(model="tiny")).decode(line, {})
    assert key == "k"
    assert type(answer) is kind
    assert words in str(answer)
    assert "null" not in str(answer)
