"""Faults on demand, the same for each service: what a run gets to see of them."""

import contextlib
import gzip
import json
import math
import resource
import socket
import zlib
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote

import pytest

from targen_backends.chatgpt.batch import ChatGptBatches
from targen_backends.chatgpt.client import ChatGptModel
from targen_backends.http.limits import rate_headers, retry_after
from targen_backends.http.reading import MAX_ANSWER
from targen_core.calls.model import RateHeaders
from targen_core.errors import ServiceError
from targen_testing.exchange import answered, using
from targen_testing.fault_server import Drop, FaultServer, Raw, Response, Silence
from tests.tables import table

from .providers import raw


@pytest.fixture
def plain(request_of):
    """A request that every service takes: Anthropic has no seed."""
    return request_of(seed=None)


@pytest.fixture
def fails(call, plain):
    """The error of one call, whatever it is."""

    def ask(provider, handler, **options):
        with pytest.raises(ServiceError) as caught:
            call(provider, handler, plain, **options)
        return caught.value

    return ask


KEY = "sk-verysecret-0123456789/AbC+dEfGhIjKlMnOpQrStUvWxYz"
ERRORS = [
    (int(status), words, json.loads(more or "{}"), cause)
    for status, cause, words, more in table(
        Path(__file__).with_name("faults.txt").read_text(encoding="utf-8"), columns=4
    )
]


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please try again in 20ms.", 0.02),
        ("Please try again in 1m3.5s. Visit the page on limits", 63.5),
        ("try again in 6 minutes, 2 seconds", 362),
        ('"retryDelay": "34s"', 34),
        ("You can retry in 5000 miles", None),
        ("Limit 30 s. Try again later", None),
    ],
)
def test_a_wait_in_words_is_kept(services, fails, words, seconds):
    error = fails(services["llama"], Response(words, 429, {}))
    assert error.retry_after == (None if seconds is None else pytest.approx(seconds + 0.05))


@pytest.mark.parametrize(("status", "words", "more", "cause"), ERRORS)
def test_errors_are_sorted_by_what_helps(provider, fails, status, words, more, cause):
    by_code = cause in ("credit", "content-filter") or status == 400
    if provider.name == "ollama" and more and by_code:
        pytest.skip("Ollama's errors have no codes")
    headers = {provider.request_id: "req_42"}
    error = fails(provider, Response(provider.fault(words, **more), status, headers))
    assert error.cause == cause
    assert f"HTTP {status}: {words}" in str(error)  # the provider's words
    assert "(request req_42)" in str(error)
    assert error.request_id == "req_42"
    assert error.retry_after == (5.05 if "in 5 seconds" in words else None)
    assert error.billed is (status == 504), "it may have been answered"
    if cause in ("key", "credit"):
        assert provider.key_variable in error.hint or "credit" in error.hint
    if status == 429:
        assert error.hint
    if status == 405:
        assert "--base-url" in error.hint


def test_a_service_that_refuses_to_list_its_models_does_not_hide_the_error(services, plain):
    """They are elsewhere than where Ollama lists them."""
    ollama = services["ollama"]
    with (
        FaultServer(Response(ollama.fault("model: tiny"), 404), models=("large",)) as server,
        pytest.raises(ServiceError, match="model: tiny"),
    ):
        answered(ollama.make(server.url, "tiny"), plain)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, "oops", "HTTP 500: oops"),
        (400, b"\xff\xfe", "HTTP 400: "),
        (400, "x" * 10_000, "HTTP 400: xxx"),
        (307, "", "redirects to http://elsewhere/v1\n"),
        (400, {"detail": [{"loc": ["body"]}]}, "HTTP 400: "),
        (400, {"error": {"odd": 1}}, 'HTTP 400: {"error": {"odd": 1}}'),
        (400, [{"error": {"code": 400, "message": "Unknown name."}}], "HTTP 400: Unknown name.\n"),
    ],
)
def test_errors_of_no_form_are_told_as_well(provider, fails, status, body, words):
    headers = {"Location": "http://elsewhere/v1?token=1"} if status == 307 else {}
    plan = raw(body, status) if isinstance(body, bytes) else Response(body, status, headers)
    error = fails(provider, plan)
    assert words in f"{error}\n"
    assert len(str(error)) < 600


def test_a_429_may_tell_the_wait_as_the_moment_of_the_reset(services, fails):
    limits = {"requests": (4, "17:00"), "input-tokens": (0, "16:52"), "output-tokens": (9, "20:00")}
    headers = {"Date": formatdate(1000, usegmt=True)}
    for name, (left, reset) in limits.items():
        headers[f"anthropic-ratelimit-{name}-remaining"] = str(left)
        headers[f"anthropic-ratelimit-{name}-reset"] = f"1970-01-01T00:{reset}Z"
    claude = services["claude"]
    answer = raw(
        json.dumps(claude.fault("slow down")).encode(), 429, **headers
    )  # with its own date
    assert fails(claude, answer).retry_after == 12


