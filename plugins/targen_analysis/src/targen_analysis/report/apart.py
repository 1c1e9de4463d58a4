"""Marks, without colour, for the distance of a figure from the reference's."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from targen_analysis.report.cells import number
from targen_core.cli.findings import Estimate

_STEPS = (1.25, 2.0)  # times: from where there are two marks, and three

KEY = (
    "▲ above the reference, ▼ below it: their intervals do not overlap. Two marks mean a factor of "
    "at least 1.25, three of at least 2. The mark = means that the intervals overlap. “Better” and "
    "“worse” appear only if one direction is better."
)


@dataclass(frozen=True, slots=True)
class Apart:
    """A figure compared with the reference's.

    Attributes:
        value: the figure.
        reference: the reference's.
        size: 0 if they may be the same, else 1 to 3 by how far they are apart.
        better: `higher` or `lower`, of a figure that has a better side.
    """

    value: float
    reference: float
    size: int
    better: str = ""

    @property
    def times(self) -> float:
        """Return the ratio of the larger to the smaller one."""
        low, high = sorted((abs(self.value), abs(self.reference)))
        return high / low if low else math.inf

    @property
    def mark(self) -> str:
        """▲ or ▼, once to three times, or =."""
        return ("▲" if self.value > self.reference else "▼") * self.size or "="

    @property
    def judgement(self) -> str:
        """`better` or `worse`; "" if they may be the same, or no side is better."""
        if not self.size or not self.better:
            return ""
        return "better" if (self.value > self.reference) == (self.better == "higher") else "worse"

    @property
    def words(self) -> str:
        """Both figures, how many times the smaller is the larger one, and which is better."""
        both = f"{number(self.value)} compared with {number(self.reference)}"
        if not (math.isinf(self.times) or self.times < 1.1):
            both += f" ({'×' if self.value > self.reference else '÷'} {self.times:.1f})"
        return f"{both}, {self.judgement}" if self.judgement else both


def apart(value: Estimate | None, reference: Estimate | None, better: str = "") -> Apart | None:
    """Compare a figure with the reference's; None if one of them is unknown."""
    if value is None or reference is None or value.value is None or reference.value is None:
        return None
    beside = Apart(value.value, reference.value, 0, better)
    if _low(value) <= _high(reference) and _low(reference) <= _high(value):
        return beside
    return replace(beside, size=1 + sum(beside.times >= step for step in _STEPS))


def _low(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value if estimate.low is None else estimate.low


def _high(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value if estimate.high is None else estimate.high
