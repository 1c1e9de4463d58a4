"""ZeroGen as a method: a task of its two stages."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from targen_core import Task
from targen_core.tasks.steps import Llm
from targen_methods.conditional.debias import DebiasOptions, debiased
from targen_methods.conditional.steps import (
    CONTINUE,
    PROMPTS,
    Condition,
    ConditionalSteps,
    Sample,
    kept,
)
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.methods.model import Base, Method, derived

_TOKENS = 40  # of a text, before it is cut


class Options(DebiasOptions):
    """Options of ZeroGen; the defaults are its authors', except for those of `paper`."""


class Steps(ConditionalSteps):
    """The steps for one task."""

    def __init__(self, base: Base, options: Options) -> None:
        """For the rows of `base`; see `ConditionalSteps`."""
        super().__init__(base, options)
        self._options = options
        self.debias = bool(base.columns.first) if options.debias == "pairs" else options.debias

    async def _reply(self, llm: Llm, condition: Condition, label: str) -> str:
        own = self.values(condition, label)
        if not self.debias:
            reply: str = await llm.ask(CONTINUE, may_be_cut=True, **own)
            return reply
        names = [one.name for one in self.task.labels if one.name != label]
        others = [self.values(condition, name) for name in names]
        return await debiased(llm, CONTINUE, own, others, self._options)

    def writer(self, label: str) -> Any:
        """Return the function that writes rows of a label."""

        async def write(llm: Llm, sample: Sample) -> BaseModel:
            condition: Condition = llm.above[-1]
            reply = await self._reply(llm, condition, label)
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
        prompts=(*PROMPTS, META_PROMPT),
        seeding={"most": steps.most},
        calls={
            "parameters": {"conditions": sampling, "generate": sampling},
            "scored": {"generate": options.debias_tokens} if steps.debias else {},
            "continues": ("generate",) if steps.debias else (),
            "dry_run": steps.dry_run,
        },
    )


ZEROGEN = Method(
    summary="generates texts that complete a prompt that states the label and then breaks off",
    version="1",
    task=zerogen_task,
    options=Options,
    presets={
        "paper": {
            "per_condition": 32,
            "min_words": 10,
            "ends": ".",
            "debias": "pairs",
            "debias_tokens": 1000,
        }
    },
    given="pairs",
    source=(
        "ZeroGen, arXiv:2202.07922, with our own prompts. Its authors continued prompts with GPT-2 "
        "XL, always by 40 tokens. Here a chat model continues where the prompt breaks off, "
        "and may end by itself. A text ends at the mark that closes it or at the line's end, else "
        "after its last sentence. They ended it at the first mark of any kind. A text is a whole "
        "sentence of a requested length, and not a near copy of a given row. It has at least three "
        "words where they asked for ten. Premises came from the original data; without given "
        "rows, the model writes them. For tasks without a prompt of theirs, the cue "
        "contains the label's name and meaning. With `debias`, off by default, tokens that "
        "other labels' prompts favour are drawn more rarely (self-debiasing, arXiv:2103.00453). "
        "The decay of 200 and the floor are the authors', who debiased their pair tasks. They "
        "compared whole vocabularies; here only the likeliest tokens are compared."
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
