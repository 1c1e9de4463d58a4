"""Lists that replace others: lists of plugins, in declarations and in runs.

Items that are texts, and models of one text, are interchangeable. So is a model that has all fields
of the other, and more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any

from pydantic import BaseModel, create_model

from targen_core.tasks.steps import ListStep, Llm


def text_field(kind: type[Any]) -> str | None:
    """The one field of an item, if that is a text; "" for a text itself, None for all else."""
    if kind is str:
        return ""
    fields = kind.model_fields if issubclass(kind, BaseModel) else {}
    texts = [name for name, info in fields.items() if info.annotation is str]
    return texts[0] if len(fields) == len(texts) == 1 else None


def fits(used: type[Any], target: type[Any]) -> bool:
    """Return whether items of one type can serve as those of another."""
    both_texts = None not in (text_field(used), text_field(target))
    return used is target or both_texts or _has_more(used, target)


def _has_more(used: type[Any], target: type[Any]) -> bool:
    """Return whether a model has all fields of another, of the same types."""
    if not all(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in (used, target)):
        return False
    return all(
        name in used.model_fields and used.model_fields[name].annotation == field.annotation
        for name, field in target.model_fields.items()
    )


def _widened(target: type[Any], used: type[Any]) -> type[Any]:
    """Return the target with the further fields of a model, so that its items lose no data."""
    if used is target or None not in (text_field(used), text_field(target)):
        return target
    fields = used.model_fields.items()
    more: dict[str, Any] = {
        name: (field.annotation, field) for name, field in fields if name not in target.model_fields
    }
    made: type[Any] = create_model(target.__name__, __base__=target, **more)
    return made


def stand_in(
    used: ListStep[Any],
    item: type[Any],
    *,
    origin: str,
    parents: tuple[type[Any], type[Any]] = (str, str),
    check: Callable[[Any], None] | None = None,
    name: str = "",
) -> ListStep[Any]:
    """The list `used`, as one of items of another type that it fits.

    If its items have more fields, so have those of the list that is returned. `origin` is its id.
    `parents` are the types of the items above: those it gets and those it takes. `check` applies
    after its own; `name` is the step's.
    """
    item = _widened(item, used.item)

    @wraps(used.propose)
    async def propose(llm: Llm, parent: Any, existing: Sequence[Any]) -> Any:
        above = None if parent is None else _taken(parent, *parents)
        before = [_taken(one, item, used.item) for one in existing]
        made: Any = await used.propose(llm, above, before)
        whole = isinstance(made, Sequence) and not isinstance(made, str)
        if not whole or not all(isinstance(one, used.item) for one in made):
            return made  # the engine reports the problem
        return [_taken(one, used.item, item) for one in made]

    def checked(one: Any) -> None:
        if used.check is not None:
            used.check(_taken(one, item, used.item))
        if check is not None:
            check(one)

    key = used.key
    return replace(
        used,
        item=item,
        propose=propose,
        check=checked,
        key=None if key is None else lambda one: key(_taken(one, item, used.item)),
        summary=f"{origin}: {used.summary}".removesuffix(": "),
        origin=origin,
        name=name,
    )


def _taken(value: Any, source: type[Any], target: type[Any]) -> Any:
    """An item of one type for one of another: both hold one text, or the same fields."""
    if source is target:
        return value
    field = text_field(source)
    if field is None and _has_more(source, target):
        return target(**{name: getattr(value, name) for name in target.model_fields})
    text = getattr(value, field) if field else value
    field = text_field(target)
    return target(**{field: text}) if field else text
