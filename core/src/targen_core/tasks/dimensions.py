"""Dimensions: traits in which the items of a list, or the rows, of a run differ.

A model asked the same thing again says much the same again. So code draws something for each item
and each row to keep to: a length, a register, a kind of place, a word. A draw depends only on the
run's seed, the dimension's name and the place in the run. So a run draws the same in any order, at
any size and however often it is resumed.

It is balanced as a Latin square is. Along each of the indices that make up a place, a block of as
many neighbours as there are values has each value once. The next blocks use the same order,
shifted, so that over as many blocks each place of a block also has each value once. So a regular
turn along an index, such as that of labels, does not reveal the value. Then another order is drawn.
The contributions of the indices are added up.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files

from targen_core.tasks.parts import Keywords

VOCABULARIES = {
    "fields": "subject areas, such as beekeeping and public transport",
    "personas": "people, by occupation or experience",
    "places": "kinds of places, indoors and outdoors",
    "words": "common concrete nouns and verbs",
}
"""Vocabularies with their contents."""


@cache
def vocabulary(name: str) -> tuple[str, ...]:
    """A list that comes with targen: "words", "fields", "personas" or "places"; its lines, sorted.

    Raises:
        ValueError: the list is unknown.
    """
    if name not in VOCABULARIES:
        raise ValueError(
            f"there is no vocabulary {name!r}; the vocabularies are {', '.join(VOCABULARIES)}"
        )
    path = files("targen_core") / "vocabularies" / f"{name}.txt"
    return tuple(path.read_text(encoding="utf-8").splitlines())


def meant(
    values: Sequence[str] | Mapping[str, int] | str,
) -> Sequence[str] | Mapping[str, int]:
    """Return the vocabulary that a text such as `@words` refers to; return other values unchanged.

    Raises:
        ValueError: the list is unknown.
    """
    return vocabulary(values[1:]) if isinstance(values, str) else values


MAX_POOL = 100_000
"""Values that a dimension may have, those of weight 2 counted twice."""

_JOINERS = re.compile("[\u200c\u200d]")  # Persian words and emoji need them
_NAME = re.compile(r"[^\W\d_](?:[\w -]*\w)?")
_RESERVED = ("dimensions", "draws", "idx", "label")

_ONE = "Keep to this:"
_SEVERAL = "Keep to these lines, one for each item, in order:"


@dataclass(frozen=True, slots=True)
class Late:
    """A branch on the seed of another one, which is full.

    The seeds of all branches in turn share a place. So on others' seeds a branch moves on within
    the block, or its neighbouring rows would draw the same.

    Attributes:
        depth: the index of the place that the seeds share.
        by: how many seeds after its own, or before it if below 0.
        of: how many seeds share the place.
    """

    depth: int
    by: int
    of: int

    def steps(self, size: int) -> int:
        """Return how far it moves on in a block of `size`, which is larger than `of`.

        No two seeds of a place meet there, and no seed meets one of the next place. In a block at
        least twice as large, the seeds of a place spread evenly.
        """
        return self.by * (size // self.of if size >= 2 * self.of else -1)

    def moved(self, path: Sequence[int], size: int) -> Sequence[int]:
        """Return the place where it draws from a block of `size`."""
        block, offset = divmod(path[self.depth], size)
        index = block * size + (offset + self.steps(size)) % size
        return (*path[: self.depth], index, *path[self.depth + 1 :])


@dataclass(frozen=True, kw_only=True)
class Dimension(Keywords):
    """A trait in which a run's rows, or the items of a list, vary.

    Attributes:
        name: the dimension's name in `--dimension NAME=a,b`, prompts, provenance and reports.
        values: the values to draw from, such as `vocabulary("words")`. A mapping gives each value
            an integer weight.
        in_prompt: whether prompts contain the drawn value. If not, only the step's code reads it
            from `llm.draws`, for example to select a prompt.
        summary: a one-line summary for people.
        by_branch: for rows, whether each branch of a seed has its own draw. The branch is then an
            additional index of the place. With k values, each branch gets every value once in k
            seeds, so a value still does not reveal a label.
    """

    name: str
    values: Sequence[str] | Mapping[str, int]
    in_prompt: bool = True
    summary: str = ""
    by_branch: bool = False

    def __post_init__(self) -> None:
        """Refuse a dimension without values to draw from."""
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise ValueError(
                f"a dimension cannot be called {self.name!r}: start with a letter, then use "
                "letters, digits, spaces, _ and -"
            )
        if self.name.casefold() in _RESERVED:
            raise ValueError(
                f"a dimension cannot be called {self.name!r}: rows already have this key"
            )
        for problem in self._problems():
            raise ValueError(f"dimension {self.name!r}: {problem}")

    def _problems(self) -> Iterator[str]:
        values = self.values
        if isinstance(values, str) or not isinstance(values, Sequence | Mapping):
            yield (
                f"values are {repr(values)[:80]}; pass a tuple of strings, or a mapping of strings "
                "to weights"
            )
            return
        if not values:
            yield "it has no values"
        seen: set[str] = set()
        for value in values:
            if not isinstance(value, str) or not value.strip() or value != value.strip():
                yield (
                    f"{value!r} is not a valid value: it must be text without leading or trailing "
                    "spaces"
                )
            elif not _JOINERS.sub("", value).isprintable():
                yield f"{value!r} is not a valid value: it must be a single line of text"
            elif value in seen:
                yield f"{value!r} is listed twice; to make it twice as likely, set its weight to 2"
            seen.add(value)
        if isinstance(values, Mapping):
            for value, weight in values.items():
                if type(weight) is not int or weight < 1:
                    yield (
                        f"the weight of {value!r} is {weight!r}; it must be a whole number, 1 or "
                        "more"
                    )
                    return
        if len(values) > MAX_POOL or sum(self._weights.values()) > MAX_POOL:
            yield (
                f"it has more than {MAX_POOL:,} values, or its weights add up to more than "
                f"{MAX_POOL:,}"
            )

    @property
    def _weights(self) -> dict[str, int]:
        """Each value's weight, without a common divisor."""
        if not isinstance(self.values, Mapping):
            return dict.fromkeys(self.values, 1)
        common = math.gcd(*self.values.values())
        return {value: weight // common for value, weight in self.values.items()}

    @cached_property
    def pool(self) -> tuple[str, ...]:
        """The values, each repeated according to its weight."""
        return tuple(value for value, weight in self._weights.items() for _ in range(weight))

    def at(self, seed: int, path: Sequence[int]) -> str:
        """The value that a run with `seed` draws at `path`, the indices from the top."""
        pool = self.pool
        size = len(pool)
        if size == 1:
            return pool[0]
        total = 0
        for depth, index in enumerate(path):
            block, offset = divmod(index, size)
            turn, shift = divmod(block, size)
            order, shifts = _orders(seed, self.name, depth, turn, size)
            total += order[offset] + shifts[shift]
        return pool[total % size]


def seeded_rng(*parts: object) -> random.Random:
    """A generator seeded from `parts`: the same on every machine and Python."""
    text = "\n".join(map(str, parts))
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


@lru_cache(maxsize=256)
def _orders(seed: int, name: str, depth: int, turn: int, size: int) -> Sequence[Sequence[int]]:
    """The orders of the numbers below `size` in one turn: of indices in a block, and of shifts."""
    orders = []
    for part in (name, f"{name}/shift"):
        rng = seeded_rng(seed, part, depth, turn)
        # The one method that gives the same on every Python.
        keys = [rng.random() for _ in range(size)]
        orders.append(array("L", sorted(range(size), key=keys.__getitem__)))
    return orders


def draw(
    dimensions: Iterable[Dimension],
    seed: int,
    path: Sequence[int],
    branch: int = 0,
    late: Late | None = None,
) -> dict[str, str]:
    """Return the draws of a run of `seed` at the place `path` for a branch, by its number."""
    drawn = {}
    for each in dimensions:
        place = path if late is None else late.moved(path, len(each.pool))
        if value := each.at(seed, (*place, branch) if each.by_branch else place):
            drawn[each.name] = value
    return drawn


def draws_from(
    dimensions: Sequence[Dimension],
    seed: int,
    path: Sequence[int],
    first: int,
    count: int,
    branch: int = 0,
    late: Late | None = None,
) -> tuple[Mapping[str, str], ...]:
    """The draws of `count` places below `path`, from index `first` on; empty without dimensions."""
    if not dimensions:
        return ({},) * count
    return tuple(
        draw(dimensions, seed, (*path, first + more), branch, late) for more in range(count)
    )


def draws_text(draws: Sequence[Mapping[str, str]], dimensions: Iterable[Dimension]) -> str:
    """Return a prompt's text on draws: a line, or a numbered line for each; "" without draws."""
    names = [dimension.name for dimension in dimensions if dimension.in_prompt]
    lines = [
        "; ".join(f"{name.replace('_', ' ')}: {each[name]}" for name in names if name in each)
        for each in draws
    ]
    if not any(lines):
        return ""
    if len(lines) == 1:
        return f"{_ONE}\n{lines[0]}"
    return "\n".join([_SEVERAL, *(f"{number}. {line}" for number, line in enumerate(lines, 1))])


def repeated(dimensions: Iterable[Dimension]) -> str | None:
    """The first name that two of them have, however it is written; None if all differ."""
    seen: set[str] = set()
    for dimension in dimensions:
        name = dimension.name.casefold()
        if name in seen:
            return dimension.name
        seen.add(name)
    return None


def digest_of(dimension: Dimension) -> str:
    """Twelve hex digits that change with anything that decides its draws."""
    own = ["by branch"] if dimension.by_branch else []
    text = "\n".join([str(dimension.in_prompt), *own, *dimension.pool])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
