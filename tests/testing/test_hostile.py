"""Hostile replies: the reader survives each of them, and each belongs to its call."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from targen_core.calls.model import ChatRequest, Message
from targen_core.engine.reply_json import read_reply
from targen_core.errors import BadReply
from targen_testing.hostile import TEXTS, good, replies


class Pair(BaseModel):
    first: str
    rest: list[int]


def request(key: str, dry_run=None) -> ChatRequest:
    schema = Pair.model_json_schema()
    messages = (Message("user", "Say two things."),)
    return ChatRequest(messages, {"max_tokens": 9}, schema, "pair", key, dry_run=dry_run)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_hostile_text_is_a_bad_reply_and_nothing_else(text):
    with pytest.raises(BadReply) as caught:
        read_reply(text, Pair)
    assert len(str(caught.value)) < 1000


@given(st.text("0123456789abcdef", min_size=8, max_size=8))
def test_a_reply_belongs_to_its_call(key):
    reply = replies(request(key))
    assert replies(request(key)) == reply
    text = reply if isinstance(reply, str) else json.dumps(reply)
    with contextlib.suppress(BadReply):
        assert isinstance(read_reply(text, Pair), Pair)


@pytest.mark.parametrize(
    "dry_run", [lambda: {"second": "of another prompt"}, lambda: None, lambda: {}["missing"]]
)
def test_a_dry_run_that_does_not_fit_is_replaced(dry_run):
    assert Pair.model_validate(good(request("00", dry_run)))
