"""What public bug reports say that services do: each one simulated, by one call.

docs/reliability.md lists them. An answer is a body, and perhaps a status and headers.
"""

import json
import ssl
import subprocess
import time

import pytest

from targen_backends.chatgpt.batch import ChatGptBatches
from targen_backends.chatgpt.client import ChatGptModel
from targen_backends.llama.backend import LlamaOptions, create
from targen_core.errors import ServiceError
from targen_testing.exchange import answered
from targen_testing.fault_server import FaultServer, Raw, Response

from .providers import raw


def said(message, status=400, headers=None, **more):
    return Response({"error": {"message": message, **more}}, status, headers or {})


def chat(content="Volga", finish="stop", **message):
    message = {"role": "assistant", "content": content, **message}
    usage = {"prompt_tokens": 9, "completion_tokens": 3}
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}


def thought(opening, closing):
    return Response(chat(f'{opening}hm {{"river": "Don"}}{closing}\nVolga'))


def anthropic(content, reason):
    usage = {"input_tokens": 9, "output_tokens": 3}
    return Response({"type": "message", "content": content, "stop_reason": reason, "usage": usage})


FILTERED = {"prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": True}}}]}
UPSTREAM = {"raw": json.dumps({"error": {"code": "content_policy_violation"}})}
PER_DAY = [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}, {"retryDelay": "13s"}]
STREAM = "".join(
    f"data: {json.dumps({'choices': [{'delta': {'content': part}, 'finish_reason': finish}]})}\n\n"
    for part, finish in (("Vol", None), ("ga", "stop"))
)
CAUSES = [
    ("too-long", said("Context size has been exceeded.", 500)),
    ("too-long", said("The input token count (9) exceeds the maximum number of tokens allowed.")),
    ("too-long", said("`inputs` tokens + `max_new_tokens` must be <= 4096.", 422)),
    ("too-long", said("However, the model is loaded with context length of only 4096 tokens")),
    ("too-long", said("Please reduce the length.", code="context_length_exceeded")),
    ("too-long", said("The maximum tokens you requested exceeds the model limit of 32768")),
    ("unavailable", said("context deadline exceeded", 502)),  # Go's words for a time-out
    ("content-filter", Response({"choices": [], **FILTERED})),
    (
        "content-filter",
        Response({"choices": [{"message": None, "finish_reason": "content_filter"}]}),
    ),
    ("content-filter", Response({"promptFeedback": {"blockReason": "SAFETY"}})),
    ("content-filter", said("Provider returned error", 502, metadata=UPSTREAM)),
    ("content-filter", said("Input data may contain inappropriate content.")),
    ("no-reply", Response({"choices": []})),
    ("no-reply", Response({"choices": None})),
    ("no-reply", said("Failed to generate JSON.", code="json_validate_failed")),
    *(
        ("unavailable", Response(chat('{"river": "Vo', reason)))
        for reason in ("network_error", "insufficient_system_resource", "abort")
    ),
    ("unavailable", Response(chat(None, "function_call_filter: MALFORMED_FUNCTION_CALL"))),
    ("credit", said("Your account is in arrears.", code="Arrearage")),
    ("credit", said("Account balance is not enough", 403)),
    ("credit", said("Please check your billing details", 429, type="exceeded_current_quota_error")),
    ("credit", said("Budget has been exceeded! Max budget: 0.25", 429, type="budget_exceeded")),
    ("credit", said("ExceededBudget: End User=a over budget. Spend=0.2", type="auth_error")),
    ("no-model", said("Project does not have access", 403, code="model_not_found")),
    ("no-model", said("x is not a valid model ID")),
    ("no-model", said("model x has been decommissioned", code="model_decommissioned")),
    ("no-model", said("model 'x' not found", 500)),
    ("no-model", Response({"error": "Unexpected endpoint or method."})),
    ("key", Response([{"error": {"message": "API key not valid.", "code": 400}}], 400)),
    ("key", Response({"detail": "Not authenticated"}, 403)),
    ("overloaded", said("Overloaded", 500, type="overloaded_error")),
    ("overloaded", Response({"error": "Model x is currently loading"}, 503)),
    ("rate-limit", Response({"msg": "slow down", "code": 429})),
    ("rate-limit", said("API rate limit reached", 403)),
    ("unavailable", Response("<html><title>521: Web server is down</title></html>", 521)),
    ("unavailable", Response({"code": 50, "msg": "boom"})),
    ("bad-request", Response({"errors": [{"code": 5006, "message": "'prompt' is required"}]}, 400)),
    ("unsupported", Response("Client sent an HTTP request to an HTTPS server.", 400)),
    ("connection", Raw([b"SSH-2.0-OpenSSH_9.6\r\n"])),
    ("connection", Raw([b"\x15\x03\x01\x00\x02\x02\x50"])),
]


