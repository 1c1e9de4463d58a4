"""Answers that agents and people write: made into replies, or refused with what would be right."""

from __future__ import annotations

import contextlib
import json
import re
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from pydantic import Field, create_model

from targen_core.calls.model import ChatRequest, Message, Origin
from targen_core.engine.reply_json import read_reply
from targen_core.errors import JobFailed
from targen_core.reading.values import Malformed
from targen_core.tasks.replies import list_of
from targen_standard.answering.prompts import read_answers
from targen_standard.answering.replies import reply_of
from targen_standard.answering.transport import AnswerTransport
from targen_standard.batches.waiting import WaitingCall

from ...tables import table


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


Verdict = Literal["correct", "incorrect"]
Label = Literal["order", "Refund"]
Judged = Literal["order", "Refund", "unsure", "no_valid_instance"]
Written = create_model("Written", unsuitable=(bool, False), text=str)
MODELS: dict[str, Any] = {
    "free": None,
    "sentence": create_model("Sentence", text=str),
    "spanish": create_model("Spanish", reseña=str),
    "painted": create_model("Painted", colour=Colour),
    "judged": create_model(
        "Judged",
        label=Literal["yes", "no"],
        score=(int, Field(ge=1, le=5)),
        note=(str | None, None),
    ),
    "things": list_of("things", str, 2),
    "numbered": create_model(
        "Numbered",
        labels=create_model("Labels", **{"1": (Label, ...), "2": (Label, ...)}),
    ),
    "written": Written,
    "rows": list_of("rows", Written, 2),
    "pair": create_model("Pair", unsuitable=(bool, False), one=str, other=str),
    "judgement": create_model("Judgement", explanation=str, actual=Judged, verdict=Verdict),
    "several": create_model("Several", explanation=str, actual=list[Label], verdict=Verdict),
    "solved": create_model("Solved", explanation=str, answer=Label),
    # Step 4's reply on a row with spans; others have their own column in place of the text.
    "marked": create_model("Marked", explanation=str, valid=(bool, True), text=str),
    "scored": create_model("Scored", explanation=str, valid=(bool, True), score=float),
}


def request(model: str, key: str = "a0", **more: Any) -> ChatRequest:
    kind = MODELS[model]
    schema = None if kind is None else kind.model_json_schema()
    messages = (Message("system", "Be brief."), Message("user", "Say it:\n\n```\ncode\n```"))
    origin = Origin("generate", "yes", "row 1", "prompt", {"output": "Refund"})
    # What may be unsuitable has no other fields then, as its step knows.
    is_plain = kind is not None and "unsuitable" not in json.dumps(schema)
    read = (lambda text: read_reply(text, kind)) if is_plain else None
    return ChatRequest(
        messages, {"max_tokens": 5}, schema, key=key, origin=origin, read=read, **more
    )


def answers_of(name):
    """The cases of a file beside this one: an answer behind `=` is a JSON value, else text."""
    cases = table(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return [
        (model, json.loads(said[1:]) if said.startswith("=") else said, expected)
        for model, said, expected in cases
    ]


@pytest.mark.parametrize(("model", "content", "value"), answers_of("answers.txt"))
def test_an_answer_is_made_into_what_the_call_asks_for(model, content, value):
    reply = reply_of(content, request(model))
    assert reply.finish == "stop"
    if model == "free":
        assert reply.text == value
        return
    assert json.loads(reply.text) == json.loads(value, strict=False)


@pytest.mark.parametrize(("model", "content", "why"), answers_of("bad_answers.txt"))
def test_a_wrong_answer_is_refused_with_what_would_be_right(model, content, why):
    with pytest.raises(Malformed, match=re.escape(why)):
        reply_of(content, request(model))


def test_an_answer_cannot_bring_the_probabilities_of_its_tokens():
    with pytest.raises(Malformed, match="token probabilities"):
        reply_of("a", request("free", top_logprobs=3))


# --- a text of answers -------------------------------------------------------------


def answered(drive, run, text, *requests):
    """Answer some calls by a text; returns the replies by id, and what became of the lines."""
    given: dict[str, str] = {}

    async def main():
        transport = AnswerTransport(run, Path("said.jsonl"), read_answers(text))
        calls = [WaitingCall(None, each, SimpleNamespace(done=bool)) for each in requests]
        for call in calls:
            call.answer.set_result = lambda reply, key=call.request.key: given.update(
                {key: reply.text}
            )
        with contextlib.suppress(JobFailed):
            await transport.send(calls, lambda keys: None)
        return transport.imported

    return given, drive(main())


def test_bad_lines_are_named_and_the_good_ones_used(drive, tmp_path):
    said = [
        {"id": "a00001", "reply": "A dog."},
        {"id": "a00002", "reply": {"txt": "A dog."}},
        {"id": "a00003", "text": "A dog."},
        {"id": "a00004", "reply": ""},
        {"reply": "whose?"},
        ["a list"],
        {"id": "a00005", "reply": "A dog."},
        {"id": "a00005", "reply": "file:///etc/passwd"},
    ]
    asked = [request("sentence", f"a0000{n}") for n in range(1, 6)]
    given, imported = answered(
        drive, tmp_path, "\n".join(map(json.dumps, said)) + "\noops\n\n", *asked
    )
    assert given == {
        "a00001": '{"text": "A dog."}',
        "a00005": '{"text": "file:///etc/passwd"}',
    }
    why = {2: "text", 7: "line 8 has a different answer to this call, which is used"}
    why |= dict.fromkeys((3, 5, 6, 9), "not of the form")
    told = {int(words.split("line ")[1].split(":")[0]): words for words in imported.garbage}
    assert told.keys() == why.keys()
    assert all(words in told[at] for at, words in why.items())
    assert imported.good == 2
