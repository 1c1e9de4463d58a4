"""(4) Replies without a model, for tests, `targen estimate` and `--backend scripted`.

Vary them, or the rows are duplicates; keep them as long as real replies are,
or estimates are wrong.
"""

from __future__ import annotations

from typing import Any

from targen_core.tasks.parts import DryRunCall

_KINDS = ["bakery", "dentist", "garage", "hotel", "library", "museum", "nursery", "tailor"]
_PLACES = ["by the river", "in the old town", "at the station", "on the hill", "near the school"]
_MATTERS = ["opening hours", "way they answer", "price list", "waiting room", "new website"]
_WHO = ["My sister", "Our neighbour", "My whole family", "The old man next door", "My class"]
_PRAISE = ["was glad about", "still smiles about", "thanks you for", "loves"]
_COMPLAINT = ["was angry about", "lost an hour with", "is tired of", "cannot stand"]


def dry_run(call: DryRunCall) -> Any:
    """The JSON value of a reply to the prompt `call.prompt`, filled with `call.values`."""
    rng, values = call.rng, call.values
    if call.prompt == "businesses":
        return {
            "businesses": [
                f"{rng.choice(_KINDS)} {rng.choice(_PLACES)} {rng.randint(2, 99)}"
                for _ in range(values["count"])
            ]
        }
    if call.prompt == "matters":
        return {
            "matters": [
                f"the {rng.choice(_MATTERS)} of {rng.randint(1990, 2030)}"
                for _ in range(values["count"])
            ]
        }
    if call.prompt == "meta":  # step 4, which sees the label
        label = values["output"]
        return {"explanation": "The message says so.", "actual": label, "verdict": "correct"}
    if call.prompt == "solve":  # the correctors that do not see it
        pleased = any(words in values["input"] for words in _PRAISE)
        label = "praise" if pleased else "complaint"
        return {"explanation": "The message says so.", "answer": label}
    feeling = rng.choice(_PRAISE if call.prompt == "praise" else _COMPLAINT)
    who, day = rng.choice(_WHO), rng.randint(1, 28)
    return {"message": f"{who} {feeling} {values['matter']} on day {day} at your place."}
