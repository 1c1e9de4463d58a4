"""Quotas: how many rows of each label a run wants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, TypeVar

from pydantic import Field
from pydantic_core import CoreSchema, core_schema

from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.options import MAX_COUNT
from targen_core.tasks.model import Task
from targen_core.tasks.parts import unwrapped
from targen_core.text import plural

KeyT = TypeVar("KeyT")


def in_shares(total: int, weights: Mapping[KeyT, int | Fraction]) -> dict[KeyT, int]:
    """Divide a whole number in the proportions of weights; the largest remainders get more."""
    whole = sum(weights.values())
    exact = {key: divmod(total * weight, whole) for key, weight in weights.items()}
    given = {key: int(count) for key, (count, _) in exact.items()}
    ranked = sorted(exact, key=lambda key: -exact[key][1])
    for key in ranked[: total - sum(given.values())]:
        given[key] += 1
    return given


class Quotas(Mapping[str, int]):
    """Rows by label name ("any" for open labels), validated and immutable.

    It can be a field of a pydantic model, which reads any mapping of names to numbers.

    Raises:
        UsageError: an invalid number.
    """

    __slots__ = ("_rows",)

    def __init__(self, rows: Mapping[str, int]) -> None:
        rows = {unwrapped(name): count for name, count in rows.items()}
        for name, count in rows.items():
            if count < 0:
                raise UsageError(
                    f"label {name} has a quota of {count}; it must not be negative",
                    hint=f"--label {name}=20",
                )
            if count > MAX_COUNT:
                raise UsageError(
                    f"label {name} has a quota above the maximum of {MAX_COUNT:,} rows"
                )
        self._rows = rows

    @classmethod
    def even(cls, rows: int, task: Task[Any, Any]) -> Quotas:
        """`rows` divided evenly among the labels of `task`, in units; the first ones get the rest.

        Raises:
            UsageError: `rows` is not positive, or not a multiple of the task's unit.
        """
        names, unit = task.quota_names, task.rows_per_instance
        if rows <= 0:
            raise UsageError(
                f"-n is {rows}; it must be at least {unit}",
                hint=f"-n {100 * unit}",
            )
        _check_unit("-n", rows, unit)
        each, rest = divmod(rows // unit, len(names))
        return cls({name: (each + (index < rest)) * unit for index, name in enumerate(names)})

    @classmethod
    def preset(cls, name: str, task: Task[Any, Any]) -> Quotas:
        """The counts of a preset of `task`.

        Raises:
            UsageError: it has no preset of that name.
        """
        if name not in task.rows.presets:
            raise UsageError(
                f"task {task.name} has no "
                + (f"preset {name!r}" if task.rows.presets else "presets"),
                hint=did_you_mean(name, task.rows.presets, "presets") or "-n 100",
            )
        return cls(task.rows.presets[name])

    @classmethod
    def shared(cls, rows: int, counts: Mapping[str, int], task: Task[Any, Any]) -> Quotas:
        """`rows` in the proportions of `counts`, in whole units; the largest remainders get more.

        Raises:
            UsageError: `rows` is not positive, or not a multiple of the task's unit.
        """
        unit = task.rows_per_instance
        units = cls.even(rows, task).total // unit
        given = in_shares(units, {name: counts.get(name, 0) for name in task.quota_names})
        return cls({name: count * unit for name, count in given.items()})

    @classmethod
    def like(cls, rows: int, before: Mapping[str, int], task: Task[Any, Any]) -> Quotas:
        """`rows` in a run's label shares; evenly if its labels have equal numbers.

        Raises:
            UsageError: `rows` is not positive, or not a multiple of the task's unit.
        """
        even, whole = cls.even(rows, task), sum(before.values())
        if not whole or dict(cls.even(whole, task)) == dict(before):
            return even
        return cls.shared(rows, before, task)

    @classmethod
    def extended(
        cls, rows: int, targets: Sequence[Mapping[str, int]], task: Task[Any, Any]
    ) -> Quotas:
        """`rows` for a run with these targets so far: in the shares that its labels last got.

        Those are the shares of an earlier target if later ones only kept them. Otherwise, what
        each extension rounds off would add up. No label gets fewer rows than in the last target.

        Raises:
            UsageError: `rows` is not positive, or not a multiple of the task's unit.
        """
        said = last = targets[0]
        for target in targets[1:]:
            if dict(cls._grown(sum(target.values()), said, last, task)) != dict(target):
                said = target
            last = target
        return cls._grown(rows, said, last, task)

    @classmethod
    def _grown(
        cls, rows: int, said: Mapping[str, int], last: Mapping[str, int], task: Task[Any, Any]
    ) -> Quotas:
        given = dict(cls.like(rows, said, task))
        if rows < sum(last.values()):  # which is refused later
            return cls(given)
        lacking = sum(last[name] - count for name, count in given.items() if count < last[name])
        for name in sorted(given, key=lambda name: last[name] - given[name]):
            less = min(lacking, max(0, given[name] - last[name]))
            given[name] = max(given[name], last[name]) - less
            lacking -= less
        return cls(given)

    @property
    def total(self) -> int:
        """Rows of all labels together."""
        return sum(self._rows.values())

    def over(self, names: Sequence[str]) -> Quotas:
        """The quotas of these labels only, in their order; 0 for missing ones."""
        return Quotas({name: self._rows.get(name, 0) for name in names})

    def named(self, task: Task[Any, Any]) -> Quotas:
        """The same quotas, under the names that `task` has for the labels.

        Raises:
            UsageError: a label is unknown or given twice.
        """
        names = task.quota_names
        found: dict[str, int] = {}
        for given, rows in self.items():
            name = task.label_named(given)
            if name not in names:
                raise UsageError(
                    f"task {task.name} has no label {name!r}",
                    hint=did_you_mean(name, names, "its labels are"),
                )
            if name in found:
                raise UsageError(f"label {name} has two row counts", hint="give it only one")
            found[name] = rows
        return Quotas(found)

    def for_task(self, task: Task[Any, Any]) -> Quotas:
        """The quotas of all labels of `task`, in their order.

        Raises:
            UsageError: a label is unknown or given twice, a unit is split, or there are no rows.
        """
        names, found = task.quota_names, self.named(task)
        for name, rows in found.items():
            _check_unit(f"label {name}", rows, task.rows_per_instance)
        if not self.total:
            raise UsageError(
                "all quotas are 0, so no rows would be generated",
                hint=f"--label {names[0]}={40 * task.rows_per_instance}",
            )
        return found.over(names)

    def __getitem__(self, name: str) -> int:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"Quotas({self._rows})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        """From any mapping of names to numbers, and back to a dict."""
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.dict_schema(core_schema.str_schema(), core_schema.int_schema()),
            serialization=core_schema.plain_serializer_function_ser_schema(dict),
        )


def _check_unit(what: str, rows: int, unit: int) -> None:
    if rows % unit:
        below = rows // unit * unit
        near = f"{below} or {below + unit}" if below else str(unit)
        raise UsageError(
            what + f": {plural(rows, 'row')}, but this task's rows come in groups of {unit}",
            hint=f"use {near}",
        )


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
