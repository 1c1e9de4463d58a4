"""The state of a run for a display: plain numbers, written in its thread, read in the display's.

The display's thread reads only values that are safe to read during the run, and changes none.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from targen_core.engine.events import Committed, Event
from targen_core.text import plural, printable

if TYPE_CHECKING:
    from targen_core.calls.calls import Calls
    from targen_core.runs.job import Job

SILENCE = 2.0
"""Seconds without an answer after which that is said."""

_HALVED = 30.0  # seconds after which past work counts half in the pace
_ENOUGH = 8  # candidates from which on a pace and a projection mean something
_SOON = 3.0  # and seconds
_REASONS = 4  # reasons of rejects that are named
_ROWS = 3  # of the rows that were accepted last

Row = tuple[str, tuple[str, ...]]
"""A row's label and its texts, unchanged: the code that shows them escapes them."""


class _Pace:
    """The recent speed per second: a moving average."""

    def __init__(self) -> None:
        self._before: int | None = None  # what was done when this process began
        self._at: float | None = None
        self._done = self._first = 0
        self._sum = self._weight = 0.0

    def at(self, now: float, done: int) -> float | None:
        """The pace at a time; None until there is enough to go by."""
        if self._before is None:
            self._before = done
        if self._at is None:
            # The clock runs from the first finished candidate: the time of lists is not part of the
            # pace.
            if done > self._before:
                self._at, self._done, self._first = now, done, done
            return None
        elapsed = now - self._at
        fade = 0.5 ** (elapsed / _HALVED)
        self._sum = self._sum * fade + max(0, done - self._done)
        self._weight = self._weight * fade + elapsed
        self._at, self._done = now, done
        if done - self._first < _ENOUGH or self._weight < _SOON:
            return None
        return self._sum / self._weight


class Watch:
    """Data for a display: the call layer, and how much of the work is done.

    It is filled in the run's thread and read in the display's.
    """

    def __init__(self) -> None:
        self.layer: Calls | None = None
        self.counts: Mapping[str, tuple[int, int]] = {}  # what -> done, of how many
        self.candidates, self.rows_made = _Pace(), _Pace()

    def on_layer(self, layer: Calls) -> None:
        """Take the layer through which the calls go."""
        self.layer = layer

    def counted(self, what: str) -> Callable[[int, int], None]:
        """A function to tell how many are done, and of how many."""

        def count(done: int, of: int) -> None:
            self.counts = {what: (done, of)}

        return count

    def listen(self, event: Event) -> None:
        """Take what a run tells, in the run's thread."""

    def work(self) -> tuple[int, int]:
        """Candidates that were judged, and how many more that should take."""
        done, of = _sums(self.counts)
        return done, of - done

    def rejects(self) -> Mapping[str, int]:
        """Return rejected candidates, by reason."""
        return {}

    def last_rows(self) -> Sequence[Row]:
        """The rows that were accepted last, the oldest first."""
        return ()


class JobWatch(Watch):
    """A job's rows by label, its rejects, and its last rows."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._accepted: deque[Committed] = deque(maxlen=_ROWS)
        self.candidates, self.rows_made = _Pace(), _Pace()

    @property
    def layer(self) -> Calls | None:  # type: ignore[override]
        """The job's layer, once it runs."""
        return self._job.layer

    @property
    def counts(self) -> Mapping[str, tuple[int, int]]:  # type: ignore[override]
        """Rows that each label has, and of how many."""
        quotas = {n: rows for n, rows in self._job.manifest.targets[-1].quotas.items() if rows}
        engine = self._job.engine
        have = dict(engine.quotas.have) if engine is not None else {}
        return {name: (have.get(name, 0), rows) for name, rows in quotas.items()}

    def listen(self, event: Event) -> None:
        """Keep what was accepted; to read it is the display's work."""
        if isinstance(event, Committed) and event.verdict == "accepted":
            self._accepted.append(event)

    def work(self) -> tuple[int, int]:
        """Candidates that were judged, and how many more what lacks should take."""
        engine = self._job.engine
        if engine is None:
            return 0, 0
        judged = sum(flow.judged for flow in engine.quotas.flows.values())
        return judged, engine.quotas.outlook(self._job.task.rows_per_instance)

    def rejects(self) -> Mapping[str, int]:
        """Return rejected candidates, by reason, duplicates included."""
        reasons: Counter[str] = Counter()
        if (engine := self._job.engine) is not None:
            for flow in engine.quotas.flows.values():
                reasons.update(dict(flow.reasons))  # copied at once, since the run continues
                reasons["duplicate"] += flow.duplicate
        return +reasons

    def last_rows(self) -> Sequence[Row]:
        """The rows that were accepted last; those of earlier processes have no texts any more."""
        return [
            (event.corrected or event.intended, _texts(event.instance, event.corrected))
            for event in list(self._accepted)
            if event.instance is not None
        ]


