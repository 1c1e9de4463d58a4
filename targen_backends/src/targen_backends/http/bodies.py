"""Parts of a request body that are made once and kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["SchemaParts", "digest"]

_KEPT = 64


class SchemaParts:
    """A piece of JSON for each schema object, made when it is first asked for.

    A run has a handful of schemas and asks for each thousands of times.
    """

    def __init__(self, make: Callable[[Mapping[str, Any], str], Any]) -> None:
        self._make = make
        # id of a schema -> the schema, which keeps its id its own, and its bytes.
        self._made: dict[int, tuple[Mapping[str, Any], bytes]] = {}

    def part(self, schema: Mapping[str, Any], name: str) -> bytes:
        """The JSON of `schema`, called `name`."""
        entry = self._made.get(id(schema))
        if entry is None:
            if len(self._made) >= _KEPT:
                self._made.clear()
            made = json.dumps(self._make(schema, name)).encode()
            entry = self._made[id(schema)] = (schema, made)
        return entry[1]


def digest(extra: Mapping[str, Any]) -> str:
    """Return `":"` and 12 hex digits that represent `extra` in an identity; "" for none."""
    if not extra:
        return ""
    text = json.dumps(extra, sort_keys=True)
    return f":{hashlib.sha256(text.encode()).hexdigest()[:12]}"
