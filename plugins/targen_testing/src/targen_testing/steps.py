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
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

import pytest
from pydantic import BaseModel

from targen_core.engine.events import Commit
from targen_core.engine.filters import Candidate, Filter, Refusal
from targen_core.errors import QuotaNotMet, Rejected, TargenError
from targen_core.plugins.configurable import Configurable
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.tasks.model import Task
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.steps import Check, InverseGenerator, ListStep, Llm
from targen_core.text import plural
from targen_testing import trials
from targen_testing.chance import Nondeterminism, homes_of, watching
from targen_testing.sample import SAMPLE, Review
from targen_testing.suite import Described, PartSuite, fail
from targen_testing.trials import GOOD, HOSTILE, Trial

PartT = TypeVar("PartT")

_HOST = "kit-host"
"""The task of the kit that lists run in."""


class _StepSuite(PartSuite[PartT]):
    """Checks of a part of a run, as rows are made with it.

    Attributes:
        rows: how many rows of each label are made.
    """

    rows: ClassVar[int] = 6

    # --- how the tests run it ---

    def asked(self) -> Mapping[str, Any]:
        """Return the fields of a spec that use the part: the task, at least."""
        raise NotImplementedError

    def homes(self) -> tuple[str, ...]:
        """Where its code is."""
        raise NotImplementedError

    def trial(
        self,
        folder: Path,
        options: Mapping[str, Any] = GOOD,
        concurrency: int = 8,
        registry: Registry | None = None,
        **more: Any,
    ) -> Trial:
        """Make rows with it on the scripted backend; what stops the run is kept."""
        registry, asked = registry or self.everything(), self.asked()
        task: Task[Any, Any] = registry.get("task", asked["task"])
        spec = trials.job_of(
            task,
            asked["task"],
            self.rows,
            concurrency=concurrency,
            options={**options, **self.typed()},
            corrector=None,
            **{name: value for name, value in asked.items() if name != "task"},
            **more,
        )
        return trials.generate(registry, spec, folder)

    @pytest.fixture
    def watched(self, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trial, Nondeterminism]:
        """A run with good replies, and the chance and clocks that the part used in it."""

        def make() -> tuple[Trial, Nondeterminism]:
            with watching(self.homes()) as seen:
                trial = self.trial(tmp_path_factory.mktemp("good") / "run")
            return trial, seen

        return self.kept("watched", make)

    @pytest.fixture
    def hostile(self, tmp_path_factory: pytest.TempPathFactory) -> Trial:
        """A run with hostile replies; that it falls short is in order."""
        folder = tmp_path_factory.mktemp("hostile") / "run"
        return self.kept("hostile", lambda: self.trial(folder, HOSTILE, give_up_after=40))

    # --- what must hold ---

    def test_makes_rows(self, watched: tuple[Trial, Nondeterminism]) -> None:
        """With good replies, it is used for all rows of a complete run."""
        trial, seen = watched
        if seen:
            return
        if trial.error is not None:
            fail(f"a run with good replies fails: {trial.error}")

    def test_uses_no_chance_and_no_clock(self, watched: tuple[Trial, Nondeterminism]) -> None:
        """Randomness comes only from `llm.rng`, and clocks are not used."""
        _, seen = watched
        seen.require_none()

    def test_raises_only_rejections(self, hostile: Trial) -> None:
        """Hostile replies lead to rejections, not to other exceptions."""
        if not hostile.has_ended:
            fail(f"a run with hostile replies fails: {hostile.error}")

    def test_reasons_are_slugs(self, watched: tuple[Trial, Nondeterminism], hostile: Trial) -> None:
        """Rejection reasons are short slugs, such as `too-long`."""
        trials.require_slugs([*watched[0].reasons, *hostile.reasons])

    def test_same_rows_again(self, watched: tuple[Trial, Nondeterminism], tmp_path: Path) -> None:
        """The same replies always give the same rows, at any concurrency."""
        trial, seen = watched
        if seen or not trial.has_ended:
            pytest.skip("no run to compare with: see makes-rows")
        for concurrency in (1, 16):
            again = self.trial(tmp_path / f"{concurrency}", concurrency=concurrency)
            if files := trials.differing(trial.folder, again.folder):
                fail(f"{' and '.join(files)} differ with {concurrency} calls at once")

    def test_verifies(self, watched: tuple[Trial, Nondeterminism]) -> None:
        """Its run can be replayed from the journal (`targen resume --verify`)."""
        trial, _ = watched
        if not trial.has_ended:
            pytest.skip("there is no run to check: see makes-rows")
        again = trials.resume(self.everything(), trial.folder, trials.shuffled(3), verify=True)
        if not again.has_ended:
            fail(f"`targen resume --verify` refuses the run: {again.error}")


