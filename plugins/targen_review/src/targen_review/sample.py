"""Choose the rows to review, and their raters: shares by size, teams, equal shares.

The paper (appendix H) reviewed a share of each dataset that falls with its size, in three teams of
two. Each team had an equal share of each dataset, and both its members graded the same rows.

Hashes of a row's id and the seed decide every draw, so the same rows give the same plan on every
machine.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from targen_core.errors import UsageError

_BY_SIZE = ((599, 0.8), (1_000, 0.4), (3_000, 0.2))
_ABOVE = 0.1


class Drawable(NamedTuple):
    """A row that may be drawn, by its id and label."""

    id: str
    label: str = ""


def sample_size(rule: str, size: int, task: str = "") -> int:
    """Return how many rows of a dataset a rule covers, at least one if it has any.

    Shares are rounded to the nearest row, halves up. With the sizes in the paper's table 2, that
    makes the totals of its table 16, except for single rows of AX-g, ReCoRD and WiC.

    Args:
        rule: "paper" (appendix H, table 14), "all", a share such as "0.2" or "20%", or a number of
            rows such as "200".
        size: how many rows there are.
        task: the task's name, for "paper".

    Raises:
        UsageError: it is not one of these.
    """
    if rule == "all":
        return size
    if re.fullmatch(r"[1-9][0-9]{0,8}", rule):
        return min(int(rule), size)
    if rule == "paper":
        # Table 14 lists ReCoRD among the largest, though its generated rows would get 20%.
        by_size = next((share for end, share in _BY_SIZE if size <= end), _ABOVE)
        share = _ABOVE if task == "record" else by_size
    elif matched := re.fullmatch(r"([0-9]{0,3}\.?[0-9]{1,9})(%?)", rule):
        share = float(matched[1]) / (100 if matched[2] else 1)
    else:
        share = 0.0
    if 0 < share <= 1:
        # The small number keeps a tenth of 1,005 the same on every machine.
        return min(size, max(1, int(size * share + 0.5 + 1e-9)))
    raise UsageError(
        f"--sample {rule} does not select rows",
        hint="use paper, a share such as 0.2 or 20%, a number of rows such as 200, or all",
    )


def drawn(rows: Sequence[Drawable], number: int, *, seed: int) -> list[Drawable]:
    """Return `number` of the rows in random order, with the label distribution of all of them.

    The largest remainders are rounded up, so that the sum is right.
    """
    strata: defaultdict[str, list[Drawable]] = defaultdict(list)
    for row in rows:
        strata[row.label].append(row)
    number = min(number, len(rows))
    exact = {label: number * len(of) / len(rows) for label, of in strata.items()}
    take = {label: int(share) for label, share in exact.items()}
    by_remainder = sorted(strata, key=lambda label: (take[label] - exact[label], label))
    for label in by_remainder[: number - sum(take.values())]:
        take[label] += 1
    sample = []
    for label, of in strata.items():
        sample += sorted(of, key=lambda row: _chance(seed, "draw", row))[: take[label]]
    return sorted(sample, key=lambda row: _chance(seed, "order", row))


def teams_of(raters: Sequence[str], teams: Sequence[tuple[str, ...]] = ()) -> list[tuple[str, ...]]:
    """Return the given teams, else twos in the order of the raters.

    An odd rater joins the last two, as three; a single rater is a team of one.

    Raises:
        UsageError: somebody is in two teams, or in none.
    """
    members = [name for team in teams for name in team]
    for option, names in (("--raters", raters), ("--teams", members)):
        for name, times in Counter(names).items():
            if times > 1:
                raise UsageError(f"{option} names {name} twice")
    if teams and raters and (odd := set(raters) ^ set(members)):
        raise UsageError(
            f"--raters and --teams name different people: {', '.join(sorted(odd))}",
            hint="omit one of the two options",
        )
    if teams:
        return list(teams)
    whole = [tuple(raters[at : at + 2]) for at in range(0, len(raters), 2)]
    if len(whole) > 1 and len(whole[-1]) == 1:
        whole[-2:] = [(*whole[-2], *whole[-1])]
    return whole


def assign(
    rows: Sequence[Drawable],
    size: int,
    *,
    teams: Sequence[tuple[str, ...]] = (),
    seed: int = 0,
    shuffled: bool = False,
) -> dict[str, tuple[str, ...]]:
    """Return by rater the ids of their rows, in the order in which they see them.

    Rows are dealt out label by label, so that every team has an equal share with the same labels.
    The members of a team have the same rows, each in an order of their own.

    Args:
        rows: all of a dataset.
        size: how many are reviewed.
        teams: who reviews the same rows; empty: anyone, under the key "".
        seed: decides which rows are taken, by whom, and in which order.
        shuffled: whether rows for anyone are also in a random order. The data's own order has
            labels in turns, which would reveal them to a rater of a blind review.
    """
    sample = drawn(rows, size, seed=seed)
    if not teams:
        taken = {row.id for row in sample}
        kept = sample if shuffled else [row for row in rows if row.id in taken]
        return {"": tuple(row.id for row in kept)}
    lists: dict[str, tuple[str, ...]] = {}
    by_label = sorted(sample, key=lambda row: row.label)  # stable: random within a label
    for turn, team in enumerate(teams):
        share = by_label[turn :: len(teams)]
        for name in team:
            mine = sorted(share, key=lambda row: _chance(seed, f"order of {name}", row))
            lists[name] = tuple(row.id for row in mine)
    return lists


def _chance(seed: int, purpose: str, row: Drawable) -> bytes:
    text = f"{seed}/{purpose}/{row.id}".encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=8).digest()
