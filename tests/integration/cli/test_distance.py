"""`targen generate --max-cosine`: rows that are too near, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runs import manifest

NEAR = ("--max-cosine", "0.4", "--embedder", "words")


def test_a_run_says_what_it_refused(rte, targen):
    assert rte("-n", "24", *NEAR, "--out", "run").code == 0
    distance = targen("report", "run", "--json").json["distance"]
    assert distance.keys() == {"embedder", "max_cosine", "max_refused", "refused", "accepted"}
    assert 0 < distance["refused"] <= 0.2 * (24 + distance["refused"])
    near = distance["refused"] + distance["accepted"]
    line = f"{near} candidates with a cosine above 0.4: {distance['refused']} rejected, "
    assert line in targen("report", "run").out
    page = Path(targen("report", "run", "--html").out.strip()).read_text(encoding="utf-8")
    assert line in page
    reject = targen("show", "run", "--rejected", "--limit", "1").out
    assert "too-near: too similar to accepted instance " in reject


def test_an_estimate_has_room_for_refusals(targen):
    def calls(*args):
        shown = targen(
            "generate", "rte", "-n", "100", "-b", "scripted", "--dry-run", "--json", *args
        )
        return sum(row["calls"] for row in shown.json["steps"])

    assert calls(*NEAR) == pytest.approx(calls() / 0.8, rel=0.02)


def test_a_flag_is_short_for_the_filter_with_its_options(rte, works, rows):
    assert rte("-n", "12", *NEAR, "--out", "run").code == 0
    spelled = ("--filter", "distance", "-o", "distance.max_cosine=0.4")
    spelled = (*spelled, "-o", "distance.embedder=words")
    assert rte("-n", "12", *spelled, "--out", "other").code == 0
    assert rows("run") == rows("other")
    assert rte("-n", "12", *spelled, "--out", "run").code == 0  # the very same run
    kept = {"max_cosine": 0.4, "max_refused": 0.2, "embedder": "targen-core:words"}
    made = manifest("run")
    assert made["spec"]["filters"] == ["targen-standard:distance"]
    assert made["spec"]["options"] == {f"distance.{name}": kept[name] for name in kept}
    assert made["lock"]["parts"]["filter distance"]["options"] == kept
    works("replay", "run", "--max-cosine", "0.9", "--out", "again")
    parts = manifest("again")["lock"]["parts"]
    assert parts["filter distance"]["options"] == {**kept, "max_cosine": 0.9}


@pytest.mark.parametrize("recorded", [True, False])
def test_a_run_of_an_earlier_version_goes_on(rte, works, rows, recorded):
    """Its spec has the options as fields, and its lock the embedder alone, or no part at all."""
    assert rte("-n", "24", *NEAR, "--out", "run").code == 0
    assert rte("-n", "40", *NEAR, "--out", "whole").code == 0
    path = Path("run/manifest.json")
    made = manifest("run")
    spec, parts = made["spec"], made["lock"]["parts"]
    for name in ("checks", "filters"):
        del spec[name]
    spec["options"] = {}
    spec |= {
        "near_duplicates": 90.0,
        "exclude": [],
        "max_cosine": 0.4,
        "max_refused": 0.2,
        "embedder": "targen-core:words",
    }
    del parts["filter distance"]
    parts["embedder"] = parts.pop("embedder of filter distance")
    made["lock"]["parts"] = parts if recorded else {}
    path.write_text(json.dumps(made))
    assert rte("-n", "24", *NEAR, "--out", "run").code == 0
    path.write_text(json.dumps(made))
    apart = rte("-n", "24", "--max-cosine", "0.5", "--embedder", "words", "--out", "run")
    assert "which had max_cosine=0.4, not 0.5" in apart.err
    works("replay", "run", "--out", "again")
    assert Path("again/dataset.jsonl").read_bytes() == Path("run/dataset.jsonl").read_bytes()
    works("resume", "run", "-n", "40", "-q")
    assert rows("run") == rows("whole")
