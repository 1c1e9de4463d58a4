"""Dimensions whose values come in their shares among any neighbours."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import chain
from typing import TypeVar

from targen_core.tasks.dimensions import Dimension, seeded_rng

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, kw_only=True)
class Trait(Dimension):
    """A dimension whose values come in their shares among any neighbours, not only in whole blocks.

    The fastest index, that of the first list, walks a circle. Each value occurs on it as often as
    its weight says, evenly spread. So as many neighbours as the weights add up to have each value
    exactly so often, and any others within two of its share. A small run therefore also follows the
    weights. Values that are listed near each other are apart on the circle. The places of the
    lists below begin far from each other. So even a few rows draw from all parts of the values.
    """

    def at(self, seed: int, path: Sequence[int]) -> str:
        """See `Dimension.at`.

        Each walk around the circle has its own start, and so has each place of the lists below, in
        shuffled order. So two traits of one size are not in step.
        """
        pool = self._pool(seed)
        size = len(pool)
        total = 0
        for depth, index in enumerate(path):
            turn, offset = divmod(index, size)
            order_of = _spread if depth else _shuffled
            order = order_of(seed, self.name, depth, turn, size)
            total += order[offset] if depth else offset + order[0]
        return pool[total % size]

    def _pool(self, seed: int) -> tuple[str, ...]:
        """The values around this trait's circle in a run of a seed."""
        if seed not in self._pools:
            values = _dealt([*self._weights], seeded_rng(seed, self.name, "circle"))
            marks = {value: rank for rank, value in enumerate(values)}
            self._pools[seed] = _around(self._weights, marks)
        return self._pools[seed]

    @cached_property
    def _pools(self) -> dict[int, tuple[str, ...]]:
        """What `_pool` returned, by seed."""
        return {}


@lru_cache(maxsize=512)
def _shuffled(seed: int, name: str, depth: int, turn: int, size: int) -> Sequence[int]:
    """The numbers below `size` in an order that is the same on every machine."""
    rng = seeded_rng(seed, name, depth, turn, "trait")
    keys = [rng.random() for _ in range(size)]
    return sorted(range(size), key=keys.__getitem__)


@lru_cache(maxsize=512)
def _spread(seed: int, name: str, depth: int, turn: int, size: int) -> Sequence[int]:
    """The numbers below `size` in an order in which each is far from those just before it."""
    return _dealt(range(size), seeded_rng(seed, name, depth, turn, "spread"))


def _dealt(values: Sequence[ValueT], rng: random.Random) -> list[ValueT]:
    """Values in an order in which the halves give one each in turn, either first, and so on within.

    So each pair of them spans the halves, and each four the quarters, but two such orders do not
    change halves together.
    """
    if len(values) < 2:
        return [*values]
    half = len(values) // 2
    one, other = _dealt(values[:half], rng), _dealt(values[half:], rng)
    pairs = ((a, b) if rng.random() < 0.5 else (b, a) for a, b in zip(one, other, strict=False))
    return [*chain(*pairs), *other[half:]]


def _around(weights: Mapping[str, int], marks: Mapping[str, int]) -> tuple[str, ...]:
    """Values as often as their weights say, each as evenly apart as can be.

    Each place takes, among the values that may come without being early, the one that must come
    soonest. So any first k have each value within one of its share of k (Tijdeman 1980). If several
    values are due at once, the one with the lowest mark is first.
    """
    total = sum(weights.values())
    had = dict.fromkeys(weights, 0)
    circle = []
    for place in range(total):
        able = [v for v, w in weights.items() if had[v] * total < (place + 1) * w]
        value = min(able, key=lambda v: (Fraction(had[v] + 1, weights[v]), marks[v]))
        had[value] += 1
        circle.append(value)
    return tuple(circle)
