"""Parts of reply models: lines of text, lists of a requested size, and one of several names.

Sizes are hints in the reply's JSON schema: a model that is held to a
schema keeps them, and small ones need that. A reply that misses them is read
all the same; what may be used is for the task's checks to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from targen_core.tasks.words import normalized

T = TypeVar("T")

_WORDS = {True: ("true", "yes"), False: ("false", "no"), None: ("null", "none")}
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_SHOWN = 80  # characters of a name that a model made up


class ListReply(BaseModel, Generic[T]):
    """A reply whose one field, named as the prompt names it, is a list."""

    items: list[T]


def line(min_chars: int, max_chars: int, *, pattern: str = "") -> Any:
    """The field type for one line of `min_chars` to `max_chars` characters.

    `pattern`, an anchored regular expression, is a further hint: how a text begins and ends.
    """
    hint: dict[str, Any] = {"type": "string", "minLength": min_chars, "maxLength": max_chars}
    return Annotated[str, WithJsonSchema(hint | ({"pattern": pattern} if pattern else {}))]


def one_of(options: Sequence[str]) -> Any:
    """The field type for one of several names, whatever their case, spaces and punctuation.

    A name that equals several of them in these respects is refused. A number, a boolean or null
    counts as its text: models may write `1` for "1" or "1.0", `true` for "yes" and null for "none".
    """
    known: dict[str, list[str]] = {}
    for option in options:
        known.setdefault(_plain(option), []).append(option)

    def option_of(value: Any) -> Any:
        if value is None or isinstance(value, bool):
            words = _WORDS[value]
            value = next((word for word in words if word in known), words[0])
        elif isinstance(value, int | float):
            equal = (name for name in options if _NUMBER.fullmatch(name) and float(name) == value)
            value = next(equal, str(value))
        if value in options or not isinstance(value, str):
            return value
        near = known.get(_plain(value), []) if _plain(value) else []
        if len(near) != 1:
            said = {"value": repr(value[:_SHOWN]), "options": ", ".join(options)}
            raise PydanticCustomError("one_of", "{value} is none of: {options}", said)
        return near[0]

    return Annotated[Literal[tuple(options)], BeforeValidator(option_of)]


def _plain(name: str) -> str:
    return normalized(name).casefold()


def list_of(name: str, item: Any, count: int) -> type[ListReply[Any]]:
    """A reply `{name: [...]}` with `count` items of a type; read them as `.items`."""
    # Two `Literal` are equal whatever their order, but the schema contains the order.
    return _list_of(name, item, count, repr(item))


@lru_cache(maxsize=256)
def _list_of(name: str, item: Any, count: int, shown: str) -> type[ListReply[Any]]:
    hint: dict[str, Any] = {"minItems": count, "maxItems": count}
    return create_model(
        name.capitalize(),
        items=(list[item], Field(alias=name, json_schema_extra=hint)),
        __base__=ListReply[item],
    )
