"""The quota tracker: what was committed, what is still wanted, and where it went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from targen_core.engine.events import Verdict
from targen_core.engine.lists import Dropped
from targen_core.engine.quotas import Quotas
from targen_core.errors import QuotaNotMet

__all__ = ["OPEN", "Flow", "QuotaTracker", "ending"]

OPEN, RELABELLED = "any", "relabelled"
"""Where the flow of a task with open labels ends: the label was kept, or changed."""


def ending(label: str, claimed: str | None, *, closed: bool) -> str:
    """Where the label flow counts an instance that was `claimed` and ended with `label`."""
    if closed:
        return label
    return OPEN if label == claimed else RELABELLED


class Flow:
    """One row of the label-flow matrix (paper, figure 2): one intended label.

    Each judged candidate is in one place: `accepted` and `surplus` by the
    label that it ended with, `rejected` by stage, or `duplicate`.
    """

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.surplus: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.duplicate = 0
        self.skipped = 0
        self.reasons: Counter[str] = Counter()

    @property
    def judged(self) -> int:
        """Candidates with a verdict other than skipped."""
        return self.accepted.total() + self.surplus.total() + self.rejected.total() + self.duplicate

    def as_dict(self) -> dict[str, Any]:
        """The report's form."""
        return {
            "judged": self.judged,
            "accepted": dict(sorted(self.accepted.items())),
            "surplus": dict(sorted(self.surplus.items())),
            "rejected": dict(sorted(self.rejected.items())),
            "duplicate": self.duplicate,
            "skipped": self.skipped,
            "reasons": dict(self.reasons.most_common()),
        }


class QuotaTracker:
    """Counts in commit order, and which labels are still open."""

    def __init__(self, names: Sequence[str]) -> None:
        self.have: dict[str, int] = dict.fromkeys(names, 0)
        self.wanted = Quotas({}).over(names)
        self.flows: dict[str, Flow] = {name: Flow() for name in names}
        self.dropped: Counter[tuple[str, str]] = Counter()
        self.given_up: set[str] = set()
        self.by_intended = False
        self._since_gain: dict[str, int] = dict.fromkeys(names, 0)
        self._gained: dict[str, int] = dict.fromkeys(names, 0)
        self._judged: dict[str, int] = dict.fromkeys(names, 0)
        self._open: tuple[str, ...] | None = ()  # None: to be looked up again

    def aim(self, quotas: Quotas, *, by_intended: bool) -> None:
        """Take a new target; labels that were given up get a new chance."""
        self.wanted = quotas.over(tuple(self.have))
        self.by_intended = by_intended
        self.given_up.clear()
        self._open = None
        self._since_gain = dict.fromkeys(self.have, 0)

    @property
    def open(self) -> tuple[str, ...]:
        """Labels that want rows and were not given up."""
        if self._open is None:
            self._open = tuple(name for name in self.have if self.is_open(name))
        return self._open

    def is_full(self, name: str) -> bool:
        """Whether a label has all its rows."""
        return self.have[name] >= self.wanted[name]

    def is_open(self, name: str) -> bool:
        """Whether candidates intended for a label are still judged."""
        return not self.is_full(name) and name not in self.given_up

    def needed(self, name: str) -> int:
        """Rows that a label lacks."""
        return max(0, self.wanted[name] - self.have[name])

    def yield_of(self, name: str) -> float:
        """Rows of a label for each candidate intended for it, relabelled ones counted.

        The first figures weigh little against an optimistic guess, 20 of 20:
        a few rejects in a row are no reason to run far ahead.
        """
        return (self._gained[name] + 20) / (self._judged[name] + 20)

    def drop(self, dropped: Dropped) -> None:
        """Count a list item that was not used."""
        self.dropped[dropped.step, dropped.reason] += 1

    def count(
        self,
        intended: str,
        verdict: Verdict,
        *,
        corrected: str | None,
        stage: str,
        reason: str,
        quota: str,
        rows: int,
        again: Verdict | None = None,
    ) -> None:
        """Count a verdict; `quota` is the label that gains `rows`.

        `again` is "skipped" or "surplus" where a larger target judges a
        candidate anew: it is counted in one place, that of its last verdict.
        """
        flow = self.flows[intended]
        if verdict == "skipped":
            flow.skipped += again is None
            return
        if again == "skipped":
            flow.skipped -= 1
        elif again == "surplus":
            flow.surplus -= Counter({corrected or "": 1})
            self._judged[intended] -= 1
        self._judged[intended] += 1
        self._since_gain[intended] += 1
        if verdict == "accepted":
            flow.accepted[corrected or ""] += 1
            self.have[quota] += rows
            self._since_gain[quota] = 0
            self._gained[quota] += 1
            if self.is_full(quota):
                self._open = None
        elif verdict == "surplus":
            flow.surplus[corrected or ""] += 1
        elif verdict == "duplicate":
            flow.duplicate += 1
        else:
            flow.rejected[stage] += 1
            flow.reasons[reason] += 1

    def give_up(self, name: str, after: int) -> bool:
        """Give a label up if its last row is too long ago; True if that was now."""
        if not self.is_open(name) or self._since_gain[name] < after:
            return False
        self.given_up.add(name)
        self._open = None
        return True

    def commonest_reason(self, name: str) -> str:
        """Why most of a label's candidates made no row of it, or ""."""
        flow = self.flows[name]
        reasons = Counter(flow.reasons)
        reasons["duplicate"] += flow.duplicate
        for label, count in (flow.accepted + flow.surplus).items():
            if label != name and label in self.have:
                reasons[f"relabelled {label}"] += count
        (top,) = reasons.most_common(1) or [("", 0)]
        return f"{top[0]}, {top[1]} times" if top[1] else ""

    @property
    def commonest_drop(self) -> str:
        """Why most list items were left out, or ""."""
        (((step, reason), count),) = self.dropped.most_common(1) or [(("", ""), 0)]
        return f"{step}: {reason}, {count} times" if count else ""

    def shortfall(self, give_up_after: int) -> QuotaNotMet | None:
        """The error that names the labels which fell short and why, or None."""
        short = [name for name, rows in self.wanted.items() if self.have[name] < rows]
        if not short:
            return None
        parts = []
        for name in short:
            worst = self.commonest_reason(name)
            parts.append(
                f"label {name} has {self.have[name]} of {self.wanted[name]} rows"
                + (f" (most often: {worst})" if worst else "")
            )
        if self.given_up & set(short):
            why = f"gave up after {give_up_after} candidates without a row"
            hint = "resume with a larger --give-up-after, or use a stronger model"
        else:
            drop = f" ({self.commonest_drop})" if self.commonest_drop else ""
            why = f"the lists of contexts and seeds give nothing new{drop}"
            hint = "use a stronger model, or give your own --contexts or --seeds"
        return QuotaNotMet(
            f"{'; '.join(parts)}: {why}",
            hint=f"{hint}; what there is was kept, and rejects.jsonl says why so little",
        )

    def as_dict(self) -> dict[str, Any]:
        """The report's form."""
        return {
            "rows": dict(self.have),
            "wanted": dict(self.wanted),
            "met": all(self.have[name] >= rows for name, rows in self.wanted.items()),
            "given_up": sorted(self.given_up),
            "flow": {name: flow.as_dict() for name, flow in self.flows.items()},
            "dropped_list_items": [
                {"step": step, "reason": reason, "count": count}
                for (step, reason), count in sorted(self.dropped.items())
            ],
        }
