"""The voting corrector: several blind solutions, and what most of them say.

Self-consistency (Wang et al., 2023, arXiv:2203.11171) as step 4: a label that
the model does not find again when it is asked repeatedly is no label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from targen_core.correctors.blind import solve
from targen_core.errors import Rejected
from targen_core.tasks.judging import Correction, Exercise, Solution
from targen_core.tasks.steps import Llm

__all__ = ["Vote", "vote"]


@dataclass(frozen=True, slots=True)
class Vote:
    """A corrector that solves each exercise `votes` times.

    Where several answers may be right together, an answer needs the majority
    of the votes for itself; else one answer needs it.

    Attributes:
        votes: blind solutions for each exercise; an odd number.
        parameters: sampling parameters of step 4, over the task's: votes of
            one and the same reply would be worth one.
    """

    votes: int = 3
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"temperature": 0.8})

    async def __call__(self, llm: Llm, instance: BaseModel, /) -> Correction:
        """Judge an instance; it is rejected as `no-majority` where votes differ too much."""
        solutions = [
            await self._decide(llm, exercise) for exercise in llm.task.exercises_of(instance)
        ]
        llm.note(votes=self.votes)
        return llm.task.settled(instance, solutions)

    async def _decide(self, llm: Llm, exercise: Exercise) -> Solution:
        found: list[Solution] = []
        for _ in range(self.votes):
            found.append(await solve(llm, exercise))
            if not exercise.several and _settled(found, self.votes):
                break
        return _majority(found, self.votes)


def _settled(found: Sequence[Solution], votes: int) -> bool:
    """Whether the votes that are left cannot change the result."""
    (_, most), *_ = Counter(solution.answers for solution in found).most_common(1)
    return most > votes // 2


def _majority(found: Sequence[Solution], votes: int) -> Solution:
    counts = Counter(answer for solution in found for answer in solution.answers)
    chosen = {answer for answer, count in counts.items() if count > votes // 2}
    if not chosen:
        raise Rejected("no-majority", f"{votes} votes: {dict(counts)}")
    answers = tuple(answer for answer in counts if answer in chosen)
    agreeing = [solution for solution in found if chosen & set(solution.answers)]
    return Solution(answers, agreeing[0].explanation)


vote = Vote()
