"""Events of a running job: the public callback interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["accepted", "rejected", "duplicate", "surplus"]


@dataclass(frozen=True, slots=True)
class Committed:
    """A candidate got its verdict.

    `stage` is where it was rejected: "generate", "check", "filter" or "correct". `corrected` is the
    label after step 4, or None. For a candidate that an earlier process judged, `detail` is empty
    and `instance` None.
    """

    id: str
    verdict: Verdict
    intended: str
    corrected: str | None
    stage: str
    reason: str
    detail: str
    instance: Any
    rows: int


@dataclass(frozen=True, slots=True)
class LabelGivenUp:
    """A label got no row for `after` candidates; the run continues without it."""

    label: str
    after: int
    have: int
    requested: int


Event = Committed | LabelGivenUp
Listener = Callable[[Event], None]
"""Called with each event, in the run's thread; it must not block."""
