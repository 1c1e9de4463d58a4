"""Offline replies for WSC: passages put together by rule, their pronouns marked."""

from __future__ import annotations

import random
from typing import Any

from targen_core import DryRunCall
from targen_tasks_superglue.shared.encounters import dry_run_subjects, encounter, meant_first
from targen_tasks_superglue.shared.mentions import find
from targen_tasks_superglue.shared.settings import dry_run_settings

__all__ = ["dry_run"]


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of WSC."""
    if call.prompt == "settings":
        return dry_run_settings(call)
    if call.prompt == "subjects":
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
    his = {"he": "his", "she": "her", "they": "their"}[he]
    opening, clauses = encounter(call.rng)
    marks = {"he": f"[{he}={values[meant]}]", "his": f"[{his}={values[meant]}]"}
    return f"{opening} {clauses[meant]}".format(**values, **marks)


def _solve(text: str, rng: random.Random) -> str:
    """The answer to one of this module's own passages; to any other text, one at random."""
    passage, _, rest = text.removeprefix("Text: ").partition("\nPronoun: ")
    means_first = meant_first(passage)
    tokens = passage.split()
    asked = rest.partition("\nPhrase: ")[2].split(" ", 1)[-1]
    places = find(asked, tokens)
    if means_first is None or not places:
        return rng.choice(("true", "false"))
    # Passages open with "The", so the first-named phrase begins at token 1.
    return "true" if (places[0] == 1) == means_first else "false"
