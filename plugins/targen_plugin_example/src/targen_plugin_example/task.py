"""The task, put together."""

from __future__ import annotations

from targen_core import Label, Task
from targen_core.tasks.groups import CallSettings, Judging, Rows
from targen_core.tasks.judging import CorrectionSample
from targen_plugin_example.dry_run import dry_run
from targen_plugin_example.steps import (
    BUSINESSES,
    PROBLEMS,
    PROMPTS,
    Problem,
    Ticket,
    check_ticket,
    write_routine,
    write_urgent,
)
from targen_standard.correctors.meta import META_PROMPT

_INSTRUCTIONS = """The input is a support ticket. Decide how soon it must be answered.
urgent: the writer or others lose money, data, health or safety if nobody acts today.
routine: anything else, however annoyed the writer is."""

_SAMPLES = (
    CorrectionSample(
        "The card reader charges every customer twice, and the shop is full.",
        output="urgent",
        actual="urgent",
        explanation="Customers lose money with every sale, so it cannot wait.",
    ),
    CorrectionSample(
        "I am furious that the new menu is green. Who chose green?",
        output="urgent",
        actual="routine",
        explanation="The writer is annoyed, but nobody loses anything by waiting.",
    ),
    CorrectionSample(
        "By the way, the alarm on the gas heater no longer sounds.",
        output="routine",
        actual="urgent",
        explanation="A silent gas alarm puts people in danger, whatever the tone.",
    ),
    CorrectionSample(
        "Could you tell me how to change the language of my invoices?",
        output="routine",
        actual="routine",
        explanation="A question about a setting can wait.",
    ),
)


TICKETS: Task[Problem, Ticket] = Task(
    name="tickets",
    version="1",
    summary="Support tickets, urgent or routine",
    description="Each row is a support ticket; the label says whether it can wait.",
    instance=Ticket,
    labels=(
        Label("urgent", summary="somebody loses by waiting until tomorrow"),
        Label("routine", summary="it can wait"),
    ),
    contexts=BUSINESSES,
    seeds=(PROBLEMS,),
    generators={"urgent": write_urgent, "routine": write_routine},
    checks=(check_ticket,),
    judging=Judging(instructions=_INSTRUCTIONS, samples=_SAMPLES),
    prompts=(*PROMPTS, META_PROMPT),
    rows=Rows(presets={"small": {"urgent": 20, "routine": 20}}),
    calls=CallSettings(dry_run=dry_run),
)
