"""Choose the rows to review, and their raters: shares by size, teams, equal shares.

The paper (appendix H) reviewed a share of each dataset that falls with its size, in three teams of
two. Each team had an equal share of each dataset, and both its members graded the same rows.

Hashes of a row's id and the seed decide every draw, so the same rows give the same plan on every
machine. A dataset that grew keeps nearly all of its sample in a new plan.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from targen_core.errors import UsageError
from targen_review.ids import Ids

_BY_SIZE = ((599, 0.8), (1_000, 0.4), (3_000, 0.2))
_ABOVE = 0.1
# Table 14 has ReCoRD among the largest, where its generated rows, 1,778, would be under 20%.
_BY_TASK = {"record": 0.1}


@dataclass(frozen=True, slots=True)
class Drawable:
    """A row that may be drawn.

    Attributes:
        id: of the row.
        label: whose share of the sample it is of.
        group: what it shares with the rows that must stay with it, such as a seed; "" for a row
            without others.
    """

    id: str
    label: str = ""
    group: str = ""

    @property
    def together(self) -> str:
        """Return the unit of the random draw: the group, or the id of a row without one."""
        return self.group or self.id


def paper_share(size: int, task: str = "") -> float:
    """The share of a dataset of `size` rows that the paper reviewed (appendix H, table 14)."""
    if task in _BY_TASK:
        return _BY_TASK[task]
    return next((share for end, share in _BY_SIZE if size <= end), _ABOVE)


def sample_size(rule: str, size: int, task: str = "") -> int:
    """Return how many rows of a dataset a rule covers, at least one if it has any.

    Shares are rounded to the nearest row. With the sizes in the paper's table 2, that makes the
    totals of its table 16 for BoolQ, CB, COPA, RTE and WSC. It makes one row more or less for AX-g
    (227 where 226 are printed), ReCoRD (178, 177) and WiC (484, 485). No rounding of whole datasets
    makes all eight: 226 is under 227.2 rounded down, and 485 is over 484.3 rounded to the nearest.

    Args:
        rule: "paper", "all", a share such as "0.2" or "20%", or a number of rows such as "200".
        size: how many rows there are.
        task: the task's name, for "paper".

    Raises:
        UsageError: it is not one of these.
    """
    if rule == "all":
        return size
    if rule == "paper":
        return min(size, max(1, _nearest(size * paper_share(size, task))))
    if re.fullmatch(r"[0-9]{1,9}", rule):
        if number := int(rule):
            return min(number, size)
    elif matched := re.fullmatch(r"([0-9]{0,3}\.?[0-9]{1,9})(%?)", rule):
        share = float(matched[1]) / (100 if matched[2] else 1)
        if 0 < share <= 1:
            return min(size, max(1, _nearest(size * share)))
    raise UsageError(
        f"--sample {rule} does not select rows",
        hint="use paper, a share such as 0.2 or 20%, a number of rows such as 200, or all",
    )


def drawn(rows: Sequence[Drawable], number: int, *, seed: int) -> list[Drawable]:
    """`number` of the rows, by label as all of them are, in an order that chance made.

    Each label has its share of the sample, so that a small sample has the labels in the proportions
    of the dataset. The largest remainders are rounded up, so that the sum is right. Rows of a group
    are drawn and ordered as one, groups by the labels that they have. Where no whole group fits any
    more, the last of the sample is a part of one.
    """
    strata: defaultdict[tuple[str, ...], list[list[Drawable]]] = defaultdict(list)
    for group in _grouped(rows):
        strata[tuple(sorted(row.label for row in group))].append(group)
    for of in strata.values():
        of.sort(key=lambda group: _chance(seed, "draw", group[0].together))
    number = min(number, len(rows))
    exact = {labels: number * len(of) / len(rows) for labels, of in strata.items()}  # groups
    take = {labels: int(share) for labels, share in exact.items()}
    left = number - sum(len(labels) * count for labels, count in take.items())
    by_remainder = sorted(strata, key=lambda labels: (take[labels] - exact[labels], labels))
    for labels in by_remainder:
        if len(labels) <= left and take[labels] < len(strata[labels]):
            take[labels] += 1
            left -= len(labels)
    sample = [row for labels, of in strata.items() for group in of[: take[labels]] for row in group]
    rest = (group for labels in by_remainder for group in strata[labels][take[labels] :])
    sample += islice((row for group in rest for row in group), left)
    return sorted(sample, key=lambda row: _place(seed, "order", row))


def _grouped(rows: Iterable[Drawable]) -> list[list[Drawable]]:
    """Rows with those of their group, in the order of the first of each."""
    groups: list[list[Drawable]] = []
    known: dict[str, list[Drawable]] = {}
    for row in rows:
        group = known.get(row.group) if row.group else None
        if group is not None:
            group.append(row)
            continue
        groups.append([row])
        if row.group:
            known[row.group] = groups[-1]
    return groups


def _by_group(rows: Sequence[Drawable]) -> Iterable[Drawable]:
    """The rows in order, those of a group behind its first."""
    if not any(row.group for row in rows):
        return rows
    return (row for group in _grouped(rows) for row in group)


def teams_of(raters: Sequence[str], teams: Sequence[tuple[str, ...]] = ()) -> list[tuple[str, ...]]:
    """The teams: those that are given, else twos in the order of the raters.

    An odd rater joins the last two, as three; a single rater is a team of one.

    Args:
        raters: their names; with `teams`, none or the same.
        teams: who grades the same rows.

    Raises:
        UsageError: somebody is in two teams, or in none.
    """
    if not teams:
        _once(raters, "--raters")
        whole = [tuple(raters[at : at + 2]) for at in range(0, len(raters), 2)]
        if len(whole) > 1 and len(whole[-1]) == 1:
            whole[-2:] = [(*whole[-2], *whole[-1])]
        return whole
    members = [name for team in teams for name in team]
    _once(members, "--teams")
    if raters and (odd := set(raters) ^ set(members)):
        raise UsageError(
            f"--raters and --teams name different people: {', '.join(sorted(odd))}",
            hint="omit one of the two options",
        )
    return list(teams)


def _once(names: Sequence[str], option: str) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise UsageError(f"{option} names {twice[0]} twice")


def assigned(
    samples: Mapping[str, Sequence[Drawable]],
    teams: Sequence[tuple[str, ...]],
    *,
    barred: Collection[tuple[str, str]] = (),
    seed: int,
) -> dict[str, list[str]]:
    """Rater -> ids of their rows, in their order.

    Each dataset is dealt out label by label, so that every team has an equal share with the same
    labels. Teams take turns at rows that are left over. Rows of a group go to one team, and follow
    each other. The members of a team have the same rows, dataset by dataset, each in an order of
    their own.

    Args:
        samples: dataset -> its sample. An id identifies one row among all datasets.
        teams: see `teams_of`.
        barred: (rater, dataset): raters who must not grade a dataset, since they wrote its
            instructions. A team with that member does not get any of its rows.
        seed: decides the orders.

    Raises:
        UsageError: there are no rows, or no team is left for a dataset.
    """
    if not any(samples.values()):
        raise UsageError("there are no rows left to review")
    shares: dict[tuple[str, ...], list[list[Drawable]]] = {team: [] for team in teams}
    turn = 0
    for dataset, rows in samples.items():
        free = [team for team in teams if not any((name, dataset) in barred for name in team)]
        if rows and not free:
            raise UsageError(
                f"no team is left to review {dataset}: --not excludes a member of each team",
                hint="add a team, or omit a --not option",
            )
        dealt: dict[tuple[str, ...], list[Drawable]] = {team: [] for team in free}
        # Stable: chance's order within the groups of the same labels.
        for group in sorted(_grouped(rows), key=lambda group: sorted(row.label for row in group)):
            in_turn = free[turn % len(free) :] + free[: turn % len(free)]
            dealt[min(in_turn, key=lambda team: len(dealt[team]))] += group
            turn += 1
        for team, ids in dealt.items():
            shares[team].append(ids)
    return {
        name: [
            row.id
            for mine in shares[team]
            for row in sorted(mine, key=lambda row: _place(seed, f"order of {name}", row))
        ]
        for team in teams
        for name in team
    }


def assign(
    groups: Mapping[str, Sequence[Drawable]],
    *,
    sample: str = "all",
    raters: Sequence[str] = (),
    teams: Sequence[tuple[str, ...]] = (),
    exclusions: Collection[tuple[str, str]] = (),
    seed: int = 0,
    shuffled: bool = False,
) -> dict[str, Ids]:
    """The rows of each rater, in the order in which they see them.

    Args:
        groups: the rows of each task, sampled apart.
        sample: the rule, see `sample_size`.
        raters: who reviews; empty: anyone, under the key "", in the order of the rows.
        teams: who reviews the same rows; empty: see `teams_of`.
        exclusions: (rater, group): see `assigned`.
        seed: decides which rows are taken, by whom, and in which order.
        shuffled: whether a rater also sees the rows in a random order. The data's own order has
            labels in turns, which would reveal them to a rater of a blind review.

    Raises:
        UsageError: the rule is invalid, there are no rows, or a group has no rater.
    """
    if not raters and not shuffled and sample == "all":
        return {"": Ids(row.id for rows in groups.values() for row in _by_group(rows))}
    samples = {
        name: drawn(rows, sample_size(sample, len(rows), name), seed=seed)
        for name, rows in groups.items()
    }
    if not raters and shuffled:
        return {"": Ids(row.id for rows in samples.values() for row in rows)}
    if not raters:
        taken = {row.id for rows in samples.values() for row in rows}
        there = ([row for row in rows if row.id in taken] for rows in groups.values())
        return {"": Ids(row.id for rows in there for row in _by_group(rows))}
    lists = assigned(samples, teams or teams_of(raters), barred=exclusions, seed=seed)
    return {name: Ids(lists[name]) for name in raters}


def check_sample(rule: str) -> str:
    """Return the rule, if it is valid.

    Raises:
        UsageError: see `sample_size`.
    """
    sample_size(rule, 1)
    return rule


def _nearest(number: float) -> int:
    # A tenth of 1,005 must be the same on every machine, halves upwards.
    return int(number + 0.5 + 1e-9)


def _place(seed: int, purpose: str, row: Drawable) -> tuple[bytes, bytes]:
    """Where chance puts a row: with its group, and within it."""
    return _chance(seed, purpose, row.together), _chance(seed, purpose, row.id)


def _chance(seed: int, purpose: str, row: str) -> bytes:
    text = f"{seed}/{purpose}/{row}".encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=8).digest()
