"""Examples with their gap closed: rows that give themselves away are refused, within a budget.

A row gives itself away by its telltales: things that rows of the run surely have more often than
examples. Such a thing is a comma, a length, an opening or a subject. So refusals make room both for
manners and for subjects that have too few rows yet. This is distribution matching by visible
features, after SynAlign (Ren et al., arXiv:2502.08661), with counts in place of a learned distance.
Sums, products and comparisons of doubles are the same on every machine, and people can understand a
count.

Most of what a model writes may give itself away, so it could be refused for ever. Refusals are
therefore at most a share of the accepted rows. They are spent on the worst: a candidate is refused
if fewer of the latest rows were worse than there are refusals left.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

from targen_core.engine.commits import Commit
from targen_core.engine.filters import Candidate, Refusal
from targen_core.errors import UsageError
from targen_core.tasks.model import Task
from targen_core.text import plural
from targen_core.wording import Option
from targen_standard.examples import MEASURED_FROM, Apart, ExampleOptions, Gap
from targen_standard.examples.filter import ExampleFilter
from targen_standard.examples.profile import Profile
from targen_standard.examples.reading import Examples
from targen_standard.examples.subjects import closely_measured, subjects_of
from targen_standard.examples.telltales import Telltales

__all__ = ["GIVEN_AWAY", "ClosingFilter"]

GIVEN_AWAY = "gives-itself-away"
"""The reason of its refusals."""

_FIRST = 10  # rows of which it is said that they do something more often
_SURELY = 3.0  # standard errors; some hundred telltales are looked at
_LATEST = 20  # rows that a candidate is compared with
_NAMED, _APART = 3, 5


class ClosingFilter(ExampleFilter):
    """Refuses rows that repeat an example, or that give themselves away as generated."""

    stateless = False
    gives_way = (GIVEN_AWAY,)

    def __init__(self, options: ExampleOptions) -> None:
        """Use the file and the budget that the options name."""
        super().__init__(options)
        self.share = options.extra / (1 + options.extra)
        self._extra = options.extra
        self._telltales = Telltales((), ())
        self._numbers: dict[str, int] = {}
        self._counts: Counter[str] = Counter()
        self._rows = self._refused = self._passed = 0
        self._latest: deque[int] = deque(maxlen=_LATEST)

    def check_task(self, task: Task[Any, Any]) -> None:
        """Read the examples and learn their telltales."""
        super().check_task(task)
        if self._examples is not None:
            rows = self._examples.rows
            self._telltales = Telltales(rows, subjects_of(rows, task))
            self._numbers = {name: at for at, name in enumerate(self._telltales.fixed)}

    def shaped(self, task: Task[Any, Any]) -> Task[Any, Any]:
        """Let rows also touch on the subjects of the examples.

        Raises:
            UsageError: there are too few examples.
        """
        task = super().shaped(task)
        examples = self._examples
        if examples is not None and len(examples.rows) < MEASURED_FROM:
            raise UsageError(
                f"{examples.name} has {plural(len(examples.rows), 'row')} that can serve as "
                f"examples, but measuring the gap requires at least {MEASURED_FROM}",
                hint="leave " + Option("close_gap") + " out",
            )
        return task

    def _measured(self, examples: Examples, task: Task[Any, Any]) -> Profile:
        if not self._options.show_examples:  # subjects are words of theirs
            return super()._measured(examples, task)
        return closely_measured(examples.rows, task, super()._measured(examples, task))

    def find(self, candidate: Candidate) -> Refusal | None:
        """See `Filter.find`: whether a row repeats an example, or gives itself away."""
        copy = super().find(candidate)
        if copy is not None:
            return copy
        over = self._over(self._telltales.of(candidate.written))
        left = int(self._extra * self._rows + 1e-9) - self._refused
        if not over or sum(score >= len(over) for score in self._latest) >= left:
            return None
        named = [self._told(name) for name in over[:_NAMED]]
        return Refusal(
            GIVEN_AWAY,
            f"gives itself away: {'; '.join(named)}",
            facts={"gives_away": "; ".join(over[:_NAMED])},
        )

    def _over(self, names: frozenset[str]) -> list[str]:
        """Those that rows surely do more often than examples, the farthest apart first."""
        found = {name: self._excess(name) for name in names}
        return sorted((n for n in found if found[n] > 0), key=lambda n: (-found[n], n))

    def _excess(self, name: str) -> float:
        """Return how much larger the share of rows is, if it surely is; else 0."""
        count, rows, of = self._counts[name], self._rows, self._telltales.rows
        theirs = self._telltales.share(name)
        if rows < _FIRST or not of or count <= theirs * rows:
            return 0.0
        apart = count / rows - theirs
        both = (count + theirs * of) / (rows + of)
        spread = both * (1 - both) * (1 / rows + 1 / of)
        return apart if apart * apart >= _SURELY * _SURELY * spread else 0.0

    def _told(self, name: str) -> str:
        return (
            f"{self._counts[name]} of {self._rows} rows {name}, compared with "
            f"{self._telltales.share(name):.0%} of the examples"
        )

    def add(self, accepted: Candidate) -> bytes:
        """See `Filter.add`: how much gave it away, and its telltales."""
        names = self._telltales.of(accepted.written)
        score = len(self._over(names))
        fixed = sorted(self._numbers[name] for name in names if name in self._numbers)
        others = sorted(name for name in names if name not in self._numbers)
        self._enter(score, names)
        return json.dumps([score, fixed, others]).encode()

    def _enter(self, score: int, names: frozenset[str]) -> None:
        self._rows += 1
        self._passed += score > 0
        self._latest.append(score)
        self._counts.update(names)

    def restore(self, entries: Sequence[bytes]) -> None:
        """See `Filter.restore`: only entries that `add` may have written are accepted."""
        for entry in entries:
            try:
                score, fixed, others = json.loads(entry)
                names = self._names(fixed, others)
                is_ours = type(score) is int and score == len(self._over(names))
            except (TypeError, LookupError, RecursionError) as error:
                raise ValueError("this is not an entry of the examples") from error
            if not is_ours:
                raise ValueError("this is not an entry of the examples")
            self._enter(score, names)

    def _names(self, fixed: list[int], others: list[str]) -> frozenset[str]:
        """The telltales of an entry.

        Raises:
            TypeError, LookupError, ValueError: no text has them.
        """
        if not all(type(at) is int and at >= 0 for at in fixed) or len({*fixed}) < len(fixed):
            raise ValueError("the telltales of an entry are invalid")
        named = [self._telltales.fixed[at] for at in fixed]
        if not self._telltales.may_be(named, others):
            raise ValueError("a text cannot have these telltales")
        return frozenset([*named, *others])

    def count(self, branch: str, commit: Commit) -> None:
        """See `Filter.count`."""
        self._refused += commit.stage == "filter" and commit.reason == GIVEN_AWAY

    def report(self, reasons: Mapping[str, int]) -> Mapping[str, Any]:
        """See `Filter.report`: what gave rows away, and what of the examples they touch on."""
        section = super().report(reasons)
        if not section:
            return section
        topics = self._telltales.topics
        gap = Gap(
            extra=self._extra,
            refused=reasons.get(GIVEN_AWAY, 0),
            accepted=self._passed,
            subjects=len(topics),
            subjects_with_rows=sum(self._counts[name] > 0 for name in topics),
            apart=[
                Apart(
                    rows_that=name,
                    rows=round(self._counts[name] / self._rows, 4),
                    examples=round(self._telltales.share(name), 4),
                )
                for name in self._over(frozenset(self._counts))[:_APART]
            ],
        )
        return {**section, "gap": gap.model_dump(mode="json")}
