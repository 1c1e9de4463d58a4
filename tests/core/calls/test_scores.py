"""Token probabilities: in replies, in the journal, in the cache, and by field."""

from __future__ import annotations

import asyncio
import json
import math
from contextlib import closing
from dataclasses import replace

import pytest

from targen_core import ChatReply
from targen_core.calls.cache import ReplyCache
from targen_core.calls.call import BoundModel, Call, Scope, call_key
from targen_core.calls.model import Message
from targen_core.calls.rate import RateLimiter
from targen_core.calls.scores import Scored, TokenScore, mean_logprob
from targen_core.calls.usage import check_record
from targen_core.errors import Rejected

TOKENS = (TokenScore("yes", -0.25, (("yes", -0.25), ("no", -1.5))), TokenScore("!", -2.0))


@pytest.fixture
def giving(lab):
    """Makes a model that gives one reply."""
    return lambda reply: lab.ToyModel(lambda request: reply)


def scored(text="hello", *, top=2, **more):
    messages = (Message("user", text),)
    call = Call("generate", "yes", "generate/0/yes/0", 0, "inline", messages, None, "", "", None)
    return replace(call, top_logprobs=top, **more)


def answered(one, call):
    return asyncio.run(one.layer.ask(call, Scope(), str))


def test_a_reply_has_them_now_and_when_it_is_read_back(giving, desk, read_journal, tmp_path):
    model = giving(ChatReply("yes!", "stop", 5, 2, tokens=TOKENS))
    with closing(ReplyCache(tmp_path / "cache")) as cache:
        one = desk(model, cache=cache)
        value, reply = answered(one, scored())
    assert (value, reply.tokens) == ("yes!", TOKENS)
    assert model.requests[0].top_logprobs == 2
    one.journal.sync()
    (record,) = read_journal()
    assert record["tokens"] == [["yes", -0.25, [["yes", -0.25], ["no", -1.5]]], ["!", -2.0]]
    check_record(record)
    again = giving(ChatReply("never"))
    assert answered(desk(again), scored())[1].tokens == TOKENS
    with closing(ReplyCache(tmp_path / "cache")) as cache:
        other = desk(again, cache=cache, path=tmp_path / "other")
        assert answered(other, scored())[1].tokens == TOKENS
    assert not again.asked
    assert other.usage.total.cached == 1


@pytest.mark.parametrize("more", [{}, {"given": "yes"}, {"next_token": True}])
def test_a_reply_without_a_usable_score_is_asked_for_once_more(giving, desk, tmp_path, more):
    model = giving(ChatReply("yes", "stop", 5, 1, unscored="a token has NaN"))
    call = scored(**more)
    with closing(ReplyCache(tmp_path / "cache")) as cache:
        one = desk(model, cache=cache, path=tmp_path / "a")
        with pytest.raises(Rejected, match="in 2 attempts: a token has NaN") as caught:
            answered(one, call)
    assert caught.value.reason == "unscored-reply"
    assert (one.usage.total.calls, one.usage.total.lost) == (2, 0)
    # Its words were not to blame: they are not shown to it.
    assert [asked.messages for asked in model.requests] == [call.messages] * 2
    never = giving(ChatReply("never"))
    with closing(ReplyCache(tmp_path / "cache")) as cache:
        for path in ("a", "b"):  # from the journal, and from the cache of another run
            with pytest.raises(Rejected, match="a token has NaN"):
                answered(desk(never, cache=cache, path=tmp_path / path), call)
    assert not never.asked


@pytest.mark.parametrize(
    "tokens",
    [
        *(None, "yes", [["yes"]], [["yes", math.nan]], [["yes", 0.1]], [["yes", -math.inf]]),
        *([[1, -0.1]], [["yes", -0.1, "no"]], [["yes", -0.1, [["no"]]]]),
        [["yes", -0.1, [["no", math.nan]]]],
    ],
)
def test_a_strangers_journal_is_not_believed(tokens):
    record = {"key": "00" * 16, "step": "generate", "label": None, "place": "p", "prompt": "q"}
    record |= {"text": "yes", "finish": "stop", "in": 1, "out": 1, "cost": 0.0}
    with pytest.raises(ValueError, match="token"):
        check_record(record | {"tokens": tokens})
    with pytest.raises(ValueError, match="unscored"):
        check_record(record | {"tokens": [], "unscored": 7})


# --- keys ---


@pytest.fixture
def key(giving):
    """The key of a call to a model of this name."""

    def of(call, **more):
        model = giving(ChatReply(""))
        model.identity = "m"
        params = {"temperature": 0.7, "max_tokens": 50}
        bound = BoundModel(model, RateLimiter(1), params, None, **more)
        return call_key(bound, call, call.messages, 0, 0).hex()

    return of


def test_what_a_call_asks_besides_is_part_of_its_key(key):
    cold = scored(top=None, sampling={"temperature": 0.0})
    kept = key(scored(top=None))
    following = key(scored(next_token=True))
    assert len({kept, key(scored(top=0)), key(scored()), key(cold), following}) == 5
    # What is settled, or as it is anyway, makes no other call.
    settled = frozenset({"temperature"})
    assert key(scored(top=None, sampling={"temperature": 0.7})) == kept
    assert key(cold, settled=settled) == kept
    assert key(scored(top=None, sampling={"top_p": 0.5}), settled=settled) != kept


# --- tokens of a field ---

TEXT = '{"a": "x", "rows": [{"n": 1}, {"text": "The Volga.", "ok": true}], "end": []}'
PIECES = ['{"', 'a": "', 'x", "rows', '": [{"n": 1}, {"text": "', "The", " Vol", "ga", '.", "ok']
PIECES += ['": ', "true", '}], "end": [', "]}"]


def value_of(*pieces, text=None):
    tokens = tuple(TokenScore(piece, -float(n)) for n, piece in enumerate(pieces))
    return Scored(None, "".join(pieces) if text is None else text, tokens)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("a",), ['x", "rows']),
        (("rows", 1, "text"), ["The", " Vol", "ga", '.", "ok']),
        (("rows", 1, "ok"), ["true"]),
        (("end",), ['}], "end": [', "]}"]),
        ((), PIECES),
    ],
)
def test_the_tokens_of_a_field(path, found):
    assert "".join(PIECES) == TEXT and json.loads(TEXT)
    assert [token.text for token in value_of(*PIECES).field(*path)] == found


def test_a_field_is_found_behind_prose_and_with_parts_of_characters():
    one = value_of("Sure {as asked}: ", "{", '"a":"', "", "🙂", "", 'é"', "}")
    assert [token.text for token in one.field("a")] == ["", "🙂", "", 'é"']
    assert mean_logprob(one.field("a")) == -4.5
    assert one.mean_logprob == -3.5 and one.logprob == -28.0
