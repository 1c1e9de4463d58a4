"""Classes whose fields are keywords: one that there is not is refused with what was meant."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from targen_core.suggestions import did_you_mean, suggestions_for

_GROUPS = {"judging": "Judging", "rows": "Rows", "texts": "Texts"}
"""Fields of a task that are groups of fields, which `Task.replace` also takes as mappings."""

_PLACES = {
    **{kind: f"{field}={kind}({{}}=...)" for field, kind in _GROUPS.items()},
    "ListStep": "contexts=ListStep({}=...), or seeds=(ListStep({}=...),)",
    "Task": "Task({}=...)",
}
"""Where to write the fields of each class."""

_OTHER_WORDS = {"grow": "propose", "exercises": "samples", "examples": "samples"}
"""Other words that people may use for a field."""


class Keywords:
    """Base of the dataclasses that authors of tasks fill in."""

    __slots__ = ()
    kinds: ClassVar[dict[str, type[Keywords]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Keywords.kinds[cls.__name__] = cls

    def __new__(cls, *_: Any, **parts: Any) -> Self:
        """Refuse a field that the class lacks."""
        refuse_unknown(cls, parts)
        return object.__new__(cls)


def refuse_unknown(
    kind: type[Keywords], parts: Mapping[str, Any], *, changing: bool = False
) -> None:
    """Refuse names that are not fields of a class; for a task also those in mappings of its groups.

    Raises:
        TypeError: the first of them, and what was meant.
    """
    mine = _fields(kind)
    for name, value in parts.items():
        if name not in mine:
            raise TypeError(_words(kind, name, changing=changing))
        if kind.__name__ == "Task" and name in _GROUPS and isinstance(value, Mapping):
            refuse_unknown(Keywords.kinds[_GROUPS[name]], value)


def _words(kind: type[Keywords], name: str, *, changing: bool) -> str:
    """Return the message for a field that `kind` lacks."""
    here = "a task" if kind.__name__ == "Task" else kind.__name__
    mine, homes = _fields(kind), _homes()
    meant = _OTHER_WORDS.get(name, name)
    if meant in mine:
        return f"{here} has no field {name}; use {meant}"
    home = homes.get(meant, "")
    if not home or (home == "ListStep" and meant == name and suggestions_for(name, mine)):
        groups = [field for field, owner in homes.items() if owner != "ListStep"]
        known = groups if kind.__name__ == "Task" else mine
        return f"{here} has no field {name}; {did_you_mean(name, known, 'it has')}"
    place = _PLACES[home].replace("{}", meant)
    group = next((field for field, owner in _GROUPS.items() if owner == home), "")
    if changing:
        of_a_list = f"contexts=dataclasses.replace(task.contexts, {meant}=...)"
        place = f'{group}={{"{meant}": ...}}' if group else of_a_list
    called = "" if meant == name else f", called {meant}"
    return f"{here} has no field {name}: it is part of {home}{called}; pass {place}"


def _fields(kind: type[Keywords]) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]


def _homes() -> dict[str, str]:
    """Each field's class; what a task has itself comes first, then its groups, then lists."""
    homes: dict[str, str] = {}
    for name in ("Task", *_GROUPS.values(), "ListStep"):
        for field in _fields(Keywords.kinds[name]):
            homes.setdefault(field, name)
    return homes
