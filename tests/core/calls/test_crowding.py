"""Fewer calls in flight, where a service answers more of them so: it refuses nothing."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable

from targen_core.calls.control import Controller

CEILING = 64


class Load:
    """Calls without end to a service that takes `seconds(now, flying)` for each."""

    def __init__(self, seconds: Callable[[float, int], float], *, noise: float = 0.3) -> None:
        self.seconds, self.noise = seconds, noise
        self.control = Controller(CEILING)
        self.now = 0.0
        self.answers = 0
        self._flying: list = []
        self._number, self._rng = itertools.count(), random.Random(7)

    @property
    def flying(self) -> int:
        return len(self._flying)

    def run(self, until: float, *, at_once: int = CEILING) -> float:
        """Go on until then; answers a second meanwhile. There are `at_once` calls to send."""
        began, before = self.now, self.answers
        while self.now < until:
            while self.flying < at_once and self.control.has_room(self.flying):
                flying = self.flying + 1
                took = self.seconds(self.now, flying) * math.exp(self._rng.gauss(0, self.noise))
                ticket = self.control.sent(self.now, flying)
                heapq.heappush(self._flying, (self.now + took, next(self._number), ticket))
            self.now, _, ticket = heapq.heappop(self._flying)
            self.answers += 1
            self.control.answered(ticket, self.now, self.flying)
        return (self.answers - before) / (self.now - began)


def thrashing(now: float, flying: int) -> float:
    """Best at 32 in flight: 16 answers a second, and 9 with 64."""
    return 1.0 + 0.03 * (flying + 4 * max(0, flying - 32))


def free(now: float, flying: int) -> float:
    """Takes no notice of other calls."""
    return 2.0


def test_more_calls_are_sent_again_where_they_bring_as_many_answers():
    """As after a lucky trial, or where the others who used the service have gone."""
    load = Load(lambda now, flying: thrashing(now, flying) if now < 300 else free(now, flying))
    load.run(300)
    assert load.flying < 48
    load.run(1200)
    assert load.control.has_room(CEILING - 1)


def test_after_an_outage_it_is_found_out_anew():
    load = Load(thrashing)
    load.run(120)
    assert not load.control.has_room(48)
    for _ in range(12):
        load.control.failed(load.control.sent(load.now, 1), load.now, 0)
    assert load.control.down
    load.control.answered(load.control.sent(load.now, 1), load.now + 1, 0)
    assert load.control.has_room(CEILING - 1)
