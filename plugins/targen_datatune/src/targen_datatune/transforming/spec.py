"""The content of a file of the form `transform`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from targen_core.cli.trust import placed
from targen_standard.checks.patterns import refuse_pattern

FORM = "transform"
"""The form's name, which is its key in a file."""

_Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
_Count = Annotated[int, Field(ge=1, le=1_000_000)]
_Size = Annotated[int, Field(ge=0, le=1_000_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Example(_Part):
    """One worked example of the task."""

    input: _Text
    output: _Text


class RowChecks(_Part):
    """Checks of every row; neither text may be empty, and lengths are in characters."""

    language: str = Field(
        default="", description="the language that inputs and outputs must be in, such as English"
    )
    input_format: str = Field(
        default="", description="a regular expression that the whole input must match"
    )
    output_format: str = Field(
        default="", description="a regular expression that the whole output must match"
    )
    output_in_input: bool = Field(
        default=False,
        description="whether the output must be part of the input, such as one of its choices",
    )
    may_copy: bool = Field(
        default=False, description="whether the output may equal the input, as in correction tasks"
    )
    min_input: _Size = 1
    max_input: _Size = 20_000
    min_output: _Size = 1
    max_output: _Size = 20_000

    @field_validator("input_format", "output_format")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        refuse_pattern(pattern)
        return pattern

    @model_validator(mode="after")
    def _in_order(self) -> RowChecks:
        for name in ("input", "output"):
            if getattr(self, f"min_{name}") > getattr(self, f"max_{name}"):
                raise ValueError(f"min_{name} is larger than max_{name}")
        return self


class Transform(_Part):
    """A task, and where its rows are transformed from.

    Attributes:
        instruction: what is to be done with an input.
        examples: worked examples, which show the form of a row better than words.
        labels: all outputs, if they are a closed set; quotas then count by them.
        canary: the sentence by which the examples' authors keep them out of training corpora.
        catalogues: files and folders, or specifications that were built; by default all of the
            index.
        index: the folder of the index; by default the user's own.
        retriever: what searches it, with `retriever_options`.
        candidates: number of datasets to retrieve, from which the model chooses.
        datasets: datasets that are used, at most.
        draws: how often the model chooses; most votes win.
        licenses: licences that are admitted; by default all, unknown ones included.
        min_rows: datasets with fewer rows are left out.
        max_rows: datasets with more rows are left out.
        gated: whether datasets that must be asked for are admitted.
        expand: whether the model describes the task in more detail before it plans.
        trial: rows of a dataset that are tried first; the others follow if no more than
            `max_rejected` of them were rejected.
        max_rejected: see `trial`; 1 drops no dataset.
        rows_per_dataset: at most so many rows of a dataset are used, chosen by chance.
        rows_read: at most so many rows of a dataset are read, to choose from.
        cell: characters of a cell that the model is shown.
        checks: what must hold of every row.
        synthetic: share of all rows, and of each label's, that are written without a source.
        correct: whether step 4 checks every output; the paper has no such step.
    """

    instruction: _Text
    examples: tuple[Example, ...] = ()
    labels: tuple[_Text, ...] = ()
    canary: str = ""
    catalogues: tuple[_Text, ...] = ()
    index: str = ""
    retriever: str = "bm25"
    retriever_options: dict[str, Any] = {}
    candidates: _Count = 25
    datasets: _Count = 4
    draws: Annotated[int, Field(ge=1, le=25)] = 3
    licenses: tuple[_Text, ...] = ()
    min_rows: int | None = None
    max_rows: int | None = None
    gated: bool = False
    expand: bool = True
    trial: _Count = 10
    max_rejected: Annotated[float, Field(ge=0, le=1)] = 0.8
    rows_per_dataset: _Count = 10_000
    rows_read: _Count = 50_000
    cell: Annotated[int, Field(ge=100, le=1_000_000)] = 4_000
    checks: RowChecks = RowChecks()
    synthetic: Annotated[float, Field(ge=0, lt=1)] = 0
    correct: bool = False

    @field_validator("labels")
    @classmethod
    def _different(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len(labels) == 1 or len(set(labels)) != len(labels):
            raise ValueError("give at least two different labels, or none if outputs are open")
        return labels

    @model_validator(mode="after")
    def _answers(self) -> Transform:
        for number, example in enumerate(self.examples, 1):
            if self.labels and example.output not in self.labels:
                raise ValueError(
                    f"example {number} has the output {example.output!r}, which is not a label"
                )
        if None not in (self.min_rows, self.max_rows) and self.min_rows > self.max_rows:  # type: ignore[operator]
            raise ValueError("min_rows is larger than max_rows")
        return self

    def located(self, folder: Path) -> Transform:
        """Return the same with absolute paths; a relative one is relative to the file."""

        def absolute(spec: str) -> str:
            place = placed(folder, spec)
            return spec if place == spec else str(Path(place).resolve())

        index = str(Path(placed(folder, self.index)).resolve()) if self.index else ""
        return self.model_copy(
            update={"catalogues": tuple(map(absolute, self.catalogues)), "index": index}
        )
