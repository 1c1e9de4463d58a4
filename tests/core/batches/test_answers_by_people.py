"""Answers that people write: lines, and sheets that come back filled in."""

from __future__ import annotations

import contextlib
import json
import re
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, create_model

from targen_core.calls.model import ChatReply, ChatRequest, Message, Origin
from targen_core.engine.reply_json import read_reply
from targen_core.errors import JobFailed
from targen_core.reading.values import Malformed
from targen_core.tasks.replies import list_of
from targen_standard.batches.files import FileTransport
from targen_standard.batches.replies import reply_of
from targen_standard.batches.sheets import read_sheet, sheet_of
from targen_standard.batches.waiting import WaitingCall

from ...sheets import filled
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


# --- files -------------------------------------------------------------------------


class Codec:
    identity = "m"

    def encode(self, request):
        return json.dumps({"custom_id": request.key}).encode()

    def decode(self, line, requests):
        record = json.loads(line)
        if "response" not in record:
            raise ValueError("neither a response nor an error")
        return record["custom_id"], ChatReply(record["response"])

    async def aclose(self):
        pass


def answered(drive, file, *requests):
    """Import a file for some calls; returns the replies by id, and what became of the lines."""
    given: dict[str, str] = {}

    async def main():
        transport = FileTransport(file.parent, file)
        calls = [WaitingCall(Codec(), each, SimpleNamespace(done=bool)) for each in requests]
        for call in calls:
            call.answer.set_result = lambda reply, key=call.request.key: given.update(
                {key: reply.text}
            )
        with contextlib.suppress(JobFailed):
            await transport.send(calls, lambda keys: None)
        return transport.imported

    return given, drive(main())


def test_bad_lines_are_named_and_the_good_ones_imported(drive, tmp_path):
    file = tmp_path / "answers.jsonl"
    lines = [
        {"custom_id": "a1", "content": "A dog."},
        {"custom_id": "a2", "content": {"txt": "A dog."}},
        {"custom_id": "a3", "response": "as a service says it"},
        {"custom_id": "a4", "text": "A dog."},
        {"custom_id": "a5", "content": ""},
        {"content": "whose?"},
        ["a list"],
        {"custom_id": "a6", "content": "../../etc/passwd", "error": None},
        {"custom_id": "a7", "content": "A dog."},
        {"custom_id": "a7", "content": "file:///etc/passwd"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)) + "\noops\n\n")
    asked = [request("sentence", f"a{n}") for n in range(1, 8)]
    given, imported = answered(drive, file, *asked)
    assert given == {
        "a1": '{"text": "A dog."}',
        "a3": "as a service says it",
        "a7": '{"text": "file:///etc/passwd"}',
    }
    why = {2: "text", 4: "neither a response nor an error", 5: "the answer is empty"}
    why |= dict.fromkeys((6, 7, 11), "not a JSON object with a custom_id") | {8: why[4]}
    why[9] = "line 10 has a different answer to this call, which is used"
    told = {int(said.split("line ")[1].split(":")[0]): said for said in imported.garbage}
    assert told.keys() == why.keys()
    assert all(words in told[at] for at, words in why.items())
    assert imported.good == 3


# --- sheets ------------------------------------------------------------------------

TEXTS = st.text() | st.lists(
    st.sampled_from(["`", "~~~~", "\n", "````\n", "# call a1", "=1+1", "'", '"', ",", "\r", " x"])
).map("".join)


@given(first=TEXTS, second=TEXTS)
def test_any_text_survives_a_sheet(first, second, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "calls.md"
    sheet = sheet_of([request("free", key) for key in ("a0", "a1", "a2")])
    answers = {"a0": first, "a2": second}
    path.write_bytes(filled(sheet, answers).encode())
    read = list(read_sheet(path))
    assert not any(each.problem for each in read)
    expected = {"a0": first, "a1": "", "a2": second}
    assert {each.key: each.content for each in read} == {
        key: text.replace("\r\n", "\n").strip() for key, text in expected.items()
    }


@pytest.mark.parametrize(
    "answer",
    [
        "**Answer**\n\n````answer\nhalf\n",
        "**Answer**\n\n````answer\nhalf\n````\nthe rest\n",
        "**Answer**\n\nmine\n\n````answer\n\n````\n",
        "```text\np\n```\n",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_damaged_section_is_named_and_the_next_one_read(answer, end, tmp_path):
    path = tmp_path / "calls.md"
    sheet = f"## Call a0\n\n{answer}## Call a1\n\n**Answer**\n\n````answer\ngood\n````\n"
    path.write_bytes(sheet.replace("\n", end).encode())
    bad, good = read_sheet(path)
    assert "the call a0 has text outside its answer block" in bad.problem
    assert good.content == "good"


def test_a_wrong_answer_in_a_sheet_is_named_with_its_place(drive, tmp_path):
    asked = [request("judged", f"a{n}") for n in range(3)]
    path = tmp_path / "calls.md"
    answers = {"a0": '\n{\n"label": "no",\n"score" 1}', "a2": '{"label": "no", "score": 3}'}
    path.write_text(filled(sheet_of(asked), answers))
    given, imported = answered(drive, path, *asked)
    assert list(given) == ["a2"] and imported.good == 1
    line = path.read_text().splitlines().index('"score" 1}') + 1
    assert imported.empty == 1
    (named,) = imported.garbage
    assert named.startswith(f"{path}, line {line}: it is not JSON: Expecting ':' delimiter")
