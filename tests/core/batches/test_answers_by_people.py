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
from pydantic import BaseModel, Field

from targen_cli.markup import sheet_cell
from targen_core import Message
from targen_core.calls.model import ChatReply, ChatRequest, Origin
from targen_core.errors import AnswersAwaited, UnreadableFile, UsageError
from targen_core.reading import Malformed
from targen_core.tasks.replies import list_of
from targen_standard.batches.files import FileTransport, write_requests
from targen_standard.batches.replies import reply_of
from targen_standard.batches.sheets import read_sheet, sheet_of
from targen_standard.batches.waiting import WaitingCall


class Sentence(BaseModel):
    text: str


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Painted(BaseModel):
    colour: Colour


class Judged(BaseModel):
    label: Literal["yes", "no"]
    score: int = Field(ge=1, le=5)
    note: str | None = None


class Written(BaseModel):
    unsuitable: bool = False
    text: str


class Pair(BaseModel):
    unsuitable: bool = False
    one: str
    other: str


class Judgement(BaseModel):
    explanation: str
    actual: Literal["order", "Refund", "unsure", "no_valid_instance"]
    verdict: Literal["correct", "incorrect"]


class Several(BaseModel):
    explanation: str
    actual: list[Literal["order", "Refund"]]
    verdict: Literal["correct", "incorrect"]


class Solved(BaseModel):
    explanation: str
    answer: Literal["order", "Refund"]


class Marked(BaseModel):
    """Step 4's reply on a row with spans; others have their own column in place of the text."""

    explanation: str
    valid: bool = True
    text: str


class Scored(BaseModel):
    explanation: str
    valid: bool = True
    score: float


MODELS: dict[str, Any] = {
    "marked": Marked,
    "scored": Scored,
    "written": Written,
    "rows": list_of("rows", Written, 2),
    "pair": Pair,
    "judgement": Judgement,
    "several": Several,
    "solved": Solved,
    "free": None,
    "sentence": Sentence,
    "painted": Painted,
    "judged": Judged,
    "things": list_of("things", str, 2),
}


def request(model, key="a0", **more):
    kind = MODELS[model]
    schema = None if kind is None else kind.model_json_schema()
    messages = (Message("system", "Be brief."), Message("user", "Say it:\n\n```\ncode\n```"))
    origin = Origin("generate", "yes", "row 1", "prompt", {"output": "Refund"})
    return ChatRequest(messages, {"max_tokens": 5}, schema, key=key, origin=origin, **more)