PAGE = Response("<html>welcome</html>", headers={"Content-Type": "text/html"})


@pytest.mark.parametrize(
    ("plan", "cause", "words", "hint"),
    [
        (Raw([]), "connection", "broke", ""),
        (Drop(), "connection", "broke", ""),
        (Silence(), "timeout", "within 0.1 s", "timeout="),
        (PAGE, "no-reply", "(text/html)", "--base-url"),
        *((Response(body), "no-reply", "", "") for body in ("", "{", "[]", "null", "3")),
    ],
    ids=["dropped", "cut", "silent", "page", "empty", "half", "list", "null", "number"],
)
def test_an_answer_that_does_not_come_whole_is_billed(provider, fails, plan, cause, words, hint):
    error = fails(provider, plan, timeout=0.1 if plan == Silence() else 60.0)
    assert error.cause == cause
    assert words in str(error)
    assert error.billed
    assert hint in error.hint
    assert "https" not in error.hint or plan != Drop(), "it answered"


def test_no_redirect_takes_the_key_elsewhere(provider, fails):
    paths = []

    def plan(seen):
        paths.append(seen.path)
        return Response("", 307, {"Location": "/other"})

    assert fails(provider, plan).cause == "unsupported"
    assert paths == [provider.path]


@pytest.mark.parametrize(
    "words",
    [
        "The provided JSON schema contains features not supported by xgrammar.",
        'Failed to transform json schema into a grammar: Unsupported type "strin"',
        'Grammar error: Unimplemented keys: ["uniqueItems"]',
        "response_format json_schema is not supported",
    ],
)
def test_a_schema_that_vllm_refuses_leads_to_the_other_ways(services, fails, words):
    llama = services["llama"]
    error = fails(llama, Response(llama.fault(words, type="BadRequestError", code=400), 400))
    assert error.cause == "bad-request"
    assert "-o structured=json_object" in error.hint


@pytest.mark.parametrize(
    ("status", "words", "cause"),
    [
        (400, "Invalid token in grammar at position 7", "bad-request"),
        (422, "no such field", "bad-request"),
        (400, "No models loaded. Please load a model", "no-model"),
        (400, "model 'tiny' is not loaded", "no-model"),
        (404, "no such page", "no-model"),
    ],
)
def test_a_refusal_may_be_due_to_what_a_call_says(services, fails, status, words, cause):
    llama = services["llama"]
    assert fails(llama, Response(llama.fault(words), status)).cause == cause


def test_an_error_inside_a_200_counts_as_what_it_says(services, fails):
    llama = services["llama"]
    assert fails(llama, Response(llama.fault("slow down", code=429))).cause == "rate-limit"
    error = fails(llama, Response(llama.fault("provider returned an error")))
    assert error.cause == "unavailable"
    assert error.billed
    assert str(error) == "HTTP 200 with an error: provider returned an error"


def broken(finish="error", content="Vol", **choice):
    message = {"role": "assistant", "content": content}
    return {"choices": [{"message": message, "finish_reason": finish, **choice}]}


BOOM = {"code": 502, "message": "provider broke"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (broken(), "the reply ended with finish_reason error"),
        (broken(error=BOOM), "error 502: provider broke"),
        ({**broken(), "error": BOOM}, "error 502: provider broke"),
        ({**broken("stop", ""), "error": BOOM}, "error 502: provider broke"),
        ({"choices": [], "error": BOOM}, "error 502: provider broke"),
    ],
)
def test_a_reply_that_broke_off_with_an_error_is_requested_again(services, fails, body, words):
    error = fails(services["llama"], Response(body))
    assert error.cause == "unavailable"
    assert words in str(error)
    assert error.billed
    decode = ChatGptBatches(ChatGptModel("http://127.0.0.1:9/v1", "tiny")).decode
    line = json.dumps({"custom_id": "k", "response": {"status_code": 200, "body": body}})
    assert words in str(decode(line.encode(), {})[1])


@pytest.mark.parametrize("error", [None, {}, {"message": "a warning"}])
def test_a_whole_reply_counts_whatever_stands_beside_it(services, call, plain, error):
    answer = Response({**broken("stop", "Volga"), "error": error})
    assert call(services["llama"], answer, plain).text == "Volga"


def test_a_refused_connection_costs_nothing(provider, plain):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: nobody else takes it
        address = f"http://127.0.0.1:{unused.getsockname()[1]}{provider.base}"
        with pytest.raises(ServiceError, match="no connection") as caught:
            answered(provider.make(address, "m", api_key="k-123"), plain)
    assert not caught.value.billed
    assert "--base-url" in caught.value.hint


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": formatdate(1000, usegmt=True)}, 0),
        *(({"Retry-After": odd}, None) for odd in ("soon", "-1", "nan")),
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


def _said(words):
    return {"error": {"message": words}}


