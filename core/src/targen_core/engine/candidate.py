"""One candidate: step 3, the checks and step 4, up to its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from targen_core.calls.call import Scope
from targen_core.calls.layer import CallLayer
from targen_core.engine.facade import StageLlm
from targen_core.engine.guard import Guard
from targen_core.engine.judging import judge
from targen_core.engine.lists import Seed
from targen_core.errors import Rejected, StageFailed
from targen_core.tasks.model import Task
from targen_core.tasks.steps import Corrector

__all__ = ["Generated", "Outcome", "Worker"]


@dataclass(slots=True)
class Outcome:
    """What became of a candidate before its verdict."""

    instance: Any = None  # as generated
    final: Any = None  # after correction
    claimed: str | None = None  # the label that it was generated with
    corrected: str | None = None
    explanation: str = ""
    stage: str = ""  # where it was rejected, or ""
    reason: str = ""
    detail: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)

    def reject(self, stage: str, error: Rejected) -> None:
        """Take a rejection: there is no final instance then."""
        self.stage, self.reason, self.detail = stage, error.reason, str(error)
        self.final = self.corrected = None


@dataclass(frozen=True, slots=True)
class Generated:
    """What one call of G(label, seed) gave: instances, or why there are none, and notes."""

    instances: Sequence[Any]
    notes: dict[str, Any]
    refused: Rejected | None = None


class Worker:
    """Takes candidates of a task through steps 3 and 4."""

    def __init__(
        self,
        task: Task[Any, Any],
        layer: CallLayer,
        corrector: Corrector[Any] | None,
        guard: Guard,
    ) -> None:
        self._task = task
        self._layer = layer
        self._corrector = corrector
        self._guard = guard

    async def generate(
        self, seed: Seed, label: str, scope: Scope, *, earlier: Sequence[Any] = ()
    ) -> Generated:
        """Step 3: G(label, seed); `earlier` is what samples before this one gave."""
        place = f"generate/{seed.id}/{label}/{seed.sample}"
        llm = self._llm("generate", place, seed, label, scope, earlier)
        try:
            made = await self._guard.wait(self._task.generators[label], llm, seed.value)
        except Rejected as error:
            if self._refuses_label(error.__cause__):
                raise self._own_label(label, error) from error
            return Generated((), llm.notes, error)
        instances = list(made) if isinstance(made, Sequence) else [made]
        for position, instance in enumerate(instances):
            if isinstance(instance, Rejected):
                continue  # its place is taken, so that the others keep theirs
            if not isinstance(instance, self._task.instance):
                raise self._guard.fault(
                    f"the generator for {label} returned {type(instance).__name__}, not "
                    f"{self._task.instance.__name__}"
                )
            try:
                found = self._guard.call(self._task.quota_of, instance)
            except Rejected as error:
                if self._task.labels and error.reason == "illegal-label":
                    raise self._own_label(label, error) from error
                instances[position] = error
                continue
            if found != label:
                raise self._guard.fault(
                    f"the generator for {label} returned an instance labelled {found}"
                )
        if len(instances) > self._task.instances_per_call:
            raise self._guard.fault(
                f"the generator for {label} returned {len(instances)} instances; the task's "
                f"instances_per_call is {self._task.instances_per_call}"
            )
        return Generated(instances, llm.notes)

    def _own_label(self, label: str, error: Rejected) -> StageFailed:
        """G(label, seed) of a closed set has its label from code, so every candidate would fail."""
        return self._guard.fault(
            f"the generator for {label} returned an instance labelled otherwise: {error}"
        )

    def _refuses_label(self, error: BaseException | None) -> bool:
        """Whether `error` is the instance's schema refusing a label of a closed set."""
        return (
            bool(self._task.labels)
            and isinstance(error, ValidationError)
            and error.title == self._task.instance.__name__
            and any(problem["loc"] == ("label",) for problem in error.errors())
        )

    async def judge(
        self, generated: Generated, ordinal: int, seed: Seed, label: str, scope: Scope
    ) -> Outcome:
        """Checks and step 4 for one of the instances; `scope` takes step 4's calls.

        `ordinal` counts the instances of all samples of this seed and label.
        """
        outcome = Outcome(notes=dict(generated.notes))
        place = f"correct/{seed.id}/{label}/{ordinal}"
        llm = self._llm("correct", place, seed, label, scope)
        stage = "generate"
        try:
            if generated.refused is not None:
                raise generated.refused
            position = ordinal - seed.sample * self._task.instances_per_call
            if position >= len(generated.instances):
                raise Rejected("missing", f"the reply held {len(generated.instances)} instances")
            made = generated.instances[position]
            if isinstance(made, Rejected):
                raise made
            outcome.instance = made
            stage = "check"
            self._check(outcome.instance, seed)
            stage = "correct"
            await self._correct(llm, outcome, seed)
        except Rejected as error:
            outcome.reject(stage, error)
        outcome.notes.update(llm.notes)
        return outcome

    async def _correct(self, llm: StageLlm, outcome: Outcome, seed: Seed) -> None:
        """Step 4: confirm, relabel or reject."""
        claimed = self._guard.call(self._task.read_label, outcome.instance)
        outcome.final, outcome.claimed, outcome.corrected = outcome.instance, claimed, claimed
        if self._corrector is None:
            return
        outcome.final, correction = await judge(
            self._corrector, llm, self._guard, outcome.instance, claimed
        )
        outcome.corrected, outcome.explanation = correction.label, correction.explanation
        if correction.label != claimed:
            self._check(outcome.final, seed)

    def _check(self, instance: Any, seed: Seed) -> None:
        """That the label is legal, and the task's own checks."""
        label = self._guard.call(self._task.quota_of, instance)
        if label not in self._task.quota_names:
            raise Rejected("illegal-label", f"{label!r} is not a label of {self._task.name}")
        for check in self._task.checks:
            self._guard.call(check, instance, seed.value)

    def _llm(
        self,
        step: str,
        place: str,
        seed: Seed,
        label: str,
        scope: Scope,
        earlier: Sequence[Any] = (),
    ) -> StageLlm:
        return StageLlm(
            self._layer,
            self._task,
            step=step,
            place=place,
            indices=(*seed.path, seed.sample),
            label=label,
            scope=scope,
            earlier=earlier,
        )
