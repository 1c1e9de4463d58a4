"""Lists that plugins register, as a declaration uses them: `use: DISTRIBUTION:NAME`.

A declared task's items are texts. A registered list's may be models of one text, and count as that
text. Models with more fields need a task in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from targen_core.tasks.steps import ListStep, Llm

__all__ = ["used_list"]


def used_list(name: str, *, check: Callable[[str], None] | None) -> ListStep[str]:
    """Return a placeholder for the list registered as `name`, until a run is prepared.

    A run may have options of the list, and code that only reads rows of the task does not need it.
    So `runs.plan` finds the list and gives it its options. `check` is applied in addition to the
    list's own.
    """

    async def propose(llm: Llm, parent: Any, existing: Sequence[str]) -> Sequence[str]:
        raise AssertionError(f"{name} has not been replaced")

    return ListStep(item=str, propose=propose, batch=1, check=check, summary=name, origin=name)
