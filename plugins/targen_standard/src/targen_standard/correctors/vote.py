"""The voting corrector: several blind answers, and what most of them say.

Self-consistency (Wang et al., 2023, arXiv:2203.11171) as step 4: the model must find a label again
in repeated answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from targen_core.errors import Rejected
from targen_core.options import Multiplies
from targen_core.plugins.configurable import Configurable
from targen_core.tasks.judging import Correction, JudgeAnswer, JudgeQuestion
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.steps import Llm
from targen_standard.correctors.answers import agreeing
from targen_standard.correctors.blind import SOLVE_PROMPT, solve


@dataclass(frozen=True, slots=True)
class Vote:
    """A corrector that solves each question `votes` times.

    Where several answers may be right together, an answer needs the majority
    of the votes for itself; else one answer needs it.

    Attributes:
        votes: blind answers to each question; an odd number.
        parameters: sampling parameters of step 4, over the task's: votes of
            one and the same reply would be worth one.
        prompts: what it asks with.
    """

    votes: int = 3
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"temperature": 0.8})
    prompts: tuple[Prompt, ...] = (SOLVE_PROMPT,)
    agreeing = staticmethod(agreeing)

    async def __call__(self, llm: Llm, instance: BaseModel, /) -> Correction:
        """Judge an instance; it is rejected as `no-majority` where votes differ too much."""
        answers = [await self._decide(llm, question) for question in llm.task.questions(instance)]
        llm.note(votes=self.votes)
        return llm.task.aggregate(instance, answers)

    async def _decide(self, llm: Llm, question: JudgeQuestion) -> JudgeAnswer:
        answers: list[JudgeAnswer] = []
        for _ in range(self.votes):
            answers.append(await solve(llm, question))
            if not question.several and _is_decided(answers, self.votes):
                break
        return _majority(answers, self.votes)


def _is_decided(answers: Sequence[JudgeAnswer], votes: int) -> bool:
    """Return whether the remaining votes cannot change the result."""
    (_, highest), *_ = Counter(answer.answers for answer in answers).most_common(1)
    return highest > votes // 2


def _majority(answers: Sequence[JudgeAnswer], votes: int) -> JudgeAnswer:
    counts = Counter(option for answer in answers for option in answer.answers)
    chosen = {option for option, count in counts.items() if count > votes // 2}
    if not chosen:
        raise Rejected("no-majority", f"{votes} votes: {dict(counts)}")
    options = tuple(option for option in counts if option in chosen)
    agreeing = [answer for answer in answers if chosen & set(answer.answers)]
    return JudgeAnswer(options, agreeing[0].explanation)


class VoteOptions(BaseModel):
    """Options of `vote`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    votes: Annotated[int, Field(ge=1, le=99), Multiplies(free=15)] = Field(
        default=3,
        description="number of blind answers per question; must be odd, so that the vote cannot be "
        "tied",
    )

    @field_validator("votes")
    @classmethod
    def _is_odd(cls, votes: int) -> int:
        if votes % 2 == 0:
            raise ValueError("it must be odd, so that the vote cannot be tied")
        return votes


vote = Configurable(VoteOptions, lambda options: Vote(options.votes))
