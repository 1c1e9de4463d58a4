"""What becomes of an answer: journaled first, read, repaired once, or rejected."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel

from targen_core import ChatReply, Rejected
from targen_core.calls.call import Scope
from targen_core.calls.calls import ATTEMPTS
from targen_core.engine.reply_json import read_reply
from targen_core.errors import BadReply


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
