"""Every way in which a service fails, and the error that it becomes."""

import asyncio
import json
import socket
from email.utils import formatdate

import pytest
from aiohttp import web

from targen_backends.http.limits import rate_headers, retry_after
from targen_backends.llama.backend import LlamaOptions, codec
from targen_backends.llama.client import LlamaModel
from targen_core.calls.model import RateHeaders
from targen_core.errors import (
    BadRequest,
    ContextTooLong,
    RateLimited,
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


def test_an_error_inside_a_200_counts_as_what_it_says(ask):
    with pytest.raises(RateLimited):
        ask(answers(200, says("slow down", code=429)))
    with pytest.raises(ServiceUnavailable) as caught:
        ask(answers(200, says("provider returned an error")))
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


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [("1s", 1), ("6m0s", 360), ("120ms", 0.12), ("1h2m3.5s", 3723.5), ("2.5", 2.5), ("x", None)],
)
def test_rate_headers(reset, seconds):
    headers = {"x-ratelimit-remaining-tokens": "10", "x-ratelimit-reset-tokens": reset}
    assert rate_headers(headers) == RateHeaders(None, None, 10, seconds)


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
