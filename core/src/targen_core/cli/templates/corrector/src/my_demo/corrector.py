"""(1) How a row is judged: here solved twice, without a look at its label.

A task turns a row into questions; the corrector answers each; the task says what the answers mean.
"""

from typing import Any

from pydantic import BaseModel
from targen_core import Correction, Llm, Prompt, Rejected
from targen_core.tasks.judging import JudgeAnswer, JudgeQuestion
from targen_core.tasks.parts import DryRunCall

TWICE = Prompt("twice", package="my_demo")


class Twice:
    """Refuses rows to which it finds two answers."""

    prompts = (TWICE,)

    async def __call__(self, llm: Llm, instance: BaseModel, /) -> Correction:
        """Judge one row; raise nothing but `Rejected`."""
        answers = [await self._solve(llm, question) for question in llm.task.questions(instance)]
        return llm.task.aggregate(instance, answers)

    async def _solve(self, llm: Llm, question: JudgeQuestion) -> JudgeAnswer:
        options = ", ".join((*question.options, "no_valid_instance"))
        told: Any = {"instructions": llm.task.judging.instructions, "input": question.input}
        one, other = [await llm.ask(TWICE, options=options, **told) for _ in range(2)]
        if one != other or (question.options and one not in options.split(", ")):
            raise Rejected("two-answers", f"the answers were {one[:40]!r} and {other[:40]!r}")
        return JudgeAnswer((one,))

    @staticmethod
    def dry_run(call: DryRunCall) -> Any:
        """Return a reply without a model: the row is what it claims."""
        options = call.values["options"].split(", ")
        return call.label if call.label in options else options[0]


twice = Twice()
