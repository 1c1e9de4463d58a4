"""`ContextsSuite`, `SeedsSuite`, `GeneratorSuite`, `CheckSuite`, `FilterSuite`: parts of a run.

from targen_testing.steps import ContextsSuite as Suite

class TestShops(Suite):
    contexts = "shops"

A part runs in a task: in that of `task`, which the author names, or in a small one of the kit's.
"""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from pydantic import BaseModel

from targen_core.engine.filters import Candidate, Filter
from targen_core.errors import QuotaNotMet, Rejected, TargenError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.tasks.groups import CallSettings, Seeding
from targen_core.tasks.model import Task
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.steps import Check, InverseGenerator, ListStep, Llm
from targen_testing import trials
from targen_testing.chance import homes_of
from targen_testing.runs import RunSuite, Watched
from targen_testing.sample import SAMPLE, Review
from targen_testing.suite import Described, PartSuite, fail
from targen_testing.trials import GOOD, Trial

PartT = TypeVar("PartT")

_HOST = "kit-host"
"""The task of the kit that lists run in."""


class _StepSuite(RunSuite, PartSuite[PartT]):
    """Checks of a part of a run, as rows are made with it."""

    def asked(self) -> Mapping[str, Any]:
        """Return the fields of a `RunConfig` that use the part: the task, at least."""
        raise NotImplementedError

    def trial(
        self,
        folder: Path,
        *,
        order: int | None = None,
        options: Mapping[str, Any] = GOOD,
        **values: Any,
    ) -> Trial:
        """Make rows with it; see `RunSuite.trial`."""
        registry, asked = self.everything(), {**self.asked()}
        name = asked.pop("task")
        job = trials.job_of(
            registry.get("task", name),
            name,
            self.rows,
            options={**options, **self.typed()},
            corrector=None,
            **asked,
            **values,
        )
        return trials.generate(registry, job, folder, order)


# --- lists ---------------------------------------------------------------------------


class _Host(Task[Any, Review]):
    """Makes reviews of whatever a list holds."""

    def dry_run_of(self, prompt: str) -> Callable[[DryRunCall], Any] | None:
        """Return replies to the list's own prompts, or to the kit's; None for all others."""
        for step in self.chain:
            if step.dry_run is not None and any(own.name == prompt for own in step.prompts):
                return step.dry_run
        return SAMPLE.calls.dry_run if any(own.name == prompt for own in SAMPLE.prompts) else None


def _as_text(item: Any) -> str:
    return json.dumps(item.model_dump(mode="json")) if isinstance(item, BaseModel) else str(item)


def _of_any(write: InverseGenerator[str, Review]) -> InverseGenerator[Any, Review]:
    """A generator that takes a seed of any type."""

    async def written(llm: Llm, seed: Any, /) -> Any:
        return await write(llm, _as_text(seed)[:200])

    return written


class _ListSuite(Described[ListStep[Any]], _StepSuite[ListStep[Any]]):
    task: ClassVar[str] = ""

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Generate for a task of the same package that has the list."""
        return {"task": used_by(registry, item)}

    def everything(self) -> Registry:
        registry = super().everything()
        if self.task:
            return registry
        step = self.target()
        host = _Host(
            name=_HOST,
            version="1",
            summary=SAMPLE.summary,
            description=SAMPLE.description,
            instance=Review,
            labels=SAMPLE.labels,
            contexts=step if self.kind == "contexts" else SAMPLE.contexts,
            seeds=() if self.kind == "contexts" else (step,),
            generators={name: _of_any(write) for name, write in SAMPLE.generators.items()},
            checks=(lambda review, seed: None,),
            judging=SAMPLE.judging,
            prompts=SAMPLE.prompts,
            # A list that is read from a file may be short.
            seeding=Seeding(samples_per_seed=self.rows),
            calls=CallSettings(dry_run=SAMPLE.calls.dry_run),
        )
        return registry.including(tasks={_HOST: host})

    def asked(self) -> Mapping[str, Any]:
        if not self.task:
            return {"task": f"memory:{_HOST}"}
        return {"task": self.task, f"{self.kind}_from": self.item().id}

    def typed(self) -> dict[str, Any]:
        return super().typed() if self.task else {}

    def homes(self) -> tuple[str, ...]:
        step = self.target()
        return homes_of(*(f for f in (step.propose, step.check, step.key, step.item) if f))


class ContextsSuite(_ListSuite):
    """Checks of contexts; set `contexts` to their registered name.

    Attributes:
        contexts: the registered name.
        task: a task to use them in, if not a small one of the kit's.
    """

    contexts: ClassVar[str]
    kind = "contexts"


class SeedsSuite(_ListSuite):
    """Checks of seeds; set `seeds` to their registered name.

    Attributes:
        seeds: the registered name.
        task: a task to use them in; needed where they grow below anything but a text.
    """

    seeds: ClassVar[str]
    kind = "seeds"


# --- generators ----------------------------------------------------------------------


class GeneratorSuite(_StepSuite[InverseGenerator[Any, Any]]):
    """Checks of an inverse generator; set `generator` to its registered name.

    Attributes:
        generator: the registered name.
        task: whose rows it writes; by default those of the kit's own small task, of one text.
        branch: the label that it writes for; "" for every one.
    """

    generator: ClassVar[str]
    task: ClassVar[str] = "sample"
    branch: ClassVar[str] = ""
    kind = "generator"

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Generate for the task and the branch that the generator is used for."""
        used = written_for(registry, item) or ("sample", "")
        return {"task": used[0], "branch": used[1]}

    def asked(self) -> Mapping[str, Any]:
        """The task, with this generator."""
        return {"task": self.task, "generators_from": {self.branch: self.item().id}}

    def homes(self) -> tuple[str, ...]:
        """Where its code is."""
        return homes_of(self.target())


