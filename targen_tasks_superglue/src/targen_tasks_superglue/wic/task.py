"""The WiC task, put together."""

from __future__ import annotations

from targen_core import Label, Prompt, Task
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.parts import Variant
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.wic.cases import cases
from targen_tasks_superglue.wic.checks import check_row, check_row_paper
from targen_tasks_superglue.wic.dry_run import dry_run
from targen_tasks_superglue.wic.rows import Sense, WicRow
from targen_tasks_superglue.wic.samples import INSTRUCTIONS, SAMPLES
from targen_tasks_superglue.wic.steps import (
    DIMENSIONS,
    ENTRIES,
    PAPER_PROMPTS,
    PAPER_WORDS,
    PROMPTS,
    SENSES,
    WORDS,
    write_false,
    write_false_paper,
    write_true,
    write_true_paper,
)


def _render(row: WicRow) -> str:
    return f"Word: {row.word}\nSentence 1: {row.sentence1}\nSentence 2: {row.sentence2}"


def _sentences(row: WicRow) -> str:
    return f"{row.sentence1} {row.sentence2}"


_PARAMETERS = {
    "seeds": {"temperature": 1.0, "max_tokens": 700},
    "generate": {"temperature": 0.7, "max_tokens": 160},
    "correct": {"temperature": 0.0, "max_tokens": 300},
}

WIC: Task[Sense, WicRow] = Task(
    name="wic",
    version="1",
    summary="Words in context",
    description=(
        "Each row is a word and two sentences that contain the word, possibly inflected, with its "
        "offsets. The label is `true` if the word has the same meaning in both sentences, and "
        "`false` if it has a different meaning in each."
    ),
    source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.9, in our own words.",
    instance=WicRow,
    labels=(
        Label("true", True, summary="the word means the same in both sentences"),
        Label("false", False, summary="the word means something else in each sentence"),
    ),
    seeds=(WORDS, SENSES),
    generators={"true": write_true, "false": write_false},
    dimensions=DIMENSIONS,
    labels_per_seed=1,
    samples_per_seed=10,
    checks=(check_row,),
    judging=Judging(instructions=INSTRUCTIONS, samples=SAMPLES),
    rows=Rows(
        cases=cases,
        oddities={"f3e55b0ae868b797ed6870f4ae21b42c": "train 1868"},  # "called round", of "call"
    ),
    texts=Texts(
        render=_render,
        dedup_text=_sentences,
        instruction_template=Prompt("tuning", package="targen_tasks_superglue.wic"),
    ),
    presets={
        "paper": {"true": 2433, "false": 2410},  # Table 2: the first 4,843 rows of train
        "original": {"true": 2714, "false": 2714},
        "balanced": {"true": 2422, "false": 2421},
    },
    parameters=_PARAMETERS,
    variants={
        "paper": Variant(
            "the paper's steps. For true, the model picks a definition. For false, it writes a "
            "sentence for each definition, and code draws two, of any part of speech",
            {
                "seeds": (PAPER_WORDS, ENTRIES),
                "generators": {"true": write_true_paper, "false": write_false_paper},
                "dimensions": (),
                "labels_per_seed": None,
                "checks": (check_row_paper,),
                "parameters": {
                    **_PARAMETERS,
                    # A sentence for each of four definitions.
                    "generate": {"temperature": 0.7, "max_tokens": 240},
                },
                "prompts": (*PAPER_PROMPTS, META_PROMPT),
            },
        )
    },
    prompts=(*PROMPTS, META_PROMPT),
    dry_run=dry_run,
)