@pytest.mark.parametrize(("cause", "answer"), CAUSES)
def test_a_failure_has_its_cause_in_any_status_and_envelope(services, call, plain, cause, answer):
    with pytest.raises(ServiceError) as caught:
        call(services["llama"], answer, plain)
    assert caught.value.cause == cause, str(caught.value)


@pytest.fixture
def plain(request_of):
    """A request that every service takes."""
    return request_of(seed=None)


REPLIES = [
    ("stop", Response("\n\n" + json.dumps(chat()))),
    ("stop", Response("\ufeff" + json.dumps(chat()))),
    ("stop", Response(STREAM, headers={"Content-Type": "text/event-stream"})),
    ("stop", Response({**chat(), "usage": None})),
    ("stop", Response(chat([{"type": "thinking"}, {"text": "Volga"}]))),
    ("stop", Response(chat(None, "tool_calls", tool_calls=[{"function": {"arguments": "Volga"}}]))),
    ("stop", Response({"choices": [{"text": "Volga", "finish_reason": "stop"}]})),
    ("stop", thought("<think>", "</think>")),
    ("stop", thought("[THINK]", "[/THINK]")),
    ("stop", thought("<|channel>thought", "<channel|>")),
    ("stop", thought("<|START_THINKING|>", "<|END_THINKING|>")),
    ("stop", thought("◁think▷", "◁/think▷")),
    ("stop", thought("<reflection>", "</reflection>")),
    ("stop", thought("<|inner_prefix|>", "<|inner_suffix|>")),
    ("stop", thought("", "</think>")),  # the prompt's template opened it
    ("content-filter", Response(chat("Volga", "SAFETY"))),
    ("content-filter", Response(chat("Volga", "content_filter: PROHIBITED_CONTENT"))),
    ("length", Response(chat("Volga", "MAX_TOKENS"))),
]


@pytest.mark.parametrize(("finish", "answer"), REPLIES)
def test_a_reply_is_read_in_any_wrapping(services, call, plain, finish, answer):
    reply = call(services["llama"], answer, plain)
    assert (reply.text, reply.finish) == ("Volga", finish)


@pytest.mark.parametrize("content", [[], None])
def test_a_refusal_may_have_no_content(services, call, plain, content):
    assert call(services["claude"], anthropic(content, "refusal"), plain).finish == "refusal"


def test_a_reply_may_be_where_reasoning_is_expected(services, call, request_of):
    answer = Response(chat(None, reasoning_content='{"river": "Volga"}'))
    request = request_of(schema={"type": "object"})
    assert call(services["llama"], answer, request).text == '{"river": "Volga"}'


def test_a_request_of_a_batch_without_an_answer_is_sent_again(services, plain):
    batches = ChatGptBatches(ChatGptModel("http://127.0.0.1:1/v1", "tiny"))
    response = {"status_code": 0, "request_id": "", "body": {}}
    line = json.dumps({"custom_id": plain.key, "response": response, "error": None})
    _, answer = batches.decode(line.encode(), {plain.key: plain})
    assert isinstance(answer, ServiceError) and answer.retryable


def test_usage_counts_if_there_is_no_reply(services, call, plain):
    usage = {"prompt_tokens": 42, "completion_tokens": 0}
    for answer in ({"choices": [], "usage": usage}, {**FILTERED, "choices": [], "usage": usage}):
        with pytest.raises(ServiceError) as caught:
            call(services["llama"], Response(answer), plain)
        assert caught.value.tokens == (42, 0)


SLOW = {"error": {"message": "slow"}}
WAITS = [
    (13.05, said("Please retry after 13 seconds.", 429)),
    (13.05, said("x", 429, details=[{"retryDelay": "13s"}])),
    (13, Response({**SLOW, "retry_after": 13}, 429)),
    (1.3, Response({"error": {"retry_after_ms": 1300}}, 429)),
    (13, Response(SLOW, 429, {"Retry-After": "13s"})),
    (1.3, Response(SLOW, 429, {"x-ms-retry-after-ms": "1300"})),
    (13, Response(SLOW, 429, {"x-ratelimit-reset": "13"})),
    (13, Response(SLOW, 429, {"ratelimit-reset": "13"})),
    (13, Response(SLOW, 429, {"x-rate-limit-reset-tokens": "13"})),
    (432.05, said("tokens per day (TPD): Limit 9, Used 9. Please try again in 7m12s.", 429)),
]


