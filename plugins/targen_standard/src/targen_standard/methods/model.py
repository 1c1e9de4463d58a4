"""The interface of methods: other ways to make rows of any task.

TarGEN's four steps are one way from a task's description to labelled rows. Other methods (ZeroGen,
AttrPrompt, ...) use the same terms. From a task, a method makes a task whose contexts, seeds and
generators are its own, and whose rows are those of the first. So calls, budget, resume, quotas,
reports and exports are the usual ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict

from targen_core.tasks.groups import CallSettings, Seeding
from targen_core.tasks.model import Task
from targen_core.tasks.words import normalized
from targen_standard.methods.columns import Columns


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
    """The input of a method.

    Attributes:
        task: the task whose rows are wanted; its labels are a closed set.
        columns: the texts of a row, which the method's generators write.
        given: rows of the user, if there are any; a step calls it to get them.
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
        summary: a one-line summary for people.
        version: must change whenever the same replies would give different rows.
        task: `task(base, options)` returns a task with the same kind of rows as `base.task`; start
            from `derived(base, ...)`. Only the task's steps may use a network or read rows.
        options: the class of the `options` that `task` receives.
        presets: named sets of options, such as those of a paper whose authors' code has other
            defaults.
        given: whether the method starts from the user's rows: "never", "optional" or "required".
            "pairs" is like "optional", but only for rows with more than one text.
        finish: `finish(run, options, out)` chooses or weights the rows of a run for training. It
            writes a dataset into the folder `out`, for example with `write_weighed`. It does not
            call a model. `targen finish` calls it; `finish` is None if the method does not choose
            or weight rows.
        made_for_each: `made_for_each(options)` returns the number of rows to generate for each row
            that `finish` keeps; by default 1.
        source: the method's source, and how this implementation differs from it; for dataset cards.
        citation: the BibTeX entry of the method's source.
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
        """Return whether it uses given rows of such columns."""
        return self.given != "never" and (self.given != "pairs" or bool(columns.first))


def _compared(columns: Columns) -> dict[str, Any]:
    """Return what to compare rows by, so that a long shared text does not make them alike.

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
    """Return the task of a method: rows, labels and judging of the base, without its steps.

    The method defines how to make its rows: contexts, seeds, generators for each label, prompts,
    parameters, `dry_run`. `Columns.check` checks the rows, since a task's own checks know its own
    seeds. Step 4 is off, since these methods have none; `--corrector` turns it on. Rows that differ
    only in the last text are near-duplicates if these texts are.

    Args:
        base: what the method starts from.
        changes: as `Task.replace` takes them.
    """
    blank: dict[str, Any] = {
        "contexts": None,
        "seeds": (),
        "dimensions": (),
        "seeding": Seeding(),
        "checks": (base.columns.check,),
        "judging": {"corrector": None},
        "texts": _compared(base.columns),
        "calls": CallSettings(dry_run=base.task.calls.dry_run),
        "variants": {},
    }
    for name in ("seeding", "calls"):
        blank[name] = replace(blank[name], **changes.pop(name, {}))
    return base.task.replace(**{**blank, **changes})
