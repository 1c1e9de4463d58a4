"""Self-Instruct as a method: a task of its steps."""

from __future__ import annotations

from typing import Any

from targen_core import Task
from targen_core.tasks.steps import ListStep
from targen_methods.selfinstruct.items import Instruction
from targen_methods.selfinstruct.options import PAPER, TaskOptions
from targen_methods.selfinstruct.rounds import pool_list
from targen_methods.selfinstruct.steps import PROMPTS, Steps
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.methods.model import Base, Method, derived


def _task(base: Base, options: TaskOptions) -> Task[Any, Any]:
    steps = Steps(base, options)
    return derived(
        base,
        contexts=pool_list(steps.pool),
        seeds=(
            ListStep(
                name="instructions",
                item=Instruction,
                propose=steps.instructions,
                batch=options.asked,
                in_turn=True,
                check=steps.check,
                key=lambda one: " ".join(one.text.casefold().split()),
                summary="new instructions, each different from the earlier ones",
            ),
        ),
        generators={label.name: steps.writer(label.name) for label in base.task.labels},
        instances_per_call=options.instances,
        parameters={
            "instructions": {"temperature": 0.7, "max_tokens": 128 * options.asked},
            "generate": {
                "temperature": options.temperature,
                "max_tokens": 400 * options.instances,
            },
        },
        prompts=(*PROMPTS, META_PROMPT),
        dry_run=steps.dry_run,
    )


SELFINSTRUCT = Method(
    summary="generates instructions in rounds from a pool, then rows for each instruction, "
    "starting from the label",
    version="1",
    task=_task,
    options=TaskOptions,
    presets={"paper": PAPER},
    source=(
        "Self-Instruct, arXiv:2212.10560, with our own prompts. Its authors started from 175 tasks "
        "and had the model write further tasks of any kind. Here the task and its labels are "
        "fixed, and instructions differ in the kind of texts that the task's description allows. "
        "So instructions that mention pictures or files are kept; theirs were dropped. Paraphrased "
        "instructions are dropped sooner. Calls show more of the model's own instructions, since "
        "the task gives few to start from. Each instruction gives two rows per label at a "
        "temperature of 0.7, about as many as theirs gave in all, for more kinds of texts. The "
        "preset `paper` has their numbers. "
        "The model is not asked whether an instruction is a classification. Labels are closed, and "
        "each call writes rows for one of them (their output before input). An instruction starts "
        "with a letter or digit "
        "of any script; theirs had to be English. Among rows with the same texts the first is "
        "kept, whatever its label; they dropped all rows of a task if two contradicted each "
        "other. They sampled instructions at top-p 0.5 with a presence penalty of 2, and rows "
        "with one of 1.5. Not every service accepts these: -o instructions.top_p=0.5."
    ),
    citation="""
@inproceedings{wang2023self,
  title     = {Self-Instruct: Aligning Language Models with Self-Generated Instructions},
  author    = {Wang, Yizhong and Kordi, Yeganeh and Mishra, Swaroop and Liu, Alisa and Smith,
               Noah A. and Khashabi, Daniel and Hajishirzi, Hannaneh},
  booktitle = {Proceedings of the 61st Annual Meeting of the Association for Computational
               Linguistics},
  year      = {2023},
  eprint    = {2212.10560}
}""",
)