@pytest.mark.parametrize(("seconds", "answer"), WAITS)
def test_a_wait_is_read_in_any_form(services, call, plain, seconds, answer):
    with pytest.raises(ServiceError) as caught:
        call(services["llama"], answer, plain)
    assert (caught.value.cause, caught.value.retry_after) == ("rate-limit", pytest.approx(seconds))


def test_a_daily_limit_says_until_when(services, call, plain):
    reset = str(int(1000 * (time.time() + 7200)))  # in milliseconds since 1970
    headers = {"headers": {"X-RateLimit-Reset": reset}}
    answers = [
        said("Rate limit exceeded: free-models-per-day", 429, metadata=headers),
        said("You exceeded your current quota. Please retry in 13s.", 429, details=PER_DAY),
        said("Rate limit reached on requests per day (RPD): Limit 200, Used 200", 429),
    ]
    for answer in answers:
        with pytest.raises(ServiceError) as caught:
            call(services["llama"], answer, plain)
        error = caught.value
        assert error.cause == "daily-limit" and not error.retryable
        until = time.strftime("%Y-%m-%d %H:", time.localtime(time.time() + error.retry_after))
        assert until in error.hint


def test_the_api_is_found_under_v1(services, plain):
    llama = services["llama"]
    with FaultServer(found, models=("tiny",)) as server:
        model = llama.make(server.url, "tiny")
        assert answered(model, plain).text == "Volga"
        assert [seen.path for seen in server.seen] == ["/chat/completions", "/v1/chat/completions"]


def test_azures_forms(services, plain):
    with FaultServer(Response(chat())) as server:
        options = LlamaOptions(
            base_url=f"{server.url}/openai/deployments/d/chat/completions?api-version=2024-10-21",
            model="tiny",
            api_key="k-123",
            headers='{"api-key": "{key}", "X-Team": "us"}',
        )
        assert answered(create(options), plain).text == "Volga"
        (seen,) = server.seen
    assert seen.path == "/openai/deployments/d/chat/completions?api-version=2024-10-21"
    sent = {name.lower(): value for name, value in seen.headers.items()}
    assert (sent["api-key"], sent["x-team"]) == ("k-123", "us") and "authorization" not in sent
    azure = LlamaOptions(base_url="https://x.openai.azure.com/openai/v1", model="m", api_key="k-1")
    assert create(azure).headers({}) == {"api-key": "k-1"}


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Authorization": "Bearer sk-123"}},
        {"headers": {"X-Team": "a\nb"}},
        {"base_url": "https://host/v1?key=abc"},
    ],
)
def test_no_key_is_kept_in_an_address_or_header(options):
    with pytest.raises(ValueError, match=r"header|address"):
        LlamaOptions(model="m", **options)


def found(seen):
    return Response(chat()) if seen.path.startswith("/v1/") else Response("not found", 404)


def test_a_certificate_of_ones_own_is_trusted_by_the_usual_variable(
    services, plain, tmp_path, monkeypatch
):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split()
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run([*command, *names, *files], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs openssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    with FaultServer(Response(chat())) as server:
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        secure = server.url.replace("http:", "https:")
        with pytest.raises(ServiceError, match="not trusted") as caught:
            answered(services["llama"].make(f"{secure}/v1", "tiny"), plain)
        assert "SSL_CERT_FILE" in caught.value.hint and not caught.value.billed
        with pytest.raises(ServiceError) as caught:
            answered(services["llama"].make(f"{server.url}/v1", "tiny"), plain)
        assert "https" in caught.value.hint
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert answered(services["llama"].make(f"{secure}/v1", "tiny"), plain).text == "Volga"


def test_a_proxy_that_answers_for_the_service_is_named(services, plain, monkeypatch):
    with FaultServer(raw(b"", 503)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with pytest.raises(ServiceError, match=r"through the proxy 127\.0\.0\.1") as caught:
            answered(services["llama"].make("http://llm.example/v1", "tiny"), plain)
    assert caught.value.cause == "connection" and "NO_PROXY" in caught.value.hint
