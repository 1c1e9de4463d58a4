"""`validate`: are the rows of a dataset official rows of a task?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from targen_core.api.kinds import exported
from targen_core.api.request import TaskLike
from targen_core.cli.sources import task_name
from targen_core.dataset.model import Dataset, Problem
from targen_core.dataset.reading import read_dataset
from targen_core.dataset.source import Source
from targen_core.pages import table
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.text import plural
from targen_standard.given import DataLike, given_data, task_of
from targen_standard.validating.refusing import Checked, checked


@dataclass(frozen=True)
class Validation:
    """A dataset, held against its task's schema.

    Attributes:
        place: where the rows are.
        word: what a place in them is called: "line", "row".
        task: the name of the task.
        dataset: the rows.
        checks: what the task's checks would refuse; None if that was not asked.
    """

    place: str
    word: str
    task: str
    dataset: Dataset
    checks: Checked | None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return the problems, row by row; `known` ones of the original data do not count."""
        return tuple(self.dataset.problems)

    @property
    def distinct(self) -> list[tuple[Problem, int]]:
        """The first problem of each kind, and how many rows have it."""
        first: dict[tuple[str, str], Problem] = {}
        for problem in self.problems:
            first.setdefault((problem.message, problem.known), problem)
        counts = Counter((problem.message, problem.known) for problem in self.problems)
        return [(problem, counts[kind]) for kind, problem in first.items()]

    @cached_property
    def bad(self) -> frozenset[int]:
        """The places of rows with problems that count."""
        return frozenset(problem.line for problem in self.problems if not problem.known)

    @property
    def odd(self) -> frozenset[int]:
        """The places of rows that are known to break the schema of the original data."""
        return frozenset(problem.line for problem in self.problems) - self.bad

    @property
    def valid(self) -> bool:
        """Return whether all rows are official rows of the task."""
        return not self.bad

    @cached_property
    def instances(self) -> int:
        """Return the number of labelled instances."""
        return sum(len(unit.instances) for unit in self.dataset.units())

    @cached_property
    def unlabelled(self) -> int:
        """Return the number of rows without a label."""
        without = sum(not unit.instances for unit in self.dataset.units())
        return without * self.dataset.task.rows_per_instance

    def __repr__(self) -> str:
        lost = sum(problem.left_out for problem in self.problems)
        rows = plural(len(self.dataset) + lost, "row")
        return f"<Validation of {self.place}: {rows} of {self.task}, {len(self.bad):,} invalid>"

    def _repr_html_(self) -> str:
        rows = [(each.line, each.idx, count, each.message) for each, count in self.distinct]
        return table(repr(self)[1:-1], (f"first {self.word}", "idx", "rows", "problem"), rows)


@exported
def validate(
    data: DataLike,
    task: TaskLike | None = None,
    *,
    checks: bool = False,
    encoding: str = "utf-8",
    registry: Registry | None = None,
) -> Validation:
    """Check a dataset against its task's schema, and show the invalid rows.

    Args:
        data: a run, a `Dataset`, the path of either, a data frame or rows.
        task: the task of the rows; a run and a `Dataset` know theirs.
        checks: whether to find also which rows the task's checks would refuse.
        encoding: of a file.
        registry: finds the task; by default what is installed.

    Raises:
        UsageError: the dataset does not exist, or its task is unknown.
    """
    handed = given_data(data, task, registry=registry, encoding=encoding)
    known, source = handed.registry or load_registry(), handed.source
    dataset = read_dataset(source, task, registry=known, strict=False)
    place, word, name = dataset.name, "row", dataset.task.name
    if isinstance(source, Source):
        place, word, whose = source.place, source.form.place, task_of(task)
        name = task_name(source, whose if isinstance(whose, str) else None) or name
    return Validation(place, word, name, dataset, checked(dataset, known) if checks else None)
