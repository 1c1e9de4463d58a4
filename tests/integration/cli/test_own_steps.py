"""A task whose list has a name of its own: a fifth step, wherever steps are told apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

STEPS = ["contexts", "passages", "seeds", "generate", "correct"]
RUN = ("-n", "6", "-b", "scripted", "--backend-for", "passages=scripted")


@pytest.fixture(autouse=True)
def _task(own_task):
    own_task("steps")


def test_it_has_a_backend_options_and_a_line_of_its_own(targen, works):
    own = "-o passages.latency_ms=1 -o passages.temperature=0.3 -o passages.batch=2".split()
    works("generate", "steps.py", *RUN, *own, "-q", "--out", "run")
    lock = json.loads(Path("run/manifest.json").read_text())["lock"]
    assert list(lock["steps"]) == STEPS
    assert lock["steps"]["passages"]["params"] == {"temperature": 0.3, "max_tokens": 77}
    assert lock["steps"]["passages"]["options"] == {"latency_ms": 1}
    assert lock["steps"]["seeds"]["options"] == {}
    assert lock["batches"] == [4, 2, 4]
    output = json.loads(targen("report", "run", "--json").out)
    assert list(dict.fromkeys(line["step"] for line in output["usage"]["by_step"])) == STEPS
    assert "\npassages" in targen("report", "run").out
    works("resume", "run", "-n", "8", "-q")
    shown = targen("show", "run", "1").out
    assert [shown.index(f"\n  {name} ") for name in ("context", "passages", "seed", "step 4")]


def test_an_estimate_has_its_line_and_its_price(targen):
    price = ("-o", "passages.price_in=1", "-o", "passages.price_out=2")
    result = targen(
        "estimate", "steps.py", *RUN, *price, "--reasoning-tokens", "passages=9", "--json"
    )
    facts = json.loads(result.out)
    lines = {line["step"]: line for line in facts["steps"]}
    assert list(lines) == STEPS
    assert lines["passages"]["reasoning_tokens"] == 9 * lines["passages"]["calls"] > 0
    assert [name for name in STEPS if lines[name]["dollars"]] == ["passages"]
    assert lines["seeds"]["reasoning_tokens"] == 0