RIGHT = {"explanation": "", "actual": "Refund", "verdict": "correct"}
WRONG = {"explanation": "", "actual": "order", "verdict": "incorrect"}
GOOD = [
    ("free", "Well, {then}.", "Well, {then}."),
    ("sentence", {"text": "A dog."}, {"text": "A dog."}),
    ("sentence", '{"text": "A dog."}', {"text": "A dog."}),
    ("sentence", "\n A dog.\nTwo.\n", {"text": "A dog.\nTwo."}),
    ("sentence", '```json\n{"text": "A dog."}\n```', {"text": "A dog."}),
    ("sentence", "{curly}", {"text": "{curly}"}),
    ("sentence", '"Quoted," he said.', {"text": '"Quoted," he said.'}),
    ("painted", "blue", {"colour": "blue"}),
    ("judged", {"label": "no", "score": 5}, {"label": "no", "score": 5}),
    ("judged", '{"label": "no", "score": 1, "note": null, "x": 1}', None),
    ("things", ["a", "b"], {"things": ["a", "b"]}),
    ("things", '["a", "b"]', {"things": ["a", "b"]}),
    ("things", {"things": ["a"]}, {"things": ["a"]}),
    (
        "things",
        "- a dog\n- “two”,\n\n* 3 cats\n2. owls\n",
        {"things": ["a dog", "“two”,", "3 cats", "owls"]},
    ),
    ("things", "a dog\n---\n-\n- owls", {"things": ["a dog", "owls"]}),
    ("things", "Here are the things:\n- a dog\n- owls", {"things": ["a dog", "owls"]}),
    ("things", '{"things": ["a; b; c"]}', {"things": ["a; b; c"]}),
    ("rows", "a\nunsuitable", {"rows": [{"text": "a"}, {"unsuitable": True}]}),
    # What is unambiguous may be left out.
    ("written", "Where is it?", {"text": "Where is it?"}),
    ("written", "Text: Where is it?", {"text": "Where is it?"}),
    ("written", {"text": "Where is it?"}, {"text": "Where is it?"}),
    ("written", '{"unsuitable": false, "text": "a"}', {"unsuitable": False, "text": "a"}),
    ("written", '{"unsuitable": true}', {"unsuitable": True}),
    ("written", {"unsuitable": True}, {"unsuitable": True}),
    ("written", '```json\n{"unsuitable": true}\n```', {"unsuitable": True}),
    ("written", {"unsuitable": True, "text": ""}, {"unsuitable": True, "text": ""}),
    *(
        ("written", words, {"unsuitable": True})
        for words in ("unsuitable", "Unsuitable.", "{unsuitable: true}", "{“unsuitable”: true}")
    ),
    ("written", "```\nWhere is it?\n```", {"text": "Where is it?"}),
    ("written", "{“text”: “None”}", {"text": "None"}),
    ("written", "It is “unsuitable”: true", {"text": "It is “unsuitable”: true"}),
    ("pair", "unsuitable", {"unsuitable": True}),
    ("pair", {"unsuitable": True}, {"unsuitable": True}),
    ("rows", ["a", {"unsuitable": True}], {"rows": [{"text": "a"}, {"unsuitable": True}]}),
    ("judgement", "Refund", RIGHT),
    ("judgement", " refund. ", RIGHT),
    ("judgement", '"order"', WRONG),
    ("judgement", {"actual": "order"}, WRONG),
    ("judgement", {"actual": "REFUND"}, RIGHT),
    ("judgement", '{"actual": "Refund", "explanation": "e"}', {**RIGHT, "explanation": "e"}),
    ("judgement", "unsure", {**WRONG, "actual": "unsure"}),
    ("judgement", "No valid instance", {**WRONG, "actual": "no_valid_instance"}),
    ("several", ["order"], {**WRONG, "actual": ["order"]}),
    ("several", '["refund"]', {**RIGHT, "actual": ["Refund"]}),
    ("several", "order\nrefund", {**WRONG, "actual": ["order", "Refund"]}),
    ("solved", "order", {"explanation": "", "answer": "order"}),
    ("marked", "In <place>Rome</place>.", {"explanation": "", "text": "In <place>Rome</place>."}),
    ("scored", "3.5", {"explanation": "", "score": 3.5}),
    ("scored", {"score": 3, "explanation": "e"}, {"explanation": "e", "score": 3}),
]

BAD = [
    ("written", {}, 'text is missing; expected {"unsuitable": true or false, "text": "…"}'),
    ("written", {"unsuitable": False}, "text is missing"),
    *(
        (
            "written",
            words,
            f'"{words}" is not a valid answer; expected {{"unsuitable": true or false',
        )
        for words in ("-", "…", "n/a", "(none)", "Ditto.", "same as above")
    ),
    ("written", "n/a", "or only the value of text, or the word `unsuitable`"),
    ("pair", "a", "it is not JSON"),
    ("pair", {"one": "a"}, "other is missing"),
    ("judgement", {**RIGHT, "verdict": "incorrect"}, "actual equals the given label"),
    ("judgement", {**WRONG, "verdict": "correct"}, "actual differs from the given label"),
    (
        "judgement",
        "money",
        'or "no_valid_instance", not "money"; expected only the value of actual, such as order',
    ),
    (
        "things",
        "a dog; 3 cats; owls",
        "write each item on its own line; if this is a single item, write {",
    ),
    ("judgement", {"verdict": "correct"}, "actual"),
    ("judgement", {"actual": 3}, "actual must be"),
    ("several", "order\nmoney", 'actual[1] must be "order" or "Refund", not "money"'),
    ("marked", {"valid": True}, "text is missing"),
    ("marked", {"text": 3}, "or only the value of text"),
    ("scored", "much", "or only the value of score"),
    ("free", ["a"], "the answer must be text"),
    ("free", "  \n", "the answer is empty"),
    ("free", None, "the answer is empty"),
    ("sentence", {"txt": "a"}, 'text is missing; expected {"text": "…"}'),
    ("sentence", {"text": 1}, "text must be text"),
    ("sentence", {"text": "\ud83d"}, "incomplete character"),
    ("sentence", '{"text": "a', "it is not JSON"),
    ("painted", "green", 'colour must be "red" or "blue"'),
    (
        "judged",
        "yes",
        'it is not JSON: Expecting value, column 1; expected {"label": "yes" or "no"',
    ),
    ("judged", {"label": "maybe", "score": 1}, 'label must be "yes" or "no"'),
    ("judged", {"label": "no", "score": "1"}, "score must be a whole number"),
    ("judged", {"label": "no", "score": True}, "score must be a whole number"),
    ("judged", {"label": "no", "score": 6}, "score must be at most 5"),
    ("judged", {"label": "no", "score": 0}, "score must be at least 1"),
    ("judged", '{"label": "no", "label": "yes", "score": 1}', "'label' is given twice"),
    ("judged", ["no", 1], "it must be an object"),
    ("things", "a dog\nn/a", '"n/a" is not a valid answer'),
    ("things", ["a", 2], "things[1] must be text"),
    ("things", "[" * 99, "it is not JSON"),
    ("things", "[" * 99 + "]" * 99, "nested more than"),
]


