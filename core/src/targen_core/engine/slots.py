"""A candidate on its way to a verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from targen_core.calls.call import Call, Scope
from targen_core.engine.events import Verdict
from targen_core.engine.executor import Generated, Outcome
from targen_core.engine.seeds import ListBatch, Seed, item_value


@dataclass(slots=True, kw_only=True)
class _Caller:
    """A candidate or the like, for which calls are made."""

    waits: bool = False  # whether its calls wait for the turn of a candidate
    _scope: Scope | None = None

    @property
    def scope(self) -> Scope:
        """Return the scope of its calls."""
        if self._scope is None:  # as for most candidates of a resumed run, which make no calls
            self._scope = Scope(turn=asyncio.Event() if self.waits else None)
        return self._scope


@dataclass(slots=True)
class SharedGeneration(_Caller):
    """G(branch, seed), if it is shared: by several instances, or shown to later samples."""

    task: asyncio.Task[Generated] | None = None


@dataclass(frozen=True, slots=True)
class Lacking:
    """A candidate without a verdict, since the run sends no calls and the journal has no answer.

    Attributes:
        id: the candidate.
        branch: its branch.
        calls: what would have to be asked next; more may follow.
        keys: of the calls of its own that are answered.
    """

    id: str
    branch: str
    calls: Sequence[Call]
    keys: Sequence[str]


@dataclass(slots=True)
class Slot(_Caller):
    """One candidate: instance `ordinal` of what G(branch, seed) gives; `aim` is the branch's.

    Its own scope is for the calls that are made only for it.
    """

    part: int  # of the task, that the seed is in
    number: int  # among the candidates of its part
    seed: Seed
    branch: str
    aim: str | None
    ordinal: int
    generation: SharedGeneration
    batches: list[ListBatch]  # list batches walked since the candidate before
    over: frozenset[int] = frozenset()  # parts whose seeds all come before
    run: str = ""  # begins its id, which no kept row has
    task: asyncio.Task[Outcome] | None = None

    @property
    def id(self) -> str:
        """As in provenance and rejects."""
        return f"{self.run}{self.seed.id}/{self.branch}/{self.ordinal}"

    def provenance(self, outcome: Outcome, idx: int, rows: int) -> dict[str, Any]:
        """Where the rows from `idx` on come from."""
        return {
            "id": self.id,
            "idx": idx,
            "rows": rows,
            "above": [item_value(item) for item in self.seed.above],
            "seed": item_value(self.seed.value),
            "intended": self.branch,
            **self._claimed(outcome),
            "label": outcome.corrected,
            "explanation": outcome.explanation,
            **({"notes": outcome.notes} if outcome.notes else {}),
            "calls": [*self.seed.calls, *outcome.keys],
        }

    def reject(self, outcome: Outcome, verdict: Verdict, detail: str) -> dict[str, Any]:
        """The record of a candidate that was not accepted."""
        return {
            "verdict": verdict,
            "id": self.id,
            "intended": self.branch,
            **self._claimed(outcome),
            "corrected": outcome.corrected,
            "stage": outcome.stage,
            "reason": outcome.reason,
            "detail": detail or outcome.detail,
            "seed": item_value(self.seed.value),
            "instance": item_value(outcome.instance),
            **({"notes": outcome.notes} if outcome.notes else {}),
            "calls": [*self.seed.calls, *outcome.keys],
        }

    def _claimed(self, outcome: Outcome) -> dict[str, str | None]:
        """The label before correction, if it differs from `intended`; None if it had none."""
        if outcome.claimed == self.branch or (outcome.claimed is None and self.aim is not None):
            return {}
        return {"claimed": outcome.claimed}

    def let_send(self) -> None:
        """Send what is still to be asked, if that waited for its turn."""
        self.scope.let_send()
        self.generation.scope.let_send()

    def abandon(self) -> None:
        """Stop sending: it is not needed any more."""
        self.scope.abandon()
        self.generation.scope.abandon()
