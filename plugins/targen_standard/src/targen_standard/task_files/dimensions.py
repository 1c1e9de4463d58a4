"""Dimensions as a declaration states them: a list of values, weights, or `@words`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from targen_core.hints import did_you_mean
from targen_core.tasks.dimensions import VOCABULARIES, Dimension, meant


def read_values(value: Any) -> Any:
    """Read values as in a file: a list of texts, weights by text, or `@NAME`.

    Raises:
        ValueError: something else.
    """
    if isinstance(value, str) and value.startswith("@"):
        if value[1:] in VOCABULARIES:
            return value
        near = did_you_mean(value[1:], VOCABULARIES, "vocabularies are")
        raise ValueError(f"there is no vocabulary {value[1:]!r}; {near}")
    if isinstance(value, list | tuple):
        return tuple(map(_text, value))
    if isinstance(value, Mapping):
        for text, weight in value.items():
            if type(weight) is not int:
                raise ValueError(
                    f"the weight of {_text(text)!r} must be a whole number, such as 3, not "
                    f"{repr(weight)[:40]}"
                )
        return {_text(text): weight for text, weight in value.items()}
    raise ValueError(
        "expected a list [short, long], weights {short: 3, long: 1} or a vocabulary @words, "
        f"not {repr(value)[:80]}"
    )


def exact_shares(declared: Any) -> Any:
    """Return a declaration with each dimension that says `exact: true` among its `shares`."""
    drawn = declared.get("dimensions") if isinstance(declared, Mapping) else None
    if not isinstance(drawn, Mapping):
        return declared
    exact = {
        name: said["values"]
        for name, said in drawn.items()
        if isinstance(said, Mapping) and {*said} == {"values", "exact"} and said["exact"] is True
    }
    if not exact:
        return declared
    kept = {key: value for key, value in declared.items() if key != "dimensions"}
    if rest := {name: said for name, said in drawn.items() if name not in exact}:
        kept["dimensions"] = rest
    shares = {
        name: said if isinstance(said, Mapping) else dict.fromkeys(map(_text, said), 1)
        for name, said in exact.items()
        if isinstance(said, Mapping | list | tuple)
    }
    return {**kept, "shares": {**declared.get("shares", {}), **shares}}


def _text(value: Any) -> Any:
    """Return numbers and truth values as the text that was typed."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def dimensions_of(values: Mapping[str, Any]) -> tuple[Dimension, ...]:
    """The dimensions of a list, or of the rows.

    Raises:
        ValueError: the first that cannot be.
    """
    return tuple(Dimension(name=name, values=meant(said)) for name, said in values.items())


def refused(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The dimensions that cannot be: their names, and why."""
    for name, said in values.items():
        try:
            dimensions_of({name: said})
        except ValueError as error:
            yield name, str(error).removeprefix(f"dimension {name!r}: ")
