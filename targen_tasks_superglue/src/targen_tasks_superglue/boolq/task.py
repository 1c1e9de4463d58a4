"""The BoolQ task, put together."""

from __future__ import annotations

from targen_core import Label, Prompt, Task
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.parts import Variant
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.boolq.cases import cases
from targen_tasks_superglue.boolq.checks import check_question, check_question_paper, official
from targen_tasks_superglue.boolq.dimensions import DIMENSIONS
from targen_tasks_superglue.boolq.dry_run import dry_run
from targen_tasks_superglue.boolq.rows import BoolqRow
from targen_tasks_superglue.boolq.samples import (
    INSTRUCTIONS,
    INSTRUCTIONS_PAPER,
    SAMPLES,
    SAMPLES_PAPER,
)
from targen_tasks_superglue.boolq.steps import (
    PROMPTS,
    PROMPTS_PAPER,
    write_no,
    write_no_paper,
    write_yes,
    write_yes_paper,
)
from targen_tasks_superglue.shared.articles import (
    ARTICLE_PARAMETERS,
    DOMAINS,
    PAPER_LISTS,
    PARAGRAPHS,
    TITLES,
    Paragraph,
)


def _render(row: BoolqRow) -> str:
    return f"Passage: {row.passage}\nQuestion: {row.question}"


def _template(name: str) -> Prompt:
    return Prompt(name, package="targen_tasks_superglue.boolq")


BOOLQ: Task[Paragraph, BoolqRow] = Task(
    name="boolq",
    version="1",
    summary="Yes/no questions about a passage",
    description=(
        "Each row is a passage, which starts with its title and two dashes, and a question in "
        "lower case. The label is `true` if, according to the passage, the answer is yes, and "
        "`false` if it is no. The passage always answers the question."
    ),
    source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.6, in our own words.",
    instance=BoolqRow,
    labels=(
        Label("true", True, summary="the passage answers yes"),
        Label("false", False, summary="the passage answers no"),
    ),
    contexts=DOMAINS,
    seeds=(TITLES, PARAGRAPHS),
    dimensions=DIMENSIONS,
    labels_per_seed=1,
    generators={"true": write_yes, "false": write_no},
    checks=(check_question,),
    judging=Judging(
        instructions=INSTRUCTIONS,
        samples=SAMPLES,
        rejecting={"undecided": "undecided"},
    ),
    rows=Rows(cases=cases, from_texts=official, seed_fields=("passage",)),
    texts=Texts(
        render=_render,
        dedup_text=lambda row: row.question,
        instruction_template=_template("tuning"),
    ),
    presets={
        "paper": {"true": 2535, "false": 1764},  # Table 2
        "original": {"true": 5874, "false": 3553},  # the official training set
        "balanced": {"true": 2150, "false": 2149},
    },
    parameters={
        **ARTICLE_PARAMETERS,
        "generate": {"temperature": 0.7, "max_tokens": 100},
        "correct": {"temperature": 0.0, "max_tokens": 300},
    },
    variants={
        "paper": Variant(
            "steps 3 and 4 as in the paper: any yes/no question; questions that the passage leaves "
            "open are false",
            {
                "contexts": PAPER_LISTS[0],
                "seeds": PAPER_LISTS[1:],
                "dimensions": (),
                "labels_per_seed": None,
                "generators": {"true": write_yes_paper, "false": write_no_paper},
                "checks": (check_question_paper,),
                "prompts": (*PROMPTS_PAPER, META_PROMPT),
                "judging": {
                    "instructions": INSTRUCTIONS_PAPER,
                    "samples": SAMPLES_PAPER,
                    "rejecting": {},
                },
                "texts": {"instruction_template": _template("tuning-paper")},
            },
        )
    },
    prompts=(*PROMPTS, META_PROMPT),
    dry_run=dry_run,
)
