"""`estimate`: what a run will take, from Python."""

from __future__ import annotations

from collections import Counter

import pytest

import targen_core as tg
from targen_core.cli.estimating import estimate as targen_estimate

from ..models import PORTER, Silent


def test_it_costs_nothing_and_counts_what_a_run_would():
    estimate = targen_estimate(PORTER, n=100, model="scripted", price_in=1, price_out=2)
    assert estimate.rows == 100 and "a dry run, at a yield of 70%" in estimate.basis
    steps = [step["step"] for step in estimate.steps]
    assert steps == ["contexts", "seeds", "generate", "correct"]
    assert estimate.calls == sum(step["calls"] for step in estimate.steps) > 200
    total = estimate.total
    paid = (total["input_tokens"] + 2 * total["output_tokens"]) / 1e6
    assert estimate.dollars == pytest.approx(paid, abs=1e-5)
    shown = f"<CostEstimate of {estimate.task}: 100 rows in {estimate.calls:,} calls"
    assert repr(estimate).startswith(shown)
    assert "<td>correct</td>" in estimate._repr_html_()
    half = targen_estimate(PORTER, n=100, model="scripted", price_in=1, price_out=2, yield_=0.35)
    assert estimate.dollars is not None and half.dollars is not None
    assert half.dollars > 1.5 * estimate.dollars
    without = targen_estimate(PORTER, n=100, model="scripted", correct=False)
    assert "correct" not in [step["step"] for step in without.steps]


def test_a_run_is_scaled():
    run = tg.generate(PORTER, n=10, model="scripted", progress=False)
    estimate = targen_estimate(PORTER, n=100, model="scripted", measured=run)
    assert f"the run {run.path}" in estimate.basis
    assert estimate.calls == 10 * run.report.usage.calls


@pytest.mark.parametrize("n", [4, 24, 100])
def test_a_small_run_makes_the_calls_of_its_estimate(n):
    run = tg.generate(PORTER, n=n, model="scripted", progress=False)
    estimate = targen_estimate(PORTER, n=n, model="scripted", yield_=1)
    made: Counter[str] = Counter()
    for line in run.report.raw["usage"]["by_step"]:
        made[line["step"]] += line["calls"]
    assert {step["step"]: step["calls"] for step in estimate.steps} == made


class Caching(Silent):
    """A model whose service caches openings from so many tokens on."""

    def __init__(self, cache_from):
        self.identity = f"caching-{cache_from}"
        self.price = tg.Price(1.0, 2.0, cache_read=0.1, cache_write=1.25, cache_from=cache_from)


@pytest.mark.parametrize(("cache_from", "cached"), [(None, False), (10, True), (10**6, False)])
def test_openings_come_from_a_cache_if_they_are_as_long_as_it_asks(cache_from, cached):
    for step in targen_estimate(PORTER, n=100, model=Caching(cache_from)).steps:
        read, written = step["cache_read_tokens"], step["cache_write_tokens"]
        assert (read > 0, written > 0) == (cached, cached)
        assert read + written < step["input_tokens"]
        assert not cached or written < read
        paid = step["input_tokens"] - 0.9 * read + 0.25 * written + 2 * step["output_tokens"]
        assert step["dollars"] == pytest.approx(paid / 1e6, abs=1e-6)


def test_reasoning_is_counted_of_all_steps_or_by_step():
    plain = targen_estimate(PORTER, n=10, model="scripted").total
    every = targen_estimate(PORTER, n=10, model="scripted", reasoning_tokens=100).total
    assert every["reasoning_tokens"] == pytest.approx(100 * plain["calls"], rel=0.05)
    one = targen_estimate(PORTER, n=10, model="scripted", reasoning_tokens={"correct": 100})
    assert [step["step"] for step in one.steps if step["reasoning_tokens"]] == ["correct"]