# --- lists ---------------------------------------------------------------------------


class _Host(Task[Any, Review]):
    """Makes reviews of whatever a list holds."""

    def dry_run_of(self, prompt: str) -> Callable[[DryRunCall], Any] | None:
        """Return replies to the list's own prompts, or to the kit's; None for all others."""
        for step in self.chain:
            if step.dry_run is not None and any(own.name == prompt for own in step.prompts):
                return step.dry_run
        return SAMPLE.dry_run if any(own.name == prompt for own in SAMPLE.prompts) else None


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
            samples_per_seed=self.rows,  # a list that is read from a file may be short
            judging=SAMPLE.judging,
            prompts=SAMPLE.prompts,
            dry_run=SAMPLE.dry_run,
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

    def spied(self, folder: Path, spy: Callable[[Any], Any], replies: Mapping[str, Any]) -> Trial:
        """A run in which `spy` of the part takes its place."""
        item, registry = self.item(), self.everything()
        model = registry.options_of(item)

        def make(options: Any = None) -> Any:
            values = {} if options is None else options.model_dump()
            return spy(registry.configured(item, values)[0])

        made: Any = make if model is None else Configurable(model, make)
        if model is None and not registry.kinds[self.kind].per_run:
            made = make()
        others = [
            each for each in registry.everything() if (each.kind, each.id) != (self.kind, item.id)
        ]
        with_spy = Registry([*others, replace(item, target=made)])
        return self.trial(folder, replies, give_up_after=40, registry=with_spy)

    def refusals(self, folder: Path, replies: Mapping[str, Any]) -> int:
        """Return the number of rows of a run with these replies that it refuses."""
        raise NotImplementedError

    def reason(self, task: Task[Any, Any], rows: Sequence[Any]) -> str | None:
        """Return why it refuses the last of these official rows, after the others, or None."""
        raise NotImplementedError

    def refuses(self, task: Task[Any, Any], rows: Sequence[Any]) -> bool:
        """Return whether it refuses the last of these official rows, after the others."""
        return self.reason(task, rows) is not None

    def reasons(self) -> Iterator[str | None]:
        """Yield why it refuses each entry of `refused`, or None."""
        task: Task[Any, Any] = self.everything().get("task", self.task)
        for entry in self.refused:
            yield self.reason(task, [entry] if isinstance(entry, Mapping) else entry)

    def test_reasons_are_slugs(self, watched: tuple[Trial, Nondeterminism], hostile: Trial) -> None:
        """Rejection reasons are short slugs, such as `too-long`."""
        super().test_reasons_are_slugs(watched, hostile)
        trials.require_slugs(reason for reason in self.reasons() if reason is not None)

    def test_refuses(self, tmp_path: Path) -> None:
        """It refuses the rows in `refused`; without these, at least one row of the kit's runs."""
        for entry, reason in zip(self.refused, self.reasons(), strict=True):
            if reason is None:
                fail(f"it accepts {entry!r}, which is in `refused`")
        runs = {"good": GOOD, "hostile": HOSTILE}
        if not self.refused and not any(self.refusals(tmp_path / r, runs[r]) for r in runs):
            pytest.skip("it accepts all of the kit's rows; list rows that it refuses in `refused`")

    def asked(self) -> Mapping[str, Any]:
        """The task, with this part."""
        return {"task": self.task, f"{self.kind}s": (self.item().id,)}

    def homes(self) -> tuple[str, ...]:
        """Where its code is."""
        target = self.target()
        return homes_of(target if inspect.isfunction(target) else type(target))

    def test_makes_rows(self, watched: tuple[Trial, Nondeterminism]) -> None:
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

    def refusals(self, folder: Path, replies: Mapping[str, Any]) -> int:
        """See `_RefusingSuite.refusals`."""
        said: list[Rejected] = []

        def spy(check: Check[Any, Any]) -> Check[Any, Any]:
            def spied(instance: Any, seed: Any, /) -> None:
                try:
                    return check(instance, seed)
                except Rejected as error:
                    said.append(error)
                    raise

            return spied

        self.spied(folder, spy, replies)
        return len(said)

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

    def refusals(self, folder: Path, replies: Mapping[str, Any]) -> int:
        """See `_RefusingSuite.refusals`."""
        seen: list[_Recorder] = []
        self.spied(folder, partial(_Recorder, among=seen), replies)
        events = [event for one in seen for event in one.events]
        return sum(name == "find" and result is not None for name, _, result in events)

    def reason(self, task: Task[Any, Any], rows: Sequence[Any]) -> str | None:
        """See `_RefusingSuite.reason`."""
        own = self.target()
        found = None
        for at, instance in enumerate(task.from_rows(rows)):
            candidate = Candidate(
                task.dedup_among(instance, f"{at}"),
                instance,
                task.render(instance),
                task.dedup_text(instance),
                label=task.label_of(instance) if task.labels else "",
            )
            found = own.find(candidate)
            own.add(candidate)
        return None if found is None else found.reason

    def test_remembers(self, tmp_path: Path) -> None:
        """A new filter, given the results of `add`, rejects the same rows as the first one."""
        seen: list[_Recorder] = []
        trial = self.spied(tmp_path / "run", partial(_Recorder, among=seen), GOOD)
        if trial.bug or not seen:
            pytest.skip("no run to continue: see makes-rows")
        events = max((one.events for one in seen), key=len)
        for at in range(0, len(events), max(1, len(events) // 20)):
            again = self.target()
            for name, args, _ in events[:at]:
                if name == "count":
                    again.count(*args)
            if entries := [result for name, _, result in events[:at] if name == "add"]:
                again.restore(entries)
            for name, args, result in events[at:]:
                if name == "find" and again.find(*args) != result:
                    fail(
                        f"after restore() of {plural(len(entries), 'row')}, find() says otherwise "
                        f"than the filter that had seen them, of {args[0].text[:80]!r}"
                    )
                if name != "find":
                    getattr(again, name)(*args)


class _Recorder(Filter):
    """A filter that notes how another is called, and what it returns."""

    def __init__(self, inner: Filter, among: list[_Recorder]) -> None:
        among.append(self)
        self.events: list[tuple[str, tuple[Any, ...], Any]] = []
        self._inner = inner
        self.gives_way, self.share, self.packages = inner.gives_way, inner.share, inner.packages

    def find(self, candidate: Candidate) -> Refusal | None:
        return cast("Refusal | None", self._noted("find", candidate))

    def add(self, accepted: Candidate) -> bytes:
        return cast("bytes", self._noted("add", accepted))

    def restore(self, entries: Sequence[bytes]) -> None:
        self._inner.restore(entries)

    def count(self, branch: str, commit: Commit) -> None:
        self._noted("count", branch, commit)

    def _noted(self, name: str, *args: Any) -> Any:
        result = getattr(self._inner, name)(*args)
        self.events.append((name, args, result))
        return result


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
