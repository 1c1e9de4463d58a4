"""`targen evaluate --harness`, with a stand-in for lm-evaluation-harness."""

from __future__ import annotations

import sys
from types import SimpleNamespace


def test_the_harness_is_asked_and_its_figures_are_told(targen, works, decoder, monkeypatch):
    asked = []

    def simple_evaluate(**values):
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
    assert asked[0]["model_args"] == {"pretrained": "d/model"}
    assert asked[0]["device"] == "cpu"
    table = targen("evaluate", decoder, "--harness", "arc_easy")
    assert table.code == 0 and "0.5000" in table.out and "sample_len" not in table.out
    odd = targen("evaluate", decoder, "--harness", "odd")
    assert odd.code == 2 and "lm-evaluation-harness does not accept odd" in odd.err
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    none = targen("evaluate", decoder, "--harness", "arc_easy")
    assert none.code != 0 and "[harness]" in none.err
