"""What `targen estimate` says of hosted models: batches, reasoning, long prompts."""

from __future__ import annotations

from typing import Any

import pytest

from ..runs import edit, report

pytestmark = pytest.mark.whole  # the task of targen_plugin_example

HOSTED = ("-n", "600", "-b", "chatgpt", "-o", "model=gpt-6-luna")  # thinks; $0.1 in, $0.5 out


@pytest.fixture
def estimate(works):
    """The JSON of an estimate of tickets, its steps by name."""

    def run(*args: str) -> dict[str, Any]:
        facts: dict[str, Any] = works("estimate", "tickets", *args, "--json").json
        facts["steps"] = {step["step"]: step for step in facts["steps"]}
        return facts

    return run


def cost(step: dict[str, Any], factor: float = 1.0) -> Any:
    dollars = factor * (step["input_tokens"] * 0.1 + step["output_tokens"] * 0.5) / 1e6
    return pytest.approx(dollars, abs=1e-6)


def test_lists_side_by_side_take_more_calls_at_half_the_price(estimate, refuses):
    online, batch = estimate(*HOSTED), estimate(*HOSTED, "--batch", "--batch-lists")
    for name, step in batch["steps"].items():
        more = {"contexts": 2.4, "seeds": 1.2}.get(name, 1.0)
        assert step["calls"] == pytest.approx(more * online["steps"][name]["calls"], abs=2)
        assert step["dollars"] == cost(step, 0.5)
    refuses(("estimate", "tickets", *HOSTED, "--batch-lists"), "--batch-lists requires --batch")


def test_a_measured_run_brings_its_reasoning(estimate, works, refuses):
    works("generate", "tickets", "-n", "6", "-b", "scripted", "--out", "probe", "--quiet")
    counted = report("probe")["usage"]["by_step"]
    for counts in counted:
        counts["reasoning_tokens"] = 100 * counts["calls"]
        counts["output_tokens"] += 100 * counts["calls"]
    edit("probe", "usage.by_step", counted, "report.json")
    facts = estimate(*HOSTED, "--from", "probe")
    assert facts["uncounted_reasoning"] == []
    for step in facts["steps"].values():
        assert step["reasoning_tokens"] == pytest.approx(100 * step["calls"], abs=100)
        assert step["output_tokens"] > step["reasoning_tokens"]
    both = ("--from", "probe", "--reasoning-tokens", "5")
    said = "--from already provides the reasoning tokens"
    refuses(("estimate", "tickets", *HOSTED, *both), said)
