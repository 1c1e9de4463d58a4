"""SuperGen as a method: a task whose rows have scores; the best are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from targen_core import Task, read_dataset
from targen_core.calls.scores import mean_logprob
from targen_core.tasks.steps import Llm
from targen_methods.conditional.cut import kept
from targen_methods.conditional.items import Condition, Sample
from targen_methods.conditional.steps import (
    CONTINUE,
    PROMPTS,
    ConditionalOptions,
    ConditionalSteps,
)
from targen_methods.supergen.selecting import keep_best
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.methods.form import task_of_rows
from targen_standard.methods.model import Base, Method, derived

_TOKENS = 40  # of a text, before it is cut
_MADE = 30_000  # rows of a label that the authors made, of which they kept 6,000


class Options(ConditionalOptions):
    """Options of SuperGen."""

    per_condition: int = Field(1, ge=1, le=10_000, description="number of samples per condition")
    ratio: int = Field(
        5,
        ge=1,
        le=1000,
        description="number of rows to generate for each row that is kept; those with the best "
        "scores are kept",
    )


class Steps(ConditionalSteps):
    """The steps for one task."""

    def writer(self, label: str) -> Any:
        """Return the function that writes rows of a label, and notes their score."""

        async def write(llm: Llm, sample: Sample) -> BaseModel:
            condition: Condition = llm.above[-1]
            scored = await llm.ask_scored(
                CONTINUE, may_be_cut=True, **self.values(condition, label)
            )
            start, end = kept(scored.text, ends=self.options.ends, first=True)
            row = self.row(condition, scored.text[start:end], label)
            llm.note(score=round(mean_logprob(scored.between(start, end)), 6))
            return row

        return write


def _task(base: Base, options: Options) -> Task[Any, Any]:
    steps = Steps(base, options)
    pairs = bool(base.columns.first)
    return derived(
        base,
        contexts=steps.conditions,
        seeds=(steps.samples,),
        generators={label.name: steps.writer(label.name) for label in base.task.labels},
        most=steps.most,
        parameters={
            "conditions": {"temperature": 1.0, "top_p": 0.9, "max_tokens": _TOKENS},
            "generate": {"temperature": 0.0 if pairs else 0.2, "max_tokens": _TOKENS},
        },
        scored={"generate": 0},
        presets={
            **base.task.presets,
            "supergen": dict.fromkeys((label.name for label in base.task.labels), _MADE),
        },
        prompts=(*PROMPTS, META_PROMPT),
        dry_run=steps.dry_run,
    )


def _finish(run: Path, options: Options, out: Path) -> None:
    task, variants = task_of_rows(run)
    keep_best(read_dataset(run), out, task=task, variants=variants, ratio=options.ratio)


SUPERGEN = Method(
    summary="generates texts for a label, scored by probability; targen finish keeps the best",
    version="1",
    task=_task,
    options=Options,
    presets={"paper": {"min_words": 1, "ends": "."}},
    given="pairs",
    finish=_finish,
    made_for_each=lambda options: options.ratio,
    source=(
        "SuperGen, arXiv:2202.04538, with our own prompts. Its authors continued connectives such "
        "as 'In other words,' with CTRL; the option `cues` accepts such texts. By default the cue "
        "contains the label's name and meaning, and a chat model continues it. First texts came "
        "from Wikipedia: give rows, or the model writes them. The score is the mean "
        "log-probability of the text's tokens as the backend reports it. The authors' code also "
        "counts repetition penalties. Single texts differ by topic, for which they forced first "
        "words, and are drawn at temperature 0.2 among all tokens, not among ten. Forbidden "
        "contents of texts, and the rules for CoLA and QNLI, are left out."
    ),
    citation="""
@inproceedings{meng2022generating,
  title     = {Generating Training Data with Language Models: Towards Zero-Shot Language
               Understanding},
  author    = {Meng, Yu and Huang, Jiaxin and Zhang, Yu and Han, Jiawei},
  booktitle = {Advances in Neural Information Processing Systems},
  year      = {2022},
  eprint    = {2202.04538}
}""",
)
