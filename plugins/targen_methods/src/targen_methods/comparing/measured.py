"""The results of a comparison: a line for each method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from targen_core.cli.findings import Estimate


@dataclass(frozen=True, slots=True)
class Measured:
    """One way, measured.

    Attributes:
        name: the method's.
        rows: rows that it made.
        requested: how many were requested; None if its dollars decided.
        calls: calls that models or the cache answered; None if unknown, as for rows from elsewhere.
        tokens: of these calls, in and out; None if unknown.
        dollars: what they cost if the cache is empty; None if a price is unknown.
        figures: from the analysis, by column.
        right: the share of labels that a blind judge confirms; None without a judge.
        judge_dollars: what the judge was billed; None without a judge, or if a price is unknown.
        trained: by trainer, the main figure of what its rows train.
        note: a remark on it.
        billed: dollars for its calls that the cache did not answer; None if a price is unknown.
    """

    name: str
    rows: int
    requested: int | None
    calls: int | None
    tokens: int | None
    dollars: float | None
    figures: Mapping[str, Estimate] = field(default_factory=dict)
    right: float | None = None
    judge_dollars: float | None = None
    trained: Mapping[str, Estimate] = field(default_factory=dict)
    note: str = ""
    billed: float | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """All ways, measured.

    Attributes:
        task: whose rows they made.
        ways: one for each, in the order in which they were asked for.
        equal: what each had as much of: "100 rows", "$2.00".
        metric: the name of the trained models' figure; "" without training.
        notes: what is to be said of all.
        said: what all runs and judgements were billed, in one line.
        billed: the same as numbers, as their journals have it.
    """

    task: str
    ways: tuple[Measured, ...]
    equal: str
    metric: str = ""
    notes: tuple[str, ...] = ()
    said: str = ""
    billed: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)
