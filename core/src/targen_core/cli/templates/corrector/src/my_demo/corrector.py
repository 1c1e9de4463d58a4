"""(1) How an instance is judged; (2) the model's prompt is in prompts/twice.md.

A corrector works with every task: a task turns an instance into questions,
the corrector finds an answer to each, and the task settles what they amount
to: a label, or a rejection. `llm.task` is the task that is being run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from targen_core import Correction, Prompt, Rejected
from targen_core.tasks.judging import JudgeAnswer, JudgeQuestion
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.steps import Llm

_BROKEN = "no_valid_instance"  # the answer to an input that is no sound instance


class _Answer(BaseModel):
    """The reply: the reason first, then what follows from it."""

    explanation: str
    answer: str


@dataclass(frozen=True, slots=True)
class Twice:
    """Solves each question some times, without a look at the label that it checks.

    Its fields are what `targen describe my-demo` says of it.

    Attributes:
        prompt: with the values instructions, options and input.
        times: how often each question is solved.
        parameters: sampling parameters of its calls; they win over the task's.
    """

    prompt: Prompt
    times: int = 2
    parameters: Mapping[str, object] = field(default_factory=lambda: {"temperature": 0.8})

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """Its own prompts, which a run records and `dry_run` answers."""
        return (self.prompt,)

    @staticmethod
    def dry_run(call: DryRunCall) -> Any:
        """A reply without a model, for estimates and tests: the instance is what it claims."""
        options = call.values["options"].split(", ")
        answer = call.label if call.label in options else options[0]
        return {"explanation": "The instance says so.", "answer": answer}

    async def __call__(self, llm: Llm, instance: BaseModel, /) -> Correction:
        """Judge one instance; raise nothing but `Rejected`."""
        answers = [await self._solve(llm, question) for question in llm.task.questions(instance)]
        return llm.task.aggregate(instance, answers)

    async def _solve(self, llm: Llm, question: JudgeQuestion) -> JudgeAnswer:
        def legal(reply: _Answer) -> None:
            # What raises Rejected here is asked for once more, with the reason.
            if question.options and reply.answer not in (*question.options, _BROKEN):
                raise Rejected("illegal-output", f"{reply.answer!r} is none of the outputs")

        replies = [
            await llm.ask(
                self.prompt,
                reply=_Answer,
                check=legal,
                instructions=llm.task.judging.instructions,
                options=", ".join((*question.options, _BROKEN)),
                input=question.input,
            )
            for _ in range(self.times)
        ]
        answers = {reply.answer for reply in replies}
        if len(answers) > 1:
            raise Rejected("two-answers", f"the answers were {' and '.join(sorted(answers))}")
        return JudgeAnswer((replies[0].answer,), replies[0].explanation)


CORRECTOR = Twice(Prompt("twice", package="my_demo"))
