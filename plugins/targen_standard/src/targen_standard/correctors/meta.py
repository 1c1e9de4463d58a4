"""The meta-prompt corrector (paper, section 3.3 and appendix F).

One prompt for all tasks, filled with the task's instructions and its worked
samples, right and wrong. The judge works out the right output from input and instructions, and then
compares the claimed output with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel

from targen_core.calls.model import Message
from targen_core.errors import Rejected
from targen_core.tasks.judging import (
    NO_VALID_INSTANCE,
    Correction,
    CorrectionSample,
    JudgeAnswer,
    JudgeQuestion,
)
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.replies import line
from targen_core.tasks.steps import Llm
from targen_standard.correctors.answers import (
    agreeing,
    as_json,
    as_text,
    listed,
    matched,
    outputs_of,
    reply_to,
    worked,
)
from targen_standard.correctors.blind import SOLVE_PROMPT, solve

META_PROMPT = Prompt("meta", package="targen_standard.correctors", quoted=("input", "output"))


class _Judgement(BaseModel):
    """The reply: the order of the fields is the order of the reasoning."""

    explanation: line(20, 240)  # type: ignore[valid-type]
    actual: Any
    verdict: Literal["correct", "incorrect"]


@dataclass(frozen=True, slots=True)
class Meta:
    """A corrector that judges an instance with one prompt, each question on its own.

    A verdict that contradicts its own result gets one repair attempt, then the instance is rejected
    as `inconsistent`. If the instance claims no answer, the question is solved as `blind` does.

    Attributes:
        prompt: with the values instructions, outputs, samples, input, output.
        may_reject: whether `no_valid_instance` and `unsure` are legal results: our addition;
            without it a broken instance must be given some label.
    """

    prompt: Prompt
    may_reject: bool = True
    agreeing = staticmethod(agreeing)

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """Return its prompts; the second is for instances that claim no output."""
        return (self.prompt, SOLVE_PROMPT)

    async def __call__(self, llm: Llm, instance: BaseModel, /) -> Correction:
        """Judge one instance."""
        questions = llm.task.questions(instance)
        return llm.task.aggregate(
            instance, [await self._judge(llm, question) for question in questions]
        )

    async def _judge(self, llm: Llm, question: JudgeQuestion) -> JudgeAnswer:
        task, claimed = llm.task, question.output
        if claimed is None:
            return await solve(llm, question)

        def consistent(reply: _Judgement) -> None:
            answers = matched(reply.actual, question, may_reject=self.may_reject)
            if (set(answers) == set(claimed)) != (reply.verdict == "correct"):
                raise Rejected(
                    "inconsistent",
                    f"actual is {as_text(reply.actual)} and the output was "
                    f"{as_text(claimed)}, so the verdict cannot be {reply.verdict}",
                )

        judgement = await llm.ask(
            self.prompt,
            reply=reply_to(task, question, _Judgement, "actual", may_reject=self.may_reject),
            check=consistent,
            instructions=task.judging.instructions,
            outputs=outputs_of(task, question),
            samples=_sample_turns(self, task.judging.samples, question.several),
            input=question.input,
            output=as_text(claimed),
        )
        return JudgeAnswer(matched(judgement.actual, question), judgement.explanation)


@lru_cache(maxsize=64)
def _sample_turns(
    judge: Meta, samples: tuple[CorrectionSample, ...], several: bool
) -> tuple[Message, ...]:
    """Worked samples as turns, in the very form of the question."""
    turns: list[Message] = []
    for sample in samples:
        if NO_VALID_INSTANCE in listed(sample.actual) and not judge.may_reject:
            continue
        right = set(listed(sample.actual)) == set(listed(sample.output))
        reply = {
            "explanation": sample.explanation,
            "actual": as_json(sample.actual, several=several),
            "verdict": "correct" if right else "incorrect",
        }
        output = as_text(sample.output)
        turns += worked(judge.prompt, reply, input=sample.input, output=output)
    return tuple(turns)


meta = Meta(META_PROMPT)
"""The corrector that tasks use by default."""

_PAPER = (files("targen_standard.correctors") / "prompts/meta-paper.md").read_text("utf-8")
# It keeps the name that dry-run replies know: the same question, and the same reply.
meta_paper = Meta(Prompt("meta", _PAPER, quoted=("input", "output")), may_reject=False)
"""The paper's own: it always finds a label."""