@pytest.mark.parametrize(("model", "content", "value"), GOOD)
def test_an_answer_is_made_into_what_the_call_asks_for(model, content, value):
    asked = request(model)
    reply = reply_of(content, asked)
    assert reply.finish == "stop"
    if asked.schema is None:
        assert reply.text == value
        return
    read = json.loads(reply.text)
    assert value in (None, read)
    if "True" not in str(read):  # of one that is unsuitable nothing else is asked
        MODELS[model].model_validate(read)


@pytest.mark.parametrize(("model", "content", "why"), BAD)
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
            await transport.send(calls)
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
    right = 'expected {"custom_id": "…", "content": "…"}, or a line in the service\'s format'
    assert sorted(imported.garbage) == [
        f"{file}, line 10: not a JSON object with a custom_id; {right}",
        f'{file}, line 2: text is missing; expected {{"text": "…"}}, or only the value of text',
        f"{file}, line 4: neither a response nor an error; {right}",
        f"{file}, line 5: the answer is empty",
        f"{file}, line 6: not a JSON object with a custom_id; {right}",
        f"{file}, line 7: not a JSON object with a custom_id; {right}",
        f"{file}, line 8: neither a response nor an error; {right}",
    ]
    assert imported.good == 3


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.md", "calls.csv"])
def test_of_many_places_that_are_no_answers_the_first_are_named(name, tmp_path, drive):
    file = tmp_path / name
    head, line = {
        ".jsonl": ("", "x\n"),
        ".md": ("# Calls\n", "## Call a1\n"),
        ".csv": ("custom_id,answer\n", ",x\n"),
    }[file.suffix]
    file.write_text(head + line * 1_500)
    given, imported = answered(drive, file, request("sentence", "a1"))
    assert (given, imported.good, imported.bad) == ({}, 0, 1_500)
    assert len(imported.garbage) == 1_000
    first = 1 + bool(head)
    place = "row" if name == "calls.csv" else "line"
    assert imported.garbage[-1].startswith(f"{file}, {place} {first + 999}: ")


def test_a_file_of_something_else_is_not_read_to_its_end(tmp_path, drive):
    file = tmp_path / "novel.txt"
    file.write_text("Call me Ishmael.\n" * 30_000)
    given, imported = answered(drive, file, request("sentence", "a1"))
    assert (given, imported.bad) == ({}, 10_001)


MARKDOWN_EMPTY = "````answer\n\n````"


def filled(sheet, answers):
    """Fill in a sheet of Markdown as a person does."""
    for key, text in answers.items():
        longest = max(map(len, re.findall("`+", text)), default=0)
        ticks = "`" * max(4, longest + 1)
        head, _, tail = sheet.partition(f"## Call {key}\n")
        tail = tail.replace(MARKDOWN_EMPTY, f"{ticks}answer\n{text}\n{ticks}", 1)
        sheet = f"{head}## Call {key}\n{tail}"
    return sheet


def filled_csv(sheet, answers):
    """Fill in a sheet of CSV as a program does that writes texts safely."""
    rows = list(csv.DictReader(io.StringIO(sheet, newline="")))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {"answer": sheet_cell(answers.get(row["custom_id"], ""))})
    return out.getvalue()


