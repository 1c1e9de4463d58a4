"""Lists that plugins register, as a declaration uses them: `use: DISTRIBUTION:NAME`.

A declared task's items are texts. A registered list's may be models of one
text, and are taken for that text; what has more to it is for a task in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel

from targen_core.errors import TargenError, UsageError
from targen_core.tasks.steps import ListStep, Llm

__all__ = ["used_list"]


def used_list(
    step: str, name: str, *, above: str = "", check: Callable[[str], None] | None
) -> ListStep[str]:
    """The list registered as `name`, its items as texts.

    `above` names the registered list that it grows below, or is ""; `check` is asked beside
    the list's own.

    Raises:
        UsageError: no such list, or one whose items are more than a text.
    """
    found = _registered(step, name)
    field = _field_of(f"{step}.use", name, found)
    parent_kind = _registered("contexts", above) if above else None
    parent_field = _field_of("contexts.use", above, parent_kind) if parent_kind else ""

    async def propose(llm: Llm, parent: str | None, existing: Sequence[str]) -> Sequence[str]:
        whole = parent if parent_kind is None else _item(parent_kind, parent_field, parent)
        made = await found.propose(llm, whole, [_item(found, field, text) for text in existing])
        return [getattr(item, field) if field else item for item in made]

    def checked(text: str) -> None:
        if found.check is not None:
            found.check(_item(found, field, text))
        if check is not None:
            check(text)

    key = found.key
    return ListStep(
        item=str,
        propose=propose,
        batch=found.batch,
        once=found.once,
        check=checked,
        key=None if key is None else lambda text: key(_item(found, field, text)),
        summary=f"{name}: {found.summary}".removesuffix(": "),
        prompts=found.prompts,
        dry_run=found.dry_run,
        origin=name,
    )


def _registered(kind: str, name: str) -> ListStep[Any]:
    from targen_core.plugins.loader import load_registry

    try:
        found: ListStep[Any] = load_registry().get(kind, name)
    except TargenError as error:
        raise UsageError(f"{kind}.use: {error}", hint=error.hint) from error
    return found


def _field_of(where: str, name: str, found: ListStep[Any]) -> str:
    """The one field of a list's items, or "" where they are texts themselves."""
    if found.item is str:
        return ""
    fields = found.item.model_fields if issubclass(found.item, BaseModel) else {}
    if len(fields) != 1 or next(iter(fields.values())).annotation is not str:
        raise UsageError(
            f"{where}: an item of {name} is more than a text: {', '.join(fields)}",
            hint="a list of texts; targen describe says what items are",
        )
    return next(iter(fields))


def _item(found: ListStep[Any], field: str, text: str | None) -> Any:
    return found.item(**{field: text}) if field else text
