"""Which rows are reviewed, and who reviews which."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from targen_core.errors import UsageError

__all__ = ["assign", "check_sample"]

_PAPER = ((600, 0.8), (1000, 0.4), (3000, 0.2))
"""Rows of a dataset below which the paper took such a share of them; of more, a tenth."""


def check_sample(rule: str) -> str:
    """The rule by which rows are taken: `all`, `paper`, a share such as 0.2, or a number.

    Raises:
        UsageError: it is none of these.
    """
    _size(rule, 1)
    return rule


def assign(
    groups: Mapping[str, Sequence[str]],
    *,
    sample: str = "all",
    raters: Sequence[str] = (),
    teams: Sequence[Sequence[str]] = (),
    exclusions: Sequence[tuple[str, str]] = (),
    seed: int = 0,
) -> dict[str, tuple[str, ...]]:
    """The rows of each rater, in the order in which they see them.

    Args:
        groups: the ids of the rows of each dataset or task, sampled apart.
        sample: the rule, see `check_sample`.
        raters: who reviews; empty: anyone, under the key "".
        teams: who reviews the same rows; each team gets an equal share of each group.
        exclusions: (rater, group): who must not see which.
        seed: decides which rows are taken.

    Raises:
        UsageError: the rule is none.
    """
    rng = random.Random(seed)
    taken: dict[str, list[str]] = {}
    for name, ids in groups.items():
        size = _size(sample, len(ids))
        taken[name] = [ids[at] for at in sorted(rng.sample(range(len(ids)), min(size, len(ids))))]
    return {
        rater: tuple(
            row for name, ids in taken.items() if (rater, name) not in exclusions for row in ids
        )
        for rater in (raters or ("",))
    }


def _size(rule: str, rows: int) -> int:
    if rule == "all":
        return rows
    if rule == "paper":
        share = next((share for below, share in _PAPER if rows < below), 0.1)
        return round(share * rows)
    try:
        if "." in rule and 0 < float(rule) <= 1:
            return max(1, round(float(rule) * rows))
        if int(rule) > 0:
            return int(rule)
    except ValueError:
        pass
    raise UsageError(
        f"sample {rule!r} is no rule", hint="--sample paper, 0.2 (a share), 200 (rows) or all"
    )
