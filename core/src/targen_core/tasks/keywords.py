"""Classes whose fields are keywords; an unknown one raises an error that names the right one."""

from __future__ import annotations

import dataclasses
from typing import Any, Self

from targen_core.hints import did_you_mean, suggestions_for


class Keywords:
    """Base of the dataclasses that authors of tasks fill in."""

    __slots__ = ()

    def __new__(cls, *_: Any, **parts: Any) -> Self:
        """Refuse a field that the class lacks: Python would not name the class that has it.

        Raises:
            TypeError: the first of them, and where it belongs.
        """
        own = _fields(cls)
        for name in parts:
            if name not in own:
                raise TypeError(f"{cls.__name__} has no field {name}; {_hint(cls, name)}")
        return object.__new__(cls)


def _hint(kind: type[Keywords], name: str) -> str:
    """Return the class that has a field which `kind` lacks, or what is near."""
    own = _fields(kind)
    # A class with slots is made twice, so two have its name.
    homes = {other.__name__ for other in Keywords.__subclasses__() if name in _fields(other)}
    if not homes:
        return did_you_mean(name, own, "its fields")
    near = " or ".join(suggestions_for(name, own))
    return f"it is a field of {' and '.join(sorted(homes))}{near and f', or did you mean {near}?'}"


def _fields(kind: type[Keywords]) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