# --- checks and filters --------------------------------------------------------------


class _RefusingSuite(Described[PartT], _StepSuite[PartT]):
    """Checks of a part that refuses rows: it may refuse those of a task that it is not for.

    Attributes:
        task: whose rows it sees; by default those of the kit's own small task, of one text.
        refused: official rows of that task that it must refuse.
    """

    task: ClassVar[str] = "sample"
    refused: ClassVar[Sequence[Any]] = ()

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Look at instances of the plugin's own task."""
        return {"task": task}

    def reason(self, task: Task[Any, Any], rows: Sequence[Any]) -> str | None:
        """Return why it refuses the last of these official rows, after the others, or None."""
        raise NotImplementedError

    def reasons(self) -> Iterator[str | None]:
        """Yield why it refuses each entry of `refused`, or None."""
        task: Task[Any, Any] = self.everything().get("task", self.task)
        for entry in self.refused:
            yield self.reason(task, [entry] if isinstance(entry, Mapping) else entry)

    def test_reasons_are_slugs(self, watched: Watched, hostile: Trial) -> None:
        """Rejection reasons are short slugs, such as `too-long`."""
        super().test_reasons_are_slugs(watched, hostile)
        trials.require_slugs(reason for reason in self.reasons() if reason is not None)

    def test_refuses(self) -> None:
        """It refuses the rows that the author lists in `refused`."""
        if not self.refused:
            pytest.skip("list rows that it must refuse in `refused`")
        for entry, reason in zip(self.refused, self.reasons(), strict=True):
            if reason is None:
                fail(f"it accepts {entry!r}, which is in `refused`")

    def asked(self) -> Mapping[str, Any]:
        """The task, with this part."""
        return {"task": self.task, f"{self.kind}s": (self.item().id,)}

    def homes(self) -> tuple[str, ...]:
        """Where its code is."""
        target = self.target()
        return homes_of(target if inspect.isfunction(target) else type(target))

    def test_makes_rows(self, watched: Watched) -> None:
        """Rows of a suitable task pass, and others are rejected without another exception."""
        trial, seen = watched
        if seen:
            return
        if isinstance(trial.error, QuotaNotMet):
            refused = f"too few rows of {self.task} pass: {trial.error}"
            pytest.skip(f"{refused}; set a task or options that let rows pass, or fewer rows")
        super().test_makes_rows(watched)


class CheckSuite(_RefusingSuite[Check[Any, Any]]):
    """Checks of a check; set `check` to its registered name.

    Attributes:
        check: the registered name.
    """

    check: ClassVar[str]
    kind = "check"

    def reason(self, task: Task[Any, Any], rows: Sequence[Any]) -> str | None:
        """See `_RefusingSuite.reason`; the seed of a row is None."""
        check = self.target()
        try:
            for instance in task.from_rows(rows):
                check(instance, None)
        except Rejected as error:
            return error.reason
        return None


class FilterSuite(_RefusingSuite[Filter]):
    """Checks of a filter; set `filter` to its registered name.

    Attributes:
        filter: the registered name.
    """

    filter: ClassVar[str]
    kind = "filter"

    def candidates(self, rows: Sequence[Any]) -> Iterator[Candidate]:
        """Yield official rows as a filter sees them."""
        task: Task[Any, Any] = self.everything().get("task", self.task)
        for at, instance in enumerate(task.from_rows(rows)):
            yield Candidate(
                task.dedup_among(instance, f"{at}"),
                instance,
                task.render(instance),
                task.dedup_text(instance),
                label=task.label_of(instance) if task.labels else "",
            )

    def reason(self, task: Task[Any, Any], rows: Sequence[Any]) -> str | None:
        """See `_RefusingSuite.reason`."""
        own, found = self.target(), None
        for candidate in self.candidates(rows):
            found = own.find(candidate)
            own.add(candidate)
        return None if found is None else found.reason

    def test_remembers(self, watched: Watched) -> None:
        """A new filter, given the results of `add`, rejects the same rows as the first one."""
        trial, _ = watched
        if not trial.rows:
            pytest.skip("there are no rows to see: see makes-rows")
        seen, again = self.target(), self.target()
        candidates = [*self.candidates(trial.rows)]
        again.restore([seen.add(candidate) for candidate in candidates[::2]])
        for candidate in candidates:
            if seen.find(candidate) != again.find(candidate):
                fail(
                    "after restore(), find() says otherwise than the filter that had seen the "
                    f"rows, of {candidate.text[:80]!r}"
                )


def written_for(registry: Registry, item: Registration[Any]) -> tuple[str, str] | None:
    """Return the task and the branch that already use a generator, or None."""
    target = registry.resolve(item)
    for name, task in _tasks_beside(registry, item):
        for branch, generator in task.generators.items():
            if generator is target:
                return name, branch
    return None


def used_by(registry: Registry, item: Registration[Any]) -> str:
    """A task of its own package that has the list in its chain, or ""."""
    target = registry.resolve(item)
    for name, task in _tasks_beside(registry, item):
        last = task.contexts if item.kind == "contexts" else task.seeds and task.seeds[-1]
        if last is target:
            return name
    return ""


def _tasks_beside(
    registry: Registry, item: Registration[Any]
) -> Iterator[tuple[str, Task[Any, Any]]]:
    """The tasks of the same package that load, by id."""
    for each in registry.all("task"):
        if each.distribution == item.distribution:
            with contextlib.suppress(TargenError):
                yield each.id, registry.resolve(each)
