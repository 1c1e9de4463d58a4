"""ZeroGen as a method: a task of its two stages."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from targen_core import Llm, Task
from targen_core.correctors.meta import META_PROMPT
from targen_core.methods.model import Base, Method, derived
from targen_methods.conditional.cut import kept
from targen_methods.conditional.items import Condition, Sample
from targen_methods.conditional.steps import (
    CONTINUE,
    PROMPTS,
    ConditionalOptions,
    ConditionalSteps,
)

__all__ = ["ZEROGEN", "Options", "zerogen_task"]

_TOKENS = 40  # of a text, before it is cut


class Options(ConditionalOptions):
    """Options of ZeroGen; the defaults are its authors', but for `ends` and `min_words`."""


class Steps(ConditionalSteps):
    """The steps for one task."""

    def writer(self, label: str) -> Any:
        """What writes rows of a label."""

        async def write(llm: Llm, sample: Sample) -> BaseModel:
            condition: Condition = llm.above[-1]
            reply = await llm.ask(CONTINUE, may_be_cut=True, **self.values(condition, label))
            text = reply[slice(*kept(reply, ends=self.options.ends))]
            return self.row(condition, text, label)

        return write


def zerogen_task(base: Base, options: Options) -> Task[Any, Any]:
    """The task of its two stages; SunGen has the same."""
    steps = Steps(base, options)
    sampling = {"temperature": 1.0, "top_p": 0.9, "max_tokens": _TOKENS}
    return derived(
        base,
        contexts=steps.conditions,
        seeds=(steps.samples,),
        generators={label.name: steps.writer(label.name) for label in base.task.labels},
        parameters={"conditions": sampling, "generate": sampling},
        prompts=(*PROMPTS, META_PROMPT),
        dry_run=steps.dry_run,
    )


ZEROGEN = Method(
    summary="texts after a condition, by a prompt that names the label and breaks off",
    version="3",
    task=zerogen_task,
    options=Options,
    presets={"paper": {"per_condition": 32, "min_words": 10, "ends": "."}},
    given="pairs",
    source=(
        "ZeroGen, arXiv:2202.07922, in our own words. Its authors continued prompts with GPT-2 "
        "XL, always by 40 tokens; here a chat model is asked to go on where the prompt breaks off, "
        "and may end by itself. A text ends at the mark that closes it or at the line's end, else "
        "behind its last sentence; they ended it at the first mark of any kind. It is a whole "
        "sentence, is told its length, is no near copy of a given row and has three words at "
        "least, where they asked for ten. Premises came from the original data; without given "
        "rows, here the model writes them. For tasks that they had no prompts for, the cue "
        "is made of the label's name and meaning."
    ),
    citation="""
@inproceedings{ye2022zerogen,
  title     = {ZeroGen: Efficient Zero-shot Learning via Dataset Generation},
  author    = {Ye, Jiacheng and Gao, Jiahui and Li, Qintong and Xu, Hang and Feng, Jiangtao
               and Wu, Zhiyong and Yu, Tao and Kong, Lingpeng},
  booktitle = {Proceedings of the 2022 Conference on Empirical Methods in Natural Language
               Processing},
  year      = {2022},
  eprint    = {2202.07922}
}""",
)
