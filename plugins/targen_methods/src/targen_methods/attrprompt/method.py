"""AttrPrompt as a method: a task of its steps."""

from __future__ import annotations

from typing import Any

from targen_core import Task
from targen_core.tasks.steps import ListStep
from targen_methods.attrprompt.items import Attributes, Draw, Values
from targen_methods.attrprompt.steps import PROMPTS, Options, Steps, drawn
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.methods.model import Base, Method, derived

_BATCH = 20  # draws at a time


def _task(base: Base, options: Options) -> Task[Any, Any]:
    steps = Steps(base, options)
    return derived(
        base,
        contexts=ListStep(
            name="attributes",
            item=Attributes,
            propose=steps.attributes,
            batch=1,
            once=True,
            asks=options.attributes > len(options.attribute),
            summary="ways in which rows differ",
        ),
        seeds=(
            ListStep(
                name="values",
                item=Values,
                propose=steps.values,
                batch=1,
                once=True,
                summary="values of each attribute",
            ),
            ListStep(
                name="draws",
                item=Draw,
                propose=steps.draws,
                batch=_BATCH,
                asks=False,
                key=lambda draw: str(draw.number),
                summary="the values that one row must match",
            ),
        ),
        labels_per_seed=1,
        drawn=drawn,
        generators={label.name: steps.writer(label.name) for label in base.task.labels},
        parameters={
            "attributes": {"temperature": 1.0, "max_tokens": 400},
            "values": {"temperature": 1.0, "max_tokens": 400},
            "generate": {"temperature": 1.0, "max_tokens": 1024},
        },
        prompts=(*PROMPTS, META_PROMPT),
        dry_run=steps.dry_run,
    )


ATTRPROMPT = Method(
    summary="generates attributes and values, then rows with values drawn at random",
    version="1",
    task=_task,
    options=Options,
    presets={"paper": {"removed": 5}},
    source=(
        "AttrPrompt, arXiv:2306.15895, with our own prompts. Its authors chose attributes by hand "
        "from those that a model proposed, and drew values independently for each row. They asked "
        "for each value alone whether it suits a similar label. They had classes of single texts, "
        "and numbers of words as lengths. Here every label has all shared values equally often, so "
        "that no value gives away the label. The model lists lengths that suit the dataset. If a "
        "row has several texts, no value is dropped for suiting another label: the remaining "
        "values would give away the label in one text."
    ),
    citation="""
@inproceedings{yu2023large,
  title     = {Large Language Model as Attributed Training Data Generator: A Tale of Diversity
               and Bias},
  author    = {Yu, Yue and Zhuang, Yuchen and Zhang, Jieyu and Meng, Yu and Ratner, Alexander
               and Krishna, Ranjay and Shen, Jiaming and Zhang, Chao},
  booktitle = {Advances in Neural Information Processing Systems: Datasets and Benchmarks Track},
  year      = {2023},
  eprint    = {2306.15895}
}""",
)
