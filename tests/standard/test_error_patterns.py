"""Reading what services say: no whole key is left in it."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from targen_core.calls.secrets import scrub
from targen_standard.error_patterns import quoted, seconds

KEY = "sk-verysecret-0123456789/AbC+dEfGhIjKlMnOp"

FORMS = [KEY, quote(KEY, safe=""), json.dumps(f"é{KEY}")]


@pytest.mark.parametrize("form", FORMS)
def test_a_whole_key_is_replaced(form):
    shown = scrub(f"you sent {form} to us", KEY)
    assert shown.startswith("you sent ") and shown.endswith(" to us")
    assert "***" in shown and "verysecret" not in shown


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


def test_waits_are_a_month_at_most():
    assert seconds("7.5") == 7.5
    assert seconds(1e300) == 31 * 86_400
