"""A task that asks for token probabilities, from the command's first word to its last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ...tables import table

TASK = """
from targen_core import mean_logprob
from targen_testing.sample import SAMPLE, Review


def writer(label):
    async def write(llm, topic):
        made = await llm.ask_scored(
            "Write a $label review of $topic, in one line.", label=label, topic=topic,
            sampling={"temperature": 0.3, "max_tokens": 24}, may_be_cut=True,
        )
        llm.note(mean=made.mean_logprob)
        return Review(text=made.value.replace("\\n", " "), label=label)

    return write


def reply(call):
    if call.prompt != "inline":
        return SAMPLE.dry_run(call)
    return " ".join(call.rng.sample("lamp kettle ferry hotel novel garden tunnel".split(), 5))


TASK = SAMPLE.replace(
    name="scored-reviews",
    generators={"good": writer("good"), "bad": writer("bad")},
    scored={"generate": 0},
    dry_run=reply,
)
"""
FILES = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")


@pytest.fixture(autouse=True)
def _task() -> None:
    Path("scored.py").write_text(TASK)


def test_a_stopped_run_ends_the_same_wherever_its_model_works(targen):
    name, options = "scored.py:TASK", ("-n", "8", "-b", "scripted", "-q", "--no-cache")
    assert targen("generate", name, *options, "--out", "a").code == 0
    stopped = targen("generate", name, *options, "--out", "b", "--max-tokens", "2000")
    assert stopped.code == 1, stopped.err
    resumed = targen("resume", "b", "--max-tokens", "1000000", "-q", "--executor", "beside")
    assert resumed.code == 0, resumed.err
    for file in FILES:
        assert (Path("a") / file).read_bytes() == (Path("b") / file).read_bytes()
    lines = Path("a/provenance.jsonl").read_text().splitlines()
    notes = [json.loads(line)["notes"] for line in lines]
    assert all(note["mean"] < 0 for note in notes)
    traced = targen("trace", "a", "0")
    assert traced.code == 0 and "Write a" in traced.out, traced.err


WITHOUT = """
    claude --model m | the claude backend has none
    chatgpt --model gpt-6-luna | the chatgpt backend has none with these options
    llama --model m -o top_logprobs=-1 | the llama backend has none with these options
"""


@pytest.mark.parametrize(("backend", "words"), table(WITHOUT, 2))
def test_a_backend_without_them_is_refused_before_the_first_call(refuses, backend, words):
    said = f"asks in step generate for token probabilities, and {words}"
    assert "local" in refuses(f"generate scored.py:TASK -n 2 -b {backend}", said).err


def test_another_backend_may_have_them_for_the_step_alone(targen):
    more = ("-b", "canned", "--no-correct", "-q", "--out", "x")
    assert targen("generate", "scored.py:TASK", "-n", "2", *more).code == 2
    made = targen(
        "generate", "scored.py:TASK", "-n", "2", *more, "--backend-for", "generate=scripted"
    )
    assert made.code == 0, made.err


def test_a_task_says_where_it_asks_and_which_backends_answer(targen):
    told = targen("describe", "scored.py:TASK")
    assert "Step generate asks for token probabilities. Backends with them: " in told.out
    (step,) = targen("describe", "scored.py:TASK", "--json").json["scored"]
    assert (step["step"], step["top_logprobs"], step["given"]) == ("generate", 0, False)
    assert {"local", "llama", "chatgpt"} <= {*step["backends"]}
    assert not {"claude", "scripted"} & {*step["backends"]}
    more = 'scored={"generate": 500}, scores_given=("generate",)'
    Path("scored.py").write_text(TASK.replace('scored={"generate": 0}', more))
    told = targen("describe", "scored.py:TASK")
    asked = "of texts of its own with the 500 likeliest tokens. Backends with them: local"
    assert asked in told.out, told.err
    more = 'scored={"generate": 20}, continues=("generate",)'
    Path("scored.py").write_text(TASK.replace('scored={"generate": 0}', more))
    asked = "of what comes next in a reply with the 20 likeliest tokens. Backends with them: local"
    assert asked in targen("describe", "scored.py:TASK").out
    refused = targen("generate", "scored.py:TASK", "-n", "2", "-b", "llama", "--model", "m")
    assert refused.code == 2 and "what comes next in a reply, and the llama backend has none" in (
        refused.err
    )
