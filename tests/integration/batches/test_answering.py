"""A run whose model is an agent or a person: next, answer, until it is complete."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.calls.model import ChatRequest, Message, Origin
from targen_standard.answering.prompts import as_text, groups_of, read_answers
from targen_standard.batches import waiting
from targen_standard.scripted import fill_schema

from ...files import lines
from ...runs import report

Targen = Callable[..., Any]

HUES = ("red", "blue")
TASK = "description: Notes on colours.\nlabels:\n  red: It is red.\n  blue: It is blue.\n"


@pytest.fixture(autouse=True)
def _soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A round may end while the run could ask for more: the next one has that."""
    monkeypatch.setattr(waiting, "_SETTLE", 0.01)


def reply_to(group: Mapping[str, Any], prompt: Mapping[str, Any], turn: int) -> Any:
    """What an agent answers: a function of the form of the reply, the prompt and the turn."""
    rng, form = random.Random(f"{turn} {prompt['id']}"), group["reply"][0]

    def text() -> Any:
        return fill_schema({"type": "string"}, rng)

    if '"way"' in form:
        ways = [{"way": " ".join(text().split()[:4]), "share": 20} for _ in range(5)]
        return dict.fromkeys(re.findall(r'"(\w+)": \[', form), ways)
    if '"sets"' in form:
        return {"sets": [{hue: f"{text()} It is {hue}." for hue in HUES} for _ in range(10)]}
    rows = re.findall(r"(?m)^(\d+)\. .*It is (\w+)", f"{group['before']}\n{prompt['content']}")
    return {"labels": dict(rows)}


def rounds(targen: Targen, run: str = "run") -> Iterator[dict[str, Any]]:
    """Answer the open prompts until there are none; yields what became of each round."""
    now = targen("next", run, "--json").json
    for turn in range(20):
        if now["complete"]:
            return
        said = [
            {"id": prompt["id"], "reply": reply_to(group, prompt, turn)}
            for group in now["groups"]
            for prompt in group["prompts"]
        ]
        Path("said.jsonl").write_text("\n".join(map(json.dumps, said)))
        done = targen("answer", run, "said.jsonl", "--json")
        assert done.code == bool(done.json["again"]), done.err
        now = done.json
        yield now


def begin(targen: Targen, *more: Any, task: str = TASK) -> None:
    Path("hue.yaml").write_text(task)
    done = targen("generate", "hue.yaml", "-b", "agent", "--out", "run", *more)
    assert (done.code, done.out) == (0, "run is ready; next, type: targen next run\n"), done.err


def test_an_agent_writes_a_dataset_in_few_rounds(targen: Targen) -> None:
    begin(targen, "-n", 60, "--model", "Ada, by hand")
    assert sum(1 for _ in rounds(targen)) <= 8
    assert report("run")["rows"] == {"red": 30, "blue": 30}
    assert "Ada, by hand" in Path("run/README.md").read_text()
    assert report("run")["given_answers"] is True
    assert targen("trace", "run", 0).code == 0
    done = targen("next", "run")
    assert done.code == 0 and "red" in done.out and "open prompt" not in done.out


def test_a_stopped_agent_finds_the_same_prompts_and_a_larger_target_more(targen: Targen) -> None:
    begin(targen, "-n", 4)
    asked = targen("next", "run", "--json").json
    assert targen("next", "run", "--json").json == asked
    for _ in rounds(targen):
        pass
    first = lines("run/dataset.jsonl")
    assert targen("resume", "run", "-n", 8).out == "run is ready; next, type: targen next run\n"
    for _ in rounds(targen):
        pass
    assert report("run")["rows"] == {"red": 4, "blue": 4}
    assert lines("run/dataset.jsonl")[:4] == first


BOATS = TASK + "contexts: [sea]\nseeds: [a boat, a kite]\nfields: {text: {words: [3, 9]}}\n"


def test_what_cannot_be_used_is_named_and_stays_open(targen: Targen) -> None:
    begin(targen, "-n", 2, "--no-correct", task=BOATS)
    (group,) = targen("next", "run", "--json").json["groups"]
    first, second = (prompt["id"] for prompt in group["prompts"])
    said = [{"id": first, "reply": {"text": "boat"}}, {"id": second, "reply": "a kite at sea"}]
    Path("said.jsonl").write_text("\n".join(map(json.dumps, [*said, {"id": "0" * 8, "reply": 1}])))
    done = targen("answer", "run", "said.jsonl")
    assert done.code == 1 and "1 answer used" in done.out
    why = f"write again: said.jsonl, line 1: {first}: too-short: the text has 1 word, fewer than 3"
    assert why in done.out and "1 answer to prompts that are not open" in done.out
    assert f"## {first}" in done.out and second not in done.out
    for content, words in (("", "does not contain any answers"), ("Hello.\n", "write again: ")):
        Path("said.jsonl").write_text(content)
        done = targen("answer", "run", "said.jsonl")
        assert done.code and words in done.out + done.err


def test_a_person_fills_in_a_file(targen: Targen) -> None:
    begin(targen, "-n", 2, "--no-correct", task=BOATS)
    assert targen("next", "run", "--out", "open.md").out == "2 open prompts in open.md\n"
    text = Path("open.md").read_text()
    Path("open.md").write_text(re.sub(r"(?m)^Answer:$", "Answer:\na boat at sea\n", text, count=1))
    assert "1 answer used" in targen("answer", "run", "open.md").out
    assert targen("next", "run", "--out", "open.md").code == 2  # it may have answers
    Path("left.md").write_text(text.replace("Answer:", "Answer: a red kite in the wind"))
    done = targen("answer", "run", "left.md")
    assert "1 answer used" in done.out and report("run")["status"] == "complete"


# --- texts -----------------------------------------------------------------------------

TEXTS = st.text() | st.lists(
    st.sampled_from(["## abcdef01", "\n", "Answer:", "# generate", " x", "\r", '{"id": 1}'])
).map("".join)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_no_prompt_looks_like_another_or_like_an_answer(prompts: list[str]) -> None:
    calls = [
        ChatRequest((Message("user", f"{text}\nlast"),), {}, key=f"{n:032x}"[::-1])
        for n, text in enumerate(prompts)
    ]
    shown = as_text(groups_of(calls), "run", to_fill=True)
    read = list(read_answers(shown.replace("\nAnswer:\n", "\nAnswer: mine\n")))
    assert [(each.content, each.problem) for each in read] == [("mine", "")] * len(calls)
    assert all(call.key.startswith(each.key) for call, each in zip(calls, read, strict=True))


def test_a_judge_is_not_told_what_a_row_was_written_for() -> None:
    origin = Origin("correct", "Refund", "row 1", "label", {"input": "Give it back."})
    call = ChatRequest((Message("user", "Which?"),), {}, key="a" * 32, origin=origin)
    assert "Refund" not in as_text(groups_of([call]), "run")
