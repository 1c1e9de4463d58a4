"""The quota tracker: what was committed, what is still wanted, and where it went."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from targen_core.engine.events import Commit, Verdict
from targen_core.engine.quotas import Quotas, Shard, share_out
from targen_core.errors import QuotaNotMet
from targen_core.tasks.steps import Part

UNREADABLE = "malformed-reply"
"""The reason if neither a reply nor its repair could be read."""

UNANSWERED = "unanswered"
"""The reason if the service refuses a call or never answers it, while it answers others."""

ILLEGAL = "illegal-label"
"""The reason if step 4 gives a label that the task does not have."""

OPEN, RELABELLED = "any", "relabelled"
"""Where the flow of a task with open labels ends: the label was kept, or changed."""


def ending(label: str, claimed: str | None, *, closed: bool) -> str:
    """Where the label flow counts an instance that was `claimed` and ended with `label`."""
    if closed:
        return label
    return OPEN if claimed in (None, label) else RELABELLED


class Flow:
    """One row of the label-flow matrix (paper, figure 2): one branch, or the label it is for.

    Each judged candidate is in one place: `accepted` and `surplus` by the
    label that it ended with, `rejected` by stage, or `duplicate`.
    """

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.surplus: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.duplicate = 0
        self.unjudged = 0  # rows that `targen correct` got no verdict on
        self.unsure = 0  # accepted although the judge was
        self.reasons: Counter[str] = Counter()
        self.illegal = 0  # labels that step 4 gave, and the task does not have

    @property
    def judged(self) -> int:
        """Candidates with a verdict."""
        return self.accepted.total() + self.surplus.total() + self.rejected.total() + self.duplicate

    def as_dict(self) -> dict[str, Any]:
        """The report's form."""
        return {
            "judged": self.judged,
            "accepted": dict(sorted(self.accepted.items())),
            "surplus": dict(sorted(self.surplus.items())),
            "rejected": dict(sorted(self.rejected.items())),
            "duplicate": self.duplicate,
            **({"unjudged": self.unjudged} if self.unjudged else {}),
            **({"unsure": self.unsure} if self.unsure else {}),
            "reasons": dict(self.reasons.most_common()),
        }


