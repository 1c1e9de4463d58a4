"""The task, put together."""

from __future__ import annotations

from typing import Any

from targen_core import CorrectionSample, Label, Rehearsal, Task
from targen_core.correctors.meta import META_PROMPT
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

__all__ = ["TICKETS"]

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


def _rehearse(call: Rehearsal) -> Any:
    """Offline replies, for dry runs and tests: see the tutorial."""
    rng, values = call.rng, call.values
    if call.prompt == "businesses":
        kinds = ["bakery", "clinic", "bank", "airline", "school", "garage", "hotel", "museum"]
        places = ["harbour", "city", "village", "airport", "mountain", "river"]
        return {
            "businesses": [
                f"{rng.choice(places)} {rng.choice(kinds)} {rng.randint(2, 99)}"
                for _ in range(values["count"])
            ]
        }
    if call.prompt == "problems":
        parts = ["card reader", "booking page", "heater", "door lock", "invoice tool", "lift"]
        faults = ["stopped working", "shows wrong numbers", "is slow", "makes a noise"]
        return {
            "problems": [
                {
                    "product": f"{rng.choice(parts)} {rng.randint(100, 999)}",
                    "problem": rng.choice(faults),
                }
                for _ in range(values["count"])
            ]
        }
    if call.prompt == "meta":
        label = values["output"]
        return {"explanation": "The ticket says so.", "actual": label, "verdict": "correct"}
    if call.prompt == "solve":  # the correctors that do not see the label
        label = "urgent" if "every minute" in values["input"] else "routine"
        return {"explanation": "The ticket says so.", "answer": label}
    hours = rng.randint(2, 40)
    stress = (
        "We lose money every minute, please act now."
        if call.prompt == "urgent"
        else "There is no hurry, any day next week is fine."
    )
    text = f"Our {values['product']} {values['problem']} since {hours} hours ago. {stress}"
    return {"text": text}


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
    corrector="meta",
    instructions=_INSTRUCTIONS,
    samples=_SAMPLES,
    render=lambda ticket: ticket.text,
    presets={"small": {"urgent": 20, "routine": 20}},
    prompts=(*PROMPTS, META_PROMPT),
    rehearsal=_rehearse,
)
