"""Replies without a model, for estimates, dry runs and tests: see the tutorial."""

from __future__ import annotations

from typing import Any

from targen_core.tasks.parts import DryRunCall


def dry_run(call: DryRunCall) -> Any:
    """The JSON value of a reply to the prompt `call.prompt`."""
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
        faults = ["stopped working", "broke", "became slow", "started to make a noise"]
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
    text = f"Our {values['product']} {values['problem']} {hours} hours ago. {stress}"
    return {"text": text}