def _texts(instance: Any, label: str | None) -> tuple[str, ...]:
    """Return the texts of an instance, without its label."""
    content = instance.model_dump(mode="json") if hasattr(instance, "model_dump") else instance
    values = content.values() if isinstance(content, Mapping) else [content]
    texts = (v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values)
    return tuple(text for text in texts if text not in (label, "null", ""))


@dataclass(frozen=True, slots=True)
class State:
    """One moment of a run, in plain numbers and words; "" for parts without content.

    Attributes:
        counts: what -> done, of how many.
        figures: calls and tokens.
        trouble: the reason for a standstill.
        pace: rows per minute, and the remaining time.
        money: dollars, of the cap, and the expected total.
        rejects: how many candidates were rejected, and why.
        rows: those that were accepted last.
    """

    counts: Mapping[str, tuple[int, int]]
    figures: str
    trouble: str
    pace: str = ""
    money: str = ""
    rejects: str = ""
    rows: Sequence[Row] = ()


def state_of(watch: Watch, elapsed: float) -> State:
    """Return the state to show after a number of seconds."""
    layer = watch.layer
    if layer is None:
        words = f"preparing, {elapsed:.0f} s so far" if elapsed >= SILENCE else ""
        return State(watch.counts, "", words)
    calls = cached = tokens = 0
    dollars = 0.0
    for counts in list(layer.usage.by_place.values()):
        calls += counts.calls
        cached += counts.cached
        tokens += counts.tokens
        dollars += counts.dollars
    counts_now = watch.counts
    judged, lacking = watch.work()
    whole = (judged + lacking) / judged if judged >= _ENOUGH else 0.0
    figures = f"{plural(calls, 'call')}, {_flight(layer)}, "
    budget = layer.budget
    # A cap that is for all parts of a command counts what the others have spent.
    cap = budget.cap("max_tokens")
    others = max(0, int(cap.spent()) - layer.usage.tokens) if cap and cap.shared else 0
    figures += _capped(
        f"{tokens + others:,}",
        tokens,
        int(cap.most) if cap else None,
        whole,
        "{:,.0f}",
        " tokens",
        others,
    )
    if cached:
        figures += f", {cached:,} cached"
    money = ""
    cap = budget.cap("max_cost")
    if (dollars or cap) and not layer.usage.unpriced:
        paid = max(0.0, cap.spent() - layer.usage.dollars) if cap and cap.shared else 0.0
        said, most = _dollars(dollars + paid), cap.most if cap else None
        money = _capped(said, dollars, most, whole, "${:,.2f}", others=paid)
        if whole and "needed" not in money:
            money += f", about {_dollars(dollars * whole)} in total"
    return State(
        counts_now,
        figures,
        _trouble(layer, elapsed),
        # Rows from earlier processes do not count for the pace either.
        _pace(watch, elapsed, counts_now, judged, lacking) if layer.answered else "",
        money,
        _rejects(watch.rejects()),
        watch.last_rows(),
    )


