"""Services that mean harm: what they answer is never more than an error of theirs."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import zlib

import pytest
from aiohttp import web

from targen_backends.http.reading import MAX_ANSWER
from targen_backends.llama.backend import LlamaOptions, codec
from targen_core.errors import (
    BadRequest,
    ConnectionFailed,
    MalformedAnswer,
    ServiceError,
)

KEY = "sk-verysecret-0123456789/AbC+dEfGhIjKlMnOpQrStUvWxYz"


@pytest.fixture
def fails(call, request_of):
    """The error of one call, whatever it is."""

    def ask(provider, handler, **options):
        with pytest.raises(ServiceError) as caught:
            call(provider, handler, request_of(seed=None), **options)
        return caught.value

    return ask


def answers(body, status=200, headers=None):
    async def handler(request):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return web.Response(body=raw, status=status, headers=headers)

    return handler


# --- keys ---


def test_a_key_split_or_encoded_is_not_repeated(provider, fails):
    coded = base64.b64encode(KEY.encode()).decode()
    words = f"{KEY[:20]} {KEY[20:]} {coded} {KEY.replace('/', '%2F')}"
    headers = {
        "Location": f"http://elsewhere/{KEY.replace('/', '%2F')}",
        provider.request_id: f"{'.' * 80}{KEY}",
        "Content-Type": f"text/{KEY[:40].replace('/', '')}",
    }
    for status in (200, 307, 400):
        error = fails(provider, answers(words.encode(), status, headers), api_key=KEY)
        shown = f"{error!r} {error} {error.hint} {error.request_id}"
        for form in (KEY, coded):
            assert not any(form[at : at + 12] in shown for at in range(len(form) - 11)), shown


# --- size ---


def test_packed_answers_are_read(provider, call, request_of):
    good = json.dumps(provider.good("Volga")).encode()
    bare = zlib.compressobj(wbits=-15)
    packings = [
        ("gzip", gzip.compress(good, mtime=0)),
        ("deflate", zlib.compress(good)),
        ("deflate", bare.compress(good) + bare.flush()),
        ("identity", good),
    ]
    for encoding, raw in packings:
        handler = answers(raw, headers={"Content-Encoding": encoding})
        assert call(provider, handler, request_of(seed=None)).text == "Volga"


@pytest.mark.parametrize(
    ("encoding", "raw", "words"),
    [
        ("br", b"abc", "encoded as 'br'"),
        ("gzip", b"abc", "cannot be decoded"),
        ("gzip", gzip.compress(b"{}" * 99, mtime=0)[:-20], "truncated"),
        ("gzip", gzip.compress(b" " * (MAX_ANSWER + 1), mtime=0), "longer than 4 MiB"),
    ],
)
def test_what_does_not_unpack_is_malformed(provider, fails, encoding, raw, words):
    error = fails(provider, answers(raw, headers={"Content-Encoding": encoding}))
    assert type(error) is MalformedAnswer
    assert words in str(error)
    assert error.billed


# --- forms ---


@pytest.mark.parametrize("odd", [-5, 10**30, True, 1.5, "7", {}])
def test_counts_that_are_none_are_the_request_s_bound(provider, call, request_of, odd):
    def spoilt(value):
        if isinstance(value, dict):
            return {name: spoilt(part) for name, part in value.items()}
        return odd if type(value) is int else value

    request = request_of(seed=None)
    reply = call(provider, answers(spoilt(provider.good("Volga"))), request)
    model = provider.make("http://127.0.0.1:9", "tiny")
    assert reply.output_tokens == 40
    assert 0 < reply.input_tokens <= model.count_tokens(request)


def test_a_line_of_a_batch_that_is_nested_too_deeply_is_no_answer():
    decode = codec(LlamaOptions(base_url="http://127.0.0.1:9/v1", model="tiny")).decode
    for depth in (900, 100_000):
        deep = "[" * depth + "]" * depth
        line = f'{{"custom_id":"k","response":{{"status_code":400,"body":{deep}}}}}'
        try:
            key, error = decode(line.encode(), {})
        except ValueError:
            continue
        assert key == "k" and isinstance(error, BadRequest)


def test_no_descriptor_left_is_said(provider, request_of):
    import resource

    async def main(url):
        model = provider.make(f"{url}{provider.base}", "tiny", api_key=KEY)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (1, limits[1]))
            return await model.complete(request_of(seed=None))
        except ServiceError as error:
            return error
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            await model.aclose()

    error = asyncio.run(main("http://127.0.0.1:9"))
    assert type(error) is ConnectionFailed
    assert "ulimit -n" in str(error) and "concurrency" in error.hint
