"""What a method is: another way to make rows of any task.

TarGEN's four steps are one way from a task's description to labelled rows. A method of others
(ZeroGen, AttrPrompt, ...) is said in the same terms: from a task it makes a task whose contexts,
seeds and generators are the method's own, and whose rows are those of the first. So calls, budget,
resume, quotas, reports and exports are the usual ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict

from targen_core.tasks.checks import normalized
from targen_core.tasks.model import Task
from targen_standard.methods.columns import Columns

__all__ = ["Base", "Given", "Method", "MethodOptions", "derived"]


class MethodOptions(BaseModel):
    """Options of a method: a subclass's fields are what a file or `--set KEY=VALUE` sets.

    Their defaults are those of the method's authors.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


OptionsT = TypeVar("OptionsT", bound=MethodOptions)


Given: TypeAlias = Callable[[], Sequence[BaseModel]]
"""Reads the rows that the user gave, in their order: at least one, each with a label."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a method starts from.

    Attributes:
        task: the task whose rows are wanted; its labels are a closed set.
        columns: the texts of a row of it, which the method's generators write.
        given: rows of it that the user has, where there are any; a step calls it to have them.
    """

    task: Task[Any, Any]
    columns: Columns
    given: Given | None = None


def _one(_: Any, /) -> int:
    return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(Generic[OptionsT]):
    """Another way to make rows of a task.

    Attributes:
        summary: one line for people.
        version: changes whenever what it makes of the same replies changes.
        task: `task(base, options)` returns a task whose rows are those of `base.task`: start from
            `derived(base, ...)`. It asks for nothing over a network, and reads no rows: its steps
            may.
        options: their class; `options` of `task` is one of them.
        presets: options by name, such as those of a paper that are not its authors' defaults.
        given: whether it starts from rows of the task that the user has: "pairs" if it may, but
            only where something stands before the last text of a row.
        finish: `finish(run, options, out)` makes of the rows of a run those that are to be trained
            on, chosen or weighed: a folder `out` that every command takes for a dataset, such as
            `write_weighed` leaves. It asks no model for text. `targen finish` calls it. None where
            the rows are what they are.
        made_for_each: `made_for_each(options)` is how many rows are made for each that `finish`
            keeps; by default 1.
        source: where the method is from, and what of it is different here; for cards.
        citation: BibTeX of it.
    """

    summary: str
    version: str
    task: Callable[[Base, OptionsT], Task[Any, Any]]
    options: type[OptionsT]
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    given: Literal["never", "pairs", "optional", "required"] = "never"
    finish: Callable[[Path, OptionsT, Path], None] | None = None
    made_for_each: Callable[[OptionsT], int] = _one
    source: str = ""
    citation: str = ""

    def takes_given(self, columns: Columns) -> bool:
        """Whether it makes anything of given rows of such columns."""
        return self.given != "never" and (self.given != "pairs" or bool(columns.first))


def _compared(columns: Columns) -> dict[str, Any]:
    """What rows are compared by, so that a long text that some share makes none alike.

    Rows whose other columns are the same are compared on the last text, whatever seeds they are of.
    """
    if not columns.first:
        return {"dedup_text": None, "dedup_among": None}

    def among(instance: BaseModel) -> str:
        row = columns.of_row(instance)
        return "\n".join(normalized(row[name]) for name in columns.first)

    return {
        "dedup_text": lambda instance: columns.of_row(instance)[columns.last],
        "dedup_among": among,
    }


def derived(base: Base, **changes: Any) -> Task[Any, Any]:
    """The task of a method: rows, labels and judging of the base, and nothing of its steps.

    What makes its rows is the method's to say: contexts, seeds, generators for each label, prompts,
    parameters, `dry_run`. Rows are checked by `Columns.check`, since a task's own checks know its
    own seeds, and step 4 is off, since these methods have none; `--corrector` turns it on. Rows
    that differ in the last text alone are near-duplicates where these texts are.

    Args:
        base: what the method starts from.
        changes: as `Task.replace` takes them.
    """
    blank: dict[str, Any] = {
        "contexts": None,
        "seeds": (),
        "parts": {},
        "branch_labels": {},
        "dimensions": (),
        "drawn": None,
        "instances_per_call": 1,
        "labels_per_seed": None,
        "samples_per_seed": 1,
        "most": None,
        "checks": (base.columns.check,),
        "judging": {"corrector": None},
        "texts": _compared(base.columns),
        "parameters": {},
        "scored": {},
        "scores_given": (),
        "continues": (),
        "variants": {},
    }
    return base.task.replace(**{**blank, **changes})
