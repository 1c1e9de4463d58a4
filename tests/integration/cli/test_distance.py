"""`targen generate --max-cosine`: rows that are too near, on the command line."""

from __future__ import annotations

import pytest

from ...runs import manifest

NEAR = "--max-cosine 0.4 --embedder words"
GENERATE = "generate rte -b scripted -q"


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
    assert made["config"]["filters"] == ["targen-standard:distance"]
    assert made["config"]["options"] == {f"distance.{name}": kept[name] for name in kept}
    assert made["lock"]["parts"]["filter distance"]["options"] == kept
    works("replay run --max-cosine 0.9 --out again")
    parts = manifest("again")["lock"]["parts"]
    assert parts["filter distance"]["options"] == {**kept, "max_cosine": 0.9}
