"""Reading what services say: no whole key is left in it."""

from __future__ import annotations

import json
import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.calls.secrets import scrub
from targen_standard.error_patterns import cause_of, quoted, seconds

KEY = "sk-verysecret-0123456789/AbC+dEfGhIjKlMnOp"

FORMS = [KEY, quote(KEY, safe=""), json.dumps(f"é{KEY}")]


@pytest.mark.parametrize("form", FORMS)
def test_a_whole_key_is_replaced(form):
    shown = scrub(f"you sent {form} to us", KEY)
    assert shown.startswith("you sent ") and shown.endswith(" to us")
    assert "***" in shown and "verysecret" not in shown


@given(
    st.text(string.ascii_letters + string.digits + "-_", min_size=20, max_size=164),
    st.integers(0, 700),
)
def test_a_cut_never_leaves_a_part_of_a_key(key, before):
    """Wherever in a long text it stands."""
    shown = quoted("." * before + key, key)
    assert len(shown) <= 500
    assert not any(key[at : at + 12] in shown for at in range(len(key) - 11))


@pytest.mark.parametrize(
    "words",
    [
        "sk-ant-api03-abcdefgh",
        "sk-ab***z9",
        "gsk_abcdefgh1234",
        "hf_abcdefghijklmnopqrstuvwx",
        "AIzaSyabcdefghijklmnopqrstuvwxyz0123",
        "xai-abcdefgh1234",
        "Authorization: Bearer  abcdefgh",
        "authorization=bearer%20abcdefgh",
        "X-API-Key: abcdefgh",
    ],
)
def test_the_shapes_of_keys_are_known(words):
    shown = quoted(f"the key {words}, is wrong")
    assert "***" in shown and "abcdef" not in shown and "z9" not in shown


def test_ordinary_words_stay():
    text = "task-specific words, the model llama-3.1-8b-instruct and risk-averse hf_hub"
    assert scrub(text, KEY) == text
    assert scrub("the prompt is empty", "EMPTY") == "the prompt is empty"


def test_a_quotation_is_one_safe_line():
    assert quoted("a\n\n  b\x1b[31m\ud800\u202e") == "a b\\x1b[31m\\ud800\\u202e"


@pytest.mark.parametrize("odd", ["nan", "inf", "-1", "9" * 400, "", None, [], "x"])
def test_a_wait_that_is_none(odd):
    assert seconds(odd) is None


def test_waits_are_a_month_at_most():
    assert seconds("7.5") == 7.5
    assert seconds(1e300) == 31 * 86_400


def test_a_rate_that_some_call_a_quota_is_no_lack_of_credit():
    assert cause_of(429, "You exceeded your current quota. Please retry in 13 s.") == "rate-limit"


def test_a_prompt_that_a_service_repeats_says_nothing():
    words = "Input should be a valid list" + " " * 400 + "my invalid api key, out of credit"
    assert cause_of(422, words) == "bad-request"
