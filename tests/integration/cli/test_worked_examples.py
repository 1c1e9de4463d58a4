"""`--no-worked-examples`: prompts without the turns that show how, and what that saves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

WITHOUT = "--no-worked-examples"


def roles(targen, run):
    traced = targen("trace", run, "0", "--json").json
    return {call["step"]: [each["role"] for each in call["messages"]] for call in traced["calls"]}


def test_prompts_ask_without_them(targen):
    for run, options in {"with": (), "without": (WITHOUT,)}.items():
        made = targen("generate", "rte", "-n", "4", "-b", "scripted", "-q", "--out", run, *options)
        assert made.code == 0, made.err
    asked = roles(targen, "with")
    assert all("assistant" in each for each in asked.values()), asked
    assert roles(targen, "without") == {step: ["system", "user"] for step in asked}
    assert json.loads(Path("without/manifest.json").read_text())["spec"]["worked_examples"] is False


def test_a_run_goes_on_without_them(targen):
    for run, first in {"whole": "8", "grown": "4"}.items():
        more = ("-b", "scripted", "-q", "--out", run, WITHOUT)
        assert targen("generate", "cb", "-n", first, *more).code == 0
    assert targen("resume", "grown", "-n", "8", "-q").code == 0
    assert "assistant" not in roles(targen, "grown")["correct"]
    assert sorted(Path("grown/dataset.jsonl").read_text()) == sorted(
        Path("whole/dataset.jsonl").read_text()
    )
    again = targen("generate", "cb", "-n", "8", "-b", "scripted", "-q", "--out", "grown")
    assert again.code == 2 and "worked examples left out; you asked for the default" in again.err


def test_an_estimate_says_what_that_saves(targen):
    asked = (
        "estimate",
        "rte",
        "-n",
        "200",
        "-b",
        "scripted",
        "--price-in",
        "2",
        "--price-out",
        "8",
    )
    shown = targen(*asked)
    assert "are worked examples" in shown.out and WITHOUT in shown.out
    expected = targen(*asked, "--json").json["without_worked_examples"]
    assert f"{WITHOUT} leaves them out: ${expected['dollars']:,.2f}" in shown.out
    less = targen(*asked, WITHOUT, "--json").json
    assert "without_worked_examples" not in less
    for key in ("input_tokens", "dollars"):
        assert less[key] == pytest.approx(expected[key], rel=0.03)
    assert "worked examples" not in targen(*asked, WITHOUT).out