def _sums(counts: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    return sum(done for done, _ in counts.values()), sum(of for _, of in counts.values())


def _flight(layer: Calls) -> str:
    """Return how many calls are in flight, by step."""
    steps = {step: count for step, count in dict(layer.flying).items() if count > 0}
    if len(steps) == 1:
        return f"{layer.in_flight} in flight ({', '.join(steps)})"
    named = ", ".join(f"{step} {count}" for step, count in steps.items())
    return f"{layer.in_flight} in flight" + (f" ({named})" if named else "")


def _capped(
    said: str,
    used: float,
    cap: float | None,
    whole: float,
    form: str,
    unit: str = "",
    others: float = 0,
) -> str:
    """Return what was used, the cap, and whether it is too small for the whole run."""
    if cap is None:
        return f"{said}{unit}"
    words = f"{said} of {form.format(cap)}{unit}"
    if whole and others + used * whole > cap:
        words += f", about {form.format(others + used * whole)} needed"
    return words


def _dollars(amount: float) -> str:
    return f"${amount:.4f}" if amount < 1 else f"${amount:,.2f}"


def _pace(
    watch: Watch, now: float, counts: Mapping[str, tuple[int, int]], judged: int, lacking: int
) -> str:
    """Rows a minute, and one estimate of the time that is left."""
    done, of = _sums(counts)
    rows = watch.rows_made.at(now, done)
    pace = watch.candidates.at(now, judged)
    words = []
    if rows:
        words.append(f"{rows * 60:,.{0 if rows * 60 >= 10 else 1}f} rows per minute")
    if pace and done < of:
        words.append(f"about {_rough(lacking / pace)} left")
    return ", ".join(words)


def _rough(seconds: float) -> str:
    """Round a time to its precision, so that the display does not flicker."""
    if seconds < 10:
        return "10 s"
    if seconds < 90:
        return f"{math.ceil(seconds / 10) * 10} s"
    if seconds < 90 * 60:
        return f"{math.ceil(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def _rejects(reasons: Mapping[str, int]) -> str:
    if not reasons:
        return ""
    ordered = sorted(reasons.items(), key=lambda item: -item[1])
    named = ", ".join(f"{reason} {count:,}" for reason, count in ordered[:_REASONS])
    return f"{sum(reasons.values()):,} rejected: {named}{', …' if len(ordered) > _REASONS else ''}"


def _trouble(layer: Calls, elapsed: float) -> str:
    trouble = layer.trouble
    pauses = {name: pause for name, pause in layer.pauses.items() if pause >= 1}
    if not layer.answered and not trouble and not pauses and elapsed >= SILENCE:
        trouble = f"no answer yet after {elapsed:.0f} s"
    for backend, pause in pauses.items():
        name = backend.rpartition(":")[2]
        waits = f"calls to {name} failed or were refused; targen retries in {pause:.0f} s"
        trouble = f"{trouble}; {waits}" if trouble else waits
    return trouble


def one_line(row: Row, width: int, label_width: int = 0) -> str:
    """A row on one line of so many characters, each text with its fair part; escaped."""
    label, texts = row
    start = f"{printable(label, lines=False):<{label_width}}  "
    parts = [printable(" ".join(text.split()), lines=False) for text in texts]
    room, others = width - len(start) - 3 * (len(parts) - 1), len(parts)
    for at, part in sorted(enumerate(parts), key=lambda item: len(item[1])):
        share = max(1, room // others)
        if len(part) > share:
            parts[at] = f"{part[: share - 1]}…"
        room, others = room - len(parts[at]), others - 1
    return (start + " | ".join(parts))[:width]


def lines_of(state: State, width: int) -> list[str]:
    """All of a moment as lines of plain text, escaped: words are wrapped to `width`, rows cut."""

    def wrapped(text: str) -> list[str]:
        return textwrap.wrap(printable(text, lines=False), width)

    column = max((len(label) for label, _ in state.rows), default=0)
    said = (state.pace, state.money, state.figures, state.rejects)
    lines = [line for text in said for line in wrapped(text)]
    lines += [one_line(row, width, column) for row in state.rows]
    return lines + wrapped(state.trouble)