TEXTS = st.text() | st.lists(
    st.sampled_from(["`", "~~~~", "\n", "````\n", "# Call a1", "=1+1", "'", '"', ",", "\r", " x"])
).map("".join)


@pytest.mark.parametrize("name", ["calls.md", "calls.csv"])
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
    assert {each.key: each.text for each in read if each.text} == expected


@pytest.mark.parametrize("name", ["calls.md", "calls.csv"])
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


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_no_prompt_makes_a_section_or_a_block(prompts):
    path = Path("calls.md")
    messages = tuple(Message("user", f"## Call b0\n\n{MARKDOWN_EMPTY}\n{each}") for each in prompts)
    sheet = sheet_of([ChatRequest(messages, {}, key="a0")], path)
    place = len(sheet) - len(MARKDOWN_EMPTY) - 1
    sheet = sheet[:place] + "````answer\nmine\n````\n"
    from targen_standard.batches.sheets import _read_markdown

    assert [(each.key, each.text, each.problem) for each in _read_markdown(path, sheet)] == [
        ("a0", "mine", "")
    ]


@pytest.mark.parametrize("name", ["calls.md", "calls.csv"])
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
    assert [each.text for each in read_sheet(path)] == [""]


@pytest.mark.parametrize("name", ["calls.md", "calls.csv"])
def test_a_sheet_does_not_tell_a_judge_what_a_row_was_written_for(name):
    origin = Origin("correct", "Refund", "row 1", "label", {"input": "Give it back."})
    call = dataclasses.replace(request("marked"), origin=origin)
    assert "Refund" not in sheet_of([call], Path(name))


def test_a_sheet_shows_each_call_and_what_it_asks_for():
    sheet = sheet_of([request("sentence"), request("free", "a1")], Path("calls.md"))
    assert '## Call a0\n\nStep `generate`, label `yes`. Reply: `{"text": "…"}`, or' in sheet
    assert "````text\nSay it:\n\n```\ncode\n```\n````\n" in sheet
    assert sheet.count(MARKDOWN_EMPTY) == 2
    rows = list(csv.DictReader(io.StringIO(sheet_of([request("free")], Path("a.csv")), newline="")))
    assert rows == [
        {
            "custom_id": "a0",
            "step": "generate",
            "label": "yes",
            "instructions": "Reply: text",
            "prompt": "Instructions:\nBe brief.\n\nTo answer:\nSay it:\n\n```\ncode\n```",
            "answer": "",
        }
    ]


PROMPT = "```text\n## no\n```"
SECTION = f"## Call a1\nloose\n{PROMPT}\n\n**Answer**\n\n````answer\ngood\n````\n"

DAMAGED = [
    ("## Call a0\n\n````answer\nhalf\n", 3, "the block is not closed; put ````"),
    (
        "## Call a0\n\n````answer\nhalf\n````\nthe rest\n````\n",
        7,
        "the block is not closed; remove this line",
    ),
    ("## Call a0\n\n````answer\nhalf\n````\nthe rest\n", 6, "text outside the answer block"),
    (
        "## Call a0\n\n```text\np\n```\nmine\n\n````answer\n\n````\n",
        6,
        "text outside the answer block",
    ),
    ("## Call a0\n\n```text\np\n```\n", 1, "the call has no answer block"),
    ("## Call a0\n\n```text\np\n", 3, "the block is not closed"),
    (
        "## Call a0\n````answer\na\n````\n````answer\nb\n````\n",
        5,
        "there is a second block below the answer block; keep only one",
    ),
    (
        "## Call a0\n````answer\na\n````\nb\n````\nc\n````\n",
        6,
        "there is a second block below the answer block; keep only one",
    ),
]


@pytest.mark.parametrize(("damaged", "line", "why"), DAMAGED)
def test_a_damaged_section_is_named_and_the_next_one_read(damaged, line, why, tmp_path):
    path = tmp_path / "calls.md"
    for end in ("\n", "\r\n"):
        path.write_bytes((damaged + SECTION).replace("\n", end).encode())
        bad, good = read_sheet(path)
        assert (bad.line, good.text) == (line, "good")
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
    assert [each.text for each in read if not each.problem] == ["good"]
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
    path.write_text("## Call a0\n" + "```x\n" * 200_000 + "~~~~y\n" * 100_000)
    (bad,) = read_sheet(path)
    assert "the block is not closed" in bad.problem
