"""A task whose list has a name of its own: a fifth step, wherever steps are told apart."""

from __future__ import annotations

import pytest

from ...runs import manifest, report

STEPS = ["contexts", "passages", "seeds", "generate", "correct"]
RUN = "steps.py -n 6 -b scripted --backend-for passages=scripted"


@pytest.fixture(autouse=True)
def _task(own_task):
    own_task("steps")


def test_it_has_a_backend_options_and_a_line_of_its_own(works):
    own = "-o passages.latency_ms=1 -o passages.temperature=0.3 -o passages.batch=2"
    works(f"generate {RUN} {own} -q --out run")
    lock = manifest("run")["lock"]
    assert list(lock["steps"]) == STEPS
    assert lock["steps"]["passages"]["params"] == {"temperature": 0.3, "max_tokens": 77}
    assert lock["steps"]["passages"]["options"] == {"latency_ms": 1}
    assert lock["steps"]["seeds"]["options"] == {}
    assert lock["batches"] == [4, 2, 4]
    assert list(dict.fromkeys(line["step"] for line in report("run")["usage"]["by_step"])) == STEPS
    assert "\npassages" in works("report run --calls").out
    works("resume run -n 8 -q")
    shown = works("show run 1").out
    assert [
        name for name in ("context", "passages", "seed", "step 4") if f"\n  {name} " not in shown
    ] == []
