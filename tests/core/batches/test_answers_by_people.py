"""Answers that people write: lines, and sheets as Markdown and CSV that come back filled in."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
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
from targen_core.errors import AnswersAwaited, UnreadableFile, UsageError
from targen_core.reading.values import Malformed
from targen_core.tasks.replies import list_of
from targen_standard.batches.files import FileTransport, write_requests
from targen_standard.batches.replies import reply_of
from targen_standard.batches.sheets import read_sheet, sheet_of
from targen_standard.batches.waiting import WaitingCall

from ...sheets import MARKDOWN_EMPTY, filled, filled_csv
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
SHEETS = pytest.mark.parametrize("name", ["calls.md", "calls.csv"])


def request(model, key="a0", **more):
    kind = MODELS[model]
    schema = None if kind is None else kind.model_json_schema()
    messages = (Message("system", "Be brief."), Message("user", "Say it:\n\n```\ncode\n```"))
    origin = Origin("generate", "yes", "row 1", "prompt", {"output": "Refund"})
    return ChatRequest(messages, {"max_tokens": 5}, schema, key=key, origin=origin, **more)


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
    read = json.loads(reply.text)
    assert read == json.loads(value, strict=False)
    if "True" not in str(read):  # of one that is unsuitable nothing else is asked
        MODELS[model].model_validate(read)


@pytest.mark.parametrize(("model", "content", "why"), answers_of("bad_answers.txt"))
def test_a_wrong_answer_is_refused_with_what_would_be_right(model, content, why):
    with pytest.raises(Malformed, match=re.escape(why)):
        reply_of(content, request(model))


def test_an_answer_cannot_bring_the_probabilities_of_its_tokens():
    with pytest.raises(Malformed, match="token probabilities"):
        reply_of("a", request("free", top_logprobs=3))


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
        transport = FileTransport(file)
        calls = [WaitingCall(Codec(), each, SimpleNamespace(done=bool)) for each in requests]
        for call in calls:
            call.answer.set_result = lambda reply, key=call.request.key: given.update(
                {key: reply.text}
            )
        with contextlib.suppress(AnswersAwaited):
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
    why = {2: "text is missing", 4: "neither a response nor an error", 5: "the answer is empty"}
    why |= dict.fromkeys((6, 7, 10), "not a JSON object with a custom_id") | {8: why[4]}
    told = dict(said.partition("; ")[::2] for said in imported.garbage)
    assert told.keys() == {f"{file}, line {at}: {words}" for at, words in why.items()}
    assert told[f"{file}, line 2: {why[2]}"].endswith("or only the value of text")
    assert told[f"{file}, line 4: {why[4]}"].endswith("or a line in the service's format")
    assert imported.good == 3


def test_of_two_answers_to_a_call_the_first_is_named(tmp_path, drive):
    file = tmp_path / "calls.jsonl"
    lines = [{"custom_id": "a1", "content": text} for text in ("A dog.", "A cat.", "A cat.")]
    file.write_text("\n".join(map(json.dumps, lines)))
    given, imported = answered(drive, file, request("sentence", "a1"))
    assert given == {"a1": '{"text": "A cat."}'}
    why = "line 2 has a different answer to this call, which is used"
    assert imported.garbage == [f"{file}, line 1: {why}"]


def test_a_file_of_something_else_is_not_read_to_its_end(tmp_path, drive):
    file = tmp_path / "novel.txt"
    file.write_text("Call me Ishmael.\n" * 12_000)
    given, imported = answered(drive, file, request("sentence", "a1"))
    assert (given, imported.bad) == ({}, 10_001)


TEXTS = st.text() | st.lists(
    st.sampled_from(["`", "~~~~", "\n", "````\n", "# Call a1", "=1+1", "'", '"', ",", "\r", " x"])
).map("".join)


@SHEETS
@given(first=TEXTS, second=TEXTS)
def test_any_text_survives_a_sheet(name, first, second, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / name
    sheet = sheet_of([request("free", key) for key in ("a0", "a1", "a2")], path)
    fill = filled if path.suffix == ".md" else filled_csv
    answers = {"a0": first.replace("Call", "call"), "a2": second.replace("Call", "call")}
    path.write_bytes(fill(sheet, answers).encode())
    read = list(read_sheet(path))
    assert not any(each.problem for each in read)
    expected = {key: text.strip() for key, text in answers.items() if text.strip()}
    assert [each.key for each in read] == ["a0", "a1", "a2"]
    assert {each.key: each.content for each in read if each.content} == expected


@SHEETS
def test_what_all_calls_of_a_step_say_is_written_once(name):
    def judging(key, text):
        said = f"Shared words.\n\nInput:\n{text}\n\nRegards\n\nSay which.\n\nGo."
        origin = Origin("correct", "yes", f"row {key}", "prompt", {"input": f"{text}\n\nRegards"})
        messages = (Message("system", "Be brief."), Message("user", said))
        return ChatRequest(messages, {}, MODELS["judged"].model_json_schema(), "", key, origin)

    sheet = sheet_of(
        [judging("a0", "One"), request("free", "b0"), judging("a1", "Two")], Path(name)
    )
    counts = {words: sheet.count(words) for words in ("Shared words.", "Say which.", "Reply: ")}
    assert counts == {"Shared words.": 1, "Say which.": 1, "Reply: ": 2}
    assert sheet.count("Regards") == 2, "it is of the text that is judged"
    assert (sheet.count("Be brief."), sheet.count("Go.")) == (2, 2)
    assert sheet.index("Shared words.") < sheet.index("One")


def test_a_row_of_csv_has_the_form_of_its_reply_unless_the_row_above_has_it():
    asked = [request(model, f"a{at}") for at, model in enumerate(["free", "judged", "judged"])]
    rows = list(csv.DictReader(io.StringIO(sheet_of(asked, Path("calls.csv")))))
    replies = [row["instructions"].partition("Reply: ")[2] for row in rows]
    assert (replies[0], replies[2]) == ("text", "")
    assert "score" in replies[1]


@SHEETS
def test_a_sheet_names_the_columns_of_a_reply_as_people_write_them(name):
    assert '"reseña": "…"' in sheet_of([request("spanish")], Path(name)).replace('""', '"')


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_no_prompt_makes_a_section_or_a_block(prompts):
    path = Path("calls.md")
    messages = tuple(Message("user", f"## Call b0\n\n{MARKDOWN_EMPTY}\n{each}") for each in prompts)
    sheet = sheet_of([ChatRequest(messages, {}, key="a0")], path)
    place = len(sheet) - len(MARKDOWN_EMPTY) - 1
    sheet = sheet[:place] + "````answer\nmine\n````\n"
    from targen_standard.batches.sheets import _read_markdown

    assert [(each.key, each.content, each.problem) for each in _read_markdown(path, sheet)] == [
        ("a0", "mine", "")
    ]


@SHEETS
def test_a_sheet_is_not_replaced_and_none_is_made_of_no_calls(name, tmp_path):
    path = tmp_path / name
    call = WaitingCall(Codec(), request("free"), None)
    assert not write_requests([], path) and not path.exists()
    assert write_requests([call], path, "canary") == {"generate": 1}
    assert path.with_name(f"{name}.canary.txt").read_text() == "canary\n"
    before = path.read_bytes()
    with pytest.raises(UsageError, match="already exists"):
        write_requests([call], path)
    assert path.read_bytes() == before
    assert [each.content for each in read_sheet(path)] == [""]


@SHEETS
def test_a_sheet_does_not_tell_a_judge_what_a_row_was_written_for(name):
    origin = Origin("correct", "Refund", "row 1", "label", {"input": "Give it back."})
    call = dataclasses.replace(request("marked"), origin=origin)
    assert "Refund" not in sheet_of([call], Path(name))


PROMPT = "```text\n## no\n```"
SECTION = f"## Call a1\nloose\n{PROMPT}\n\n**Answer**\n\n````answer\ngood\n````\n"

TWICE = "there is a second block below the answer block; keep only one"
LOOSE = "text outside the answer block"
HEAD, BLOCK = "## Call a0\n\n", "````answer\nhalf\n````\n"
DAMAGED = [
    ("````answer\nhalf\n", 3, "the block is not closed; put ````"),
    (f"{BLOCK}the rest\n````\n", 7, "the block is not closed; remove this line"),
    (f"{BLOCK}the rest\n", 6, LOOSE),
    ("```text\np\n```\nmine\n\n````answer\n\n````\n", 6, LOOSE),
    ("```text\np\n```\n", 1, "the call has no answer block"),
    ("```text\np\n", 3, "the block is not closed"),
    (f"{BLOCK}````answer\nb\n````\n", 6, TWICE),
    (f"{BLOCK}b\n````\nc\n````\n", 7, TWICE),
]


@pytest.mark.parametrize(("damaged", "line", "why"), DAMAGED)
def test_a_damaged_section_is_named_and_the_next_one_read(damaged, line, why, tmp_path):
    path = tmp_path / "calls.md"
    for end in ("\n", "\r\n"):
        path.write_bytes((HEAD + damaged + SECTION).replace("\n", end).encode())
        bad, good = read_sheet(path)
        assert (bad.line, good.content) == (line, "good")
        assert why in bad.problem


def test_a_wrong_answer_in_a_sheet_is_named_with_its_place(drive, tmp_path):
    asked = [request("judged", f"a{n}") for n in range(3)]
    path = tmp_path / "calls.md"
    answers = {"a0": '\n{\n"label": "no",\n"score" 1}', "a2": '{"label": "no", "score": 3}'}
    path.write_text(filled(sheet_of(asked, path), answers))
    given, imported = answered(drive, path, *asked)
    assert list(given) == ["a2"] and imported.good == 1
    line = path.read_text().splitlines().index('"score" 1}') + 1
    assert imported.empty == 1
    (named,) = imported.garbage
    assert named.startswith(f"{path}, line {line}: it is not JSON: Expecting ':' delimiter")


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("custom_id,answer\na0,one,two\na1,good\n", 2, "3 cells, not 2: put text that contains"),
        ('custom_id,answer\na1,good\n,"lost\none"\n', 3, "an answer without a custom_id"),
        ('custom_id,prompt,answer\na1,"a\nb",good\na2,x,y,z\n', 3, "4 cells"),  # not line 4
        ('custom_id,answer\na1,good\na2,"endless\n', 3, "not valid CSV"),
    ],
)
def test_a_bad_line_of_csv_is_named(text, line, why, tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text(text)
    read = list(read_sheet(path))
    assert [each.content for each in read if not each.problem] == ["good"]
    (bad,) = [each for each in read if each.problem]
    assert bad.line == line and why in bad.problem


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("calls.md", "# Notes\n", "it has no heading such as ## Call"),
        ("calls.csv", "id;answer\na;b\n", "line 1: the first line must contain the column names"),
        ("calls.csv", "", "line 1: the first line must contain the column names"),
    ],
)
def test_what_is_no_sheet_is_refused(name, text, why, tmp_path):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UnreadableFile, match=why):
        list(read_sheet(path))
    path.unlink()
    with pytest.raises(UsageError, match="there is no file"):
        list(read_sheet(path))


def test_a_large_sheet_of_damaged_blocks_is_read_in_no_time(tmp_path):
    path = tmp_path / "calls.md"
    path.write_text("## Call a0\n" + "```x\n" * 40_000 + "~~~~y\n" * 20_000)
    (bad,) = read_sheet(path)
    assert "the block is not closed" in bad.problem
