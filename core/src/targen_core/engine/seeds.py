"""Elements of steps 1 and 2: lists, their batches and items, and the seeds at their ends."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from targen_core.tasks.steps import ListStep


@dataclass(frozen=True, slots=True)
class Dropped:
    """A list item that was not used, or a batch that gave none."""

    step: str
    place: str
    reason: str
    detail: str
    item: Any


@dataclass(frozen=True, slots=True)
class Seed:
    """One instance seed: its value, its place, and the items above it.

    `path` has its index in each list of the chain, after its part's number if the task has parts.
    `above` has the items that it grew from, contexts first. `calls` are the keys of the calls that
    listed all of these. `sample` counts how often the walk passed it before.
    """

    value: Any
    path: tuple[int, ...]
    above: tuple[Any, ...]
    calls: tuple[str, ...] = ()
    sample: int = 0

    @property
    def id(self) -> str:
        """The path as text: `3.2` is context 3's seed 2."""
        return ".".join(map(str, self.path))

    def place(self, step: str, branch: str, number: int) -> str:
        """The place of its calls: `number` is the sample for "generate", the ordinal after it."""
        return f"{step}/{self.id}/{branch}/{number}"


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One list of the chain as this run uses it.

    `fixed` holds the user's own items in place of grown ones; `limit` caps
    how many the list may have.
    """

    step: str
    source: ListStep[Any]
    batch: int
    fixed: tuple[Any, ...] | None = None
    limit: int | None = None


def seeds_at_most(specs: Sequence[ListSpec]) -> int | None:
    """Seeds that a chain of lists gives; None if one of them grows as long as needed.

    An existing list counts as one batch.
    """
    count = 1
    for spec in specs:
        if spec.fixed is None and not spec.source.once:
            return None
        count *= spec.batch if spec.fixed is None else len(spec.fixed)
    return count


def item_value(item: Any) -> Any:
    """An item as JSON."""
    return item.model_dump(mode="json") if isinstance(item, BaseModel) else item


def item_key(source: ListStep[Any], item: Any) -> str:
    """Return a key that equal items of a list share."""
    if source.key is not None:
        return source.key(item)
    if isinstance(item, str):
        return " ".join(item.casefold().split())
    # As `model_dump_json` does, in a third of the time. JSON has no other white space than spaces.
    text = item.__pydantic_serializer__.to_json(item).decode().casefold()
    return text if text.isascii() and "  " not in text else " ".join(text.split())


_fields: dict[frozenset[str], set[str]] = {}
_set = object.__setattr__


def share_fields(item: Any) -> None:
    """Let items with the same fields share the names of these: of each item, they take 320 bytes.

    These are a set of 216 bytes, and a table in the dictionary of its fields. Dictionaries share
    one where Python itself makes them, but pydantic makes its own.
    """
    if isinstance(item, BaseModel):
        names, values = item.__pydantic_fields_set__, item.__dict__
        shared = _fields.setdefault(frozenset(names), names)
        _set(item, "__pydantic_fields_set__", shared)  # not as a model does, which takes longer
        object.__delattr__(item, "__dict__")
        try:
            for name, value in values.items():
                _set(item, name, value)
        except AttributeError:  # a field that hides a property
            pass
        if item.__dict__ != values:
            _set(item, "__dict__", values)


def items_from(source: ListStep[Any], values: Sequence[Any]) -> list[Any] | None:
    """Items from JSON values as `item_value` gives them; None if they are not items."""
    kind = source.item
    if kind is str:
        return list(values) if all(type(value) is str for value in values) else None
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return None
    try:
        return [*map(kind.__pydantic_validator__.validate_python, values)]
    except Exception:  # also of a model's own validators
        return None


def readable_values(source: ListStep[Any], items: Sequence[Any]) -> list[Any] | None:
    """Return JSON values that read back as these items; None if there are no such values."""
    if not all(type(item) is source.item for item in items):
        return None
    values = [item_value(item) for item in items]
    return values if items_from(source, values) == list(items) else None


def item_digest(source: ListStep[Any], item: Any) -> bytes:
    """An item's key in the room that a long run can spare for each."""
    key = item_key(source, item).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(key, digest_size=12).digest()


@dataclass(slots=True)
class ListBatch:
    """The result of one batch: items, items that were left out, and the calls."""

    dropped: tuple[Dropped, ...] = ()
    keys: tuple[str, ...] = ()
    start: int = 0  # the first item's position in the list
    count: int = 0  # of its items
    told: int = 0  # items reported to the next batch, including those of other shards
    barren: bool = True  # whether all its items were already listed in the prompt
    walk: int = 0  # the last walk that came by
    reported: bool = False  # whether a commit has counted it
