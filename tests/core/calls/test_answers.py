"""What becomes of an answer: journaled first, read, repaired once, or rejected."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel

from targen_core import ChatReply, Rejected
from targen_core.calls.call import CallCancelled, Scope
from targen_core.calls.layer import ATTEMPTS
from targen_core.engine.reply_json import read_reply
from targen_core.errors import BadReply, Interrupted


def picky(text):
    """Reads only what begins with `good`."""
    if not text.startswith("good"):
        raise BadReply("it must begin with good", reason="not-good")
    return text


def test_a_bad_answer_is_journaled_before_it_is_read_and_gets_one_repair(
    lab, desk, drive, read_journal
):
    replies = iter(["awful", "good at last"])
    one = desk(lab.ToyModel(lambda request: next(replies)))
    scope, told = Scope(), []
    one.layer.observer = lambda call, messages, reply, key: told.append((reply.text, key))

    def read(text):
        assert read_journal()[-1]["text"] == text
        return picky(text)

    assert drive(one.ask("please", read=read, scope=scope)) == "good at last"
    records = [(record["text"], record["key"]) for record in read_journal()]
    assert records == told == list(zip(["awful", "good at last"], scope.keys, strict=True))
    first, repair = one.model.requests
    assert [message.role for message in repair.messages] == ["user", "assistant", "user"]
    assert repair.messages[0] == first.messages[0]
    assert repair.messages[1].content == "awful"
    assert "it must begin with good" in repair.messages[2].content


def test_a_repair_quotes_no_more_than_the_model_may_write(lab, desk, drive):
    """Otherwise a service that ignores max_tokens would have its own words paid for as input."""
    replies = iter(["bad " * 100_000, "good"])
    one = desk(lab.ToyModel(lambda request: next(replies)), params={"max_tokens": 50})
    assert drive(one.ask(read=picky)) == "good"
    quoted = one.model.requests[1].messages[1].content
    assert quoted == "bad " * 200


def test_after_the_repair_it_is_rejected_for_what_was_wrong(lab, desk, drive, read_journal):
    one = desk(lab.ToyModel(lambda request: "awful"))
    scope = Scope()
    with pytest.raises(Rejected, match="must begin with good") as caught:
        drive(one.ask(read=picky, scope=scope))
    assert caught.value.reason == "not-good"
    assert len(one.model.asked) == ATTEMPTS == 2
    assert scope.keys == one.model.asked
    assert len(read_journal()) == 2
    two = desk(lab.ToyModel(lambda request: "good"))
    with pytest.raises(Rejected):
        drive(two.ask(read=picky))  # read back, and not paid for again
    assert two.model.asked == []
    assert two.usage.total == one.usage.total


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (ChatReply("good but cut", "length", 3, 50), "cut at max_tokens"),
        (ChatReply("", "stop", 3, 0), "empty"),
        (ChatReply(" \n ", "stop", 3, 2), "empty"),
        (ChatReply("good \ud83d", "stop", 3, 2), "half a character"),
    ],
)
def test_a_cut_or_empty_answer_is_asked_again_as_it_was(lab, desk, drive, reply, words):
    """There is nothing to repair in it: the messages stay, the key does not."""
    one = desk(lab.ToyModel(lambda request: reply))
    with pytest.raises(Rejected, match=words) as caught:
        drive(one.ask(read=picky))
    assert caught.value.reason == "malformed-reply"
    first, second = one.model.requests
    assert first.messages == second.messages
    assert first.key != second.key


def test_a_halted_layer_sends_nothing_but_remembers(lab, desk, drive):
    one = desk(lab.ToyModel(lambda request: "answer"))
    drive(one.ask("known"))
    one.layer.halt(Interrupted("stop"))
    one.layer.halt(Interrupted("a later reason"))
    assert str(one.layer.halt_reason) == "stop"
    with pytest.raises(CallCancelled):
        drive(one.ask("new"))
    two = desk(lab.ToyModel(lambda request: "another"))
    two.layer.halt(Interrupted("stop"))
    assert drive(two.ask("known")) == "answer"


def test_an_abandoned_scope_sends_nothing(lab, desk, drive):
    one = desk(lab.ToyModel(lambda request: "answer"))
    with pytest.raises(CallCancelled):
        drive(one.ask(scope=Scope(abandoned=True)))
    assert one.model.asked == []
    assert one.usage.tokens == 0
    assert one.limiter.in_flight == 0


def test_a_seeded_model_gets_a_seed_that_its_call_decides(lab, desk, drive):
    def seeds(seed=0):
        model = lab.ToyModel(lambda request: "x")
        model.seeded = True
        one = desk(model, path=None, seed=seed)
        drive(one.ask("a", place=f"p/{seed}"))
        drive(one.ask("b", place=f"p/{seed}"))
        return [request.params["seed"] for request in model.requests]

    first, other = seeds(), seeds(seed=1)
    assert len({*first, *other}) == 4
    assert all(0 <= seed < 2**31 for seed in first)
    model = lab.ToyModel(lambda request: "x")
    model.seeded = True
    drive(desk(model, params={"max_tokens": 5, "seed": 7}).ask("c"))
    assert model.requests[0].params["seed"] == 7


# --- reading a reply ---


class Reply(BaseModel):
    name: str
    count: int = 0


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "a", "count": 2}',
        '```json\n{"name": "a", "count": 2}\n```',
        'Here it is: {"name": "a", "count": 2} and that is all {of it}',
        'A {curly} start. {"name": "a", "count": 2}',
        '```\n{"name": "a", "count": 2}\n```',
        '<think>\nIt is {the teacher}.\n</think>\n{"name": "a", "count": 2}',
        '{"question": "?", "name": "a", "count": 2, "explanation": "It says so."}',
        '[{"name": "a", "count": 2}]',
        '\n\n  {\n    "name": "a",\n    "count": 2\n}  \n',
    ],
)
def test_what_models_wrap_around_json_is_read(text):
    assert read_reply(text, Reply) == Reply(name="a", count=2)
    broken = text.replace('"a"', '"a\nb"')  # a raw line break in a string
    assert read_reply(broken, Reply).name == "a\nb"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing", "Invalid JSON"),
        ('{"name": 3}', "name: "),
        ('{"count": 3}', "name: Field required"),
        ('{"name": "a", "count": "many"}', "count: "),
        ('{"name": "a', "Invalid JSON"),
        ('{"name": "a"} or {"name": "b"}', "several different answers"),
        ("{\u201dname\u201d: \u201da\u201d}", "Invalid JSON"),
        ('{"name": null}', "name: "),
        ("null", "should be an object"),
        ("42", "should be an object"),
    ],
)
def test_what_cannot_be_read_says_why_in_the_models_terms(text, words):
    with pytest.raises(BadReply, match=words):
        read_reply(text, Reply)


def test_a_wrong_value_in_an_only_field_is_named_and_not_called_missing():
    class Label(BaseModel):
        label: Literal["yes", "no"]

    class Labels(BaseModel):
        labels: dict[str, Label]

    with pytest.raises(BadReply, match=r"labels\.1\.label: Input should be 'yes' or 'no'"):
        read_reply('{"labels": {"1": {"label": "maybe"}}}', Labels)
