"""The circuit: a service that is down is left alone, and found again."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from targen_core.errors import ServiceError


def now():
    return asyncio.get_running_loop().time()


def down_until(seconds, error=ServiceError):
    """A hook that fails all calls so long, and notes when they come, from the first on."""
    at, begun = [], []

    def hook(number, request):
        begun.append(now())
        at.append(now() - begun[0])
        if at[-1] < seconds:
            raise error("down")

    return hook, at


def limited(words):
    return ServiceError(words, cause="rate-limit")


def lost(words):
    return ServiceError(words, billed=True)


@pytest.mark.parametrize("error", [ServiceError, limited, lost])
def test_a_service_that_is_down_is_asked_by_one_call_at_a_time(lab, desk, drive, error):
    """Also where lost answers count in full: an outage of minutes must not cost the run."""
    hook, at = down_until(200.0, error)
    model = lab.ToyModel(lambda request: "x", hook=hook, latency=lambda request: 0.5)
    one = desk(model, concurrency=32)
    assert drive(one.many(100)) == ["x"] * 100
    asked = [moment for moment in at if 5.0 < moment < 200.0]
    assert len(asked) < 30  # each in turn, after longer and longer pauses
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert max(gaps) <= 31.0
    assert min(gaps[3:]) > 1.0
    # The first answer brings all the others back.
    assert model.peak == 32
    assert one.usage.total.lost < 60
    assert not one.limiter.down
    assert one.limiter.control.failing_since is None
