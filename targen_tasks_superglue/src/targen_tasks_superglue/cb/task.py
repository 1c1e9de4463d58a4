"""The CommitmentBank task, put together."""

from __future__ import annotations

from targen_core import Label, Prompt, Task
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.parts import Variant
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.cb.cases import cases
from targen_tasks_superglue.cb.checks import (
    check_pair,
    check_pair_commitment,
    check_pair_paper,
)
from targen_tasks_superglue.cb.dimensions import OF_COMMITMENTS, OF_PAIRS
from targen_tasks_superglue.cb.dry_run import dry_run
from targen_tasks_superglue.cb.rows import CbRow
from targen_tasks_superglue.cb.samples import (
    INSTRUCTIONS,
    INSTRUCTIONS_2,
    INSTRUCTIONS_3,
    INSTRUCTIONS_COMMITMENT,
    SAMPLES,
    SAMPLES_COMMITMENT,
)
from targen_tasks_superglue.cb.steps import (
    COMMITMENT_PAIRS,
    COMMITMENT_PROMPTS,
    COMMITMENT_WRITERS,
    PAIRS,
    PAPER_PROMPTS,
    PAPER_WRITERS,
    PROMPTS,
    WORDED_PROMPT,
    WRITERS,
    worded,
)
from targen_tasks_superglue.shared.settings import (
    PAPER_SETTINGS,
    SETTINGS,
    SETTINGS_PARAMETERS,
    SETTINGS_PROMPT,
)


def _render(row: CbRow) -> str:
    return f"Premise: {row.premise}\nHypothesis: {row.hypothesis}"


def _template(name: str) -> Prompt:
    return Prompt(name, package="targen_tasks_superglue.cb")


def _worded(instructions: str, said: str) -> Variant:
    return Variant(
        f"step 3 with the {said} wording of the instructions, which says what each label means",
        {
            "contexts": PAPER_SETTINGS,
            "dimensions": (),
            "labels_per_seed": None,
            "generators": worded(instructions),
            "checks": (check_pair_paper,),
            "prompts": (SETTINGS_PROMPT, WORDED_PROMPT, META_PROMPT),
        },
    )


CB: Task[str, CbRow] = Task(
    name="cb",
    version="1",
    summary="CommitmentBank: does the premise settle the hypothesis, and how?",
    description=(
        "Each row is a premise, which is one or several sentences from a story, a newspaper or a "
        "conversation, and a hypothesis. In most premises, somebody thinks, says, knows or doubts "
        "something, often in a question, under negation or in a conditional. The hypothesis states "
        "this as one full sentence, and names people as the premise does. The label is "
        "`entailment` if a reader who accepts the premise must accept the hypothesis. It is "
        "`contradiction` if the reader must reject the hypothesis, and `neutral` if the premise "
        "leaves it open."
    ),
    source="TarGEN, arXiv:2310.17876, section 3.2 and appendices A.1 and D.2, in our own words.",
    instance=CbRow,
    labels=(
        Label("entailment", summary="the hypothesis follows from the premise"),
        Label("contradiction", summary="the premise rules the hypothesis out"),
        Label("neutral", summary="the premise leaves the hypothesis open"),
    ),
    contexts=SETTINGS,
    generators=WRITERS,
    dimensions=OF_PAIRS,
    instances_per_call=PAIRS,
    labels_per_seed=1,
    samples_per_seed=60,
    checks=(check_pair,),
    judging=Judging(instructions=INSTRUCTIONS, samples=SAMPLES),
    rows=Rows(cases=cases),
    texts=Texts(render=_render, instruction_template=_template("tuning")),
    presets={
        # Table 2; the same numbers as the original train set, which is why
        # "original" is the same preset under another name.
        "paper": {"entailment": 115, "contradiction": 119, "neutral": 16},
        "original": {"entailment": 115, "contradiction": 119, "neutral": 16},
        "balanced": {"entailment": 84, "contradiction": 83, "neutral": 83},
    },
    parameters={
        "contexts": SETTINGS_PARAMETERS,
        "generate": {"temperature": 0.7, "max_tokens": 1600},
        "correct": {"temperature": 0.0, "max_tokens": 300},
    },
    variants={
        "paper": Variant(
            "the paper's three requests, in any form; texts of neutral pairs have nothing in "
            "common",
            {
                "contexts": PAPER_SETTINGS,
                "dimensions": (),
                "labels_per_seed": None,
                "generators": PAPER_WRITERS,
                "checks": (check_pair_paper,),
                "prompts": (SETTINGS_PROMPT, *PAPER_PROMPTS.values(), META_PROMPT),
            },
        ),
        "commitment": Variant(
            "the hypothesis is a clause of the premise's last sentence, as in the original",
            {
                "dimensions": OF_COMMITMENTS,
                "instances_per_call": COMMITMENT_PAIRS,
                "generators": COMMITMENT_WRITERS,
                "checks": (check_pair_commitment,),
                "judging": {
                    "instructions": INSTRUCTIONS_COMMITMENT,
                    "samples": SAMPLES_COMMITMENT,
                },
                "texts": {"instruction_template": _template("tuning_commitment")},
                "prompts": (SETTINGS_PROMPT, *COMMITMENT_PROMPTS.values(), META_PROMPT),
            },
        ),
        "wording-1": _worded(INSTRUCTIONS, "first"),
        "wording-2": _worded(INSTRUCTIONS_2, "second"),
        "wording-3": _worded(INSTRUCTIONS_3, "third"),
        "instructions-2": Variant(
            "step 4 with the second wording of the instructions, neutral first (appendix A.1)",
            {"judging": {"instructions": INSTRUCTIONS_2}},
        ),
        "instructions-3": Variant(
            "step 4 with the third wording of the instructions, contradiction first (A.1)",
            {"judging": {"instructions": INSTRUCTIONS_3}},
        ),
    },
    prompts=(SETTINGS_PROMPT, *PROMPTS.values(), META_PROMPT),
    dry_run=dry_run,
)
