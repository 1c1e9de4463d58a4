"""A profile: how texts of a kind are written, as traits that are drawn for each row.

    profile:
      forms:
        about 8 words in one question: 4
        about 12 words in two sentences: 1
      traits:
        tone: [matter of fact, annoyed]
      about:
        - customers type them into a chat on a phone

A person may edit it: it is a section of a task file.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import chain
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from targen_core.tasks.dimensions import Dimension, seeded_rng

FORM = "form"
"""The dimension that draws forms."""

KIND = "kind"
"""The dimension that draws kinds of a label's texts."""

ValueT = TypeVar("ValueT")

_MOST_VALUES = 200  # of a trait: a person reads them
_MOST_SLOTS = 1_000  # weights of a trait, added up


@dataclass(frozen=True, kw_only=True)
class Trait(Dimension):
    """A dimension whose values come in their shares among any neighbours, not only in whole blocks.

    The fastest index, that of the first list, walks a circle. Each value occurs on it as often as
    its weight says, evenly spread. So as many neighbours as the weights add up to have each value
    exactly so often, and any others within two of its share. A small run therefore also follows the
    weights.

    Attributes:
        even: whether even a few rows draw from all parts of the values. Values that are listed near
            each other are then apart on the circle, and the places of the lists below begin far
            from each other. Each trait has its own such order in each run. Otherwise, these are in
            random order, and few rows may draw few values.
        unsaid: a value that says nothing, and that prompts leave out.
    """

    even: bool = False
    unsaid: str = ""

    @cached_property
    def pool(self) -> tuple[str, ...]:
        """The values around the circle."""
        return interleaved(self._weights)

    def at(self, seed: int, path: Sequence[int]) -> str:
        """See `Dimension.at`.

        Each walk around the circle has its own start, and so has each place of the lists below, in
        shuffled order. So two traits of one size are not in step. Empty for `unsaid`.
        """
        pool = self._own_pool(seed) if self.even else self.pool
        size = len(pool)
        total = 0
        for depth, index in enumerate(path):
            turn, offset = divmod(index, size)
            order_of = _spread if self.even and depth else _shuffled
            order = order_of(seed, self.name, depth, turn, size)
            total += order[offset] if depth else offset + order[0]
        value = pool[total % size]
        return "" if value == self.unsaid else value

    def _own_pool(self, seed: int) -> tuple[str, ...]:
        """The values around this trait's circle in a run of a seed."""
        if seed not in self._pools:
            values = _dealt([*self._weights], seeded_rng(seed, self.name, "circle"))
            marks = {value: rank for rank, value in enumerate(values)}
            self._pools[seed] = _around(self._weights, marks)
        return self._pools[seed]

    @cached_property
    def _pools(self) -> dict[int, tuple[str, ...]]:
        """What `_own_pool` returned, by seed."""
        return {}


@dataclass(frozen=True, kw_only=True)
class Kinds(Trait):
    """The kinds of texts that each branch has, in their shares; some branches may have none.

    Attributes:
        of: the kinds of each branch, with weights, in the order of the task's branches.
    """

    of: tuple[Mapping[str, int], ...]
    by_branch: bool = True

    tells_label = True

    @classmethod
    def drawn(cls, name: str, of: Sequence[Mapping[str, int]]) -> Kinds:
        """Return the dimension of these kinds."""
        every = tuple({kind: 1 for kinds in of for kind in kinds})
        summary = "what a row says, and how; each label has its own kinds"
        return cls(name=name, values=every, of=tuple(of), summary=summary, even=True)

    @cached_property
    def _circles(self) -> tuple[Trait | None, ...]:
        # Somebody may have set values that are for all labels.
        if {*self.values} != {kind for kinds in self.of for kind in kinds}:
            return (self._circle(self.values),) * len(self.of)
        return tuple(self._circle(mine) if mine else None for mine in self.of)

    def _circle(self, values: Sequence[str] | Mapping[str, int]) -> Trait:
        return Trait(name=self.name, values=values, even=self.even)

    @cached_property
    def pool(self) -> tuple[str, ...]:
        """The longest circle, which says how far draws of late branches move on."""
        return max((each.pool for each in self._circles if each is not None), key=len)

    def at(self, seed: int, path: Sequence[int]) -> str:
        """See `Trait.at`; the last index is the branch. Empty for a branch without kinds."""
        mine = self._circles[path[-1]]
        return "" if mine is None else mine.at(seed, path)


@lru_cache(maxsize=512)
def _shuffled(seed: int, name: str, depth: int, turn: int, size: int) -> Sequence[int]:
    """The numbers below `size` in an order that is the same on every machine."""
    rng = seeded_rng(seed, name, depth, turn, "trait")
    keys = [rng.random() for _ in range(size)]
    return sorted(range(size), key=keys.__getitem__)


