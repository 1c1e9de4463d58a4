"""The meta-prompt corrector (paper, section 3.3 and appendix F).

One prompt for all tasks, filled with the task's instructions and its worked
samples, right and wrong. The judge says what the right output is, worked out
from input and instructions, and then whether the claimed output equals it.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, create_model

from targen_core.calls.model import Message
from targen_core.errors import Rejected
from targen_core.tasks.model import Correction, CorrectionSample, Llm
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.replies import line

__all__ = ["META_PROMPT", "NO_VALID_INSTANCE", "meta"]

META_PROMPT = Prompt("meta", package="targen_core.correctors")
NO_VALID_INSTANCE = "no_valid_instance"
"""Our addition to the paper: an input for which no output would be right."""


class _Judgement(BaseModel):
    """The reply: the order of the fields is the order of the reasoning."""

    explanation: line(20, 240)  # type: ignore[valid-type]
    actual: str
    verdict: Literal["correct", "incorrect"]


async def meta(llm: Llm, instance: BaseModel, /) -> Correction:
    """Judge an instance with the meta-prompt.

    A verdict that contradicts the result that it rests on gets one repair,
    then the instance is rejected as `inconsistent`.
    """
    task = llm.task
    claimed = task.read_label(instance)

    def consistent(found: _Judgement) -> None:
        if (found.actual == claimed) != (found.verdict == "correct"):
            raise Rejected(
                "inconsistent",
                f"actual is {found.actual} and the output was {claimed}, so the verdict cannot be "
                f"{found.verdict}",
            )

    judgement = await llm.ask(
        META_PROMPT,
        reply=_judgement(tuple(label.name for label in task.labels)),
        check=consistent,
        instructions=task.instructions,
        outputs=", ".join(label.name for label in task.labels) or "as the instructions say",
        samples=_sample_turns(task.samples),
        input=task.render(instance),
        output=claimed,
    )
    if judgement.actual == NO_VALID_INSTANCE:
        return Correction.reject("no-valid-instance", judgement.explanation)
    return Correction(judgement.actual, judgement.explanation)


@lru_cache(maxsize=64)
def _judgement(labels: tuple[str, ...]) -> type[_Judgement]:
    """The reply for a label set: `actual` is one of it, or no valid instance."""
    if not labels:
        return _Judgement
    allowed: Any = Literal[(*labels, NO_VALID_INSTANCE)]
    return create_model("Judgement", actual=(allowed, ...), __base__=_Judgement)


@lru_cache(maxsize=64)
def _sample_turns(samples: tuple[CorrectionSample, ...]) -> tuple[Message, ...]:
    """Worked samples as turns, in the very form of the question."""
    turns: list[Message] = []
    for sample in samples:
        verdict = "correct" if sample.actual == sample.output else "incorrect"
        reply = {"explanation": sample.explanation, "actual": sample.actual, "verdict": verdict}
        values = {"instructions": "", "outputs": "", "samples": ()}
        filled = META_PROMPT.fill({**values, "input": sample.input, "output": sample.output})
        turns += [filled[-1], Message("assistant", json.dumps(reply, ensure_ascii=False))]
    return tuple(turns)
