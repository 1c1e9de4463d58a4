"""Simulated services: each part does what it says, and the best client is never refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulated import (
    Bucket,
    Cap,
    Fault,
    Fixed,
    Level,
    Service,
    Window,
    omniscient,
    outage,
)
from tests.simulated_catalog import compose


def limits_alone(seed):
    scenario = compose(seed)
    parts = [part for part in scenario.parts if not isinstance(part, Fault)]
    return scenario, lambda: Service(scenario.latency, *parts, seed=seed)


@given(seed=st.integers(0, 10_000))
def test_the_best_client_is_never_refused(seed):
    scenario, make = limits_alone(seed)
    made = []

    def kept():
        made.append(make())
        return made[-1]

    best = omniscient(kept, calls=100, concurrency=scenario.concurrency)
    assert 0 < best < math.inf
    log = [entry for service in made for entry in service.log]
    assert not any(answer.refused for _, answer, _ in log)
    assert max(peak for _, _, peak in log) <= scenario.concurrency


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [
        ((), 20.0),
        ((Cap(5),), 40.0),
        ((Bucket(1.0, 10),), 90.0 + 2.0),
        ((Bucket(20.0, 200, "tokens"),), 90.0 + 2.0),
        ((Window(30, 60),), 180.0 + 2.0),
        ((outage(0, 7),), 27.0),
        ((Cap(Level((0, 5), (20, 10))),), 30.0),
    ],
)
def test_the_best_time_is_the_one_on_paper(parts, seconds):
    best = omniscient(lambda: Service(Fixed(2.0), *parts), calls=100, concurrency=10)
    assert best == pytest.approx(seconds)