class QuotaTracker:
    """Counts in commit order, and which labels are still open.

    Quotas are counted by label, flows by branch. A branch may give the label
    that it aims at, or any label if it aims at none. It is open while one
    of these is.

    If a task has parts, each label is counted separately for each. A label name below, as in "yes
    (synthetic)", is then `counted` for a branch. `have` and `requested` are always by the labels
    themselves.
    """

    def __init__(
        self,
        names: Sequence[str],
        branches: Mapping[str, str | None],
        parts: Mapping[str, Part] | None = None,
        shard: Shard | None = None,
        unit: int = 1,
    ) -> None:
        """Count rows of the labels `names`; `branches` lists the labels that each branch aims at.

        For a `shard`, the first target is its part of what all shards want, by label and part, in
        whole `unit`s of rows.
        """
        parts = parts or {}
        self._labels = tuple(names)
        self._shares = {
            name: Fraction(part.share).limit_denominator(10**6) for name, part in parts.items()
        } or {"": Fraction(1)}
        self._part = {branch: name for name, part in parts.items() for branch in part.branches}
        self._whole = {  # what is counted: of which label, and of which part
            _counted(name, part): (name, part) for name in names for part in self._shares
        }
        self._shard, self._unit = shard, unit
        self._have = dict.fromkeys(self._whole, 0)
        self._awaited = dict.fromkeys(self._whole, 0)
        self._requested = dict.fromkeys(self._whole, 0)
        self.flows: dict[str, Flow] = {branch: Flow() for branch in branches}
        self.aims: Mapping[str, str | None] = branches
        self._may_give = {
            branch: tuple(self.counted(branch, name) for name in (names if aim is None else (aim,)))
            for branch, aim in branches.items()
        }
        # By label: branches that may give it, and how many of 20 of their candidates are expected
        # to become a row of it before any is judged.
        self.given_by = {
            name: [branch for branch, labels in self._may_give.items() if name in labels]
            for name in self._whole
        }
        self._hoped = {
            name: 20
            * sum(1 / len(self._may_give[branch]) for branch in given_by)
            / max(1, len(given_by))
            for name, given_by in self.given_by.items()
        }
        self.dropped: Counter[tuple[str, str]] = Counter()  # list items, by step and reason
        self.given_up: set[str] = set()
        self.by_intended = False
        self._since_gain: dict[str, int] = dict.fromkeys(self._whole, 0)
        self._gained: dict[str, int] = dict.fromkeys(self._whole, 0)
        self._judged: dict[str, int] = dict.fromkeys(self._whole, 0)
        self.open: tuple[str, ...] = ()  # branches whose candidates are judged
        self._worth: dict[tuple[str, int, float | None], int] = {}  # until a count changes

    def aim(self, quotas: Quotas, *, by_intended: bool) -> None:
        """Take a new target; labels that were given up get a new chance."""
        shard, self._shard = self._shard, None
        if shard is not None:
            whole = self._shared_out(Quotas(shard.quotas).over(self._labels))
            self._requested = share_out(whole, self._unit, shard.number, shard.count)
        else:
            self._requested = self._shared_out(quotas.over(self._labels))
        self.by_intended = by_intended
        self.try_again()

    def _shared_out(self, quotas: Mapping[str, int]) -> dict[str, int]:
        """The rows of each label and part: exact by label, and exact by part over all labels.

        Existing rows count; an extension shares out the missing ones.
        """
        requested, there = dict(self._have), self.have
        lacking = {name: max(0, quotas[name] - there[name]) for name in self._labels}
        *others, last = self._shares
        for part in others:
            have = sum(self._have[_counted(name, part)] for name in self._labels)
            total = sum(lacking.values())
            goal = math.floor(self._shares[part] * sum(quotas.values()) + Fraction(1, 2)) - have
            goal = min(max(goal, 0), total)
            passed = given = 0
            for name in self._labels:
                passed += lacking[name]
                upto = (2 * goal * passed + total) // (2 * total) if total else 0
                requested[_counted(name, part)] += upto - given
                lacking[name] -= upto - given
                given = upto
        for name in self._labels:
            requested[_counted(name, last)] += lacking[name]
        return requested

    def part_of(self, quotas: Quotas, number: int, count: int) -> Quotas:
        """The rows of one of `count` shards, by label; shares of parts are kept."""
        mine = dict.fromkeys(self._labels, 0)
        whole = self._shared_out(quotas.over(self._labels))
        for counted, rows in share_out(whole, self._unit, number, count).items():
            mine[self.label_of(counted)] += rows
        return Quotas(mine)

    def needed_in(self, part: str) -> dict[str, int]:
        """Return how many rows each label lacks in a part; "" for a task without parts."""
        return {name: self.needed(_counted(name, part)) for name in self._labels}

    def label_of(self, counted: str) -> str:
        """Return the label of rows that are `counted` so."""
        return self._whole[counted][0]

    def counted(self, branch: str, name: str) -> str:
        """Return the name under which a row of a label from a branch counts."""
        return _counted(name, self._part.get(branch, ""))

    @property
    def have(self) -> dict[str, int]:
        """Rows by label."""
        return self._by_label(self._have)

    @property
    def requested(self) -> dict[str, int]:
        """Rows that are wanted, by label."""
        return self._by_label(self._requested)

    def _by_label(self, rows: Mapping[str, int]) -> dict[str, int]:
        sums = dict.fromkeys(self._labels, 0)
        for counted, (name, _) in self._whole.items():
            sums[name] += rows[counted]
        return sums

    def progress(self, name: str) -> tuple[int, int]:
        """Rows of what is counted, and of how many."""
        return self._have[name], self._requested[name]

    def gain(self, branch: str, name: str, rows: int) -> str:
        """Count rows of a label that came through a branch, and return what they count as."""
        counted = self.counted(branch, name)
        self._have[counted] += rows
        self._worth.clear()
        return counted

    def await_rows(self, branch: str, rows: int) -> None:
        """Count a candidate that cannot be judged now as rows that may come.

        They take the place of others, but do not count as rows that exist.
        """
        name = max(self._may_give[branch], key=self.needed)
        self._awaited[name] += rows
        self._find_open()
        self._worth.clear()

    def _find_open(self) -> None:
        self.open = tuple(branch for branch in self.aims if self.is_open(branch))

    def is_open(self, branch: str) -> bool:
        """Return whether a branch's candidates are still judged: it may give a wanted label."""
        return self.lacks(branch) > 0

    def lacks(self, branch: str) -> int:
        """Return the rows that a branch may still give; 0 if it is not open."""
        return max(map(self.needed, filter(self.wants, self._may_give[branch])), default=0)

    def knows(self, name: str, rows: int) -> bool:
        """Return whether a verdict with this many rows can concern that label, "" for none."""
        return name in self._labels or (not name and not rows)

    def is_full(self, name: str) -> bool:
        """Return whether a label has all its rows, counting the awaited ones."""
        return self._requested[name] <= self._have[name] + self._awaited[name]

    def why_full(self, name: str) -> str:
        """Return why a full label takes no more rows, for people."""
        if not self._requested[name]:
            return f"no rows are requested for label {name}"
        return f"label {name} has all its rows"

    @property
    def met(self) -> bool:
        """Return whether all labels have all their rows."""
        return all(map(self.is_full, self._whole))

    def wants(self, name: str) -> bool:
        """Return whether a label lacks rows and was not given up."""
        return not self.is_full(name) and name not in self.given_up

    def needed(self, name: str) -> int:
        """Return the rows that a label lacks, without the awaited ones."""
        return max(0, self._requested[name] - self._have[name] - self._awaited[name])

    def try_again(self) -> None:
        """Give labels that were given up another chance."""
        self.given_up.clear()
        self._find_open()
        self._worth.clear()
        self._since_gain = dict.fromkeys(self._whole, 0)

    def worth(self, branch: str, unit: int, margin: float | None) -> int:
        """Candidates of a branch that are worth running at once.

        The label that lacks most decides: its need over its yield, plus `margin` standard
        deviations of its rows, `unit` of them per instance. If every candidate makes a row, its
        need is the least. Without a margin, it is just that. The branches that may give a label
        share it equally, since each seed passes through all of them.
        """
        if (asked := (branch, unit, margin)) not in self._worth:
            self._worth[asked] = max(
                (
                    math.ceil(self._candidates(name, unit, margin) / len(self.given_by[name]))
                    for name in self._may_give[branch]
                    if self.wants(name)
                ),
                default=0,
            )
        return self._worth[asked]

    def sharing(self, branch: str, quota: str = "") -> set[str]:
        """Return the branches whose needs a verdict on a candidate of a branch may change."""
        names = self._may_give[branch]
        if quota:
            names = (*names, self.counted(branch, quota))
        return {each for name in names for each in self.given_by[name]}

    def outlook(self, unit: int) -> int:
        """Estimate the candidates for the missing rows from the yield so far; for any thread.

        `worth` is more optimistic, to keep a service busy; this figure is for people.
        """
        lacking = {
            name: math.ceil(
                self.needed(name)
                / unit
                * (self._judged[name] + 1)
                / (self._gained[name] + self._hoped[name] / 20)
                / len(self.given_by[name])
            )
            for name in self._whole
            if self.wants(name)
        }
        return sum(max(lacking.get(n, 0) for n in names) for names in self._may_give.values())

    def _candidates(self, name: str, unit: int, margin: float | None) -> int:
        """Candidates that a label's rows should take, by its instances per candidate so far.

        Instances from other branches also count. The first figures count little against an
        optimistic guess, 20 of 20 if branches aim at the label. So a few rejects in a row do not
        make the engine run far ahead.
        """
        instances = self.needed(name) / unit
        if margin is None:
            return math.ceil(instances)
        part = (self._gained[name] + self._hoped[name]) / (self._judged[name] + 20)
        spread = margin * math.sqrt(instances * (1 - min(1.0, part)))
        return math.ceil(max(instances, (instances + spread) / part))

    def count(
        self,
        branch: str,
        commit: Commit,
        *,
        again: Verdict | None = None,
        counted_as: str = "",
        limited: bool = False,
    ) -> None:
        """Count a verdict on a candidate of `branch`.

        `again` is "surplus" if a candidate is judged again for a larger target, and "rejected" if a
        refusal is taken back. A candidate counts once, under its last verdict.
        `counted_as` is how it was counted before: the reason of the refusal, or where the label
        flow of the surplus ended. A refusal that is `limited` would have been a row of its quota,
        and counts as one for what is given up.
        """
        flow, verdict = self.flows[branch], commit.verdict
        self._worth.clear()
        if again == "surplus":
            flow.surplus -= Counter({counted_as: 1})
        elif again == "rejected":
            flow.rejected -= Counter(filter=1)
            flow.reasons -= Counter({counted_as: 1})
        for name in self._may_give[branch]:
            self._judged[name] += again is None
            self._since_gain[name] += 1
        if verdict == "accepted":
            flow.accepted[commit.ending or ""] += 1
            flow.unsure += bool(commit.reason)
            counted = self.gain(branch, commit.quota, commit.rows)
            self._since_gain[counted] = 0
            self._gained[counted] += 1
            if self.is_full(counted):
                self._find_open()
        elif verdict == "surplus":
            flow.surplus[commit.ending or ""] += 1
        elif verdict == "duplicate":
            flow.duplicate += 1
        else:
            flow.rejected[commit.stage] += 1
            flow.reasons[commit.reason] += 1
            flow.illegal += commit.stage == "correct" and commit.reason == ILLEGAL
            if limited:
                self._since_gain[self.counted(branch, commit.quota)] = 0

    def give_up(self, branch: str, after: int) -> list[str]:
        """Give up labels of a branch whose last row is too long ago; those that were given up."""
        late = [
            name
            for name in self._may_give[branch]
            if self._since_gain[name] >= after and self.wants(name)
        ]
        if late:
            self.given_up.update(late)
            self._find_open()
            self._worth.clear()
        return late

    @property
    def short(self) -> list[str]:
        """Return the labels that lack rows, as they are counted."""
        return [name for name in self._whole if not self.is_full(name)]

    def shortfall(self) -> QuotaNotMet | None:
        """The error that says which labels fell short, or None."""
        if not self.short:
            return None
        lacks = []
        for name in self.short:
            have, requested = self.progress(name)
            lacks.append(f"label {name} has {have} of {requested} rows")
        error = QuotaNotMet("; ".join(lacks), hint="rejects.jsonl lists what was rejected and why")
        error.lacking = sum(map(self.needed, self.short))
        error.requested = sum(self._requested.values())
        return error

    def as_dict(self) -> dict[str, Any]:
        """The report's form."""
        return {
            "rows": self.have,
            "requested": self.requested,
            **({"parts": self.by_part()} if self._part else {}),
            "met": self.met and not any(self._awaited.values()),
            "given_up": sorted(self.given_up),
            "flow": {name: flow.as_dict() for name, flow in self.flows.items()},
            "dropped_list_items": [
                {"step": step, "reason": reason, "count": count}
                for (step, reason), count in sorted(self.dropped.items())
            ],
        }

    def by_part(self) -> dict[str, dict[str, int]]:
        """Return the rows that there are and that are requested, by part."""
        return {
            part: {
                key: sum(rows[_counted(name, part)] for name in self._labels)
                for key, rows in (("rows", self._have), ("requested", self._requested))
            }
            for part in self._shares
        }


def _counted(name: str, part: str) -> str:
    return f"{name} ({part})" if part else name
