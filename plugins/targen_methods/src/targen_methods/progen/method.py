"""ProGen as a method: a task of its rounds."""

from __future__ import annotations

from typing import Any

from targen_core import Task
from targen_methods.conditional.steps import PROMPTS
from targen_methods.features import embedder_of
from targen_methods.progen.steps import LIKEWISE, Options, Steps
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.methods.model import Base, Method, derived


def _task(base: Base, options: Options) -> Task[Any, Any]:
    steps = Steps(base, options)
    return derived(
        base,
        contexts=steps.rounds,
        seeds=(steps.in_rounds, steps.samples),
        generators={label.name: steps.writer(label.name) for label in base.task.labels},
        parameters={
            "conditions": {"temperature": 1.0, "top_p": 0.9, "max_tokens": 40},
            "generate": {"temperature": 1.0, "top_p": 0.9, "max_tokens": 100},
        },
        prompts=(*PROMPTS, LIKEWISE, META_PROMPT),
        dry_run=steps.dry_run,
        based_on=(*embedder_of(options.features), *base.task.based_on),
    )


PROGEN = Method(
    summary="generates rows in rounds; prompts show the earlier rows that help a model most",
    version="1",
    task=_task,
    options=Options,
    presets={
        "small": {"first": 20, "largest": 200, "influence_from": 40, "pool": 20, "damping": 0.01},
        "paper": {"min_words": 10, "ends": ".", "largest": 100_000},
    },
    given="pairs",
    source=(
        "ProGen, arXiv:2210.12329, with our own prompts. The model of a round is a linear head on "
        "words with exact influences; the authors trained DistilBERT and summed up "
        "a series. Parts of the rows serve in turn as validation rows. A round counts "
        "candidates, not rows. Examples are drawn for each text, not for a batch. Its "
        "authors had tasks of single texts. For pairs an example is the whole row, and premises "
        "are given or written, never taken from evaluation data."
    ),
    citation="""
@inproceedings{ye2022progen,
  title     = {ProGen: Progressive Zero-shot Dataset Generation via In-context Feedback},
  author    = {Ye, Jiacheng and Gao, Jiahui and Wu, Zhiyong and Feng, Jiangtao and Yu, Tao
               and Kong, Lingpeng},
  booktitle = {Findings of the Association for Computational Linguistics: EMNLP 2022},
  year      = {2022},
  eprint    = {2210.12329}
}""",
)
