"""Examples as a run uses them: shown where the ways of a label are listed, and never repeated."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from functools import cache, cached_property
from itertools import islice, product
from pathlib import Path
from typing import Any

from targen_core.dataset.kept import called
from targen_core.engine.filters import Candidate, Filter, Refusal
from targen_core.errors import Rejected, UsageError
from targen_core.runs.manifest import COPY as COPY_OF_FILE
from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.model import Task
from targen_standard.checks.languages import check_language, named_language
from targen_standard.examples import SHOWN, ExampleOptions, ExamplesSection
from targen_standard.examples.reading import Example, Examples, read_examples
from targen_standard.filters.excluded.comparing import SIMILARITY, texts_of
from targen_standard.filters.excluded.index import ExclusionIndex

COPY = "copy-of-an-example"
"""The reason of its refusals."""

_log = logging.getLogger("targen.run")


class ExampleFilter(Filter):
    """Shows examples to the model, and refuses rows that repeat one."""

    precedence = -20
    stateless = True
    shapes = True

    def __init__(self, options: ExampleOptions) -> None:
        """Use the file that the options name."""
        self._options = options
        self._examples: Examples | None = None
        self._are_shown = False

    @property
    def shows(self) -> str:
        """See `Filter.shows`."""
        path = self._options.examples
        if path is None or not self._are_shown:
            return ""
        return f"Prompts contain examples from {called(path) or path.name}."

    def shaped(self, task: Task[Any, Any]) -> Task[Any, Any]:
        """Return the task with examples in its prompts, if it takes any.

        Raises:
            UsageError: there is no file, or it is of no use.
        """
        path = self._options.examples
        if path is None:
            hint = "pass --examples FILE"
            raise UsageError("there are no examples", hint=hint)
        self._examples = _read(path, task)
        if task.texts.with_examples is None:
            if not COPY_OF_FILE.fullmatch(path.name):
                _refuse_contradictions(task, self._examples)
                _warn(
                    f"the prompts of {task.name} do not show the examples, since the task has "
                    "its own steps; they only reject rows that repeat one"
                )
            return task
        rows = self._examples.rows
        step = math.ceil(len(rows) / SHOWN)  # a file may be sorted by label
        texts = [f"{row.label}: {row.text}" if row.label else row.text for row in rows[::step]]
        return task.replace(**task.texts.with_examples(texts))

    def check_task(self, task: Task[Any, Any]) -> None:
        """Read the examples, if `shaped` was not called."""
        self._are_shown = task.texts.with_examples is not None
        if self._options.examples is not None and self._examples is None:
            self._examples = _read(self._options.examples, task)

    @cached_property
    def _index(self) -> ExclusionIndex:
        index = ExclusionIndex()
        for row in self._examples.rows if self._examples is not None else ():
            index.add(row.texts)
        return index

    def find(self, candidate: Candidate) -> Refusal | None:
        """See `Filter.find`: whether a row equals or nearly equals an example."""
        if self._examples is None:
            return None
        for row in candidate.rows():
            texts = [text for of in texts_of(row, row).values() for text in of]
            match = self._index.find(texts, similarity=SIMILARITY)
            if match is not None:
                line = self._examples.rows[match.row - 1].line
                return Refusal(
                    COPY,
                    f"repeats {self._examples.place} {line} of the examples",
                    facts={"example": line},
                )
        return None

    def report(self, reasons: Mapping[str, int]) -> Mapping[str, Any]:
        """See `Filter.report`."""
        if self._examples is None:
            return {}
        return ExamplesSection(
            rows=len(self._examples.rows),
            labelled=self._examples.labelled,
            left_out={why: len(lines) for why, lines in self._examples.left_out.items()},
            copies=reasons.get(COPY, 0),
        ).model_dump(mode="json", exclude_none=True)


def _read(path: Path, task: Task[Any, Any]) -> Examples:
    try:
        return read_examples(path.expanduser(), task)
    except UsageError as error:
        error.option = "examples"
        error.args = (f"--examples: {error!s}",)
        raise


def _refuse_contradictions(task: Task[Any, Any], examples: Examples) -> None:
    """Refuse a dimension that contradicts an example: its column of that name, or its language."""
    for dimension, row in product(task.dimensions, examples.rows):
        value = row.row.get(dimension.name)
        if isinstance(value, str) and value and value not in dimension.values:
            raise _contradiction(dimension, examples, row, f"its {dimension.name} is {value!r}")
        languages = [*map(named_language, dimension.values)]
        for language in languages if all(languages) else ():
            try:
                check_language(row.text, "example", language)
            except Rejected as error:
                raise _contradiction(dimension, examples, row, str(error)) from error


def _contradiction(
    dimension: Dimension, examples: Examples, row: Example, reason: str
) -> UsageError:
    values = ", ".join(islice(dimension.values, 5))
    return UsageError(
        f"dimensions.{dimension.name} ({values}) contradicts {examples.name}, {examples.place} "
        f"{row.line}: {reason}",
        hint=f"correct the values, or remove {dimension.name} from dimensions; for exact counts, "
        f"pass --share {dimension.name}=VALUE:1,VALUE:1",
    )


@cache  # a run is prepared more than once
def _warn(words: str) -> None:
    _log.warning("%s", words)
