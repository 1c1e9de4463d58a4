"""(3) The task as a whole: labels, steps, checks and the instructions of step 4."""

from __future__ import annotations

from targen_core import Label, Task
from targen_core.tasks.groups import CallSettings, Judging, Rows
from targen_core.tasks.judging import CorrectionSample
from targen_standard.correctors.meta import META_PROMPT

from my_demo.dry_run import dry_run
from my_demo.rows import Matter, Row
from my_demo.steps import (
    BUSINESSES,
    MATTERS,
    PROMPTS,
    check_row,
    write_complaint,
    write_praise,
)

_INSTRUCTIONS = """The input is a customer's message to a small business. Decide what it is.
praise: the customer is pleased with something.
complaint: the customer is not pleased with something."""

# Of each label a right output and a wrong one. Make them up: a sentence of somebody's
# dataset would find its way into the rows.
_SAMPLES = (
    CorrectionSample(
        "Your new chairs are so soft that I stayed for a second coffee.",
        output="praise",
        actual="praise",
        explanation="The customer liked the chairs so much that they stayed longer.",
    ),
    CorrectionSample(
        "The soup was cold again, and nobody came when I called.",
        output="praise",
        actual="complaint",
        explanation="Cold soup and no help are reasons to be unhappy.",
    ),
    CorrectionSample(
        "You have lost my coat, and nobody at the desk seems to mind.",
        output="complaint",
        actual="complaint",
        explanation="The customer lost a coat and is angry that nobody cares.",
    ),
    CorrectionSample(
        "I never thought that a haircut could make my week, but this one did.",
        output="complaint",
        actual="praise",
        explanation="The haircut made the customer's week, so they are pleased.",
    ),
)

TASK: Task[Matter, Row] = Task(
    name="my-demo",
    version="1",  # raise it with every change of prompts, steps, checks or labels
    summary="Messages to small businesses: praise or complaint?",
    description="Each row is a customer's message; its label says if it praises or complains.",
    instance=Row,
    labels=(
        Label("praise", summary="the customer is pleased"),
        Label("complaint", summary="the customer is not pleased"),
    ),
    contexts=BUSINESSES,
    seeds=(MATTERS,),
    generators={"praise": write_praise, "complaint": write_complaint},
    checks=(check_row,),
    judging=Judging(instructions=_INSTRUCTIONS, samples=_SAMPLES),
    rows=Rows(presets={"small": {"praise": 50, "complaint": 50}}),
    calls=CallSettings(
        parameters={  # what a reply may take at most; temperature and the like go here too
            "contexts": {"max_tokens": 200},
            "seeds": {"max_tokens": 200},
            "generate": {"max_tokens": 120},
            "correct": {"max_tokens": 200},
        },
        dry_run=dry_run,
    ),
    prompts=(*PROMPTS, META_PROMPT),
)
