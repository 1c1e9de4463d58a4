"""Offline replies for WSC: passages put together by rule, their pronouns marked."""

from __future__ import annotations

import random
from typing import Any

from targen_core.tasks.parts import DryRunCall
from targen_tasks_superglue.shared.encounters import dry_run_subjects, encounter, meant_first
from targen_tasks_superglue.shared.mentions import find
from targen_tasks_superglue.shared.settings import dry_run_settings


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of WSC."""
    if call.prompt == "settings":
        return dry_run_settings(call)
    if call.prompt in ("pairs", "subjects"):
        return dry_run_subjects(call)
    if call.prompt == "passages":
        return {"passages": [_passage(call, meant) for meant in ("first", "second")]}
    if call.prompt == "passages_paper":
        # Like a model that likes to let a pronoun mean the subject of its sentence.
        drawn = call.rng.choices(("first", "second"), (3, 1), k=2)
        return {"passages": [_passage(call, meant) for meant in drawn]}
    explanation = "The sense of the passage settles whom the pronoun means."
    if call.prompt == "meta":
        actual = str(call.values["output"])
        return {"explanation": explanation, "actual": actual, "verdict": "correct"}
    return {"explanation": explanation, "answer": _solve(str(call.values["input"]), call.rng)}


def _passage(call: DryRunCall, meant: str) -> str:
    values = {name: str(call.values[name]) for name in ("first", "second", "pronouns")}
    he = values["pronouns"].split(", ")[0]
    his = {"he": "his", "she": "her", "they": "their", "it": "its"}[he]
    opening, clauses = encounter(call.rng)
    marks = {"he": f"[{he}={values[meant]}]", "his": f"[{his}={values[meant]}]"}
    if call.prompt == "passages":  # here subjects come with their articles
        opening = opening.replace("the {", "{").removeprefix("The ")
    passage = f"{opening} {clauses[meant]}".format(**values, **marks)
    return f"{passage[0].upper()}{passage[1:]}"


def _solve(text: str, rng: random.Random) -> str:
    """The answer to one of this module's own passages; to any other text, one at random."""
    passage, _, rest = text.removeprefix("Text: ").partition("\nPronoun: ")
    means_first = meant_first(passage)
    tokens = passage.split()
    places = find(rest.partition("\nPhrase: ")[2], tokens)
    if means_first is None or not places:
        return rng.choice(("true", "false"))
    # Passages open with the first-named phrase.
    return "true" if (places[0] == 0) == means_first else "false"
