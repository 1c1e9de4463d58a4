"""Where the texts of an official row are: dotted paths through objects and lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

NO_TEXTS = frozenset({"idx", "id", "label", "labels", "version", "source", "pair_id"})
"""Columns that identify a row or say its label, whatever they hold."""


def named(row: Any, path: str) -> list[Any]:
    """All values at a path; a column whose own name has dots comes first."""
    if isinstance(row, Mapping) and path in row:
        return [row[path]]
    head, _, rest = path.partition(".")
    if isinstance(row, list):
        return [value for part in row for value in named(part, path)]
    if not isinstance(row, Mapping) or head not in row:
        return []
    return named(row[head], rest) if rest else [row[head]]


def text_at(row: Mapping[str, Any], path: str) -> str:
    """Return the text at a path, or ""; several are joined by line feeds.

    A lone surrogate, which JSON allows but a file does not, becomes a question mark.
    """
    texts: list[str] = []
    for value in named(row, path):
        values = value if isinstance(value, list) else [value]
        texts += [part if isinstance(part, str) else str(part) for part in values if _plain(part)]
    return "\n".join(texts).encode(errors="replace").decode()


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def text_fields(schema: type[BaseModel]) -> tuple[str, ...]:
    """The paths of the text fields of a schema, in its order, without enumerations."""
    return tuple(_fields(schema, "", ()))


def _fields(
    schema: type[BaseModel], path: str, above: tuple[type[BaseModel], ...]
) -> Iterator[str]:
    if schema in above:  # a tree: its texts are at any depth
        return
    for name, column in schema.model_fields.items():
        if name not in NO_TEXTS:
            yield from _texts(column.annotation, f"{path}{name}", (*above, schema))


def _texts(kind: Any, path: str, above: tuple[type[BaseModel], ...]) -> Iterator[str]:
    if kind is str:
        yield path
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _fields(kind, f"{path}.", above)
    elif get_origin(kind) is not Literal and get_origin(kind) not in (dict, Mapping):
        paths = [field for part in get_args(kind) for field in _texts(part, path, above)]
        yield from dict.fromkeys(paths)


def as_lines(values: Mapping[str, Any]) -> str:
    """Return fields of a row as text: a single one unchanged, several with a line each."""
    shown = {
        name: "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for name, value in values.items()
    }
    if len(shown) == 1:
        return next(iter(shown.values()))
    return "\n".join(f"{n[:1].upper()}{n[1:].replace('_', ' ')}: {v}" for n, v in shown.items())
