"""Find rows of a dataset that its task's checks would reject if a model had written them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from targen_core.dataset.model import Dataset
from targen_core.engine.filters import USUAL, Candidate, Filter
from targen_core.errors import Rejected, TargenError
from targen_core.plugins.registry import Registry
from targen_core.runs.parts import Parts
from targen_core.tasks.steps import RegisteredCheck
from targen_standard.task_files.checks import RowCheck

_log = logging.getLogger("targen")

_ACCEPTED = re.compile(r"accepted instance (\d+)")


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is refused.

    Attributes:
        row: its place in the dataset, from 0.
        idx: its `idx`.
        reason: the reason, as reports of runs count it.
        detail: the reason in words.
    """

    row: int
    idx: Any
    reason: str
    detail: str


@dataclass(slots=True)
class Checked:
    """The results of a task's checks on a dataset.

    Attributes:
        instances: labelled instances that were checked.
        refused: those that are refused, by the first check that does so.
        skipped: the checks that need more than a row, such as the seed that it was made from.
    """

    instances: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    skipped: set[str] = field(default_factory=set)


class _NotKnown(Exception):
    """A check uses the seed of a row, which a dataset does not contain."""


class _Seed:
    """Stands for a seed that is not known: whatever is done with it raises."""

    def __getattribute__(self, name: str) -> Any:
        raise _NotKnown

    def _use(self, *_: object) -> Any:
        raise _NotKnown

    __eq__ = __ne__ = __str__ = __len__ = __iter__ = __getitem__ = __contains__ = _use
    __hash__ = __bool__ = __repr__ = _use


def checked(dataset: Dataset, registry: Registry) -> Checked:
    """Put each labelled instance to the task's checks, then to its near-duplicate filter.

    A check that needs the seed of a row is skipped. The filter compares each row with earlier rows
    that were not refused, as in a run.
    """
    task, found, passed = dataset.task, Checked(), list[int]()
    filters = [*_filters(dataset, registry)]
    for unit in dataset.units():
        for instance in unit.instances:
            found.instances += 1
            try:
                seed = _check(dataset, instance, found)
                candidate = Candidate(
                    task.dedup_among(instance, seed or f"{found.instances}"),
                    instance,
                    task.render(instance),
                    task.dedup_text(instance),
                    label=task.label_of(instance) if task.labels else "",
                )
                for each in filters:
                    if (refusal := each.find(candidate)) is not None:
                        raise Rejected(refusal.reason, _with_row(refusal.detail, passed))
                for each in filters:
                    each.add(candidate)
                passed.append(unit.number - 1)
            except Rejected as error:
                row = RefusedRow(unit.number - 1, unit.idx, error.reason, str(error))
                found.refused.append(row)
    return found


def _with_row(detail: str, passed: Sequence[int]) -> str:
    """A filter's words with the row of the dataset in place of the number of what it accepted."""
    return _ACCEPTED.sub(lambda match: f"row {passed[int(match[1])]}", detail)


def _check(dataset: Dataset, instance: Any, found: Checked) -> str | None:
    """Put an instance to each check, and return its seed if a field holds it.

    Raises:
        Rejected: a check refuses it.
    """
    seed = None
    for check in dataset.task.checks:
        if isinstance(check, RowCheck):
            seed = check.seed_of(instance)
            check.without_seed(instance)
            continue
        try:
            check(instance, _Seed())
        except Rejected:
            raise
        except Exception:  # a plugin's code, without the seed that it counts on
            found.skipped.add(_name(check))
    return seed


def _name(check: Any) -> str:
    if isinstance(check, RegisteredCheck):
        return check.part
    return str(getattr(check, "__name__", type(check).__name__))


def _filters(dataset: Dataset, registry: Registry) -> Iterator[Filter]:
    """The filters that every run of the task has, with the options in its file."""
    parts = Parts(registry, {}, dataset.task)
    for name in USUAL:
        try:
            registry.find("filter", name)
        except TargenError:  # it is not installed, and runs go without it
            continue
        yield parts.find(f"filter {name}", "filter", name)[1]
