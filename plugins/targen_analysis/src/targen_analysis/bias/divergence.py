"""Measure how differently two samples are distributed, compared with two halves of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from targen_analysis.statistics import entropy, over_draws
from targen_core.cli.findings import Estimate

MIN_SIZE = 40
"""Things that a part must hold to be compared: twenty in a half."""

_TOP = 10

_NOTHING = Estimate(None)

Numbers = NDArray[np.int64]


def jensen_shannon(one: Numbers, other: Numbers) -> float:
    """Return the Jensen-Shannon divergence of two vectors of counts, in bits.

    It is 0 if all shares are equal, and 1 if no kind is shared (Lin, IEEE Transactions on
    Information Theory 37, 1991). Between samples of one distribution it is above 0, and the more so
    the fewer they hold.
    """
    p, q = one / one.sum(), other / other.sum()
    middle = (p + q) / 2
    return float(min(1.0, max(0.0, (_bits(p, middle) + _bits(q, middle)) / 2)))


def _bits(p: NDArray[np.float64], middle: NDArray[np.float64]) -> float:
    there = p > 0
    return float(np.sum(p[there] * np.log2(p[there] / middle[there])))


def top_share(counts: Numbers, top: int = _TOP) -> float:
    """Return the share of the most frequent kinds."""
    return float(np.sort(counts)[-top:].sum() / counts.sum())


@dataclass(frozen=True, slots=True)
class Part:
    """Things in rows.

    Attributes:
        row: the row of each thing, shape (things,).
        kind: the kind of each thing, shape (things,).
    """

    row: Numbers
    kind: Numbers


@dataclass(frozen=True, slots=True)
class Counted:
    """The findings of `compare` for a part; empty if it has too few things.

    Attributes:
        divergence: from the reference; for the reference itself, between its two halves.
        entropy: of its kinds, in bits.
        top: the share of the ten most frequent kinds.
    """

    divergence: Estimate = _NOTHING
    entropy: Estimate = _NOTHING
    top: Estimate = _NOTHING


def compare(
    parts: Sequence[Part],
    *,
    rows: int,
    times: int,
    rng: np.random.Generator,
    referenced: bool,
) -> tuple[int, list[Counted]]:
    """Compare parts at equal numbers of rows and of things; the last is the reference.

    In each draw, each part gives a random half of its rows, the reference both halves. Each half
    gives equally many of its things: those of half the smallest part. So all figures, that between
    halves of the reference included, have the same bias. A figure is the mean over the draws. Its
    ends are the draws' 95% quantiles. With halves, these are about an interval of the whole (the
    delete-half jackknife; Shao and Wu, Annals of Statistics 17, 1989).

    Args:
        parts: of each dataset; kinds have the same numbers in all.
        rows: rows of each.
        times: draws.
        rng: the chance.
        referenced: whether the last part is a reference.

    Returns:
        Things that each half gave, and what was found of each part.
    """
    enough = [len(part.row) >= MIN_SIZE for part in parts]
    if times < 1 or rows < 2 or not any(enough):
        return 0, [Counted() for _ in parts]
    size = min(len(part.row) // 2 for part, has in zip(parts, enough, strict=True) if has)
    kinds = 1 + max(int(part.kind.max()) for part in parts if len(part.kind))
    drawn: list[list[tuple[float, float, float]]] = [[] for _ in parts]
    for _ in range(times):
        first: Numbers | None = None
        for at in reversed(range(len(parts))):  # the reference first: others are held against it
            if not enough[at]:
                continue
            one, two = _halves(parts[at], rows, size, kinds, rng)
            if not one.sum() or not two.sum():  # everything occurs in few rows
                continue
            away = np.nan
            if referenced and at == len(parts) - 1:
                first, away = one, jensen_shannon(one, two)
            elif first is not None:
                away = jensen_shannon(one, first)
            drawn[at].append((away, entropy(one), top_share(one)))
    return size, [Counted(*map(over_draws, zip(*draws, strict=True))) for draws in drawn]


def _halves(
    part: Part, rows: int, size: int, kinds: int, rng: np.random.Generator
) -> tuple[Numbers, Numbers]:
    """Counts of `size` things of one random half of the rows, and of the other."""
    inside = np.zeros(rows, dtype=bool)
    inside[rng.permutation(rows)[: rows // 2]] = True
    chosen = inside[part.row]
    counts = []
    for things in (part.kind[chosen], part.kind[~chosen]):
        taken = rng.permutation(things)[:size]
        counts.append(np.bincount(taken, minlength=kinds))
    return counts[0], counts[1]
