"""Figures as people read them."""

from __future__ import annotations

from targen_core.cli.findings import Estimate

SIGNED = "+.1f"
"""The form of differences."""


def with_interval(
    estimate: Estimate | None, *, form: str = ".1f", scale: float = 100.0, unit: str = ""
) -> str:
    """Return a share in per cent, or a score at scale 1, with its interval if there is one.

    `form` is that of each number. `unit` follows the value: "75.0% (60.0 to 90.0)".
    """
    if estimate is None or estimate.value is None:
        return "-"
    value = f"{scale * estimate.value:{form}}{unit}"
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} ({scale * estimate.low:{form}} to {scale * estimate.high:{form}})"
