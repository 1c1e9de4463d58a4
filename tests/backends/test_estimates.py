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
