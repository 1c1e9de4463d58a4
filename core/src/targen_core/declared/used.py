"""Lists that plugins register, as a declaration uses them: `use: DISTRIBUTION:NAME`.

A declared task's items are texts. A registered list's may be models of one
text, and are taken for that text; what has more to it is for a task in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from targen_core.declared.options import of_part
from targen_core.errors import TargenError, UsageError
from targen_core.tasks.lists import stand_in, text_field
from targen_core.tasks.steps import ListStep

__all__ = ["used_list"]


def used_list(
    step: str,
    name: str,
    *,
    above: str = "",
    options: Mapping[str, Any],
    check: Callable[[str], None] | None,
) -> ListStep[str]:
    """The list registered as `name`, its items as texts.

    `above` names the registered list that it grows below, or is ""; `options` are of all
    registered parts, as `NAME.KEY`; `check` is asked beside the list's own.

    Raises:
        UsageError: no such list, or one whose items are more than a text.
    """
    used = _registered(step, name, options)
    parent = _registered("contexts", above, options).item if above else str
    return stand_in(used, str, origin=name, parents=(str, parent), check=check)


def _registered(kind: str, name: str, options: Mapping[str, Any]) -> ListStep[Any]:
    from targen_core.plugins.loader import load_registry

    registry = load_registry()
    try:
        step: ListStep[Any]
        step, _ = registry.configured(registry.find(kind, name), of_part(options, name))
    except TargenError as error:
        raise UsageError(f"{kind}.use: {error}", hint=error.hint) from error
    if text_field(step.item) is None:
        fields = ", ".join(getattr(step.item, "model_fields", ()))
        raise UsageError(
            f"{kind}.use: an item of {name} is more than a text: {fields}",
            hint="a list of texts; targen describe says what items are",
        )
    return step
