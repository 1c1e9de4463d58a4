"""The blind corrector: solves the task without seeing the claimed output.

The paper's meta-prompt shows the judge the output that it checks; a model that
is inclined to agree then confirms wrong labels. Here it cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from targen_core.calls.model import Message
from targen_core.tasks.judging import Correction, CorrectionSample, JudgeAnswer, JudgeQuestion
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.replies import line
from targen_core.tasks.steps import Llm
from targen_standard.correctors.answers import (
    agreeing,
    as_json,
    matched,
    outputs_of,
    reply_to,
    worked,
)

SOLVE_PROMPT = Prompt("solve", package="targen_standard.correctors", quoted=("input",))


class _Solved(BaseModel):
    """The reply: reasons first, then what follows from them."""

    explanation: line(20, 240)  # type: ignore[valid-type]
    answer: Any


@dataclass(frozen=True, slots=True)
class Blind:
    """A corrector that solves each question of an instance once; the answer is the label.

    Attributes:
        prompts: what it asks with.
    """

    prompts: tuple[Prompt, ...] = (SOLVE_PROMPT,)
    agreeing = staticmethod(agreeing)

    async def __call__(self, llm: Llm, instance: BaseModel, /) -> Correction:
        """Judge one instance."""
        questions = llm.task.questions(instance)
        return llm.task.aggregate(instance, [await solve(llm, question) for question in questions])


blind = Blind()


async def solve(llm: Llm, question: JudgeQuestion) -> JudgeAnswer:
    """Solve one question by the task's instructions.

    Raises:
        Rejected: `illegal-output`, if the repair also failed.
    """
    task = llm.task

    def legal(reply: _Solved) -> None:
        matched(reply.answer, question)

    reply = await llm.ask(
        SOLVE_PROMPT,
        reply=reply_to(task, question, _Solved, "answer"),
        check=legal,
        instructions=task.judging.instructions,
        outputs=outputs_of(task, question),
        samples=_sample_turns(task.judging.samples, question.several),
        input=question.input,
    )
    return JudgeAnswer(matched(reply.answer, question), reply.explanation)


@lru_cache(maxsize=64)
def _sample_turns(samples: tuple[CorrectionSample, ...], several: bool) -> tuple[Message, ...]:
    """The task's worked samples, solved: their claimed outputs are left out."""
    turns: list[Message] = []
    for sample in samples:
        answer = as_json(sample.actual, several=several)
        reply = {"explanation": sample.explanation, "answer": answer}
        turns += worked(SOLVE_PROMPT, reply, input=sample.input)
    return tuple(turns)
