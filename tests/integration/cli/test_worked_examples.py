"""`--worked-examples`: prompts with the turns that show how, or brief ones, and what these save."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ...runs import manifest

pytestmark = pytest.mark.whole

WITHOUT = ("--worked-examples", "none")


def roles(targen, run, row=0):
    """Whose turns the first call of each step had."""
    calls = targen("trace", run, row, "--json").json["calls"]
    return {call["step"]: [each["role"] for each in call["messages"]] for call in reversed(calls)}


def test_a_run_goes_on_without_them(targen, works):
    for run, first in {"whole": "8", "grown": "4"}.items():
        more = ("-b", "scripted", "-q", "--out", run, *WITHOUT)
        works("generate", "cb", "-n", first, *more)
    manifest = Path("grown/manifest.json")
    said = manifest.read_text()
    manifest.write_text(said.replace('"worked_examples": "none"', '"worked_examples": false'))
    assert manifest.read_text() != said, "as runs recorded it at first"
    works("resume", "grown", "-n", "8", "-q")
    assert "assistant" not in roles(targen, "grown")["correct"]
    assert sorted(Path("grown/dataset.jsonl").read_text()) == sorted(
        Path("whole/dataset.jsonl").read_text()
    )
    again = targen("generate", "cb", "-n", "8", "-b", "scripted", "-q", "--out", "grown")
    assert again.code == 2 and "worked examples none; you asked for all" in again.err


SMALL = ("--model", "gpt-6-luna")
KNOWN = ("-b", "chatgpt", "--model", "gpt-6-sol")


@pytest.mark.parametrize(
    ("asked", "decided"),
    [
        (("copa", "-b", "claude", "--model", "claude-opus-5-20260101"), "none"),
        (("copa", "-b", "claude", "--model", "claude-haiku-4-5"), "all"),
        (("copa", "-b", "llama", "--model", "openai/gpt-6-sol"), "none"),
        (("copa", *KNOWN, "-o", "correct.model=gpt-6-luna"), ["contexts", "generate", "seeds"]),
        (("copa", "-b", "chatgpt", *SMALL, "-o", "correct.model=gpt-6-sol"), ["correct"]),
        (("wsc", "-b", "chatgpt", *SMALL, "-o", "correct.model=gpt-6-sol"), "all"),
        (("copa", *KNOWN, "--worked-examples", "all"), "all"),
        (("boolq", *KNOWN), "none"),
    ],
)
def test_models_and_the_task_decide(targen, asked, decided):
    assert targen("estimate", "-n", "4", *asked, "--json").json["worked_examples"] == decided


def test_each_step_is_asked_as_its_model_needs(targen, works, service, monkeypatch):
    small = ("-b", "llama", "-o", f"base_url={service.url}/v1", "-o", "model=small")
    asked = ("generate", "copa", *small, "-o", "correct.model=openai/gpt-6-sol", "--out", "run")
    made = targen(*asked, "-n", "4")
    assert "prompts for correct do not show worked examples" in made.err
    begun = manifest("run")
    assert begun["spec"]["worked_examples"] == ["correct"]
    monkeypatch.setattr("targen_backends.families._FOLLOW", ())
    works("resume", "run", "-n", "8", "-q")
    assert manifest("run")["lock"]["task"] == begun["lock"]["task"]
    for row in (0, 7):
        shown = {step: "assistant" in said for step, said in roles(targen, "run", row).items()}
        assert shown == {"contexts": True, "seeds": True, "generate": True, "correct": False}
    again = targen(*asked, "-n", "8")
    assert again.code == 2 and "worked examples none in correct; you asked for all" in again.err


def test_an_estimate_knows_that_a_cache_makes_long_openings_cheap(targen, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
    asked = ("estimate", "rte", "-n", "200", "-b", "claude", "-o", "model=claude-opus-5")
    brief = targen(*asked)
    told = re.search(r"--worked-examples all costs less: \$([\d.]+)", brief.out)
    assert "of these cached" not in brief.out
    shown = targen(*asked, "--worked-examples", "all")
    assert "of these cached" in shown.out and "--worked-examples none costs more" in shown.out
    cost = targen(*asked, "--worked-examples", "all", "--json").json["dollars"]
    assert told and told[1] == f"{cost:.2f}"
