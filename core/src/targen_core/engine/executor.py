"""Steps 3 and 4 of candidates: who does them, and what comes of them.

The engine decides what to execute and what the result means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from targen_core.calls.call import Call, Scope
from targen_core.calls.calls import Calls
from targen_core.engine.guard import Guard, named
from targen_core.engine.seeds import Seed
from targen_core.engine.stage_llm import StageLlm
from targen_core.errors import PluginError, Rejected
from targen_core.tasks.dimensions import draws_from
from targen_core.tasks.judging import Correction
from targen_core.tasks.model import Task
from targen_core.tasks.steps import Corrector, RegisteredCheck
from targen_core.text import plural, with_article

CHANGED = "the corrector changed the instance that it was given"
"""The error for a corrector that changes its instance; the kit has a check for it."""


@dataclass(frozen=True, slots=True)
class Generated:
    """The result of one call of G(branch, seed).

    Attributes:
        instances: the instances; one that could not be made is a `Rejected`.
        notes: facts for their provenance.
        refused: why there are no instances.
    """

    instances: Sequence[Any]
    notes: Mapping[str, Any]
    refused: Rejected | None = None

    def at(self, position: int) -> Any:
        """Return the instance there, or the `Rejected` in its place."""
        if self.refused is not None:
            return self.refused
        if position >= len(self.instances):
            return Rejected("missing", f"the reply held {len(self.instances)} instances")
        return self.instances[position]


@dataclass(slots=True)
class Outcome:
    """The outcome for a candidate before its verdict."""

    instance: Any = None  # as generated
    final: Any = None  # after correction
    claimed: str | None = None  # the label before step 4, if it had one
    corrected: str | None = None
    explanation: str = ""
    stage: str = ""  # where it was rejected, or ""
    reason: str = ""
    detail: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)  # of calls; the engine fills them in
    lacking: tuple[Call, ...] = ()  # unanswered calls of an offline run; from the engine

    def reject(self, stage: str, error: Rejected) -> None:
        """Record a rejection, which leaves no final instance."""
        self.stage, self.reason, self.detail = stage, error.reason, str(error)
        self.final = self.corrected = None


class Executor:
    """Does the work of steps 3 and 4.

    Calls are made on behalf of a scope, which the engine keeps: it collects their keys. Once it is
    abandoned, they are not worth asking.
    """

    def __init__(
        self,
        task: Task[Any, Any],
        layer: Calls,
        corrector: Corrector[Any] | None,
        *,
        distribution: str,
        parts: Mapping[str, str | None] = MappingProxyType({}),
    ) -> None:
        """`corrector` is step 4, or None.

        `distribution` has the task. `parts` has the ids of registered parts that are not its own,
        by their place ("corrector", "generator of BRANCH"), for errors.
        """
        self._task = task
        self._branches = task.branches
        self._numbers = {branch: number for number, branch in enumerate(self._branches)}
        self._layer = layer
        self._corrector = corrector
        self._guard = Guard(task.name, distribution)
        self._of_corrector = self._guard.of("corrector", parts.get("corrector"))
        self._of_branch = {
            branch: self._guard.of(
                "generator", parts.get(f"generator of {task.plain_branch(branch)}")
            )
            for branch in task.generators
        }
        # Each with whose it is.
        self._checks = [
            (self._guard.of("check", check.part), check.check)
            if isinstance(check, RegisteredCheck)
            else (self._guard, check)
            for check in task.checks
        ]

    async def generate(
        self, seed: Seed, branch: str, scope: Scope, earlier: Sequence[Any] = ()
    ) -> Generated:
        """Do step 3, G(branch, seed), shown the `earlier` instances of the two.

        Raises:
            PluginError: the task's code is broken.
        """
        place = seed.place("generate", branch, seed.sample)
        llm = self._llm(
            "generate",
            place,
            seed,
            branch,
            scope,
            earlier=earlier,
            dimensions=self._task.dimensions,
            draws=self.draws(seed, branch),
            properties=self._task.properties_of(branch),
        )
        guard = self._of_branch[branch]
        try:
            made = await guard.wait(self._task.generators[branch], llm, seed.value)
        except Rejected as error:
            if self._refuses_label(branch, error.__cause__):
                raise self._own_label(branch, error) from error
            return Generated((), llm.notes, error)
        instances = list(made) if isinstance(made, Sequence) else [made]
        for position, instance in enumerate(instances):
            if isinstance(instance, Rejected):
                continue  # its place counts, so that the others keep theirs
            if not isinstance(instance, self._task.instance):
                raise guard.fault(
                    f"the generator for {branch} returned {type(instance).__name__}, not "
                    f"{self._task.instance.__name__}"
                )
            try:
                self._check_aim(branch, instance)
            except Rejected as error:
                instances[position] = error
        if len(instances) > self._task.seeding.instances_per_call:
            raise guard.fault(
                f"the generator for {branch} returned {plural(len(instances), 'instance')}, but "
                f"the task's instances_per_call is {self._task.seeding.instances_per_call}"
            )
        return Generated(instances, llm.notes)

    def draws(self, seed: Seed, branch: str) -> Sequence[Mapping[str, str]]:
        """The draws of a candidate's instances."""
        count, dimensions = self._task.seeding.instances_per_call, self._task.dimensions
        late = self._task.late(branch, seed.path, seed.sample) if dimensions else None
        return draws_from(
            dimensions,
            self._layer.seed,
            self._task.draw_path(seed.path),
            seed.sample * count,
            count,
            self._numbers[branch],
            late,
        )

    def _check_aim(self, branch: str, instance: Any) -> None:
        """Require the label that its branch aims at."""
        aim = self._branches[branch]
        if aim is None:
            return
        try:
            label = self._guard.call(self._task.quota_of, instance)
        except Rejected as error:
            if self._task.labels and error.reason == "illegal-label":
                raise self._own_label(branch, error) from error
            raise
        if label != aim:
            raise self._of_branch[branch].fault(
                f"the generator for {branch} returned an instance with the label {label}"
            )

    def _own_label(self, branch: str, error: Rejected) -> PluginError:
        """A branch that aims at a label has it from code, so every candidate would fail."""
        return self._of_branch[branch].fault(
            f"the generator for {branch} returned an instance with a different label: {error}"
        )

    def _refuses_label(self, branch: str, error: BaseException | None) -> bool:
        """Return whether `error` is the schema refusing the label that a branch aims at."""
        return (
            bool(self._task.labels)
            and self._branches[branch] is not None
            and isinstance(error, ValidationError)
            and error.title == self._task.instance.__name__
            and any(problem["loc"] == ("label",) for problem in error.errors())
        )

    async def judge(
        self,
        seed: Seed,
        branch: str,
        ordinal: int,
        instance: Any,
        scope: Scope,
        *,
        notes: Mapping[str, Any] = MappingProxyType({}),
        known: Correction | None = None,
    ) -> Outcome:
        """Do the checks and step 4; what they reject is an outcome.

        Args:
            seed: the seed that the instance was made from.
            branch: the branch that it was made by.
            ordinal: its number among the instances of all samples of the two.
            instance: the instance, or the `Rejected` in its place.
            scope: on whose behalf calls are made.
            notes: facts for its provenance that are known already.
            known: its verdict of step 4 in another run, if that stays.

        Raises:
            PluginError: the task's code, or the corrector's, is broken.
        """
        outcome = Outcome(notes=dict(notes))
        llm = self._llm("correct", seed.place("correct", branch, ordinal), seed, branch, scope)
        stage = "generate"
        try:
            if isinstance(instance, Rejected):
                raise instance
            outcome.instance = instance
            stage = "check"
            claimed = self._guard.call(self._task.claimed_label, outcome.instance)
            self._check(outcome.instance, seed, labeled=claimed is not None)
            stage = "correct"
            if known is not None:
                outcome.final, outcome.claimed = outcome.instance, claimed
                outcome.corrected = known.label
                outcome.explanation = known.explanation
                outcome.reason = known.reason
            else:
                await self._correct(llm, outcome, claimed, seed)
        except Rejected as error:
            outcome.reject(stage, error)
        outcome.notes.update(llm.notes)
        return outcome

    async def _correct(
        self, llm: StageLlm, outcome: Outcome, claimed: str | None, seed: Seed
    ) -> None:
        """Step 4: confirm, give another label, or reject."""
        outcome.final, outcome.claimed = outcome.instance, claimed
        if self._corrector is None:
            outcome.corrected = self._guard.call(self._task.label_of, outcome.instance)
            return
        outcome.final, correction = await judge(
            self._corrector, llm, self._of_corrector, outcome.instance, claimed
        )
        outcome.corrected, outcome.explanation = correction.label, correction.explanation
        if correction.reason:  # kept although the judge was unsure
            outcome.reason = correction.reason
            outcome.notes[correction.reason] = True
        if outcome.final is not outcome.instance:
            self._check(outcome.final, seed, labeled=True)

    def _check(self, instance: Any, seed: Seed, *, labeled: bool) -> None:
        """Require a legal label, if `labeled`, and run the task's checks."""
        if labeled:
            label = self._guard.call(self._task.quota_of, instance)
            if not self._task.allows(label):
                raise Rejected("illegal-label", f"{label!r} is not a label of {self._task.name}")
        before = instance.model_copy(deep=True) if self._checks else instance
        for guard, check in self._checks:
            returned = guard.call(check, instance, seed.value)
            if instance != before:
                raise guard.fault(
                    "a check changed the instance that it was given; it may only raise Rejected"
                )
            if returned is not None:  # as one that says no by a value would
                raise guard.fault(
                    f"{named(check)} returned {type(returned).__name__}; a check must raise "
                    "Rejected or return None"
                )

    def _llm(
        self,
        step: str,
        place: str,
        seed: Seed,
        branch: str,
        scope: Scope,
        **more: Any,
    ) -> StageLlm:
        return StageLlm(
            self._layer,
            self._task,
            step=step,
            place=place,
            indices=(*seed.path, seed.sample),
            label=branch,
            scope=scope,
            above=seed.above,
            **more,
        )


