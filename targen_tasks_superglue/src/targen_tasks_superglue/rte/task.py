"""The RTE task, put together."""

from __future__ import annotations

from targen_core import Label, Prompt, Task
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.parts import Variant
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.rte.cases import cases
from targen_tasks_superglue.rte.checks import check_pair, check_row
from targen_tasks_superglue.rte.dimensions import OF_HYPOTHESES, OF_PREMISES
from targen_tasks_superglue.rte.dry_run import dry_run
from targen_tasks_superglue.rte.rows import Premise, RteRow
from targen_tasks_superglue.rte.samples import INSTRUCTIONS, SAMPLES
from targen_tasks_superglue.rte.steps import (
    PAPER_PREMISES,
    PAPER_PROMPTS,
    PAPER_TOPICS,
    PREMISES,
    PROMPTS,
    SEEDLESS_PROMPTS,
    TOPICS,
    write_entailment,
    write_entailment_seedless,
    write_not_entailment,
    write_not_entailment_seedless,
    write_sound,
    write_unsound,
)


def _render(row: RteRow) -> str:
    return f"Premise: {row.premise}\nHypothesis: {row.hypothesis}"


_PAPER_PARAMETERS = {
    "contexts": {"temperature": 1.0, "max_tokens": 400},
    "seeds": {"temperature": 1.0, "max_tokens": 1600},
    "generate": {"temperature": 0.7, "max_tokens": 120},
    "correct": {"temperature": 0.0, "max_tokens": 300},
}
# A hypothesis comes with its basis.
_PARAMETERS = {**_PAPER_PARAMETERS, "generate": {"temperature": 0.7, "max_tokens": 200}}

RTE: Task[Premise, RteRow] = Task(
    name="rte",
    version="1",
    summary="Recognising textual entailment",
    description=(
        "Each row is a premise, which is a factual text of one or several sentences, and a "
        "hypothesis. The label is `entailment` if a reader who accepts the premise must accept the "
        "hypothesis. It is `not_entailment` if the premise contradicts the hypothesis or leaves it "
        "open."
    ),
    source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.4, in our own words.",
    instance=RteRow,
    labels=(
        Label("entailment", summary="the hypothesis follows from the premise"),
        Label("not_entailment", summary="the premise contradicts the hypothesis or leaves it open"),
    ),
    contexts=TOPICS,
    seeds=(PREMISES,),
    generators={"entailment": write_entailment, "not_entailment": write_not_entailment},
    dimensions=OF_HYPOTHESES,
    labels_per_seed=1,
    checks=(check_row,),
    judging=Judging(instructions=INSTRUCTIONS, samples=SAMPLES),
    rows=Rows(cases=cases, seed_fields=("premise",)),
    texts=Texts(
        render=_render,
        dedup_text=lambda row: row.hypothesis,
        instruction_template=Prompt("tuning", package="targen_tasks_superglue.rte"),
    ),
    presets={
        # Table 2; the same numbers as the original train set, which is why
        # "original" is the same preset under another name.
        "paper": {"entailment": 1249, "not_entailment": 1241},
        "original": {"entailment": 1249, "not_entailment": 1241},
        "balanced": {"entailment": 1245, "not_entailment": 1245},
    },
    parameters=_PARAMETERS,
    variants={
        "paper": Variant(
            "a logically sound and an unsound hypothesis, worded as in the paper, in any form",
            {
                "contexts": PAPER_TOPICS,
                "seeds": (PAPER_PREMISES,),
                "dimensions": (),
                "labels_per_seed": None,
                "generators": {"entailment": write_sound, "not_entailment": write_unsound},
                "prompts": (*PAPER_PROMPTS, META_PROMPT),
                "parameters": _PAPER_PARAMETERS,
            },
        ),
        # Without step 2, a topic is used again, and the prompt lists its earlier premises.
        "no-seeds": Variant(
            "an ablation without step 2: premise and hypothesis are written together for a topic",
            {
                "seeds": (),
                "dimensions": (*OF_PREMISES, *OF_HYPOTHESES),
                "labels_per_seed": None,
                "samples_per_seed": 20,
                "generators": {
                    "entailment": write_entailment_seedless,
                    "not_entailment": write_not_entailment_seedless,
                },
                "checks": (check_pair,),
                "prompts": (*SEEDLESS_PROMPTS, META_PROMPT),
                # A call writes a whole pair.
                "parameters": {
                    **_PARAMETERS,
                    "generate": {"temperature": 0.7, "max_tokens": 600},
                },
            },
        ),
    },
    prompts=(*PROMPTS, META_PROMPT),
    dry_run=dry_run,
)
