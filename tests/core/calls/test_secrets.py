"""Whole keys are replaced, and nothing else is changed."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from targen_core.calls.model import ChatReply
from targen_core.calls.secrets import Secrets, environment_secrets, secret_in, secrets_in
from targen_core.errors import ServiceError

KEY = "sk-very/secret-AbC+dEf0123"
WIDE = 'pässwörd-"\\/😀-0123456789'


@pytest.mark.parametrize("key", [KEY, WIDE])
@pytest.mark.parametrize(
    "form", [str, lambda key: json.dumps(key)[1:-1], lambda key: quote(key, safe="")]
)
def test_a_whole_key_is_replaced_in_text_and_within_json_and_addresses(key, form):
    secrets, text = Secrets(key), f"Sent by {form(key)}."
    assert secrets.within(text)
    assert secrets.text(text) == secrets.reply(ChatReply(text)).text == "Sent by ***."


def test_an_error_and_its_causes_keep_no_key():
    words = f"refused: {KEY}, sk-AbCdEf0123456789"
    try:
        try:
            raise ValueError(words)
        except ValueError as cause:
            raise ServiceError(words, hint=words, cause="unsupported") from cause
    except ServiceError as raised:
        error = Secrets(KEY).error(raised)
    shown = f"{error} {error!r} {error.hint} {error.__cause__} {error.__context__}"
    assert KEY not in shown and "AbC" not in shown


@pytest.mark.parametrize(
    "value",
    [
        {"api_key": KEY},
        {"api_key": "hunter2"},
        {"headers": {"X-Api-Key": "hunter2"}},
        {"headers": {"Authorization": "Basic bWU6aHVudGVyMg=="}},
        {"extra_headers": [{"cookie": "session=1"}]},
        {"a": {"b": [{"accessToken": "hunter2"}]}},
        '{"client-secret": "hunter2"}',
        {"body": '{"password": "hunter2"}'},
        {"note": "sk-AbCdEf0123456789"},
        {"sk-AbCdEf0123456789": 1},
        {"url": "https://host.example/v1?api_key=hunter2"},
        {"note": "see https://me:hunter2@host.example/"},
        {"user": "my-own-key-of-thirty-characters"},
        {"key": "a1b2c3d4e5f6a1b2c3d4e5f6"},
    ],
    ids=repr,
)
def test_options_with_a_secret(value):
    where = secret_in(value, "extra", Secrets("my-own-key-of-thirty-characters"))
    assert where.startswith("extra")
    assert "hunter2" not in where and "sk-" not in where


@pytest.mark.parametrize(
    "value",
    [
        {"max_tokens": 100, "max_completion_tokens": 20, "top_k": 5},
        {"reasoning_effort": "high", "reasoning": {"effort": "low", "max_tokens": 2000}},
        {"logit_bias": {"50256": -100}},
        {"prompt_cache_key": "user-0123456789-abcdef0123456789"},
        {"safety_identifier": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
        {"metadata": {"key": "value", "token": "none"}},
        {"stop_token_ids": [1, 2], "eos_token": "</s>", "key_length": 5},
        {"headers": {"anthropic-beta": "prompt-caching-2024-07-31", "User-Agent": "me/1.0"}},
        {"chat_template_kwargs": {"enable_thinking": False}},
        {"provider": {"order": ["one", "two"], "data_collection": "deny"}},
        "https://host.example/v1?version=2026-01-01",
        {"api_key": ""},
    ],
    ids=repr,
)
def test_options_without_a_secret(value):
    assert secret_in(value, "extra", Secrets(KEY)) == ""


def test_secrets_are_gathered_from_options_and_the_environment(monkeypatch):
    assert set(secrets_in({"Authorization": f"Bearer {KEY}"}, "default_headers")) >= {KEY}
    assert list(secrets_in("https://me:hunter2@host.example/?api_key=k-1", "base_url")) == [
        "hunter2",
        "k-1",
    ]
    assert list(secrets_in({"max_tokens": 5, "prompt_cache_key": "x" * 20})) == []
    monkeypatch.setenv("SOME_SERVICE_API_KEY", KEY)
    monkeypatch.setenv("OTHER_API_KEY", "EMPTY")
    found = environment_secrets()
    assert KEY in found
    assert "EMPTY" not in found
