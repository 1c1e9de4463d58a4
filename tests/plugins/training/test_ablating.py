"""`targen ablate`."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from statistics import fmean, stdev

import pytest
from scipy.stats import t

ASKED = ("--test", "test.jsonl", "--generator", "scripted", "-n", 8, "--contexts-limit", 4)


def config(arm):
    run = Path("comparisons/ablate-mood/runs") / f"mood-{arm}"
    return json.loads((run / "manifest.json").read_text())["config"]


def test_parts_of_one_s_own_task_are_left_out_one_by_one(works, mood):
    mood("test.jsonl", 20)
    plan = works("ablate", "./mood.yaml", *ASKED, "--plan")
    assert "arm no correction (mood): to generate" in plan.err
    assert not Path("comparisons/ablate-mood/runs").exists()
    done = works("ablate", "./mood.yaml", *ASKED, "--repeats", 1, "--json")
    assert "Each arm was generated once" in done.err
    (part,) = done.json["parts"]
    assert {*part["arms"]} == {
        "whole", "no correction", "half of the contexts", "a quarter of the contexts",
        "no contexts", "no seeds", "no dimensions",
    }  # fmt: skip
    assert {group["kind"] for group in part["groups"]} == {"matched"}
    assert config("no-correction")["corrector"] is None
    half = config("half-of-the-contexts")["contexts_limit"]
    assert half == (config("no-correction")["contexts_limit"] + 1) // 2
    report = Path("comparisons/ablate-mood/runs/mood-no-seeds/report.json")
    assert set(json.loads(report.read_text())["models"]) == {"contexts", "generate", "correct"}
    assert "\n0 of " in works("ablate", "./mood.yaml", *ASKED, "--repeats", 1).err


def test_some_arms_several_times_beside_rows_that_are_there(works, mood):
    # Test rows of the same writer share words with the arms, so that the two runs differ.
    written = ("-n", 60, "-b", "scripted", "--seed", 9, "--out", "written", "-q")
    works("generate", "./mood.yaml", *written)
    shutil.copy("written/dataset.jsonl", "test.jsonl")
    mood("own.jsonl", 20, seed=3)
    some = ("--arms", "correction,generators", "--runs", 2, "--original", "own.jsonl")
    done = works("ablate", "./mood.yaml", *ASKED, "--generator", "scripted", *some, "--repeats", 1)
    declared = tomllib.loads(Path("comparisons/ablate-mood/experiment.toml").read_text())
    arms = declared["tasks"]["mood"]["arms"]
    assert list(arms) == ["whole", "whole, run 2", "no correction", "scripted", "original"]
    assert arms["whole, run 2"]["generate"]["seed"] == 1
    # What two runs of an arm differ by is chance: their mean is compared, with that variance.
    (part,) = json.loads(Path("comparisons/ablate-mood/results.json").read_text())["parts"]
    assert [(pair["one"], pair["other"], pair["runs"]) for pair in part["pairs"]] == [
        ("no correction", "whole", [1, 2]), ("scripted", "whole", [1, 2]),
        ("original", "whole", [1, 2]), ("scripted", "no correction", [1, 1]),
        ("original", "no correction", [1, 1]), ("original", "scripted", [1, 1]),
    ]  # fmt: skip
    values = {group["arm"]: group["figure"]["value"] for group in part["groups"]}
    of_whole = [values["whole"], values["whole, run 2"]]
    first = part["pairs"][0]["difference"]
    assert first["value"] == pytest.approx(values["no correction"] - fmean(of_whole))
    by_t = t.isf(0.025, 1) * stdev(of_whole) * (1 + 1 / 2) ** 0.5
    assert first["high"] - first["value"] > by_t
    assert part["runs"] == [["whole", "whole, run 2"]]
    assert "the 2 runs of whole differ only by chance: mean " in done.out
    assert "no correction minus whole (mean of 2 runs) is" in done.out
