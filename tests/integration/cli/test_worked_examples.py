"""`--worked-examples`: prompts with the turns that show how, or brief ones, and what these save."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ...runs import manifest
from ...tables import table

pytestmark = pytest.mark.whole

ALL = "--worked-examples all"


def roles(works, run, row=0):
    """Whose turns the first call of each step had."""
    calls = works(f"trace {run} {row} --json").json["calls"]
    return {call["step"]: [each["role"] for each in call["messages"]] for call in reversed(calls)}


def test_a_run_goes_on_without_them(works, refuses):
    for run, rows in {"whole": 8, "grown": 4}.items():
        works(f"generate cb -n {rows} -b scripted -q --out {run} --worked-examples none")
    assert manifest("grown")["spec"]["worked_examples"] == "none"
    works("resume grown -n 8 -q")
    assert "assistant" not in roles(works, "grown")["correct"]
    grown, whole = (sorted(Path(run, "dataset.jsonl").read_text()) for run in ("grown", "whole"))
    assert grown == whole
    line = "generate cb -n 8 -b scripted -q --out grown"
    assert "worked examples none; you asked for all" in refuses(line, "").err


DECIDED = """
    copa -b claude --model claude-opus-5-20260101 | "none"
    copa -b claude --model claude-haiku-4-5 | "all"
    copa -b llama --model openai/gpt-6-sol | "none"
    copa -b chatgpt/gpt-6-sol -o correct.model=gpt-6-luna | ["contexts", "generate", "seeds"]
    copa -b chatgpt --model gpt-6-luna -o correct.model=gpt-6-sol | ["correct"]
    wsc -b chatgpt --model gpt-6-luna -o correct.model=gpt-6-sol | "all"
    copa -b chatgpt --model gpt-6-sol --worked-examples all | "all"
    boolq -b chatgpt --model gpt-6-sol | "none"
"""


@pytest.mark.parametrize(("asked", "decided"), table(DECIDED, 2))
def test_models_and_the_task_decide(works, asked, decided):
    facts = works(f"estimate -n 4 {asked} --json").json
    assert facts["worked_examples"] == json.loads(decided)


FILE = """
description: Notes on a door.
labels: {calm: nothing happened, alarm: something must be done}
"""
SAMPLES = """
samples:
  - {input: All is well., output: alarm, actual: calm, explanation: Nothing happened.}
  - {input: The roof leaks., output: alarm, actual: alarm, explanation: Water must be stopped.}
"""


@pytest.mark.parametrize(("more", "decided"), [("", "none"), (SAMPLES, "all")])
def test_a_task_file_shows_its_own_samples_to_any_model(works, more, decided):
    Path("door.yaml").write_text(FILE + more)
    facts = works("estimate door.yaml -n 4 -b claude --model claude-opus-5 --json").json
    assert facts["worked_examples"] == decided


def test_a_correction_shows_samples_and_is_brief_without_any(works):
    Path("door.yaml").write_text(FILE)

    def size(run, out, more=""):
        model = "-b claude --model claude-opus-5 --batch-offline"
        works(f"correct {run} {model} --out {out} {more}")
        return len(Path(out, "requests.jsonl").read_text())

    for task in ("copa", "door.yaml"):
        works(f"generate {task} -n 4 -b scripted -q --out {task[:4]}")
    whole = size("copa", "shown")
    assert size("copa", "brief", "--worked-examples none") < whole / 2
    assert whole == size("copa", "all", ALL)
    brief = size("door", "file")
    assert brief < size("door", "begun", ALL)


def test_each_step_is_asked_as_its_model_needs(works, refuses, service, monkeypatch):
    models = f"-o base_url={service.url}/v1 -o model=small -o correct.model=openai/gpt-6-sol"
    asked = f"generate copa -b llama {models} --out run"
    assert "prompts for correct do not show worked examples" in works(f"{asked} -n 4").err
    begun = manifest("run")
    assert begun["spec"]["worked_examples"] == ["correct"]
    monkeypatch.setattr("targen_backends.families._FOLLOW", ())
    works("resume run -n 8 -q")
    assert manifest("run")["lock"]["task"] == begun["lock"]["task"]
    for row in (0, 7):
        shown = {step: "assistant" in said for step, said in roles(works, "run", row).items()}
        assert shown == {"contexts": True, "seeds": True, "generate": True, "correct": False}
    done = refuses(f"{asked} -n 8", "")
    assert "worked examples none in correct; you asked for all" in done.err


def test_an_estimate_knows_that_a_cache_makes_long_openings_cheap(works, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
    asked = "estimate rte -n 200 -b claude -o model=claude-opus-5"
    brief = works(asked).out
    told = re.search(r"^--worked-examples all .* ([\d.]+)$", brief, re.MULTILINE)
    assert "of these cached" not in brief
    shown = works(f"{asked} --worked-examples all").out
    assert "of these cached" in shown and "--worked-examples none" not in shown
    cost = works(f"{asked} --worked-examples all --json").json["dollars"]
    assert told and told[1] == f"{cost:.2f}"


def test_a_preview_compares_prompts_with_and_without_them(works):
    solve = "-n 2 -b scripted -q --out solved"
    works(f"generate copa {solve}")
    asked = "preview copa -n 4 -b scripted --worked-examples both"
    whole, brief = works(f"{asked} --solve solved --json").json
    assert (whole["name"], brief["name"]) == ("all", "none")
    assert whole["accepted"] == brief["accepted"] == 4 and whole["tokens"] > brief["tokens"]
    assert whole["examples"] == brief["examples"] == {"right": 2, "wrong": 0, "rejected": 0}
    assert "worked examples  judged" in works(asked).out


def test_a_comparison_asks_in_both_forms_and_runs_find_its_replies_in_the_cache(works, service):
    # Without step 4 no row is rejected, so no candidate begins that the last row would cut off.
    asked = f"preview copa -b llama -o base_url={service.url}/v1 -o model=small --no-correct -n 4"
    works("generate copa -n 2 -b scripted -q --out solved")
    works(f"{asked} --worked-examples both --solve solved")
    turns = [len(seen.body["messages"]) for seen in service.seen]
    assert sum(n > 2 for n in turns[-4:]) == sum(n == 2 for n in turns[-4:]) == 2
    for shown in ("all", "none"):
        assert "\n0 calls" in works(f"{asked} --worked-examples {shown}").out