@pytest.mark.parametrize(
    ("status", "error", "cause", "words"),
    [
        (400, _said("max_tokens=8 cannot be greater than max_model_len=4"), "too-long", "=4"),
        (404, _said("The model `x` does not exist."), "no-model", "`x` does not exist"),
        (400, "URL /v1/other was used.", "bad-request", "/v1/other was used"),
        (500, None, "server-error", "HTTP 500 (request r-1)"),
    ],
)
def test_a_line_may_have_its_error_beside_an_empty_body(status, error, cause, words):
    """Some services write them so; OpenAI's batches have it in the body."""
    response = {"status_code": status, "request_id": "r-1", "body": None}
    line = json.dumps({"custom_id": "k", "response": response, "error": error}).encode()
    key, answer = ChatGptBatches(ChatGptModel("http://127.0.0.1:9/v1", "tiny")).decode(line, {})
    assert key == "k"
    assert answer.cause == cause
    assert words in str(answer)
    assert "null" not in str(answer)


# --- services that mean harm: what they answer is never more than an error of theirs ---


def test_a_whole_key_is_not_repeated(provider, fails):
    in_address = quote(KEY, safe="")
    words = f"{KEY} {in_address} {json.dumps(KEY)}"
    headers = {
        "Location": f"http://elsewhere/{in_address}",
        provider.request_id: f"{'.' * 80}{KEY}",
        "Content-Type": f"text/{KEY}",
    }
    for status in (200, 307, 400):
        error = fails(provider, Response(words, status, headers), api_key=KEY)
        shown = f"{error!r} {error} {error.hint} {error.request_id}"
        assert not any(KEY[at : at + 12] in shown for at in range(len(KEY) - 11)), shown


def _bare(body):
    """What some servers call deflate, without a head."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", _bare), ("identity", bytes)],
)
def test_packed_answers_are_read_whatever_their_content_type(provider, call, plain, encoding, pack):
    body = pack(json.dumps(provider.good("Volga")).encode())
    answer = raw(body, Content_Encoding=encoding, Content_Type="text/plain")
    assert call(provider, answer, plain).text == "Volga"


@pytest.mark.parametrize(
    ("encoding", "body", "words"),
    [
        ("br", b"abc", "encoded as 'br'"),
        ("gzip", b"abc", "cannot be decoded"),
        ("gzip", gzip.compress(b"{}" * 99, mtime=0)[:-20], "truncated"),
        ("gzip", gzip.compress(b" " * (MAX_ANSWER + 1), mtime=0), "longer than 4 MiB"),
    ],
)
def test_what_does_not_unpack_is_malformed(provider, fails, encoding, body, words):
    error = fails(provider, raw(body, Content_Encoding=encoding))
    assert error.cause == "no-reply"
    assert words in str(error)
    assert error.billed


def spoilt(value, odd):
    """An answer with something else in place of each of its numbers."""
    if isinstance(value, dict):
        return {name: spoilt(part, odd) for name, part in value.items()}
    return odd if type(value) is int else value


@pytest.mark.parametrize(
    ("odd", "tokens"),
    [("7", 7), ("7.0", 7), (7.0, 7), (6.5, 7), ("many", 2), (True, 2), ({}, 2)],
)
def test_counts_of_another_type_are_read_or_else_estimated(provider, call, plain, odd, tokens):
    reply = call(provider, Response(spoilt(provider.good("Volga"), odd)), plain)
    assert (reply.output_tokens, reply.estimated) == (tokens, tokens == 2)


@pytest.mark.parametrize("odd", [-5, 10**30, "-5", math.nan, math.inf, "nan", "-inf", "9" * 999])
def test_counts_that_are_none_are_the_request_s_bound(provider, call, plain, odd):
    reply = call(provider, Response(spoilt(provider.good("Volga"), odd)), plain)
    model = provider.make("http://127.0.0.1:9", "tiny")
    assert reply.output_tokens == 40
    assert 0 < reply.input_tokens <= model.count_tokens(plain)


def test_a_line_of_a_batch_that_is_nested_too_deeply_is_no_answer():
    decode = ChatGptBatches(ChatGptModel("http://127.0.0.1:9/v1", "tiny")).decode
    for depth in (900, 100_000):
        deep = "[" * depth + "]" * depth
        line = f'{{"custom_id":"k","response":{{"status_code":400,"body":{deep}}}}}'
        with contextlib.suppress(ValueError):
            key, error = decode(line.encode(), {})
            assert key == "k" and isinstance(error, ServiceError)


def test_no_descriptor_left_is_said(provider, plain):
    async def ask(model):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, limits[1]))
        try:
            await model.complete(plain)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    model = provider.make(f"http://127.0.0.1:9{provider.base}", "tiny", api_key=KEY)
    with pytest.raises(ServiceError, match="ulimit -n") as caught:
        using(model, ask)
    assert "concurrency" in caught.value.hint
