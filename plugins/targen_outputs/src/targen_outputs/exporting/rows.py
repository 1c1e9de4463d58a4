"""The rows of a dataset with their output, for exporters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.text import row_name
from targen_standard.task_files.outputs import Output, Row, output_in

OutputT = TypeVar("OutputT", bound=Output)


class CutOptions(BaseModel):
    """Options of a form whose spans are of whole tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cut: Literal["refuse", "widen"] = Field(
        default="refuse",
        description="for spans that begin or end within a token: refuse stops with an error, widen "
        "extends the span to whole tokens",
    )


@dataclass(frozen=True, slots=True)
class Labelled:
    """One row.

    Attributes:
        instance: what it holds.
        row: the same as columns.
        idx: its number in the dataset, or None.
        name: what errors call it.
    """

    instance: Any
    row: Row
    idx: Any
    name: str

    def refused(self, message: str, hint: Any) -> UsageError:
        """Return the error that this row cannot be written."""
        return UsageError(f"{self.name}: {message}", hint=hint)


def labelled(dataset: Dataset) -> Iterator[Labelled]:
    """Yield the labelled rows of a dataset in order."""
    for unit in dataset.units():
        for instance in unit.instances:
            name = f"{dataset.name}, {row_name(unit.number - 1)}"
            yield Labelled(instance, instance.model_dump(), unit.idx, name)


def output_in_rows(dataset: Dataset, kind: type[OutputT], what: str) -> OutputT:
    """Return the output of a dataset's rows.

    Raises:
        UsageError: it is of another kind; `what` says in words what this one has.
    """
    output = output_in(dataset.task)
    if not isinstance(output, kind):
        name = kind.__name__.removesuffix("Output").lower()
        raise UsageError(
            f"this format is for {what}, which rows of {dataset.task.name} do not have",
            hint=f"the task file needs output: {{{name}: …}}",
        )
    return output


def write_lines(dataset: Dataset, out: Path, made: Callable[[Labelled], Iterable[Any]]) -> None:
    """Write what is made of each row as JSON, one object per line."""
    records = (each for row in labelled(dataset) for each in made(row))
    write_out(out, "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records))


def write_out(out: Path, content: str | bytes) -> None:
    """Write a new file, in the folder from which the export is moved to its place."""
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    out.write_bytes(data)
