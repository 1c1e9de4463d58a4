"""The call layer against services of the catalogue: how near it comes to a client that knows all.

bench/services.py does all of them with several seeds; these are the quick ones.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulated import Bucket, Fixed, Retry, Service, drive
from tests.simulated_catalog import CATALOG, compose

FLOORS = {
    "plain": 0.98,
    "cap-40-503-after-1s": 0.95,
    "cap-40-429": 0.95,
    "cap-absurd-day": 0.8,
    "bucket-of-1": 0.65,
    "openai-500-a-minute": 0.9,
    "tokens-30k-a-minute": 0.85,
    "window-600-silent": 0.85,
    "cap-40-15-60": 0.85,
    "two-models-one-quota": 0.9,
    "bad-replica-503": 0.8,
    "bad-replica-hangs": 0.65,
    "hangs-1-in-50": 0.9,
    "hangs-heavy-tail": 0.6,
    "hangs-cap": 0.8,
    "hangs-few": 0.9,
    "hangs-all": 0.65,
    "garbage": 0.85,
    "cold-start-30s": 0.8,
    "brownout-20s": 0.9,
    "storm": 0.85,
}
REFUSED = {"cap-40-503-after-1s": 60, "cap-40-429": 60, "storm": 60, "plain": 0}
"""Refused calls, at most."""
LONG = {"hangs-1-in-50", "hangs-heavy-tail"}
"""A third of the calls is over before the layer has found out, or is too few for the tail."""


@pytest.mark.parametrize("name", FLOORS)
def test_goodput(name):
    scenario = CATALOG[name]
    calls = scenario.calls if name in LONG else scenario.calls // 3
    result = replace(scenario, calls=max(200, calls)).drive()
    assert result.halted == ""
    assert result.answered == result.calls
    assert result.goodput >= FLOORS[name]
    assert result.refused <= REFUSED.get(name, result.sent)
    assert result.goodput <= 1.03, "nobody is faster than who knows all, but for the luck of draws"


def test_a_service_that_nobody_tuned_for():
    """Composed at random: all calls are answered, at half of what is possible or more."""
    result = compose(5).drive()
    assert result.halted == ""
    assert result.answered == result.calls
    assert result.goodput >= 0.4


@pytest.mark.parametrize("retry", [None, Retry("seconds"), Retry(says=3600)], ids=str)
@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_gap_of_a_learned_rate_is_no_silence(retry, concurrency):
    """A call in eight seconds: our own pauses, and one that is untrue, end no run."""

    def make():
        return Service(Fixed(0.5), Bucket(1 / 8, 3, retry=retry))

    result = drive(make, calls=30, concurrency=concurrency, max_outage=12.0)
    assert result.halted == ""
    assert result.goodput >= 0.7
