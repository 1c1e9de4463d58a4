"""`targen evaluate --harness`, with a stand-in for lm-evaluation-harness."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

Command = Callable[..., Any]


@pytest.fixture
def decoder(trained):
    """A model's folder that says a decoder wrote it."""
    facts = json.loads(Path("m/model.json").read_text())
    facts |= {"trainer": "targen-training:decoder", "options": {"model": "some/base"}}
    Path("m/model.json").write_text(json.dumps(facts))
    Path("m/model/config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    return Path("m")


def test_the_harness_is_asked_and_its_figures_are_told(targen, works, decoder, monkeypatch):
    asked: list[dict[str, Any]] = []

    def simple_evaluate(**values: Any) -> dict[str, Any]:
        asked.append(values)
        if "odd" in values["tasks"]:
            raise KeyError("odd")
        figures = {"alias": "arc_easy", "sample_len": 8, "acc,none": 0.5, "acc_stderr,none": 0.01}
        return {"results": {"arc_easy": figures}}

    monkeypatch.setitem(sys.modules, "lm_eval", SimpleNamespace(simple_evaluate=simple_evaluate))
    monkeypatch.setattr("targen_training.harness.device_of", lambda name: "cpu")
    done = works("evaluate", decoder, "--harness", "arc_easy", "--json")
    assert done.json == {"arc_easy": {"acc,none": 0.5, "acc_stderr,none": 0.01}}
    assert asked[0]["model"] == "hf" and asked[0]["tasks"] == ["arc_easy"]
    assert asked[0]["model_args"] == {"pretrained": "m/model"}
    assert asked[0]["device"] == "cpu"
    table = targen("evaluate", decoder, "--harness", "arc_easy")
    assert table.code == 0 and "0.5000" in table.out and "sample_len" not in table.out
    odd = targen("evaluate", decoder, "--harness", "odd")
    assert odd.code == 2 and "the harness does not accept odd" in odd.err


def test_what_it_needs_is_said(targen, decoder, monkeypatch):
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    none = targen("evaluate", decoder, "--harness", "arc_easy")
    assert none.code != 0 and "[harness]" in none.err
    both = targen("evaluate", decoder, "train.jsonl", "--harness", "arc_easy")
    assert both.code == 2 and "has its own data" in both.err
    nothing = targen("evaluate", decoder)
    assert nothing.code == 2 and "no rows to evaluate on were given" in nothing.err
    targen("train", "train.jsonl", "--task", "mood.yaml", "--out", "n")
    words = targen("evaluate", "n", "--harness", "arc_easy")
    assert words.code == 2 and "--trainer decoder" in words.err