@lru_cache(maxsize=512)
def _spread(seed: int, name: str, depth: int, turn: int, size: int) -> Sequence[int]:
    """The numbers below `size` in an order in which each is far from those just before it."""
    return _dealt(range(size), seeded_rng(seed, name, depth, turn, "spread"))


def _dealt(values: Sequence[ValueT], rng: random.Random) -> list[ValueT]:
    """Values in an order in which the halves give one each in turn, either first, and so on within.

    So each pair of them spans the halves, and each four the quarters, but two such orders do not
    change halves together.
    """
    if len(values) < 2:
        return [*values]
    half = len(values) // 2
    one, other = _dealt(values[:half], rng), _dealt(values[half:], rng)
    pairs = ((a, b) if rng.random() < 0.5 else (b, a) for a, b in zip(one, other, strict=False))
    return [*chain(*pairs), *other[half:]]


def interleaved(weights: Mapping[str, int]) -> tuple[str, ...]:
    """Values as often as their weights say, each as evenly apart as can be.

    Each place takes, among the values that may come without being early, the one that must come
    soonest. So any first k have each value within one of its share of k (Tijdeman 1980). Values
    that are due at once come in an order without meaning.
    """
    return _around(weights, {value: _mark(value) for value in weights})


def _around(weights: Mapping[str, int], marks: Mapping[str, Any]) -> tuple[str, ...]:
    """See `interleaved`; of values that are due at once, the one with the lowest mark is first."""
    total = sum(weights.values())
    had = dict.fromkeys(weights, 0)
    circle = []
    for place in range(total):
        able = [v for v, w in weights.items() if had[v] * total < (place + 1) * w]
        value = min(able, key=lambda v: (Fraction(had[v] + 1, weights[v]), marks[v]))
        had[value] += 1
        circle.append(value)
    return tuple(circle)


def _mark(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()


Values = Annotated[dict[str, int], BeforeValidator(lambda value: _weights(value))]


def _weights(value: Any) -> Any:
    """Weights by value; a list has each once."""
    if isinstance(value, list | tuple):
        seen = set[str]()
        for each in value:
            if isinstance(each, Mapping):
                raise ValueError(
                    f"{repr(each)[:80]} is not text; for values with weights, omit the hyphens or "
                    "brackets of the list"
                )
            if not isinstance(each, str):
                raise ValueError(f"{repr(each)[:80]} is not text: put it in quotes")
            if each in seen:
                raise ValueError(
                    f"{each!r} is listed twice; to draw it more often, give it a weight"
                )
            seen.add(each)
        value = dict.fromkeys(value, 1)
    if not isinstance(value, Mapping) or not value:
        raise ValueError(
            f"{repr(value)[:80]} is neither a list of values nor a mapping of values to weights"
        )
    for text, weight in value.items():
        if not isinstance(text, str):
            raise ValueError(f"{text!r} is not text: put it in quotes")
        if type(weight) is not int or weight < 1:
            raise ValueError(f"the weight of {text!r} is {weight!r}, not a whole number above 0")
    if len(value) > _MOST_VALUES:
        raise ValueError(f"it has {len(value)} values, more than {_MOST_VALUES}")
    if (total := sum(value.values())) > _MOST_SLOTS:
        raise ValueError(f"its weights add up to {total:,}, more than {_MOST_SLOTS:,}")
    return dict(value)


class Profile(BaseModel):
    """The manner of texts of a kind.

    Attributes:
        forms: of whole texts, with weights; each row draws one.
        traits: what else is drawn for each row, by name: values with weights.
        about: what holds of all such texts, a line each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    forms: Values = Field(
        default={}, description="form of a whole text → weight; one form is drawn for each row"
    )
    traits: dict[str, Values] = Field(
        default={},
        max_length=40,
        description="trait → value → weight; one value is drawn for each row",
    )
    about: tuple[Annotated[str, Field(min_length=1, max_length=500)], ...] = Field(
        default=(), max_length=40, description="what all such texts have in common, one line each"
    )

    @field_validator("traits")
    @classmethod
    def _drawable(cls, traits: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
        for name, values in traits.items():
            Trait(name=name, values=values)  # reports the problem
        return traits

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.forms and FORM in map(str.casefold, self.traits):
            raise ValueError(
                "it has `forms` and also a trait named `form`; keep only one of the two"
            )
        if self.forms:
            Trait(name=FORM, values=self.forms)
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Omit empty forms, so that runs from before there were any can resume."""
        values: dict[str, Any] = dump(self)
        return {name: value for name, value in values.items() if name != "forms" or value}

    @property
    def weights(self) -> dict[str, dict[str, int]]:
        """Return what is drawn for each row, by name: the forms, then the traits."""
        return {**({FORM: self.forms} if self.forms else {}), **self.traits}

    @property
    def drawn(self) -> tuple[Trait, ...]:
        """It, as dimensions."""
        return tuple(
            Trait(
                name=name,
                values=values,
                by_branch=True,
                summary="length and marks of a whole text" if name == FORM else "",
            )
            for name, values in self.weights.items()
        )
