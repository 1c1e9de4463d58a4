"""Counts of rows that have each name, and the sets of names that meet them.

A run fills quotas of sets, and what step 4 finds decides the set that a row counts as. So if the
quotas of the sets add up to a user's counts per name, those counts are exact as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.text import plural
from targen_outputs.sets import JOINED, NONE, label_for, meaning, members_of, sets_of

COUNTS = "counts"
"""The preset whose rows have these counts."""

_MOST_ROWS = 100_000


class InSets(BaseModel):
    """Keys of an output whose rows are counted by sets of names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    without: ClassVar[str]  # defines a row without names

    counts: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default={},
        description="name → number of rows that contain it, alone or with others; `none` → number "
        "of rows without any. `--preset counts` generates exactly these",
    )
    rows: Annotated[int, Field(ge=0, le=_MOST_ROWS)] = Field(
        default=0, description="total number of rows; required if `counts` is set"
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of the file."""
        raise NotImplementedError

    @property
    def sizes(self) -> tuple[int, int]:
        """Fewest and most names of a row."""
        raise NotImplementedError

    @property
    def definitions(self) -> Mapping[str, str]:
        """The definition of each name."""
        raise NotImplementedError

    @property
    def planned_sizes(self) -> tuple[int, int]:
        """Fewest and most names of the sets that a plan has by default."""
        return self.sizes

    @property
    def sets(self) -> Mapping[str, tuple[str, ...]]:
        """The sets that a plan has by default: label → its names."""
        if not self.counts:
            return sets_of(self.names, self.planned_sizes)
        none = {NONE: ()} if self.counts.get(NONE) else {}
        return {JOINED.join(members): members for members in self._planned()} | none

    @property
    def presets(self) -> Mapping[str, Mapping[str, int]]:
        """The counts as rows of each set."""
        if not self.counts:
            return {}
        planned = {JOINED.join(members): rows for members, rows in self._planned().items()}
        return {COUNTS: planned | ({NONE: none} if (none := self.counts.get(NONE)) else {})}

    def _planned(self) -> Mapping[tuple[str, ...], int]:
        wanted = tuple((name, self.counts[name]) for name in self.names)
        return _rows_of_sets(wanted, self.rows - self.counts.get(NONE, 0))

    def label_named(self, name: str) -> str:
        """Return the label of a set whose names a person gives in any order, else the name itself.

        Raises:
            UsageError: the names are known, but a row cannot have this many.
        """
        found = {*name.split(JOINED)} - {NONE}
        if not found <= {*self.names}:
            return name
        low, high = self.sizes
        if not low <= len(found) <= high:
            limit = f"at most {high}" if len(found) > high else f"only {low} or more"
            raise UsageError(
                f"{name} has {plural(len(found), 'name')}, but per_row allows {limit}",
                hint="change per_row in the task file",
            )
        return label_for(found, self.sets)

    def definition_of(self, label: str) -> str | None:
        """Return the definition of a set, planned or not; None if rows cannot have it."""
        members = members_of(label, self.names)
        low, high = self.sizes
        if not low <= len(members) <= high or label_for(members, self.sets) != label:
            return None
        return meaning(members, self.definitions) or self.without

    def planned(self) -> Mapping[str, str]:
        """Return the definition of each set that a plan has by default."""
        return {
            label: meaning(members, self.definitions) or self.without
            for label, members in self.sets.items()
        }

    @model_validator(mode="after")
    def _can_be_met(self) -> InSets:
        """Check that rows can have these counts."""
        names, none = self.names, self.counts.get(NONE, 0)
        if not self.counts:
            if self.rows:
                raise ValueError("rows: it needs counts; without them, pass -n to targen generate")
            return self
        for name in self.counts:
            if name not in (*names, NONE):
                known = did_you_mean(name, (*names, NONE), "one of")
                raise ValueError(f"counts: {name!r} is not defined; {known}")
        for name in names:
            if name not in self.counts:
                raise ValueError(f"counts: {name} is missing; for no rows, type {name}: 0")
        if not any(self.counts.values()):
            raise ValueError("counts: all are 0, so no rows would be generated")
        low, high = max(1, self.sizes[0]), min(self.sizes[1], len(names))
        if none and self.sizes[0]:
            raise ValueError(
                f"counts: {plural(none, 'row')} should contain no name, but per_row starts at "
                f"{self.sizes[0]}; use per_row: [0, {self.sizes[1]}]"
            )
        wanted = {name: self.counts[name] for name in names}
        whole, first = sum(wanted.values()), max(names, key=lambda name: wanted[name])
        fewest, most = max(wanted[first], -(-whole // high)), whole // low
        if wanted[first] <= most < fewest:
            raise ValueError(
                f"counts: they add up to {whole} names, but no number of rows with {low} to {high} "
                "names each fits; change a count, or per_row"
            )
        if fewest > most:
            raise ValueError(
                f"counts: each row has at least {low} names, so {first}: {wanted[first]} is too "
                f"high (the others add up to {whole - wanted[first]}); raise them, or lower per_row"
            )
        fits = f"rows: {fewest + none}" + (f" to {most + none}" if most > fewest else "")
        if not self.rows:
            raise ValueError(f"rows: it is missing; with these counts, type {fits}")
        if not fewest <= self.rows - none <= most:
            others = (
                f"of {self.rows} rows, {none} contain no name, and the other {self.rows - none}"
            )
            raise ValueError(
                f"counts: {others if none else plural(self.rows, 'row')} cannot contain {first} "
                f"{wanted[first]} times and {whole} names in total, with {low} to {high} per row; "
                f"type {fits}"
            )
        return self


@lru_cache(maxsize=64)  # a command reads a file several times
def _rows_of_sets(counts: tuple[tuple[str, int], ...], rows: int) -> Mapping[tuple[str, ...], int]:
    """Return rows of sets that give each name its count: the names of a set → its rows.

    Each row takes the names with the most rows left, which meets all counts if they can be met
    (Gale, 1957; Ryser, 1957). Sizes differ by one at most. Among equals, neighbours in the file go
    together, and names that were together less often.
    """
    left, place = dict(counts), {name: at for at, (name, _) in enumerate(counts)}
    size, larger = divmod(sum(left.values()), rows) if rows else (0, 0)
    together: Counter[frozenset[str]] = Counter()
    made: Counter[tuple[str, ...]] = Counter()

    def next_to(name: str, chosen: Sequence[str]) -> bool:
        apart = [abs(place[name] - place[other]) for other in chosen]
        return any(distance in (1, len(place) - 1) for distance in apart)

    for row in range(rows):
        chosen: list[str] = []
        for _ in range(size + (row < larger)):
            name = min(
                left.keys() - {*chosen},
                key=lambda name: (
                    -left[name],
                    not next_to(name, chosen),
                    sum(together[frozenset((name, other))] for other in chosen),
                    place[name],
                ),
            )
            together.update(frozenset((name, other)) for other in chosen)
            chosen.append(name)
            left[name] -= 1
        made[tuple(sorted(chosen, key=place.__getitem__))] += 1
    return dict(sorted(made.items(), key=lambda item: (len(item[0]), [*map(place.get, item[0])])))
