"""A key is found in every form in which JSON can write it, and nothing else is changed."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from targen_core.calls.model import ChatReply
from targen_core.calls.scores import TokenScore
from targen_core.calls.secrets import Secrets, environment_secrets, scrub, secret_in, secrets_in
from targen_core.errors import BadRequest

SOME = settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow], deadline=None)
KEY = "sk-very/secret-AbC+dEf0123"
WIDE = 'pässwörd-"\\/😀-0123456789'
PLAIN = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@st.composite
def escaped(draw, text):
    """A JSON string of `text`, with any of the forms of each character; without its quotes."""
    parts = []
    for sign in text:
        raw = sign.encode("utf-16-be")
        units = [raw[at : at + 2].hex() for at in range(0, len(raw), 2)]
        forms = ["".join(f"\\u{unit}" for unit in units)]
        forms.append("".join(f"\\u{unit.upper()}" for unit in units))
        if sign in '"\\/':
            forms.append(f"\\{sign}")
        if sign not in '"\\' and sign >= " ":
            forms.append(sign)
        parts.append(draw(st.sampled_from(forms)))
    return "".join(parts)


@st.composite
def nested(draw, text, most=2):
    """`text` as it is, or in JSON strings within JSON strings."""
    for _ in range(draw(st.integers(0, most))):
        text = draw(escaped(text))
    return text


def values_of(text):
    """`text`, and what it gives if it is decoded as JSON again and again."""
    yield text
    for _ in range(5):
        try:
            decoded = json.loads(f'"{text}"', strict=False)
        except ValueError:
            return
        if decoded == text:
            return
        text = decoded
        yield text


@pytest.mark.parametrize("key", [KEY, WIDE])
@SOME
@given(data=st.data())
def test_a_key_is_removed_however_often_it_is_escaped(key, data):
    before, after = data.draw(PLAIN), data.draw(PLAIN)
    text = data.draw(nested(f"{before}{key}{after}"))
    secrets = Secrets(key)
    assert secrets.within(text)
    clean = secrets.text(text)
    assert "***" in clean
    assert not secrets.within(clean)
    assert not any(key in value for value in values_of(clean))


@SOME
@given(data=st.data())
def test_a_key_within_the_text_of_a_reply_is_removed_from_the_value_that_a_task_reads(data):
    sentence = data.draw(escaped(f"Sent by {KEY}."))
    arguments = data.draw(escaped(f'{{"text": "{sentence}"}}'))
    text = data.draw(st.sampled_from([f'{{"text": "{sentence}"}}', f'"{arguments}"']))
    value = Secrets(KEY).reply(ChatReply(text)).text
    while isinstance(value, str):
        value = json.loads(value)
    assert value == {"text": "Sent by ***."}


@SOME
@given(data=st.data())
def test_what_holds_no_key_is_the_same_object(data):
    text = data.draw(nested(data.draw(PLAIN)))
    reply = ChatReply(text, tokens=(TokenScore(text, -1.0, ((text, -1.0),)),))
    assert Secrets(KEY).reply(reply) is reply
    assert Secrets().reply(reply) is reply


@SOME
@given(data=st.data())
def test_tokens_make_up_the_text_without_the_key(data):
    text = f"Say {data.draw(nested(KEY, most=2))}, please"
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)) | {0, len(text)})
    pieces = [text[a:b] for a, b in itertools.pairwise(cuts)]
    tokens = tuple(TokenScore(p, -1.0, ((p, -1.0), (KEY, -2.0))) for p in pieces)
    reply = Secrets(KEY).reply(ChatReply(text, tokens=tokens, model=KEY, unscored=KEY))
    assert "".join(token.text for token in reply.tokens) == reply.text == "Say ***, please"
    assert reply.model == reply.unscored == "***"
    assert len(reply.tokens) == len(tokens)
    for token in reply.tokens:
        assert token.top[0][0] == token.text
        assert token.top[1][0] == "***"


@SOME
@given(data=st.data())
def test_an_error_keeps_no_part_of_a_key(data):
    words = data.draw(nested(f"refused: {KEY}"))
    assert not any(KEY[at : at + 9] in scrub(words, KEY) for at in range(len(KEY) - 8))
    assert "AbC" not in scrub(data.draw(nested("refused: sk-AbCdEf0123456789")))
    try:
        try:
            raise ValueError(words)
        except ValueError as cause:
            raise BadRequest(words, hint=words) from cause
    except BadRequest as raised:
        error = Secrets(KEY).error(raised)
    shown = f"{error} {error!r} {error.hint} {error.__cause__} {error.__context__}"
    assert not any(KEY in value for value in values_of(shown))
    assert "AbC" not in shown


def test_short_words_stay_in_replies():
    reply = ChatReply("EMPTY is not-needed here")
    assert Secrets("EMPTY", "not-needed", "").reply(reply) is reply


def test_an_endless_tower_of_escapes_takes_no_time():
    text = "\\" + "u005c" * 50_000
    assert not Secrets(KEY).within(text)


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
        {"note": json.dumps({"x": "\\u0073k-AbCdEf0123456789"})},
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
