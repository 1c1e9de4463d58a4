"""The corrector that judges the rows of a call together: one call for all of them.

A model that sees rows of all labels in random order, without their labels, is not led by a claim.
It costs a tenth of a call per row. The call is that of a list
(`targen_standard.task_files.contrast`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from targen_core.errors import Rejected, UsageError
from targen_core.tasks.judging import Correction
from targen_core.tasks.model import Task
from targen_core.tasks.steps import Llm
from targen_standard.correctors.meta import meta


class Draft(BaseModel):
    """A row as a call wrote it.

    Attributes:
        number: its place among the rows of the call.
        label: the label for which it was written.
        row: its fields.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    label: str
    row: dict[str, Any]


class Judged(BaseModel):
    """The rows of a call, with what the judge said.

    Attributes:
        number: of the call.
        drafts: the rows, in random order.
        labels: a label for each, or "".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    drafts: list[Draft] = Field(exclude=True)
    labels: list[str] = Field(exclude=True)


@dataclass(frozen=True, slots=True)
class Together:
    """Takes the label of a row from the verdicts on its call; judges others as `meta` does."""

    async def __call__(self, llm: Llm, instance: BaseModel, /) -> Correction:
        """Return the label: without a call, unless the row comes from elsewhere.

        Raises:
            Rejected: `no-valid-instance`: no label fits, or several do.
        """
        judged = llm.above[-1] if llm.above else None
        if not isinstance(judged, Judged):
            return await meta(llm, instance)
        row = {name: getattr(instance, name) for name in judged.drafts[0].row}
        rows = [draft.row for draft in judged.drafts]
        if row not in rows:
            row, rows = _bare(row), [*map(_bare, rows)]
        if row not in rows:
            raise Rejected("no-valid-instance", "it was not among the rows that were judged")
        label = judged.labels[rows.index(row)]
        if not label:
            raise Rejected("no-valid-instance", "no label fits, or several fit as well")
        return Correction(label)

    def check_task(self, task: Task[Any, Any]) -> None:
        """Refuse a task whose rows are not judged together.

        Raises:
            UsageError: it is one.
        """
        if all(step.item is not Judged for step in task.chain):
            raise UsageError(
                f"together judges rows of contrast sets, but {task.name} writes one row per call",
                hint="pass --corrector meta",
            )


def _bare(value: Any) -> Any:
    """Return a value without spaces, which a draft may have and its row has not."""
    if isinstance(value, dict):
        return {name: _bare(part) for name, part in value.items()}
    if isinstance(value, list):
        return [*map(_bare, value)]
    return "".join(value.split()) if isinstance(value, str) else value


TOGETHER = Together()
"""The corrector registered as `together`."""
