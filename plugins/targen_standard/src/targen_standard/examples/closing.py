"""Examples with their gap closed: rows that give themselves away are refused, within a budget.

A row gives itself away by telltales: words, marks, its opening, its length, its subject. Its score
is that of a naive Bayes classifier: for each telltale, the logarithm of how much more often rows
have it than examples. So refusals make room for manners and subjects that have too few rows yet,
and people can understand the counts. This is distribution matching after SynAlign (Ren et al.,
arXiv:2502.08661), by visible features in place of vectors. Examples rarely have the label shares of
a run, so a share between those of two labels adds nothing: a mix of labels explains it.

Refusals are at most a share of the accepted rows, and the worst candidates get them. The filter
counts the latest rows with at least a candidate's score, and refuses it if they are fewer than the
refusals left.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from targen_core.engine.commits import Commit
from targen_core.engine.filters import Candidate, Refusal
from targen_core.errors import UsageError
from targen_core.tasks.model import Task
from targen_core.text import plural
from targen_core.wording import Option
from targen_standard.examples import MEASURED_FROM, Apart, ExampleOptions, Gap
from targen_standard.examples.filter import ExampleFilter
from targen_standard.examples.measuring import Spoken
from targen_standard.examples.profile import Profile
from targen_standard.examples.reading import Examples, measured_in
from targen_standard.examples.subjects import closely_measured, subjects_of
from targen_standard.examples.telltales import Telltales

GIVEN_AWAY = "gives-itself-away"
"""The reason of its refusals."""

_FIRST = 10  # accepted rows; candidates are scored after these
_SURELY = 3.0  # standard errors; some hundred telltales are looked at
_LATEST = 20  # rows that a candidate is compared with
_PRIOR = 10  # rows that would have a telltale as often as all do: few rows prove little
_UNIT = 1000  # of a logarithm: rounded, weights are alike on every machine; less is chance
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
        self._telltales = Telltales((), (), Spoken())
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)  # of each branch
        self._rows: Counter[str] = Counter()
        self._refused = 0
        self._latest: deque[int] = deque(maxlen=_LATEST)

    def check_task(self, task: Task[Any, Any]) -> None:
        """Read the examples and learn their telltales."""
        super().check_task(task)
        if self._imitated is not None:
            examples = self._imitated.examples
            rows, spoken = examples.rows, self._spoken(examples)
            self._telltales = Telltales(rows, subjects_of(rows, task), spoken)

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
        profile = super()._measured(examples, task)
        if not self._options.show_examples:  # subjects are words of theirs
            return profile
        return closely_measured(examples.rows, task, profile, self._spoken(examples))

    def find(self, candidate: Candidate) -> Refusal | None:
        """See `Filter.find`: whether a row repeats an example, or gives itself away."""
        copy = super().find(candidate)
        if copy is not None:
            return copy
        weights = self._weights(self._telltales.of(self._manner(candidate)))
        score = sum(weights.values())
        left = int(self._extra * self._rows.total() + 1e-9) - self._refused
        if score < _UNIT or sum(each >= score for each in self._latest) >= left:
            return None
        named = sorted(weights, key=lambda name: (-weights[name], name))[:_NAMED]
        return Refusal(
            GIVEN_AWAY,
            f"gives itself away: {'; '.join(map(self._told, named))}",
            facts={"gives_away": "; ".join(named)},
        )

    def _weights(self, names: Iterable[str]) -> Mapping[str, int]:
        """Return what each telltale of a text adds to its score."""
        if self._rows.total() < _FIRST:
            return {}
        return {name: self._weight(name) for name in names}

    def _weight(self, name: str) -> int:
        theirs, of = self._telltales.share(name) * self._telltales.rows, self._telltales.rows
        prior = (theirs + self._count(name)) / (of + self._rows.total())
        if not prior:
            return 0
        share = _share(theirs, of, prior)
        ours = [_share(self._counts[each][name], rows, prior) for each, rows in self._rows.items()]
        return round(_UNIT * math.log(min(max(share, min(ours)), max(ours)) / share))

    def _told(self, name: str) -> str:
        return (
            f"{self._count(name)} of {self._rows.total()} rows {name}, compared with "
            f"{self._telltales.share(name):.0%} of the examples"
        )

    def _count(self, name: str) -> int:
        return sum(counts[name] for counts in self._counts.values())

    def add(self, accepted: Candidate) -> bytes:
        """See `Filter.add`: its branch and text, and how much it gave itself away."""
        return json.dumps(self._entered(accepted.branch, self._manner(accepted))).encode()

    def _manner(self, candidate: Candidate) -> str:
        """Return the text of a candidate that is compared with those of the examples."""
        field = "" if self._examples is None else self._examples.measured
        row = {field: getattr(candidate.instance, field, None)} if field else {}
        return measured_in(row, field) or candidate.written

    def _entered(self, branch: str, text: str) -> tuple[str, str, int]:
        names = self._telltales.of(text)
        score = sum(self._weights(names).values())
        self._latest.append(score)
        self._rows[branch] += 1
        self._counts[branch].update(names)
        return branch, text, score

    def restore(self, entries: Sequence[bytes]) -> None:
        """See `Filter.restore`: only entries that `add` may have written are accepted."""
        for entry in entries:
            try:
                branch, text, _ = json.loads(entry)
                is_ours = json.dumps(self._entered(branch, text)).encode() == entry
            except (TypeError, AttributeError, RecursionError) as error:
                raise ValueError("this is not an entry of the examples") from error
            if not is_ours:
                raise ValueError("this is not an entry of the examples")

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
            subjects=len(topics),
            subjects_with_rows=sum(self._count(name) > 0 for name in topics),
            apart=[
                Apart(
                    rows_that=name,
                    rows=round(self._count(name) / self._rows.total(), 4),
                    examples=round(self._telltales.share(name), 4),
                )
                for name in self._apart()
            ],
        )
        return {**section, "gap": gap.model_dump(mode="json")}

    def _apart(self) -> Sequence[str]:
        """Return telltales that rows surely have more often than examples, farthest apart first."""
        names = {name for counts in self._counts.values() for name in counts}
        found = {name: self._excess(name) for name in names}
        return sorted((n for n in names if found[n] > 0), key=lambda n: (-found[n], n))[:_APART]

    def _excess(self, name: str) -> float:
        """Return how much larger the share of rows is, if it surely is; else 0."""
        count, rows, of = self._count(name), self._rows.total(), self._telltales.rows
        theirs = self._telltales.share(name)
        if rows < _FIRST or not of or count <= theirs * rows:
            return 0.0
        apart = count / rows - theirs
        both = (count + theirs * of) / (rows + of)
        spread = both * (1 - both) * (1 / rows + 1 / of)
        return apart if apart * apart >= _SURELY * _SURELY * spread else 0.0


def _share(count: float, of: int, prior: float) -> float:
    return (count + _PRIOR * prior) / (of + _PRIOR)
