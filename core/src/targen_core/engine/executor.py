"""Executors: who takes candidates through steps 3 and 4.

The engine decides what to execute and what the result means; an executor only reports the results
of work. Work and its results are values that pickle if the task's own types do, so that work may be
done elsewhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from targen_core.calls.call import Call, Scope
from targen_core.engine.seeds import Seed
from targen_core.errors import Rejected
from targen_core.tasks.judging import Correction


@dataclass(frozen=True, slots=True)
class Generation:
    """Step 3 to be done: G(branch, seed).

    Attributes:
        seed: the seed, its place and its sample.
        branch: the branch of the task.
        earlier: instances that earlier samples of the two gave.
    """

    seed: Seed
    branch: str
    earlier: Sequence[Any] = ()


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


@dataclass(frozen=True, slots=True)
class Judgement:
    """Checks and step 4 to be done of one instance.

    Attributes:
        seed: the seed that it was made from.
        branch: the branch that it was made by.
        ordinal: its number among the instances of all samples of the two.
        instance: the instance, or the `Rejected` in its place.
        notes: facts for its provenance that are known already.
        refused: whether a filter will refuse it, so that step 4 need not send calls.
        known: its verdict of step 4 in another run, if that stays.
    """

    seed: Seed
    branch: str
    ordinal: int
    instance: Any
    notes: Mapping[str, Any]
    refused: bool = False
    known: Correction | None = None


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


class Executor(ABC):
    """Does the work of steps 3 and 4; see docs/architecture.md.

    Calls are made on behalf of `scope`, which the engine keeps: it collects their keys. Once it is
    abandoned, they are not worth asking.
    """

    @abstractmethod
    async def generate(self, work: Generation, scope: Scope) -> Generated:
        """Step 3.

        Raises:
            PluginError: the task's code is broken.
        """

    @abstractmethod
    async def judge(self, work: Judgement, scope: Scope) -> Outcome:
        """The checks and step 4; what they reject is an outcome.

        Raises:
            PluginError: the task's code, or the corrector's, is broken.
        """
