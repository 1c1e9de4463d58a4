"""What a display shows of a run: plain numbers, filled in its thread, read in the display's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from targen_core.calls.layer import CallLayer
    from targen_core.runs.job import Job

__all__ = ["SILENCE", "JobWatch", "State", "Watch", "state_of"]

SILENCE = 2.0
"""Seconds without an answer after which that is said."""


class Watch:
    """What a display shows: the call layer, and how much of what is done.

    It is filled in the run's thread and read in the display's.
    """

    def __init__(self) -> None:
        self.layer: CallLayer | None = None
        self.counts: Mapping[str, tuple[int, int]] = {}  # what -> done, of how many

    def on_layer(self, layer: CallLayer) -> None:
        """Take the layer through which the calls go."""
        self.layer = layer

    def counted(self, what: str) -> Callable[[int, int], None]:
        """A function to tell how many are done, and of how many."""

        def count(done: int, of: int) -> None:
            self.counts = {what: (done, of)}

        return count


class JobWatch(Watch):
    """A job's rows by label."""

    def __init__(self, job: Job) -> None:
        self._job = job

    @property
    def layer(self) -> CallLayer | None:  # type: ignore[override]
        """The job's layer, once it runs."""
        return self._job.layer

    @property
    def counts(self) -> Mapping[str, tuple[int, int]]:  # type: ignore[override]
        """Rows that each label has, and of how many."""
        quotas = {n: rows for n, rows in self._job.manifest.targets[-1].quotas.items() if rows}
        engine = self._job.engine
        have = dict(engine.quotas.have) if engine is not None else {}
        return {name: (have.get(name, 0), rows) for name, rows in quotas.items()}


@dataclass(frozen=True, slots=True)
class State:
    """One moment of a run, in plain numbers and words."""

    counts: Mapping[str, tuple[int, int]]
    figures: str
    trouble: str


def state_of(watch: Watch, elapsed: float) -> State:
    """What there is to show after so many seconds."""
    layer = watch.layer
    if layer is None:
        words = f"getting ready, for {elapsed:.0f} s" if elapsed >= SILENCE else ""
        return State(watch.counts, "", words)
    calls = cached = tokens = 0
    dollars = 0.0
    for counts in list(layer.usage.by_place.values()):
        calls += counts.calls
        cached += counts.cached
        tokens += counts.tokens
        dollars += counts.dollars
    flight = layer.in_flight
    figures = f"{calls:,} calls, {flight} in flight, {tokens:,} tokens"
    if cached:
        figures += f", {cached:,} cached"
    if dollars:
        figures += f", ${dollars:.4f}"
    trouble = layer.trouble
    pauses = {name: pause for name, pause in layer.pauses.items() if pause >= 1}
    if not layer.answered and not trouble and not pauses and elapsed >= SILENCE:
        trouble = f"no answer yet, after {elapsed:.0f} s"
    for backend, pause in pauses.items():
        alone = f"{backend.rpartition(':')[2]} is left alone for {pause:.0f} s"
        trouble = f"{trouble}; {alone}" if trouble else alone
    return State(watch.counts, figures, trouble)
