"""The JSON schema of a task's rows, place by place, to read values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from pydantic import BaseModel

from targen_core.reading.values import json_of


class Place:
    """One place of a row: the row itself, a column, or what a column nests.

    Attributes:
        schema: its schema, with references followed and without "or null". It is {} if the place
            has no schema, or if several types are allowed.
    """

    def __init__(self, schema: Mapping[str, Any], root: Mapping[str, Any]) -> None:
        self.schema = _plain(schema, root)
        self._root = root

    @property
    def type(self) -> str:
        """The JSON type of its values, or ""."""
        kind = self.schema.get("type", "")
        return kind if isinstance(kind, str) else ""

    @cached_property
    def required(self) -> frozenset[str]:
        """The keys that an object must have."""
        return frozenset(self.schema.get("required", ()))

    @cached_property
    def columns(self) -> dict[str, Place]:
        """The keys that an object is known to have."""
        parts = self.schema.get("properties", {})
        return {name: Place(part, self._root) for name, part in parts.items()}

    def column(self, name: str) -> Place:
        """Return the place under a key."""
        return self.columns.get(name) or _ANYTHING

    @cached_property
    def item(self) -> Place:
        """Return the place of a list's items."""
        items = self.schema.get("items", {})
        return Place(items, self._root) if isinstance(items, dict) else _ANYTHING

    def parsed(self, cell: str) -> Any:
        """The value of a cell of a table: text stays, all else is JSON.

        `True` and `False`, as Python writes them, are also truth values. A cell that is not JSON
        remains text, and the schema reports the problem.
        """
        if self.type in ("", "string"):
            return cell
        try:
            return json_of(cell, strict=False)
        except ValueError:
            if self.type == "array":
                return self._listed(cell)
            return {"true": True, "false": False}.get(cell.lower(), cell)

    def _listed(self, cell: str) -> Any:
        """Return a cell such as `a|b` or `['a', 'b']` as a list, if its items are known values."""
        values = self.item.schema.get("enum", ())
        bare = cell.strip().removeprefix("[").removesuffix("]")
        for mark in "|;,":
            items = [part.strip().strip("'\"") for part in bare.split(mark)]
            if all(item in values for item in items):
                return items
        return [] if not bare else cell

    def without_nulls(self, value: Any) -> Any:
        """A value without the nulls of columns, if a row may lack the key."""
        if isinstance(value, Mapping):
            return {
                name: self.column(name).without_nulls(part)
                for name, part in value.items()
                if part is not None or name in self.required
            }
        if isinstance(value, list | tuple):
            return [self.item.without_nulls(part) for part in value]
        return value


@lru_cache(maxsize=64)
def schema_of(model: type[BaseModel]) -> Place:
    """The schema of an official row."""
    schema = model.model_json_schema()
    return Place(schema, schema)


def _plain(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema with its reference followed, and without "or null"."""
    for _ in range(20):  # references of references end soon, or are a circle
        if "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
        elif "anyOf" in schema:
            rest = [part for part in schema["anyOf"] if part.get("type") != "null"]
            if len(rest) != 1:
                return {}  # several types: the rows decide
            schema = rest[0]
        else:
            return schema
    return {}


_ANYTHING = Place({}, {})
