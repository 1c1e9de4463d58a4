"""Splits of a dataset: parts in which labels have the same shares, and that share no text.

They depend on the content of rows and a seed, never on their order.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from operator import index
from typing import TypeAlias

from targen_core.cli.markup import markdown_code
from targen_core.dataset.model import Dataset, Unit, origins_of, row_digest
from targen_core.errors import UsageError
from targen_core.tasks.fields import text_at
from targen_core.tasks.words import normalized, plain_words
from targen_core.text import plural
from targen_standard.filters.near_duplicates import NearDuplicateOptions
from targen_standard.reporting.card import IN_ORDER

Shares: TypeAlias = "str | Sequence[float] | Mapping[str, float]"
"""Shares of splits: "0.8/0.1/0.1", (0.8, 0.2), or by name."""

_NAMES = {2: ("train", "test"), 3: ("train", "validation", "test")}
_EXAMPLE = "for example 0.8/0.1/0.1, or train=0.9/dev=0.1"


def shares_of(shares: Shares) -> dict[str, float]:
    """The share of each split by its name; two are train and test, three have validation between.

    Shares that sum to 100 are in per cent.

    Raises:
        UsageError: they are not shares, or their sum is neither 1 nor 100.
    """
    if isinstance(shares, str):
        shares = _parsed(shares)
    values = shares.values() if isinstance(shares, Mapping) else shares
    if not isinstance(values, Iterable) or not all(isinstance(one, Real) for one in values):
        raise UsageError(f"{shares!r} is not a valid split", hint=_EXAMPLE)
    if not isinstance(shares, Mapping):
        names = _NAMES.get(len(shares))
        if names is None:
            raise UsageError(
                f"{plural(len(shares), 'share')} without names: a split without names must have "
                "2 or 3 parts",
                hint=_EXAMPLE,
            )
        shares = dict(zip(names, shares, strict=True))
    if math.isclose(sum(shares.values()), 100, abs_tol=1e-6):
        shares = {name: share / 100 for name, share in shares.items()}
    for name, share in shares.items():
        if not name.replace("_", "").isalnum() or not name.isascii():
            raise UsageError(
                f"{name!r} cannot be used as a split name: use letters, digits and _", hint=_EXAMPLE
            )
        if not 0 < share < 1:
            raise UsageError(
                f"the share of {name} is {share:g}; it must be between 0 and 1", hint=_EXAMPLE
            )
    if not math.isclose(sum(shares.values()), 1, abs_tol=1e-6):
        raise UsageError(f"the shares add up to {sum(shares.values()):g}, not 1", hint=_EXAMPLE)
    return dict(shares)


def _parsed(text: str) -> Sequence[float] | Mapping[str, float]:
    named = [part.rpartition("=") for part in text.replace(",", "/").split("/")]
    try:
        numbers = [float(number) for _, _, number in named]
    except ValueError:
        raise UsageError(f"{text!r} is not a valid split", hint=_EXAMPLE) from None
    names = [name.strip() for name, _, _ in named]
    if not any(names):
        return numbers
    if not all(names) or len(set(names)) < len(names):
        raise UsageError(f"{text!r}: each split needs its own name", hint=_EXAMPLE)
    return dict(zip(names, numbers, strict=True))


@dataclass(frozen=True, slots=True)
class _Group:
    """Units that go to the same split."""

    units: list[Unit]
    labels: tuple[tuple[str, int], ...]
    properties: tuple[str, ...]
    order: str

    @property
    def rows(self) -> int:
        return sum(len(unit.rows) for unit in self.units)


def split(dataset: Dataset, shares: Shares, *, seed: int = 0) -> dict[str, Dataset]:
    """The dataset in parts of these shares, each in the order of the whole.

    Rows that belong together remain together. So do rows of a run from the same seed, since they
    share its text, and rows in the manner of the same example. Rows with nearly the same texts, or
    the same seed in their fields, also stay together, whatever their case and punctuation. Each
    label and each exact property has the same shares, as nearly as that allows. The same rows and
    seed give the same parts.

    Raises:
        UsageError: no shares, or rows too few for them.
    """
    fractions = shares_of(shares)
    groups = sorted(_groups(dataset, seed), key=lambda of: (of.labels, of.properties, of.order))
    parts: dict[str, list[Unit]] = {name: [] for name in fractions}
    sizes = dict.fromkeys(fractions, 0)
    seen = 0
    for group in groups:
        seen += group.rows
        # Along all labels: what is furthest behind its share gets the next.
        behind = max(fractions, key=lambda name: fractions[name] * seen - sizes[name])
        parts[behind] += group.units
        sizes[behind] += group.rows
    if empty := [name for name, units in parts.items() if not units]:
        raise UsageError(
            f"{dataset.name} is too small for this split: {' and '.join(empty)} would be empty "
            f"({plural(len(dataset), 'row')} in {plural(len(groups), 'group')} "
            "of related or nearly equal rows, which stay together)",
            hint="use larger shares or fewer splits",
        )
    return {name: _of(dataset, units) for name, units in parts.items()}


def shuffle(dataset: Dataset, *, seed: int = 0) -> Dataset:
    """The dataset in a random order that the seed decides; rows that belong together stay so.

    Raises:
        UsageError: the seed is not a whole number.
    """
    try:
        seed = index(seed)  # `Random` refuses numbers of numpy's
    except TypeError:
        raise UsageError(f"seed is {seed!r}", hint="pass a whole number") from None
    size = dataset.task.rows_per_instance
    starts = list(range(0, len(dataset), size))
    random.Random(seed).shuffle(starts)
    rows = [row for start in starts for row in dataset.rows[start : start + size]]
    weights = [each for start in starts for each in dataset.weights[start : start + size]]
    card = dataset.card.replace(IN_ORDER, f"Rows are shuffled with seed {seed}.")
    return replace(dataset, rows=rows, weights=weights, card=card, problems=())


def together(dataset: Dataset) -> str:
    """Return the sentences of a card on rows that `split` keeps together."""
    seeds, size = _seeds(dataset), dataset.task.rows_per_instance
    rows = "Rows that belong together, or are nearly the same, are in the same split."
    if seeds and all(str(row.get("idx")) in seeds for row in dataset.rows[::size]):
        return f"{rows} So are rows generated from the same\nseed, because they share its text."
    if fields := dataset.task.rows.seed_fields:
        return f"{rows} So are rows with the same {' and '.join(map(markdown_code, fields))}."
    return f"{rows}\nThe seeds of the rows are not recorded."


def _groups(dataset: Dataset, seed: int) -> Iterable[_Group]:
    from targen_standard.filters.likeness import pairs_alike  # with numpy

    seeds = _seeds(dataset)
    above: dict[object, object] = {}  # of seeds and texts: others that their units also have

    def top(key: object) -> object:
        while (next_ := above.setdefault(key, key)) != key:
            key = above[key] = above[next_]  # which shortens the way for later ones
        return key

    def texts_of(unit: Unit, paths: Sequence[str]) -> list[str]:
        return [text_at(row, path) for row in unit.rows for path in paths]

    def plain(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(plain_words(text) or text for text in texts)

    paths, of_seed = dataset.task.fields, dataset.task.rows.seed_fields
    named: list[tuple[Unit, str]] = []
    whole: dict[str, tuple[str, ...]] = {}
    for unit in dataset.units():
        named.append((unit, seeds.get(str(unit.idx)) or f"unit {unit.number}"))
        written = texts_of(unit, paths)
        texts, shared = plain(written), plain(texts_of(unit, of_seed))
        if any(texts):
            above[top(named[-1][1])] = top(texts)
            if words := normalized("\n".join(written)):  # as the near-duplicate filter compares
                above[top(texts)] = top(whole.setdefault(words, texts))
        if any(shared):
            above[top(named[-1][1])] = top(("seed", *shared))
    for one, other in pairs_alike([*whole], NearDuplicateOptions().near_duplicates):
        above[top(whole[one])] = top(whole[other])
    together: dict[object, list[Unit]] = {}
    for unit, name in named:
        together.setdefault(top(name), []).append(unit)
    label_of = dataset.task.label_of
    declared = {*dataset.task.instance.model_fields} - {*paths, "label"}
    columns = sorted(declared & {*dataset.rows[0]}) if dataset.rows else []
    for units in together.values():
        labels = Counter(str(label_of(each)) for unit in units for each in unit.instances)
        content = "".join(row_digest(row) for unit in units for row in unit.rows)
        order = hashlib.sha256(f"{seed} {content}".encode()).hexdigest()
        properties = tuple(
            str(row.get(name)) for unit in units for row in unit.rows for name in columns
        )
        yield _Group(units, tuple(sorted(labels.items())), properties, order)


def _seeds(dataset: Dataset) -> dict[str, str]:
    """The seed of each unit of a run, by the `idx` of its first row."""
    return {
        str(record.get("idx")): json.dumps(record["seed"], sort_keys=True, default=str)
        for record in dataset.provenance
        if record.get("seed")
    }


def _of(dataset: Dataset, units: Iterable[Unit]) -> Dataset:
    ordered = sorted(units, key=lambda unit: unit.number)
    rows = [row for unit in ordered for row in unit.rows]
    places = [unit.number - 1 + at for unit in ordered for at in range(len(unit.rows))]
    weights = [dataset.weights[at] for at in places] if dataset.weights else ()
    origins = origins_of(dataset.provenance, rows)
    return replace(dataset, rows=rows, weights=weights, provenance=origins, problems=())
