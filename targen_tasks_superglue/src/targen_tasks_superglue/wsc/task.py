"""The WSC task, put together."""

from __future__ import annotations

from targen_core import Label, Prompt, Task
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.parts import Variant
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.shared.settings import PAPER_SETTINGS, SETTINGS, SETTINGS_PARAMETERS
from targen_tasks_superglue.shared.subjects import PronounPair
from targen_tasks_superglue.wsc.cases import cases
from targen_tasks_superglue.wsc.checks import check_row
from targen_tasks_superglue.wsc.dry_run import dry_run
from targen_tasks_superglue.wsc.rows import WscRow, marked
from targen_tasks_superglue.wsc.samples import INSTRUCTIONS, SAMPLES
from targen_tasks_superglue.wsc.steps import (
    DIMENSIONS,
    PAPER_PROMPTS,
    PAPER_SUBJECT_PAIRS,
    PASSAGES,
    PROMPTS,
    SUBJECT_PAIRS,
    write_false,
    write_false_paper,
    write_true,
    write_true_paper,
)


def _render(row: WscRow) -> str:
    target = row.target
    text = marked(row.text, target.span2_index, target.span2_text)
    return f"Text: {text}\nPronoun: {target.span2_text}\nPhrase: {target.span1_text}"


WSC: Task[PronounPair, WscRow] = Task(
    name="wsc",
    version="1",
    summary="To whom does the pronoun refer?",
    description=(
        "Each row is a short text about two people, groups or things, a phrase that names one of "
        "them, and a pronoun. The label is `true` if the pronoun refers to the phrase, and `false` "
        "if it refers to the other person, group or thing. Only the text's meaning reveals which."
    ),
    source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.5, in our own words.",
    instance=WscRow,
    labels=(
        Label("true", True, "the pronoun means what the phrase names"),
        Label("false", False, "the pronoun means someone or something else"),
    ),
    contexts=SETTINGS,
    seeds=(SUBJECT_PAIRS,),
    generators={"true": write_true, "false": write_false},
    instances_per_call=PASSAGES,
    dimensions=DIMENSIONS,
    checks=(check_row,),
    judging=Judging(instructions=INSTRUCTIONS, samples=SAMPLES),
    rows=Rows(
        cases=cases,
        oddities={  # spans that are not where they are said to be
            "909afea232e176e9959da19ececf1cb0": "val 42",
            "a5647bf43d12bf6b7707c9b0bd741333": "test 80",
            "bce798032b842be1f9dec7ab55f31a88": "test 81",
            "8d7da5b2848ab13ad7d8a476719611ba": "test 82",
        },
    ),
    texts=Texts(
        render=_render,
        dedup_text=lambda row: row.text,
        instruction_template=Prompt("tuning", package="targen_tasks_superglue.wsc"),
    ),
    presets={
        "paper": {"true": 259, "false": 285},  # table 2
        "original": {"true": 259, "false": 295},
        "balanced": {"true": 272, "false": 272},
    },
    parameters={
        "contexts": SETTINGS_PARAMETERS,
        "seeds": {"temperature": 1.0, "max_tokens": 400},
        "generate": {"temperature": 0.7, "max_tokens": 320},
        "correct": {"temperature": 0.0, "max_tokens": 300},
    },
    variants={
        "paper": Variant(
            "the model chooses which phrase comes first and which is meant, as in the paper",
            {
                "contexts": PAPER_SETTINGS,
                "seeds": (PAPER_SUBJECT_PAIRS,),
                "generators": {"true": write_true_paper, "false": write_false_paper},
                "dimensions": (),
                "prompts": (*PAPER_PROMPTS, META_PROMPT),
            },
        ),
    },
    prompts=(*PROMPTS, META_PROMPT),
    dry_run=dry_run,
)
