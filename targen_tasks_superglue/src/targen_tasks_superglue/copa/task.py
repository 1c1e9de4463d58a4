"""The COPA task, put together."""

from __future__ import annotations

from targen_core import Label, Prompt, Task
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.parts import Variant
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.copa.cases import cases
from targen_tasks_superglue.copa.checks import check_row, check_row_paper
from targen_tasks_superglue.copa.dry_run import dry_run
from targen_tasks_superglue.copa.rows import CopaRow, Event
from targen_tasks_superglue.copa.samples import INSTRUCTIONS, SAMPLES
from targen_tasks_superglue.copa.steps import (
    DIMENSIONS,
    EVENTS,
    EVENTS_PROMPT,
    FAIR_PROMPTS,
    PAPER_EVENTS,
    PAPER_PROMPTS,
    write_choice1,
    write_choice1_paper,
    write_choice2,
    write_choice2_paper,
)
from targen_tasks_superglue.shared.settings import (
    PAPER_SETTINGS,
    SETTINGS,
    SETTINGS_PARAMETERS,
    SETTINGS_PROMPT,
)


def _render(row: CopaRow) -> str:
    return f"Premise: {row.asked}\nchoice1: {row.choice1}\nchoice2: {row.choice2}"


def _choices(row: CopaRow) -> str:
    """Return the generated text, independent of the order of choices."""
    return " ".join(sorted((row.choice1, row.choice2)))


COPA: Task[Event, CopaRow] = Task(
    name="copa",
    version="1",
    summary="Choice of plausible alternatives: which choice is the cause or the result?",
    description=(
        "Each row is a premise, which is one short sentence about an event, a question (`cause` or "
        "`effect`), and two choices. The label is the choice that is the more likely cause or "
        "effect of the event: `choice1` (0) or `choice2` (1). The field `question` contains the "
        "question; the premise does not."
    ),
    source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.1, in our own words.",
    instance=CopaRow,
    labels=(
        Label("choice1", 0, summary="the first choice is the cause or the result asked for"),
        Label("choice2", 1, summary="the second choice is the cause or the result asked for"),
    ),
    contexts=SETTINGS,
    seeds=(EVENTS,),
    generators={"choice1": write_choice1, "choice2": write_choice2},
    dimensions=DIMENSIONS,
    labels_per_seed=1,
    checks=(check_row,),
    judging=Judging(instructions=INSTRUCTIONS, samples=SAMPLES),
    rows=Rows(cases=cases, seed_fields=("premise",)),
    texts=Texts(
        render=_render,
        dedup_text=_choices,
        instruction_template=Prompt("tuning", package="targen_tasks_superglue.copa"),
    ),
    presets={
        "paper": {"choice1": 195, "choice2": 107},  # table 2
        "original": {"choice1": 195, "choice2": 205},  # the official train set
        "balanced": {"choice1": 151, "choice2": 151},
    },
    parameters={
        "contexts": SETTINGS_PARAMETERS,
        "seeds": {"temperature": 1.0, "max_tokens": 400},
        "generate": {"temperature": 0.7, "max_tokens": 200},
        "correct": {"temperature": 0.0, "max_tokens": 300},
    },
    variants={
        "paper": Variant(
            "the wrong choice is any very unlikely one, as the paper's prompt requests",
            {
                "contexts": PAPER_SETTINGS,
                "seeds": (PAPER_EVENTS,),
                "generators": {"choice1": write_choice1_paper, "choice2": write_choice2_paper},
                "checks": (check_row_paper,),
                "dimensions": (),
                "labels_per_seed": None,
                "prompts": (SETTINGS_PROMPT, EVENTS_PROMPT, *PAPER_PROMPTS.values(), META_PROMPT),
            },
        ),
    },
    prompts=(SETTINGS_PROMPT, EVENTS_PROMPT, *FAIR_PROMPTS.values(), META_PROMPT),
    dry_run=dry_run,
)
