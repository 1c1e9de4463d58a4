"""`targen generate --max-cosine`: rows that are too near, on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ...runs import manifest

NEAR = "--max-cosine 0.4 --embedder words"
GENERATE = "generate rte -b scripted -q"
VOTES = "--corrector targen-core:vote -o targen-core:vote.votes=1"


def test_an_estimate_has_room_for_refusals(works):
    def calls(more=""):
        facts = works(f"{GENERATE} -n 100 --dry-run --json {more}").json
        return sum(row["calls"] for row in facts["steps"])

    assert calls(NEAR) == pytest.approx(calls() / 0.8, rel=0.02)


def test_a_flag_is_short_for_the_filter_with_its_options(works, rows):
    works(f"{GENERATE} -n 12 {NEAR} --out run")
    spelled = "--filter distance -o distance.max_cosine=0.4 -o distance.embedder=words"
    works(f"{GENERATE} -n 12 {spelled} --out other")
    assert rows("run") == rows("other")
    works(f"{GENERATE} -n 12 {spelled} --out run")  # the very same run
    kept = {"max_cosine": 0.4, "max_refused": 0.2, "embedder": "targen-standard:words"}
    made = manifest("run")
    assert made["spec"]["filters"] == ["targen-standard:distance"]
    assert made["spec"]["options"] == {f"distance.{name}": kept[name] for name in kept}
    assert made["lock"]["parts"]["filter distance"]["options"] == kept
    works("replay run --max-cosine 0.9 --out again")
    parts = manifest("again")["lock"]["parts"]
    assert parts["filter distance"]["options"] == {**kept, "max_cosine": 0.9}


EARLIER = {
    "near_duplicates": 90.0,
    "exclude": [],
    "max_cosine": 0.4,
    "max_refused": 0.2,
    "embedder": "targen-core:words",
}


@pytest.mark.parametrize("recorded", [True, False])
def test_a_run_of_an_earlier_version_goes_on(targen, works, rows, recorded):
    """Its spec has the options as fields, and its lock the embedder alone, or no part at all."""
    works(f"{GENERATE} -n 12 {NEAR} --out run")
    works(f"{GENERATE} -n 20 {NEAR} --out whole")
    made = manifest("run")
    spec, lock = made["spec"], made["lock"]
    del spec["checks"], spec["filters"]
    made["spec"] = {**spec, "options": {}, **EARLIER}
    embedder = {"embedder": lock["parts"]["embedder of filter distance"]}
    others = {name: part for name, part in lock["parts"].items() if "distance" not in name}
    lock["parts"] = {**others, **embedder} if recorded else {}
    for options in (NEAR, "--max-cosine 0.5 --embedder words"):
        Path("run/manifest.json").write_text(json.dumps(made))
        done = targen(f"{GENERATE} -n 12 {options} --out run")
        assert ("which had max_cosine=0.4, not 0.5" in done.err) == bool(done.code)
        assert done.code == (0 if options == NEAR else 2)
    works("replay run --out again")
    assert Path("again/dataset.jsonl").read_bytes() == Path("run/dataset.jsonl").read_bytes()
    works("resume run -n 20 -q")
    assert rows("run") == rows("whole")


def test_a_run_whose_parts_were_the_cores_goes_on(works, rows):
    works(f"{GENERATE} -n 12 {NEAR} {VOTES} --out run")
    shutil.copytree("run", "today")
    works("resume today -n 20 -q")
    made = Path("run/manifest.json")
    text = made.read_text()
    for part in ("words", "distance", "scripted", "vote"):
        assert f"targen-standard:{part}" in text
    made.write_text(text.replace("targen-standard:", "targen-core:"))
    works("replay run --out again")
    works("resume run -n 20 -q")
    assert rows("run") == rows("today")