async def judge(
    corrector: Corrector[Any],
    llm: StageLlm,
    guard: Guard,
    instance: Any,
    claimed: str | None,
) -> tuple[Any, Correction]:
    """Return the instance as the corrector leaves it, and what it said.

    An instance that keeps its `claimed` label and is not corrected otherwise is returned unchanged.
    The caller checks whether a changed one is valid. `claimed` is None if step 4 is to find the
    label. `guard` is the corrector's.

    Raises:
        Rejected: the corrector gives it none, or it cannot have that one.
        PluginError: the corrector, or the task, is broken; it changed the instance, say.
    """
    before = instance.model_copy(deep=True)
    correction = await guard.wait(corrector, llm, instance)
    if instance != before:
        raise guard.fault(
            f"{CHANGED}; rows are written from that instance, so return the label in a Correction"
        )
    if not isinstance(correction, Correction):
        raise guard.fault(f"the corrector returned {type(correction).__name__}, not a Correction")
    if correction.label is None:
        raise Rejected(correction.reason or "rejected", correction.explanation)
    if correction.instance is not None:
        return _corrected(llm.task, guard, correction), correction
    if correction.label == claimed:
        return instance, correction
    return guard.call(llm.task.with_label, instance, correction.label), correction


def _corrected(task: Task[Any, Any], guard: Guard, correction: Correction) -> Any:
    """Return the instance that a correction brings, which must be of the task and of its label."""
    instance = correction.instance
    if not isinstance(instance, task.instance):
        raise guard.fault(
            f"the corrected instance is {with_article(type(instance).__name__)}, not "
            f"{with_article(task.instance.__name__)}"
        )
    label = guard.call(task.label_of, instance)
    if label != correction.label:
        raise guard.fault(
            f"the corrected instance is labelled {label}, but the Correction's label is "
            f"{correction.label}"
        )
    return instance
