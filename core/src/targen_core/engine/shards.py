"""Shards: the work of one run, divided among machines that do not communicate.

All shards get the same command except for their number. Shard `number` of `count` takes every
`count`-th batch of the first list, or every `count`-th item of a given list. It also takes a part
of the quotas. Batches and items keep their places in the whole run. So no two shards make the same
call, and draws by place are balanced over all shards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from targen_core.engine.quotas import Quotas
from targen_core.errors import UsageError

MAX_SHARDS = 10_000

_Count = Annotated[int, Field(ge=1, le=MAX_SHARDS)]


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` shards, counted from 1.

    Attributes:
        number: which one it is.
        count: how many there are.
        quotas: the rows that all of them were asked for at first, by label.
    """

    number: _Count
    count: _Count
    quotas: Annotated[Mapping[str, int], Quotas]

    def __post_init__(self) -> None:
        """Refuse a shard that there is not."""
        if self.number > self.count:
            raise ValueError(f"there is no shard {self.number} of {self.count}")

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @property
    def folder(self) -> str:
        """Return the suffix of its run's name."""
        return f"-shard-{self.number}of{self.count}"

    def at(self, index: int) -> int:
        """Return the place of its item or batch of this index among those of all shards."""
        return index * self.count + self.number - 1

    def has(self, index: int) -> bool:
        """Return whether the item or batch at this place among all shards is its own."""
        return index % self.count == self.number - 1

    def of(self, total: int) -> int:
        """Return how many of `total` are its own."""
        return len(range(self.number - 1, total, self.count))


_OF_A_JOB = "--shard $SLURM_ARRAY_TASK_ID/8"


def read_shard(value: Any) -> tuple[int, int] | None:
    """Read a shard's number, from 1, and the count from "2/8" or (2, 8); None for 1/1.

    Arrays of jobs count from 1 or from 0. The shards 0 to 7 of 8 are the shards 1 to 8, and 0 is
    the last.

    Raises:
        UsageError: the shard does not exist.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*", value)
        parts = [int(part) for part in match.groups()] if match else []
    else:
        parts = list(value) if isinstance(value, tuple | list) else []
    if len(parts) != 2 or any(type(part) is not int or part < 0 for part in parts):
        raise UsageError(
            f"--shard {str(value)[:40]} does not have the form NUMBER/COUNT",
            hint=f"the second of eight shards is --shard 2/8; in a Slurm array, {_OF_A_JOB}",
        )
    number, count = parts
    if not 1 <= count <= MAX_SHARDS:
        raise UsageError(f"--shard {number}/{count}: a run can have 1 to {MAX_SHARDS:,} shards")
    if number > count:
        raise UsageError(
            f"--shard {number}/{count}: there is no shard {number} of {count}",
            hint=f"shard numbers go from 1 to {count}, or from 0 to {count - 1}",
        )
    return None if count == 1 else (number or count, count)


def share_out(rows: Mapping[str, int], unit: int, number: int, count: int) -> dict[str, int]:
    """A shard's part of `rows` by name, in whole units: those of all shards add up to them.

    Remainders go to one shard after the other, so that no two differ by more than a unit in all.
    """
    mine: dict[str, int] = {}
    turn = 0  # of the shard that gets the next unit beyond the even part
    for name, total in rows.items():
        units, rest = divmod(total, unit)
        each, more = divmod(units, count)
        place = (number - 1 - turn) % count
        mine[name] = (each + (place < more)) * unit
        if rest and place == more:  # only if the names split a unit
            mine[name] += rest
        turn = (turn + more + bool(rest)) % count
    return mine
